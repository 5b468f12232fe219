"""What applied splits did: each arm's days before and after, once they have matured. A comparison, not a proof."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from campaigns.platforms.registry import capabilities_of
from lane.core.dates import local_date
from pacing.allocation import ArmDay
from pacing.models import AllocationMove, Portfolio
from pacing.services.portfolios.seeing import Seen, SeenArm

COMPARED_DAYS = 7


def follow(portfolio: Portfolio, seen: Seen) -> int:
    """Write down the outcome of moves whose week has matured. Returns how many."""
    by_key = {one.key: one for one in seen.arms}
    waiting = AllocationMove.objects.filter(
        look__portfolio=portfolio, look__applied_at__isnull=False, outcome__isnull=True
    ).select_related("look", "arm")
    noted = 0
    for move in waiting:
        one = by_key.get(str(move.arm.public_id))
        assert move.look.applied_at is not None
        moved_on = local_date(move.look.applied_at, portfolio.timezone)
        if one is None or seen.today <= moved_on + timedelta(days=COMPARED_DAYS + _settle_days(one)):
            continue
        move.outcome = _outcome(one.told.history, moved_on)
        move.save(update_fields=["outcome"])
        noted += 1
    return noted


def _outcome(history: tuple[ArmDay, ...], moved_on: date) -> dict[str, Any]:
    """Means a day over the same number of days before and after; a side with an unknown day is unknown."""
    before = _mean(history, moved_on - timedelta(days=COMPARED_DAYS))
    after = _mean(history, moved_on + timedelta(days=1))
    return {
        "days": COMPARED_DAYS,
        "moved_on": moved_on.isoformat(),
        "spend_before_micros": before[0],
        "spend_after_micros": after[0],
        "value_before": before[1],
        "value_after": after[1],
    }


def _mean(history: tuple[ArmDay, ...], first: date) -> tuple[int | None, float | None]:
    wanted = {first + timedelta(days=number) for number in range(COMPARED_DAYS)}
    days = [day for day in history if day.day in wanted]
    spend = [day.spend_micros for day in days if day.spend_micros is not None]
    value = [day.value for day in days if day.value is not None]
    whole_spend, whole_value = len(spend) == COMPARED_DAYS, len(value) == COMPARED_DAYS
    return (
        sum(spend) // COMPARED_DAYS if whole_spend else None,
        sum(value) / COMPARED_DAYS if whole_value else None,
    )


def _settle_days(one: SeenArm) -> int:
    return max(capabilities_of(budget.ad_account.platform).settle_days for budget in one.budgets)
