"""What is known of arms' past: days with their results, how late results come, and what restarted learning.

A day that was not read after it ended, or whose results a platform does not tell, is unknown and never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from campaigns.models import AdAccount, Budget
from campaigns.platforms.registry import capabilities_of
from campaigns.selectors import arm_facts, learning_phase
from lane.core.dates import local_date
from pacing.allocation import ArmDay, Maturation, Revision
from pacing.models import Portfolio, PortfolioArm

HISTORY_DAYS = 120
_WITNESSED_DAYS, _WITNESSED_OLDEST = 10, 70


def histories(
    portfolio: Portfolio,
    arms: Sequence[PortfolioArm],
    budgets: dict[int, tuple[Budget, ...]],
    today: date,
) -> dict[int, tuple[ArmDay, ...]]:
    """Per arm its read days before today, without the time before it first spent anything."""
    first, last = today - timedelta(days=HISTORY_DAYS), today - timedelta(days=1)
    asked = [(row, budget.pk, first, last) for row, arm in enumerate(arms) for budget in budgets[arm.pk]]
    read = arm_facts.budget_day_results(asked)
    counts = portfolio.goal == Portfolio.Goal.CONVERSIONS
    results, scale = (read.conversions_milli, 1_000) if counts else (read.value_micros, 1_000_000)
    spend: dict[tuple[int, int], int] = {}
    value: dict[tuple[int, int], float | None] = {}
    for key, day, spent, got in zip(
        read.keys.tolist(), read.days.tolist(), read.spend_micros.tolist(), results.tolist(), strict=True
    ):
        spend[key, day] = spend.get((key, day), 0) + spent
        before = value.get((key, day), 0.0)
        value[key, day] = None if got == arm_facts.UNKNOWN or before is None else before + got / scale
    accounts = {budget.ad_account_id for held in budgets.values() for budget in held}
    reads = arm_facts.days_read(accounts, portfolio.timezone, first, last)
    found = {}
    for row, arm in enumerate(arms):
        known = [
            ordinal
            for ordinal in range(first.toordinal(), last.toordinal() + 1)
            if all(ordinal in reads.get(budget.ad_account_id, ()) for budget in budgets[arm.pk])
        ]
        found[arm.pk] = tuple(
            ArmDay(date.fromordinal(day), spend.get((row, day), 0), value.get((row, day), 0.0))
            for day in _since_first_spend(
                known, {d for (r, d), micros in spend.items() if r == row and micros}
            )
        )
    return found


def _since_first_spend(known: list[int], spending: set[int]) -> list[int]:
    """Before its first spend an arm did not exist; one day without spend stays, to tell a start from a start of reading."""
    if not spending:
        return []
    start = min(spending)
    return [day for day in known if day >= start - 1]


def maturation_of(
    portfolio: Portfolio, budgets: Sequence[Budget], accounts: dict[int, AdAccount], today: date
) -> tuple[Maturation, int]:
    """The learned delay of results, and from how many days; the platforms' settle days until enough were witnessed."""
    settle = max((capabilities_of(account.platform).settle_days for account in accounts.values()), default=3)
    restate = max(
        (capabilities_of(account.platform).restate_days for account in accounts.values()), default=30
    )
    seen = arm_facts.results_as_seen(
        [budget.pk for budget in budgets],
        portfolio.timezone,
        today - timedelta(days=_WITNESSED_OLDEST + restate),
        today - timedelta(days=restate),
    )
    days = len({one.on for one in seen})
    if days < _WITNESSED_DAYS:
        return Maturation.after(settle), 0
    counts = portfolio.goal == Portfolio.Goal.CONVERSIONS
    return Maturation.learn(
        Revision(
            one.on, one.age_days, one.conversions_milli / 1_000 if counts else one.value_micros / 1_000_000
        )
        for one in seen
    ), days


def learning_until(budgets: Sequence[Budget], zone: str) -> dict[int, date]:
    """Per learning budget the last day on which it is left alone."""
    return {
        budget_id: local_date(learning.until - timedelta(seconds=1), zone)
        for budget_id, learning in learning_phase.learning_of(budgets).items()
    }
