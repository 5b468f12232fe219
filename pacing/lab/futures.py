"""Many ways the rest of a flight may go, drawn from how the plan has been delivering."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from pacing.controllers import TICKS_PER_DAY, UNKNOWN, Observation, PlanTerms, State
from pacing.controllers.base import Floats
from pacing.lab.course import LONG_DAYS, Start
from pacing.lab.market import Market

DRAWS, FEW_DRAWS = 100, 40
_BUDGET_BOUND = 0.85
_PRIOR_LOG_SD, _PRIOR_DAYS = 0.16, 6.0  # day-to-day noise of delivery, measured on real accounts
_RUN_RATE_DRIFT = 0.02
_DEMAND_LOG_SD = 0.18
_MOST_RATIO, _LEAST_RATIO = 2.0, 0.2


@dataclass(frozen=True, slots=True)
class Futures:
    """The same plan over and over, each row in another market, all from the present moment."""

    terms: PlanTerms
    market: Market
    start: Start
    state: State


def futures_of(
    terms: PlanTerms,
    seen: Observation,
    state: State,
    spent_micros: int,
    seed: int,
    *,
    draws: int | None = None,
) -> Futures:
    """Repeat one plan ``draws`` times, 100 unless the flight is long. ``spent_micros`` counts what ran since the last report.

    The same seed draws the same markets, so that two sets of terms are compared under the same luck.
    """
    days = int(terms.days_total[0])
    if draws is None:
        draws = DRAWS if days <= LONG_DAYS else FEW_DRAWS
    rows = np.zeros(draws, dtype=np.int64)
    many, watched, memory = terms.take(rows), seen.take(rows), state.take(rows)
    # The market drawn here keeps no month limit, so nothing may rely on one.
    many = dataclasses.replace(many, month_limit=np.zeros(draws, dtype=np.bool_))
    rng = np.random.default_rng(seed)
    share = _day_shares(seen)
    noise = _log_sd(share)
    run_rate = np.sqrt(_RUN_RATE_DRIFT**2 + noise**2 / (share.size + 2))
    # Drawn for the longest flight there is, so that a longer flight meets the same first days.
    luck = rng.normal(size=(draws, 366))[:, :days]
    level_luck, demand_luck = rng.normal(size=(draws, 1)), rng.normal(size=(draws, 366))[:, :days]
    ratio = state.delivery_ratio[0] * np.exp(noise * luck + run_rate * level_luck)
    level = float(state.demand_level[0])
    demand = np.full((draws, days), np.inf)
    if np.isfinite(level):
        demand = level * many.season[:, :days] * np.exp(_DEMAND_LOG_SD * demand_luck)
    market = Market(np.clip(ratio, _LEAST_RATIO, _MOST_RATIO), demand, many.intraday)
    return Futures(many, market, _start(many, watched, spent_micros, days), memory)


def _day_shares(seen: Observation) -> Floats:
    """Spend per unit of budget on the days that were limited by it."""
    known = (seen.spend_micros[0] != UNKNOWN) & (seen.budget_by_day_micros[0] > 0) & ~seen.paused_days[0]
    share = seen.spend_micros[0][known] / seen.budget_by_day_micros[0][known]
    return np.asarray(share[share >= _BUDGET_BOUND])


def _log_sd(share: Floats) -> float:
    spread = float(((np.log(share) - np.log(share).mean()) ** 2).sum()) if share.size else 0.0
    return float(np.sqrt((_PRIOR_DAYS * _PRIOR_LOG_SD**2 + spread) / (_PRIOR_DAYS + max(share.size - 1, 0))))


def _start(terms: PlanTerms, seen: Observation, spent_micros: int, days: int) -> Start:
    """Lay what was spent into ticks: reported days as reported, the rest over what no report shows."""
    day = int(seen.day[0])
    budget = np.maximum(seen.budget_micros, 0)
    if day < 1:
        return Start.first_day(budget, days)
    position = float(seen.day_fraction[0]) * TICKS_PER_DAY
    tick = min(int(position + 1e-9), TICKS_PER_DAY - 1)
    now = (day - 1) * TICKS_PER_DAY + tick
    shares = terms.intraday[0]
    known = np.where(seen.spend_micros[0] == UNKNOWN, 0, seen.spend_micros[0]).astype(np.float64)[:days]
    hidden = np.where(seen.spend_micros[0][:days] == UNKNOWN, 1.0, 0.0)
    hidden[day - 1] = shares[:tick].sum()
    hidden[day:] = 0.0
    known[day - 1 :] = 0.0
    rest = max(spent_micros - known.sum(), 0.0)
    weights = hidden / hidden.sum() if hidden.sum() > 0 else np.eye(days)[max(day - 2, 0)]
    spread = np.repeat(
        ((known + rest * weights)[:, None] * shares[None, :])[None], terms.days_total.shape[0], axis=0
    )
    spent = spread.reshape(-1, days * TICKS_PER_DAY)
    today = slice((day - 1) * TICKS_PER_DAY, now)
    whole = spent[:, (day - 1) * TICKS_PER_DAY : day * TICKS_PER_DAY].sum(axis=1, keepdims=True)
    spent[:, now:] = 0.0
    so_far = spent[:, today].sum(axis=1, keepdims=True)
    spent[:, today] *= np.divide(whole, so_far, out=np.zeros_like(whole), where=so_far > 0)
    return Start(
        tick=now,
        tick_left=1.0 - min(max(position - tick, 0.0), 1.0),
        spent=spent,
        budget_micros=budget,
        budget_by_day_micros=seen.budget_by_day_micros[:, :days],
        paused=seen.paused & seen.paused_by_lane,
        paused_days=seen.paused_days[:, :days],
        hours_since_change=seen.hours_since_change,
    )
