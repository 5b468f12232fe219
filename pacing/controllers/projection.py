"""Where a plan ends at the run rate observed so far, and which daily budget would end it on its amount.

Figures are in mean days of the plan. A projection never supposes that a recommendation is followed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.controllers.base import Floats, Ints
from pacing.controllers.estimates import Delivery

SEARCH_TOP = 6.0  # no budget above six mean days is ever considered
SEARCH_STEPS = 26
DEMAND_FOLLOWS = 0.995  # where demand is short: raise no further than needed for this much of what it gives
P90_Z = 1.2815515594600038


@dataclass(frozen=True, slots=True)
class Outlook:
    """The days to come: spend of day j at pace m is min(slope_j * m, ceiling_j)."""

    slope: Floats  # [N, D]
    ceiling: Floats  # [N, D], infinite where demand was never the limit

    @classmethod
    def of(
        cls,
        weights: Floats,
        season: Floats,
        index: Ints,
        today_left: Floats,
        today_ratio: Floats,
        ratio: Floats,
        level: Floats,
    ) -> Outlook:
        """Rest of today and every later day; today runs at its own ratio, later days at the learned one."""
        place = np.arange(weights.shape[1])[None, :]
        today = place == index[:, None]
        left = np.where(today, today_left[:, None], (place > index[:, None]) & (weights > 0))
        ratios = np.where(today, today_ratio[:, None], ratio[:, None])
        demand = np.where(np.isnan(level), np.inf, level)[:, None] * season
        ceiling = np.where(left > 0, demand, 0.0) * np.where(left > 0, left, 0.0)
        return cls(slope=left * ratios * weights, ceiling=np.where(left > 0, ceiling, 0.0))

    def spend(self, pace: Floats) -> Floats:
        """Spend from now to the end at a pace (1 = the plan's own curve)."""
        return np.asarray(np.minimum(pace[:, None] * self.slope, self.ceiling).sum(axis=1))

    def days(self, pace: Floats) -> Floats:
        """The same, day by day [N, D]."""
        return np.asarray(np.minimum(pace[:, None] * self.slope, self.ceiling))

    def pace_for(self, target: Floats) -> Floats:
        """Pace at which exactly ``target`` is spent; spend grows with pace, so bisection finds it."""
        free = self.slope.sum(axis=1)
        pace = np.divide(target, free, out=np.zeros_like(target), where=free > 0)
        pace = np.clip(pace, 0.0, SEARCH_TOP)
        capped = np.flatnonzero(np.isfinite(self.ceiling).all(axis=1) & (free > 0))
        if capped.size:
            pace[capped] = self._bisect(capped, target[capped])
        return np.asarray(pace)

    def _bisect(self, rows: Ints, target: Floats) -> Floats:
        part = Outlook(self.slope[rows], self.ceiling[rows])
        low, high = np.zeros(rows.size), np.full(rows.size, SEARCH_TOP)
        for _ in range(SEARCH_STEPS):
            middle = (low + high) / 2
            short = part.spend(middle) < target
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return high


def end_log_sd(days: Floats, delivery: Delivery) -> Floats:
    """Relative uncertainty of the spend to come, from the plan's own day-to-day residuals and a prior.

    Daily noise averages out over the days left; an error of the run rate does not.
    """
    total = days.sum(axis=1)
    noise = np.sqrt((days**2).sum(axis=1)) * delivery.log_sd
    relative = np.divide(noise, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(np.sqrt(relative**2 + delivery.ratio_sd**2))


def quantiles(
    spent: Floats, late: Floats, late_sd: Floats, coming: Floats, log_sd: Floats
) -> tuple[Floats, Floats, Floats]:
    """P10, P50 and P90 of the end. ``spent`` holds ``late``, the part that is only estimated so far."""
    middle = spent + coming
    spread = np.hypot(coming * log_sd, late_sd)
    relative = np.divide(spread, np.maximum(coming + late, 1e-12))
    moving = coming + late
    relative = np.minimum(relative, 3.0)
    low = middle - moving + moving * np.exp(-P90_Z * relative)
    high = middle - moving + moving * np.exp(P90_Z * relative)
    return low, middle, high
