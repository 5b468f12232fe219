"""The terms of many plans as the controllers take them: what was agreed, and what their days look like.

Days come from two places: what the accounts' own history says about weekdays and hours, and the client's calendar
of planned events. Both are read once for many plans.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lane.core.money import unit_micros
from pacing.controllers import INTRADAY_PRIOR, Landing, PlanTerms, Strategy
from pacing.models import LearnedShape
from pacing.selectors.calendar import PlanDays, day_factors, events_between, shares_of
from pacing.selectors.learned import Home, Learned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = LearnedShape.Kind
DELIVERY_FIELD = "delivery_prior"


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
    homes = [[_home(budget, accounts) for budget in rows] for rows in budgets]
    learned = Learned.read(home for rows in homes for home in rows)
    width = int(days.max()) if len(plans) else 1
    weekdays = _mixed(learned, Kind.WEEKDAY, homes, budgets, np.ones(7))
    intraday = _mixed(learned, Kind.INTRADAY, homes, budgets, INTRADAY_PRIOR)
    weekday_of = (first[:, None] + np.arange(width)[None, :] - 1) % 7
    season = np.take_along_axis(weekdays, weekday_of, axis=1)
    weights = _event_weights(plans, budgets, accounts, days, width)
    return DayShapes(
        season=season * np.where(weights > 0, weights, 1.0),
        plan_weight=weights,
        intraday=intraday,
        delivery=_mixed(learned, Kind.DELIVERY, homes, budgets, np.ones(1))[:, 0],
        lag_hours=_lags(learned, {home.account_id: home for rows in homes for home in rows}),
    )


def terms_of(
    plans: Sequence[dict[str, Any]],
    budgets: Sequence[Sequence[TermsBudget]],
    days: Ints,
    shapes: DayShapes,
) -> PlanTerms:
    """Terms of plans, one row each."""
    terms = PlanTerms.build(
        [plan["amount_micros"] for plan in plans],
        days,
        strategy=[Strategy[plan["strategy"].upper()] for plan in plans],
        landing=[Landing[plan["landing"].upper()] for plan in plans],
        min_budget_micros=[sum(b.floor_micros for b in rows) for rows in budgets],
        unit_micros=[unit_micros(plan["currency"]) for plan in plans],
        tolerance=[float(plan["tolerance_ratio"]) for plan in plans],
        may_pause=[plan["pause_at_target"] for plan in plans],
        season=shapes.season,
        plan_weight=shapes.plan_weight,
        intraday=shapes.intraday,
    )
    extra: dict[str, Any] = {DELIVERY_FIELD: shapes.delivery}
    known = {field.name for field in dataclasses.fields(terms)}
    return dataclasses.replace(terms, **extra) if known.issuperset(extra) else terms


def _home(budget: TermsBudget, accounts: dict[int, dict[str, Any]]) -> Home:
    account = accounts[budget.account_id]
    return Home(
        budget.budget_id,
        budget.account_id,
        account["client_id"],
        account["organization_id"],
        account["platform"],
    )


def _mixed(
    learned: Learned,
    kind: str,
    homes: Sequence[Sequence[Home]],
    budgets: Sequence[Sequence[TermsBudget]],
    usual: Floats,
) -> Floats:
    """Shapes [N, K] of plans: those of their budgets, weighted by what each spends; the usual one where none is."""
    rows, weights, shapes = [], [], []
    for row, (places, own) in enumerate(zip(homes, budgets, strict=True)):
        for home, budget in zip(places, own, strict=True):
            figure = learned.of(kind, home)
            if figure is None:
                continue
            values = figure.values
            is_own = figure.scope == LearnedShape.Scope.BUDGET
            spent = values["mean_spend_micros"] if is_own else budget.amount_micros
            rows.append(row)
            weights.append(max(float(spent or 0), 1.0))
            shapes.append(values["shape"] if "shape" in values else (values["ratio"],))
    mixed = np.repeat(np.asarray(usual, dtype=np.float64)[None, :], len(homes), axis=0)
    if not rows:
        return mixed
    heavy = np.zeros(len(homes))
    summed = np.zeros(mixed.shape)
    np.add.at(heavy, rows, weights)
    np.add.at(summed, rows, np.array(shapes) * np.array(weights)[:, None])
    return np.where(heavy[:, None] > 0, summed / np.maximum(heavy, 1e-9)[:, None], mixed)


def _lags(learned: Learned, homes: dict[int, Home]) -> dict[int, tuple[float, float]]:
    found = {}
    for account_id, home in homes.items():
        figure = learned.of(Kind.LAG, home)
        if figure is not None:
            found[account_id] = (float(figure.values["hours"]), float(figure.values["p90_hours"]))
    return found


def _event_weights(
    plans: Sequence[dict[str, Any]],
    budgets: Sequence[Sequence[TermsBudget]],
    accounts: dict[int, dict[str, Any]],
    days: Ints,
    width: int,
) -> Floats:
    """What planned events multiply each day by; a plan blacked out on every day keeps its own curve."""
    weights = np.ones((len(plans), width))
    if not plans:
        return weights
    first: date = min(plan["starts_on"] for plan in plans)
    last: date = max(plan["ends_on"] for plan in plans)
    events = events_between({plan["client_id"] for plan in plans}, first, last)
    for row, plan in enumerate(plans):
        mine = events.get(plan["client_id"])
        if not mine:
            continue
        amounts: dict[str, int | None] = {}
        for budget in budgets[row]:
            platform = accounts[budget.account_id]["platform"]
            known = amounts.get(platform, 0)
            unknown = budget.amount_micros is None or known is None
            amounts[platform] = None if unknown else (known or 0) + (budget.amount_micros or 0)
        factors = day_factors(
            mine, PlanDays(plan["pk"], plan["starts_on"], int(days[row]), shares_of(amounts))
        )
        if factors is not None and any(factors):
            weights[row, : len(factors)] = factors
    return weights
