"""The terms of many plans as the controllers take them: what was agreed, and what days look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lane.core.money import unit_micros
from pacing.controllers import Landing, PlanTerms, Strategy

Ints = NDArray[np.int64]


class HasFloor(Protocol):
    """A budget of a plan, as its terms read it."""

    @property
    def floor_micros(self) -> int:
        """The platform's smallest daily amount."""


def terms_of(plans: list[dict[str, Any]], budgets: Sequence[Sequence[HasFloor]], days: Ints) -> PlanTerms:
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
    )
