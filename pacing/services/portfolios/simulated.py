"""What Google itself simulated of an arm, as pseudo-days for its curve.

Google tells totals over the days of a simulation, so cost and results are divided by their number. The points of
one simulation share one error and are no independent days: together they weigh as much as the days they look back on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from campaigns.models import Budget, BudgetSimulation
from campaigns.platforms.registry import capabilities_of
from campaigns.selectors import simulations
from pacing.allocation import CurvePoint
from pacing.models import Portfolio

YOUNGER_THAN_DAYS = 14
MOST_DAYS_A_POINT = 2.0


@dataclass(frozen=True, slots=True)
class Simulated:
    """The usable points of one simulation over the account-local days ``first``..``last``."""

    points: tuple[CurvePoint, ...]
    first: date
    last: date

    def as_json(self) -> dict[str, int | str]:
        """What a look keeps of it."""
        return {
            "points": len(self.points),
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
        }


def simulated(
    portfolio: Portfolio, budgets: Mapping[int, Sequence[Budget]], today: date
) -> dict[int, Simulated]:
    """Per arm the newest simulation of its one campaign, in the portfolio's goal and currency; two queries."""
    arm_of = {
        held[0].pk: arm_id
        for arm_id, held in budgets.items()
        if len(held) == 1
        and held[0].currency == portfolio.currency
        and capabilities_of(held[0].ad_account.platform).budget_simulations
    }
    if not arm_of:
        return {}
    newest = simulations.newest_of(
        arm_of, today - timedelta(days=YOUNGER_THAN_DAYS - 1), today - timedelta(days=1)
    )
    counts = portfolio.goal == Portfolio.Goal.CONVERSIONS
    found = {}
    for budget_id, one in newest.items():
        points = points_of(one, counts=counts)
        if points:
            found[arm_of[budget_id]] = Simulated(points, one.starts_on, one.ends_on)
    return found


def points_of(one: BudgetSimulation, *, counts: bool) -> tuple[CurvePoint, ...]:
    """Spend and value a day of each simulated budget; ``counts``: conversions instead of their value.

    A result that is not told makes no point, nor does a budget that would spend nothing. Budgets above the
    demand all spend the same: they are one point.
    """
    name, scale = ("conversions_milli", 1_000) if counts else ("conversion_value_micros", 1_000_000)
    by_cost: dict[int, float] = {}
    for point in one.points:
        if point["cost_micros"] > 0 and point[name] is not None:
            by_cost.setdefault(point["cost_micros"], _a_day(point, name, one.days) / scale)
    weight = min(MOST_DAYS_A_POINT, one.days / len(by_cost)) if by_cost else 0.0
    return tuple(CurvePoint(round(cost / one.days), value, weight) for cost, value in sorted(by_cost.items()))


def _a_day(point: Mapping[str, Any], name: str, days: int) -> float:
    return float(point[name]) / days
