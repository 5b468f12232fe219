"""Ways out of shortfalls, kept with the figures of the latest look: updated in place, withdrawn when they are gone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from lane.core import clock
from pacing.models import BudgetPlan, Offer, Shortfall
from pacing.services.offer_figures import OfferFigures, figures_of, siblings_of

Kind, State = Offer.Kind, Offer.State


def refresh(shortfalls: Sequence[Shortfall]) -> int:
    """Bring the offers of open shortfalls to the figures of now; returns how many are open."""
    if not shortfalls:
        return 0
    at = clock.now()
    siblings = siblings_of(shortfalls, at)
    plans = BudgetPlan.objects.in_bulk([one.plan_id for one in shortfalls])
    count = 0
    for one in shortfalls:
        figures = figures_of(one, plans[one.plan_id], siblings.get(one.pk, []))
        if one.accepted_at is not None:
            figures = [each for each in figures if each.kind != Kind.ACCEPT]
        count += _store(one, figures, at)
    return count


def _store(shortfall: Shortfall, figures: Sequence[OfferFigures], at: Any) -> int:
    with transaction.atomic():
        held = Offer.objects.filter(shortfall=shortfall, state=State.OPEN).locked()
        standing = {(one.kind, one.key): one for one in held}
        for made in figures:
            one = standing.pop((made.kind, made.key), None)
            values: dict[str, Any] = {
                "terms": dict(made.terms),
                "numbers": dict(made.numbers),
                "text": made.text,
                "expected_end_micros": made.expected_end_micros,
                "to_plan_id": made.to_plan_id,
                "offered_at": at,
            }
            if one is None:
                Offer.objects.create(
                    organization_id=shortfall.organization_id,
                    client_id=shortfall.client_id,
                    shortfall=shortfall,
                    plan_id=shortfall.plan_id,
                    kind=made.kind,
                    key=made.key,
                    currency=shortfall.currency,
                    **values,
                )
                continue
            for name, value in values.items():
                setattr(one, name, value)
            one.save(update_fields=[*values, "updated_at"])
        gone = [one.pk for one in standing.values()]
        Offer.objects.filter(pk__in=gone).update(state=State.WITHDRAWN, updated_at=clock.machine_now())
    return len(figures)
