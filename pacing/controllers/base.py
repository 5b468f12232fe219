"""What a controller is told: the terms of many plans and one look at them, as structures of arrays.

Row ``i`` of every array belongs to plan ``i``; column ``t`` of a day matrix is flight day ``t + 1``. Money is
integer micros of the plan's own currency, ``UNKNOWN`` (-1) where a figure is missing: missing is never zero.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

UNKNOWN = -1
TICKS_PER_DAY = 12
HOURS_PER_TICK = 2.0

# Share of a day's spend in each 2-hour tick, measured on public impression logs; an account's own history
# replaces it once there is enough of it.
INTRADAY_PRIOR: Floats = np.array(
    [0.0239, 0.0162, 0.0243, 0.0493, 0.1038, 0.1439, 0.1442, 0.1359, 0.1212, 0.1033, 0.0812, 0.0529]
)


class Strategy(IntEnum):
    """Which target curve a plan follows."""

    LINEAR = 0
    ACCELERATED = 1
    CONSERVATIVE = 2
    ADAPTIVE = 3


class Landing(IntEnum):
    """How far the last days taper, so that late reports cannot carry a plan past its amount."""

    NONE = 0
    SOFT = 1
    PRECISE = 2


class Action(IntEnum):
    """What a controller asks for. NONE: the plan is not Lane's to move now; HOLD: looked, left alone."""

    NONE = 0
    HOLD = 1
    RAISE = 2
    LOWER = 3
    PAUSE = 4
    RESUME = 5


class Status(IntEnum):
    """The word a marketer reads for one plan."""

    SCHEDULED = 0
    UNKNOWN = 1
    ON_TRACK = 2
    AHEAD = 3
    BEHIND = 4
    CANNOT_SPEND = 5
    PAUSED = 6
    STALE = 7
    ENDED = 8
    ACCEPTED = 9  # somebody accepted that the plan cannot spend its amount; no controller decides this

    @property
    def word(self) -> str:
        """The status as stored and shown, e.g. ``cannot_spend``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Rows:
    """Arrays that share their first axis, one row per plan."""

    def take(self, rows: Ints, width: int | None = None) -> Self:
        """The same structure for some rows; ``width`` also trims the day matrices of longer flights."""
        matrices = self._day_matrices()
        changes: dict[str, Any] = {}
        for field in dataclasses.fields(self):
            values = getattr(self, field.name)[rows]
            changes[field.name] = values[:, :width] if field.name in matrices else values
        return dataclasses.replace(self, **changes)

    def _day_matrices(self) -> frozenset[str]:
        return frozenset()


@dataclass(frozen=True, slots=True)
class PlanTerms(Rows):
    """What was agreed: the amount, the flight, the curve and the limits of every plan."""

    amount_micros: Ints
    days_total: Ints
    strategy: Ints  # Strategy codes
    curve_power: Floats  # p of accelerated and conservative
    season_alpha: Floats  # adaptive: how far the budget follows the demand forecast, 0..1
    landing: Ints  # Landing codes
    min_budget_micros: Ints  # sum of the platforms' minimum daily budgets
    unit_micros: Ints  # smallest billable step of a daily budget
    step_limit: Floats  # largest relative change of one step, 0.2 = 20 %
    cooldown_hours: Floats
    tolerance: Floats  # share of the amount the end may miss by, on the last day
    may_pause: Flags  # "pause at target" is approved in advance
    season: Floats  # [N, D] forecast demand by flight day, about 1 on average
    plan_weight: Floats  # [N, D] what planned events make of a day: 1.5 = half as much again, 0 = nothing
    intraday: Floats  # [N, 12] share of a day's spend in each tick, summing to 1
    delivery_prior: Floats  # spend per unit of daily budget before this flight has shown any of its own
    month_limit: (
        Flags  # an edit limits the rest to budget x days left (Google, plans that end with the month)
    )

    @classmethod
    def build(
        cls,
        amount_micros: ArrayLike,
        days_total: ArrayLike,
        *,
        strategy: ArrayLike = Strategy.ADAPTIVE,
        curve_power: ArrayLike | None = None,
        season_alpha: ArrayLike = 0.0,
        landing: ArrayLike = Landing.PRECISE,
        min_budget_micros: ArrayLike = 0,
        unit_micros: ArrayLike = 10_000,
        step_limit: ArrayLike = 0.2,
        cooldown_hours: ArrayLike = 24.0,
        tolerance: ArrayLike = 0.05,
        may_pause: ArrayLike = True,
        season: Floats | None = None,
        plan_weight: Floats | None = None,
        intraday: Floats | None = None,
        delivery_prior: ArrayLike = 1.0,
        month_limit: ArrayLike = False,
    ) -> PlanTerms:
        """Fill what is not given: power 1.5 for accelerated, 1.25 for conservative, flat demand, no events."""
        amounts = np.atleast_1d(np.asarray(amount_micros, dtype=np.int64))
        count = amounts.shape[0]
        days = _column(days_total, count, np.int64)
        if (amounts <= 0).any() or (days < 1).any():
            raise ValueError("Every plan needs an amount above zero and at least one day.")
        codes = _column(strategy, count, np.int64)
        if curve_power is None:
            curve_power = np.where(codes == Strategy.CONSERVATIVE, 1.25, 1.5)
        width = int(days.max()) if count else 0
        demand = np.ones((count, width)) if season is None else np.asarray(season, dtype=np.float64)
        shares = INTRADAY_PRIOR if intraday is None else np.asarray(intraday, dtype=np.float64)
        shares = np.broadcast_to(shares, (count, TICKS_PER_DAY))
        return cls(
            amount_micros=amounts,
            days_total=days,
            strategy=codes,
            curve_power=_column(curve_power, count, np.float64),
            season_alpha=_column(season_alpha, count, np.float64),
            landing=_column(landing, count, np.int64),
            min_budget_micros=_column(min_budget_micros, count, np.int64),
            unit_micros=_column(unit_micros, count, np.int64),
            step_limit=_column(step_limit, count, np.float64),
            cooldown_hours=_column(cooldown_hours, count, np.float64),
            tolerance=_column(tolerance, count, np.float64),
            may_pause=_column(may_pause, count, np.bool_),
            season=demand,
            plan_weight=_event_weights(plan_weight, days, demand.shape[1]),
            intraday=shares / shares.sum(axis=1, keepdims=True),
            delivery_prior=_column(delivery_prior, count, np.float64),
            month_limit=_column(month_limit, count, np.bool_),
        )

    def _day_matrices(self) -> frozenset[str]:
        return frozenset({"season", "plan_weight"})


@dataclass(frozen=True, slots=True)
class Observation(Rows):
    """What was seen at one instant, in account-local days and with late reports as they are."""

    day: Ints  # 1-based flight day; below 1 not started, above days_total ended
    day_fraction: Floats  # elapsed share of the local day (of its 23, 24 or 25 hours), 0..1
    spend_micros: Ints  # [N, D] reported spend of the days before today, UNKNOWN where no report exists
    today_spend_micros: Ints  # today's reported part, UNKNOWN when no report reached today
    budget_micros: Ints  # total daily budget in force now, UNKNOWN when the platform never told
    budget_by_day_micros: Ints  # [N, D] last total daily budget of each past day, UNKNOWN where not recorded
    paused_days: Flags  # [N, D] days on which delivery was paused for a part of the day
    paused: Flags
    paused_by_lane: Flags
    writable: Flags  # the platform takes writes and no kill switch is on
    hours_since_change: Floats  # since the last budget change, infinite when never
    report_age_hours: Floats  # now minus the instant the reported spend is true for
    stale_after_hours: Floats  # the platform's usual lag plus 4 h
    today_by_tick_micros: Ints  # [N, 12] today's reported spend in each whole tick, UNKNOWN where not told

    @classmethod
    def build(
        cls,
        *,
        day: ArrayLike,
        day_fraction: ArrayLike,
        spend_micros: ArrayLike,
        today_spend_micros: ArrayLike,
        budget_micros: ArrayLike,
        budget_by_day_micros: ArrayLike,
        paused_days: ArrayLike | None = None,
        paused: ArrayLike = False,
        paused_by_lane: ArrayLike = False,
        writable: ArrayLike = True,
        hours_since_change: ArrayLike = np.inf,
        report_age_hours: ArrayLike = 3.0,
        stale_after_hours: ArrayLike = 7.0,
        today_by_tick_micros: ArrayLike | None = None,
    ) -> Observation:
        """Fill what is not given: running, writable, never changed, a report 3 hours old."""
        spend = np.atleast_2d(np.asarray(spend_micros, dtype=np.int64))
        count = spend.shape[0]
        return cls(
            day=_column(day, count, np.int64),
            day_fraction=np.clip(_column(day_fraction, count, np.float64), 0.0, 1.0),
            spend_micros=spend,
            today_spend_micros=_column(today_spend_micros, count, np.int64),
            budget_micros=_column(budget_micros, count, np.int64),
            budget_by_day_micros=np.atleast_2d(np.asarray(budget_by_day_micros, dtype=np.int64)),
            paused_days=np.zeros(spend.shape, dtype=np.bool_)
            if paused_days is None
            else np.atleast_2d(np.asarray(paused_days, dtype=np.bool_)),
            paused=_column(paused, count, np.bool_),
            paused_by_lane=_column(paused_by_lane, count, np.bool_),
            writable=_column(writable, count, np.bool_),
            hours_since_change=_column(hours_since_change, count, np.float64),
            report_age_hours=np.maximum(_column(report_age_hours, count, np.float64), 0.0),
            stale_after_hours=_column(stale_after_hours, count, np.float64),
            today_by_tick_micros=np.full((count, TICKS_PER_DAY), UNKNOWN, dtype=np.int64)
            if today_by_tick_micros is None
            else np.atleast_2d(np.asarray(today_by_tick_micros, dtype=np.int64)),
        )

    def _day_matrices(self) -> frozenset[str]:
        return frozenset({"spend_micros", "budget_by_day_micros", "paused_days"})


def _event_weights(given: Floats | None, days: Ints, width: int) -> Floats:
    """Weights of planned events, 1 where none are given; a flight whose every day is zero has no plan."""
    if given is None:
        return np.ones((days.shape[0], width))
    weights = np.asarray(given, dtype=np.float64)
    inside = np.arange(width)[None, :] < days[:, None]
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("A planned event multiplies a day by zero or more.")
    if not (inside & (weights > 0)).any(axis=1).all():
        raise ValueError("Planned events leave some plan without a single day to spend on.")
    return weights


def _column(values: ArrayLike, count: int, dtype: Any) -> NDArray[Any]:
    return np.ascontiguousarray(np.broadcast_to(np.asarray(values, dtype=dtype), (count,)))
