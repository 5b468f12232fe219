"""Ways out of shortfalls, kept with the figures of the latest look: updated in place, withdrawn when they are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from lane.core import clock
from pacing.models import BudgetPlan, Offer, Shortfall
from pacing.selectors.obstacles import limited_by_bid
from pacing.services.offer_figures import OfferFigures, figures_of, next_taken, siblings_of

Kind, State = Offer.Kind, Offer.State
_FIGURES = ("terms", "numbers", "text", "expected_end_micros", "to_plan")


def refresh(shortfalls: Sequence[Shortfall]) -> int:
    """Bring the offers of open shortfalls to the figures of now; returns how many are open.

    Whatever the number of shortfalls: a fixed number of queries, and only what changed is written.
    """
    if not shortfalls:
        return 0
    at = clock.now()
    plan_ids = [one.plan_id for one in shortfalls]
    plans = BudgetPlan.objects.in_bulk(plan_ids)
    siblings, taken, bids = siblings_of(shortfalls, at), next_taken(plan_ids), limited_by_bid(plan_ids)
    figures = {
        one.pk: figures_of(
            one,
            plans[one.plan_id],
            siblings=siblings.get(one.pk, []),
            taken_from=taken.get(one.plan_id),
            limited=bids.get(one.plan_id, []),
        )
        for one in shortfalls
    }
    return _store(shortfalls, figures, at)


@transaction.atomic
def _store(
    shortfalls: Sequence[Shortfall], figures: Mapping[int, Sequence[OfferFigures]], at: datetime
) -> int:
    held = Offer.objects.filter(shortfall__in=shortfalls, state=State.OPEN).locked()
    standing = {(one.shortfall_id, one.kind, one.key): one for one in held}
    new, changed, count = [], [], 0
    for shortfall in shortfalls:
        for made in figures[shortfall.pk]:
            if made.kind == Kind.ACCEPT and shortfall.accepted_at is not None:
                continue
            count += 1
            one = standing.pop((shortfall.pk, made.kind, made.key), None)
            values = _values(made)
            if one is None:
                new.append(_new(shortfall, made, values, at))
            elif any(getattr(one, name) != value for name, value in values.items()):
                for name, value in {**values, "offered_at": at, "updated_at": clock.machine_now()}.items():
                    setattr(one, name, value)
                changed.append(one)
    Offer.objects.bulk_create(new)
    Offer.objects.bulk_update(changed, [*_FIGURES, "offered_at", "updated_at"])
    gone = [one.pk for one in standing.values()]
    Offer.objects.filter(pk__in=gone).update(state=State.WITHDRAWN, updated_at=clock.machine_now())
    return count


def _values(made: OfferFigures) -> dict[str, Any]:
    return {
        "terms": dict(made.terms),
        "numbers": dict(made.numbers),
        "text": made.text,
        "expected_end_micros": made.expected_end_micros,
        "to_plan_id": made.to_plan_id,
    }


def _new(shortfall: Shortfall, made: OfferFigures, values: Mapping[str, Any], at: datetime) -> Offer:
    return Offer(
        organization_id=shortfall.organization_id,
        client_id=shortfall.client_id,
        shortfall=shortfall,
        plan_id=shortfall.plan_id,
        kind=made.kind,
        key=made.key,
        currency=shortfall.currency,
        offered_at=at,
        **values,
    )
