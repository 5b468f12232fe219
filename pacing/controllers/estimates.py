"""What the reports say about delivery: the ratio to budget and the demand behind it.

All spend and budgets here are in mean days of the plan (amount / days), so currencies and sizes do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.controllers.base import HOURS_PER_TICK, TICKS_PER_DAY, Flags, Floats, Ints, Observation, PlanTerms

BUDGET_BOUND = 0.85  # a day that spent this much of its budget was limited by the budget
DEMAND_BOUND = 0.70  # a day that spent less than this of its budget was limited by demand

PRIOR_LOG_SD = 0.16  # day-to-day noise of spend against budget, measured on real accounts: 0.08-0.26
PRIOR_DAYS = 6.0
PRIOR_RATIO_SD = 0.08
RATIO_DRIFT_SD = 0.035  # the run rate of the rest of a flight differs from the past even when well known


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in the flight the look falls; one value per plan."""

    day: Ints  # 1..T, clipped into the flight
    index: Ints  # day - 1
    tick: Ints  # tick of the day, 0..11
    phase: Floats  # elapsed share of that tick
    flight_tick: Ints  # ticks since the flight began
    lag_ticks: Floats  # age of the report in ticks
    inside: Flags  # the flight runs today
    days_left: Ints  # including today

    @classmethod
    def of(cls, terms: PlanTerms, seen: Observation) -> Moment:
        """Read the clock of each plan; a 23 or 25 hour day still has 12 ticks."""
        day = np.clip(seen.day, 1, terms.days_total)
        position = np.clip(seen.day_fraction, 0.0, 1.0) * TICKS_PER_DAY
        tick = np.minimum(np.floor(position + 1e-9), TICKS_PER_DAY - 1).astype(np.int64)
        return cls(
            day=day,
            index=day - 1,
            tick=tick,
            phase=np.clip(position - tick, 0.0, 1.0),
            flight_tick=(day - 1) * TICKS_PER_DAY + tick,
            lag_ticks=seen.report_age_hours / HOURS_PER_TICK,
            inside=(seen.day >= 1) & (seen.day <= terms.days_total),
            days_left=terms.days_total - day + 1,
        )

    def complete_days(self) -> Ints:
        """Number of leading flight days whose reports cover the whole day."""
        now = (self.flight_tick + self.phase) - self.lag_ticks
        return np.minimum(np.floor(now / TICKS_PER_DAY + 1e-9).astype(np.int64), self.index)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a plan has been spending."""

    ratio: Floats  # spend per unit of budget on budget-bound days
    level: Floats  # demand of a mean day, NaN while no day was demand-bound
    log_sd: Floats  # day-to-day noise of spend, prior included
    ratio_sd: Floats  # how wrong `ratio` may be, in logs
    known_days: Ints  # complete days with a report


def learn(
    spend: Floats,
    budgets: Floats,
    season: Floats,
    paused_days: Flags,
    complete_days: Ints,
    prior: Floats,
) -> Delivery:
    """Relearn delivery from every complete day, so that restated reports simply replace what they were.

    ``spend`` and ``budgets`` are NaN where unknown. A budget-bound day moves the ratio; a demand-bound day shows
    demand; a budget-bound day says only that demand was at least what was spent (a censored observation). ``prior``
    is the ratio the account's history shows, where learning starts.
    """
    count, width = spend.shape
    ratio, level = prior.astype(np.float64), np.full(count, np.nan)
    used, total, squares = np.zeros(count), np.zeros(count), np.zeros(count)
    known_days = np.zeros(count, dtype=np.int64)
    for index in range(min(width, int(complete_days.max(initial=0)))):
        spent, budget = spend[:, index], budgets[:, index]
        known = (index < complete_days) & ~np.isnan(spent)
        known_days += known
        usable = known & ~np.isnan(budget) & (budget > 0)
        share = np.divide(spent, budget, out=np.ones(count), where=usable)
        free = usable & ~paused_days[:, index]

        bound = usable & (share >= BUDGET_BOUND)
        ratio = np.where(bound, 0.9 * ratio + 0.1 * np.clip(share, 0.6, 1.6), ratio)

        shown = np.where(usable, spent, 0.0) / season[:, index]
        short = free & (share < DEMAND_BOUND)
        unknown = np.isnan(level)
        lowered = np.where(unknown, shown, 0.6 * level + 0.4 * shown)
        raised = np.where(unknown, level, np.maximum(1.05 * level, shown))
        level = np.where(short, lowered, np.where(free, raised, level))

        noisy = free & (share > 0.05)
        logs = np.log(np.where(noisy, share, 1.0))
        used += noisy
        total += logs
        squares += logs * logs
    spread = np.maximum(squares - total * total / np.maximum(used, 1), 0.0)
    variance = (PRIOR_DAYS * PRIOR_LOG_SD**2 + spread) / (PRIOR_DAYS + np.maximum(used - 1, 0))
    ratio_sd = np.sqrt(variance * 0.1 / 1.9 + (PRIOR_RATIO_SD * 0.9**used) ** 2 + RATIO_DRIFT_SD**2)
    return Delivery(ratio, level, np.sqrt(variance), ratio_sd, known_days)


def share_until(intraday: Floats, position: Floats) -> Floats:
    """Share of a day's spend made by ``position`` ticks into it."""
    position = np.clip(position, 0.0, TICKS_PER_DAY)
    whole = np.minimum(np.floor(position), TICKS_PER_DAY - 1).astype(np.int64)
    rows = np.arange(intraday.shape[0])
    before = np.cumsum(intraday, axis=1)[rows, whole] - intraday[rows, whole]
    return np.asarray(before + (position - whole) * intraday[rows, whole])
