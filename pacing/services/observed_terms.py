"""The terms of many plans as the controllers take them: what was agreed, and what their days look like.

Days come from two places: what the accounts' own history says about weekdays and hours, and the client's calendar
of planned events. Both are read once for many plans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from campaigns.platforms.records import Platform
from lane.core.money import unit_micros
from pacing.controllers import INTRADAY_PRIOR, Landing, PlanTerms, Strategy
from pacing.models import LearnedShape, PlannedEvent
from pacing.selectors.calendar import PlanDays, effect_on, events_between, occurrences, shares_of
from pacing.selectors.learned import Found, Homes, Learned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = LearnedShape.Kind


class TermsBudget(Protocol):
    """A budget of a plan, as its terms read it."""

    @property
    def budget_id(self) -> int:
        """Primary key of the budget."""

    @property
    def account_id(self) -> int:
        """Primary key of its account."""

    @property
    def amount_micros(self) -> int | None:
        """Its daily amount now."""

    @property
    def floor_micros(self) -> int:
        """The platform's smallest daily amount."""


@dataclass(frozen=True, slots=True)
class DayShapes:
    """What the days of N plans look like."""

    season: Floats  # [N, D] demand, learned weekdays times planned events
    plan_weight: Floats  # [N, D] planned events alone
    intraday: Floats  # [N, 12]
    delivery: Floats  # [N] spend per unit of budget on budget-bound days
    lag_hours: dict[int, tuple[float, float]]  # account -> usual and late delay of its reports


def shapes_of(
    plans: Sequence[dict[str, Any]],
    budgets: Sequence[Sequence[TermsBudget]],
    accounts: dict[int, dict[str, Any]],
    first: Ints,
    days: Ints,
) -> DayShapes:
    """Learned shapes and planned events of some plans; two queries, whatever their number."""
    count = len(plans)
    flat = [
        (row, budget.budget_id, budget.account_id, float(budget.amount_micros or 0))
        for row, own in enumerate(budgets)
        for budget in own
    ]
    homes = Homes.of(
        [
            (budget_id, account_id, account["client_id"], account["organization_id"], account["platform"])
            for _, budget_id, account_id, _ in flat
            for account in (accounts[account_id],)
        ]
    )
    rows = np.array([row for row, _, _, _ in flat], dtype=np.int64)
    amounts = np.array([amount for _, _, _, amount in flat])
    learned = Learned.read(homes)
    width = int(days.max()) if count else 1
    weekdays = _mixed(learned.of(Kind.WEEKDAY), rows, amounts, np.tile(np.ones(7), (count, 1)), 7)
    weekday_of = (first[:, None] + np.arange(width)[None, :] - 1) % 7
    weights = event_weights(plans, budgets, accounts, first, days, width)
    return DayShapes(
        season=np.take_along_axis(weekdays, weekday_of, axis=1) * np.where(weights > 0, weights, 1.0),
        plan_weight=weights,
        intraday=_mixed(learned.of(Kind.INTRADAY), rows, amounts, np.tile(INTRADAY_PRIOR, (count, 1)), 12),
        delivery=_mixed(learned.of(Kind.DELIVERY), rows, amounts, np.ones((count, 1)), 1)[:, 0],
        lag_hours=_lags(learned.of(Kind.LAG), homes),
    )


def terms_of(
    plans: Sequence[dict[str, Any]],
    budgets: Sequence[Sequence[TermsBudget]],
    accounts: dict[int, dict[str, Any]],
    days: Ints,
    shapes: DayShapes,
) -> PlanTerms:
    """Terms of plans, one row each."""
    return PlanTerms.build(
        [plan["amount_micros"] for plan in plans],
        days,
        strategy=[Strategy[plan["strategy"].upper()] for plan in plans],
        landing=[Landing[plan["landing"].upper()] for plan in plans],
        min_budget_micros=[sum(b.floor_micros for b in rows) for rows in budgets],
        unit_micros=[unit_micros(plan["currency"]) for plan in plans],
        tolerance=[float(plan["tolerance_ratio"]) for plan in plans],
        may_pause=[plan["pause_at_target"] for plan in plans],
        delivery_prior=shapes.delivery,
        month_limit=[
            _ends_with_googles_month(plan["ends_on"], rows, accounts)
            for plan, rows in zip(plans, budgets, strict=True)
        ],
        season=shapes.season,
        plan_weight=shapes.plan_weight,
        intraday=shapes.intraday,
    )


def _ends_with_googles_month(
    ends_on: date, budgets: Sequence[TermsBudget], accounts: dict[int, dict[str, Any]]
) -> bool:
    """Whether Google's own limit, which follows each edit to the end of a calendar month, ends with the plan."""
    last_of_month = (ends_on + timedelta(days=1)).day == 1
    only_google = bool(budgets) and all(
        accounts[b.account_id]["platform"] == Platform.GOOGLE_ADS for b in budgets
    )
    return last_of_month and only_google


def _mixed(found: Found, rows: Ints, amounts: Floats, usual: Floats, places: int) -> Floats:
    """Shapes [N, K] of plans: those of their budgets weighted by what each spends; the usual one where none is.

    A budget without figures of its own weighs by its daily amount.
    """
    known = found.known
    if not known.any():
        return usual
    own = np.where(found.scope == 0, found.numbers[:, -1], amounts)[known]
    weights = np.maximum(own, 1.0)
    heavy, summed = np.zeros(usual.shape[0]), np.zeros(usual.shape)
    np.add.at(heavy, rows[known], weights)
    np.add.at(summed, rows[known], found.numbers[known, :places] * weights[:, None])
    return np.where(heavy[:, None] > 0, summed / np.maximum(heavy, 1.0)[:, None], usual)


def _lags(found: Found, homes: Homes) -> dict[int, tuple[float, float]]:
    known = found.known
    pairs = found.numbers[known][:, :2].tolist()
    return {
        account_id: (usual, late)
        for account_id, (usual, late) in zip(homes.accounts[known].tolist(), pairs, strict=True)
    }


def event_weights(
    plans: Sequence[dict[str, Any]],
    budgets: Sequence[Sequence[TermsBudget]],
    accounts: dict[int, dict[str, Any]],
    first: Ints,
    days: Ints,
    width: int,
) -> Floats:
    """What planned events multiply each day by [N, D]; a plan blacked out on every day keeps its own curve."""
    weights = np.ones((len(plans), width))
    if not plans:
        return weights
    start: date = min(plan["starts_on"] for plan in plans)
    end: date = max(plan["ends_on"] for plan in plans)
    events = events_between({plan["client_id"] for plan in plans}, start, end)
    rows_of: dict[int, list[int]] = {}
    for row, plan in enumerate(plans):
        if plan["client_id"] in events:
            rows_of.setdefault(plan["client_id"], []).append(row)
    column = np.arange(width)[None, :]
    for client_id, places in rows_of.items():
        rows = np.array(places)
        for event in events[client_id]:
            factors = _effects(event, rows, plans, budgets, accounts)[:, None]
            for one in occurrences(event, start, end):
                inside = column >= (one.starts_on.toordinal() - first[rows])[:, None]
                inside &= column <= (one.ends_on.toordinal() - first[rows])[:, None]
                weights[rows] *= np.where(inside, factors, 1.0)
    flight = column < days[:, None]
    nothing_left = ~(flight & (weights > 0)).any(axis=1)
    weights[nothing_left] = 1.0
    return np.where(flight, weights, 1.0)


def _effects(
    event: PlannedEvent,
    rows: Ints,
    plans: Sequence[dict[str, Any]],
    budgets: Sequence[Sequence[TermsBudget]],
    accounts: dict[int, dict[str, Any]],
) -> Floats:
    """What one event multiplies a day of each plan by."""
    if event.plan_id is None and not event.platform:
        return np.full(rows.size, float(event.factor))
    found = []
    for row in rows.tolist():
        amounts: dict[str, int | None] = {}
        for budget in budgets[row]:
            platform = accounts[budget.account_id]["platform"]
            known = amounts.get(platform, 0)
            unknown = budget.amount_micros is None or known is None
            amounts[platform] = None if unknown else (known or 0) + (budget.amount_micros or 0)
        plan = plans[row]
        days = PlanDays(plan["pk"], plan["starts_on"], 1, shares_of(amounts))
        found.append(effect_on(event, days))
    return np.array(found)
