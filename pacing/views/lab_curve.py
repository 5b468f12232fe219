"""The curve of supposed terms, drawn over the curve a plan has."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from lane.core.money import format_money
from pacing.models import BudgetPlan
from pacing.selectors.budgets import budgets_of
from pacing.selectors.detail import Curve, curve_of
from pacing.services.what_if import Outlook, WhatIf, supposed_plan

Point = tuple[float, int]


def what_if_curve(plan: BudgetPlan, found: WhatIf) -> Curve:
    """Spend so far, the target supposed and the one there is, and where the flight goes, left alone and paced."""
    then, now = found.then, found.now
    supposed = supposed_plan(plan, then.terms)
    curve = curve_of(supposed, None, budgets_of(plan), None)
    target = _points(then.target)
    drawing: dict[str, Any] = dict(curve.drawing) | {"target": target, "with_change": then.fan}
    drawing["names"] = ("Paced", "Left alone")
    if then.left_alone is not None and then.fan:
        start = then.fan[0]
        end = then.left_alone
        drawing["without"] = [start, (float(then.days), end.p10, end.p50, end.p90)]
    if now.target != then.target:
        shift = (plan.starts_on - then.terms.starts_on).days
        drawing["before"] = [
            (day + shift, micros) for day, micros in _points(now.target) if 0 <= day + shift <= then.days
        ]
    rows = [row | {"target_micros": target[index + 1][1]} for index, row in enumerate(curve.rows)]
    return dataclasses.replace(curve, drawing=drawing, rows=rows, summary=_summary(plan, then))


def _points(by_day: Sequence[int]) -> list[Point]:
    return [(0.0, 0), *((float(day), micros) for day, micros in enumerate(by_day, start=1))]


def _summary(plan: BudgetPlan, then: Outlook) -> str:
    """The drawing in words."""

    def money(micros: int) -> str:
        return format_money(micros, plan.currency, 0)

    parts = [f"The dotted line is the target for {money(then.terms.amount_micros)} in {then.days} days"]
    if then.left_alone is not None:
        parts.append(f"if nobody acts it ends near {money(then.left_alone.p50)}")
    if then.paced is not None:
        parts.append(f"paced by Lane it ends near {money(then.paced.p50)} in the simulation")
    return ", ".join(parts) + ". Bands are P10 to P90."
