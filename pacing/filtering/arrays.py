"""Many lines as the controllers' arrays: the same terms, observation and memory the product builds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pacing.controllers import INTRADAY_PRIOR, TICKS_PER_DAY, UNKNOWN, Observation, PlanTerms, State
from pacing.controllers.base import Flags, Floats, Ints
from pacing.filtering.observed import Observed


def terms_of(lines: Sequence[Observed]) -> PlanTerms:
    """What was agreed, one row per line."""
    terms = [line.terms for line in lines]
    width = max(one.days for one in terms)
    return PlanTerms.build(
        [one.amount_micros for one in terms],
        [one.days for one in terms],
        strategy=[one.strategy for one in terms],
        curve_power=[one.curve_power for one in terms],
        season_alpha=[one.season_alpha for one in terms],
        landing=[one.landing for one in terms],
        min_budget_micros=[one.min_budget_micros for one in terms],
        unit_micros=[one.unit_micros for one in terms],
        step_limit=[one.step_limit for one in terms],
        cooldown_hours=[one.cooldown_hours for one in terms],
        tolerance=[one.tolerance for one in terms],
        may_pause=[one.may_pause for one in terms],
        season=_per_day([one.season for one in terms], width),
        plan_weight=_per_day([one.plan_weights for one in terms], width),
        intraday=_shapes([line.terms.intraday or line.shape.shares() for line in lines]),
        delivery_prior=[one.delivery_prior for one in terms],
        month_limit=[one.month_limit for one in terms],
    )


def observation_of(lines: Sequence[Observed]) -> Observation:
    """What was seen, one row per line."""
    width = max(line.terms.days for line in lines)
    return Observation.build(
        day=[line.day for line in lines],
        day_fraction=[line.day_fraction for line in lines],
        spend_micros=_matrix([line.reported.days for line in lines], width),
        today_spend_micros=[line.reported.today for line in lines],
        budget_micros=[line.budget_micros for line in lines],
        budget_by_day_micros=_matrix([line.budgets for line in lines], width),
        paused_days=_flags([line.paused_days for line in lines], width),
        paused=[line.paused for line in lines],
        paused_by_lane=[line.paused_by_lane for line in lines],
        writable=[line.writable for line in lines],
        hours_since_change=[line.hours_since_change for line in lines],
        report_age_hours=[line.report_age_hours for line in lines],
        stale_after_hours=[line.stale_after_hours for line in lines],
        today_by_tick_micros=_ticks([line.reported.today_by_tick for line in lines]),
    )


def memory_of(lines: Sequence[Observed]) -> State:
    """What the controllers remember, one row per line."""
    return State.from_json([line.controller for line in lines])


def _matrix(rows: Sequence[list[int]], width: int) -> Ints:
    return np.array([row + [UNKNOWN] * (width - len(row)) for row in rows], dtype=np.int64)


def _flags(rows: Sequence[list[bool]], width: int) -> Flags:
    held = np.zeros((len(rows), width), dtype=np.bool_)
    for index, row in enumerate(rows):
        if True in row:
            held[index, : len(row)] = row
    return held


def _per_day(rows: Sequence[list[float] | None], width: int) -> Floats | None:
    """One number per flight day, 1 where a line says nothing; None when no line says anything."""
    if all(row is None for row in rows):
        return None
    values = np.ones((len(rows), width))
    for index, row in enumerate(rows):
        if row is not None:
            values[index, : len(row)] = row
    return values


def _ticks(rows: Sequence[list[int] | None]) -> Ints | None:
    if all(row is None for row in rows):
        return None
    return np.array([[UNKNOWN] * TICKS_PER_DAY if row is None else row for row in rows], dtype=np.int64)


def _shapes(rows: Sequence[list[float] | None]) -> Floats | None:
    if all(row is None for row in rows):
        return None
    return np.array([INTRADAY_PRIOR if row is None else row for row in rows], dtype=np.float64)
