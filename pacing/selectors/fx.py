"""Exchange rates as stored, and the rate books made of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.conf import settings

from lane.accounts.visibility import OrganizationOwnedQuerySet
from lane.core.actors import Actor
from pacing.exchange import Quote, RateBook
from pacing.models import FxRate


def rates_for(actor: Actor) -> OrganizationOwnedQuerySet[FxRate]:
    """Rates of the actor's organization, newest day first."""
    return FxRate.objects.visible_to(actor)


def max_age_days() -> int:
    """How long a rate holds when no later one is entered."""
    return int(settings.LANE_FX_MAX_AGE_DAYS)


def books(organization_ids: Iterable[int]) -> dict[int, RateBook]:
    """The rate book of each organization; one query. An organization without rates has an empty book."""
    wanted = sorted(set(organization_ids))
    rows: dict[int, list[tuple[str, str, date, Decimal]]] = {one: [] for one in wanted}
    if wanted:
        stored = FxRate.objects.filter(organization_id__in=wanted).order_by()
        for organization_id, *rate in stored.values_list("organization_id", "base", "quote", "on", "rate"):
            rows[organization_id].append(tuple(rate))  # type: ignore[arg-type]
    age = max_age_days()
    return {one: RateBook.of(found, age) for one, found in rows.items()}


def book(organization_id: int) -> RateBook:
    """The rate book of one organization."""
    return books([organization_id])[organization_id]


def quote(organization_id: int, source: str, target: str, on: date) -> Quote | None:
    """The rate of a day with the day it is from; None when not known."""
    return Quote(Decimal(1), None) if source == target else book(organization_id).quote(source, target, on)
