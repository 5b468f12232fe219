"""Today's spend by 2-hour tick, where platforms report hours: what shows that delivery stands still."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from campaigns.platforms.registry import capabilities_of
from campaigns.selectors import facts
from lane.core.dates import day_hours, elapsed_share, local_date
from pacing.controllers import TICKS_PER_DAY, UNKNOWN

Ints = NDArray[np.int64]
AGREES = 0.8  # hours must add up to this much of the day's own figure, or some budget's hours are not told


class HourBudget(Protocol):
    """A budget of a plan, as its hours are read."""

    @property
    def budget_id(self) -> int:
        """Primary key of the budget."""

    @property
    def currency(self) -> str:
        """The currency its facts are in."""


def today_by_tick(
    plans: Sequence[dict[str, Any]],
    budgets: Sequence[Sequence[HourBudget]],
    accounts: dict[int, dict[str, Any]],
    account_ids: Sequence[Sequence[int]],
    today_spend: Ints,
    lags: dict[int, tuple[float, float]],
    at: datetime,
) -> Ints:
    """Spend [N, 12] of the ticks of today that reports cover in full, UNKNOWN for the others.

    A tick counts as covered once even a late report would show it. Plans over several currencies, days of 23 or 25
    hours, and plans whose hours do not add up to their day (ad sets have none) stay unknown.
    """
    covered = np.array(
        [
            _covered_ticks(plan, [accounts[one] for one in ids], lags, at)
            if {budget.currency for budget in rows} <= {plan["currency"]}
            else 0
            for plan, ids, rows in zip(plans, account_ids, budgets, strict=True)
        ],
        dtype=np.int64,
    )
    ticks = np.full((len(plans), TICKS_PER_DAY), UNKNOWN, dtype=np.int64)
    asked = []
    for row in np.flatnonzero(covered).tolist():
        on = local_date(at, plans[row]["timezone"])
        asked += [(row, budget.budget_id, on, on) for budget in budgets[row]]
    if not asked:
        return ticks
    read = facts.budget_hour_spend(asked)
    sums = np.zeros((len(plans), TICKS_PER_DAY), dtype=np.int64)
    np.add.at(sums, (read.keys, read.hours // 2), read.spend_micros)
    agrees = (today_spend != UNKNOWN) & (sums.sum(axis=1) >= AGREES * today_spend)
    told = (np.arange(TICKS_PER_DAY)[None, :] < covered[:, None]) & agrees[:, None]
    return np.where(told, sums, ticks)


def _covered_ticks(
    plan: dict[str, Any],
    accounts: Sequence[dict[str, Any]],
    lags: dict[int, tuple[float, float]],
    at: datetime,
) -> int:
    zone: str = plan["timezone"]
    on: date = local_date(at, zone)
    covered = TICKS_PER_DAY if accounts and day_hours(on, zone) == 24 else 0
    for account in accounts:
        offered = capabilities_of(account["platform"])
        synced: datetime | None = account["facts_synced_at"]
        if synced is None or not offered.hourly or account["source"] != "api":
            return 0
        late = max(float(offered.report_lag_hours), lags.get(account["pk"], (0.0, 0.0))[1])
        true_at = synced - timedelta(hours=late)
        if local_date(true_at, zone) != on:
            return 0
        covered = min(covered, int(elapsed_share(true_at, zone) * TICKS_PER_DAY))
    return covered
