"""Run a policy over flights: it sees late, trimmed, sometimes frozen reports, and writes when writes work."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pacing.simulation.flights import DAY_AMOUNT, TICKS, Flags, Flights, Floats, Ints
from pacing.simulation.platform import PlatformSim

BIG_CHANGE = 0.2001


@dataclass(frozen=True, slots=True)
class View:
    """What a policy may know at the start of a tick; never the market behind it."""

    day: int  # 1-based
    tick: int
    reported: Floats  # [N, T] spend by day as last reported, NaN for days the report had not reached
    today_by_tick: (
        Floats  # [N, 12] today's spend by tick as last reported, NaN where the report had not reached
    )
    budget: Floats
    budget_of_day: Floats  # [N, T], NaN from today on
    paused: Flags
    paused_days: Flags
    writable: Flags
    hours_since_change: Floats
    report_age_hours: Floats
    usual_lag_hours: Floats


@dataclass(frozen=True, slots=True)
class Orders:
    """What a policy asks for: daily budgets and who is to be paused."""

    budget: Floats
    paused: Flags


class Policy(Protocol):
    """Anything that paces."""

    def opening(self, flights: Flights) -> Floats:
        """First daily budgets."""

    def act(self, view: View) -> Orders:
        """Orders for this tick."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How each flight ended."""

    billed_ratio: Floats  # billed / amount
    reachable_ratio: Floats  # what the market would have allowed / amount
    rmse: Floats  # how unevenly the days were spent, in mean days
    changes: Ints
    big_changes: Ints  # changes above 20 %
    strict_market: Flags
    seconds_per_decision: float

    def feasible(self) -> Flags:
        """Flights whose market allowed at least 5 % more than the amount."""
        return self.reachable_ratio >= 1.05

    def within(self, band: float) -> float:
        """Share of feasible flights that ended within the band around the amount."""
        return float((np.abs(self.billed_ratio[self.feasible()] - 1) <= band).mean())

    def utilisation(self) -> float:
        """Mean billed share of the amount on feasible flights."""
        return float(self.billed_ratio[self.feasible()].mean())

    def worst_over(self) -> float:
        """The largest overspend of a feasible flight over its amount, 0 when there is none."""
        return float(np.maximum(self.billed_ratio[self.feasible()] - 1, 0.0).max(initial=0.0))


def run(flights: Flights, policy: Policy) -> Outcome:
    """Play every flight to its end."""
    count, days = flights.count, flights.days
    platform = PlatformSim(flights, policy.opening(flights))
    reports = _Reports(flights)
    since = np.full(count, np.inf)
    paused_days = np.zeros((count, days), dtype=np.bool_)
    changes, big = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    thinking = 0.0
    for index in range(days):
        platform.start_day(index)
        for tick in range(TICKS):
            now = index * TICKS + tick
            up = ~flights.faults.down[:, now]
            view = reports.view(platform, now, up, since, paused_days)
            began = time.process_time()
            orders = policy.act(view)
            thinking += time.process_time() - began
            ratio = np.divide(orders.budget, platform.budget) - 1
            changed = up & (np.abs(ratio) > 1e-9)
            platform.set_budgets(index, orders.budget, changed)
            platform.paused = np.where(up, orders.paused, platform.paused)
            changes += changed
            big += changed & (np.abs(ratio) > BIG_CHANGE)
            since = np.where(changed, 0.0, since) + 2.0
            paused_days[:, index] |= platform.paused
            platform.run_tick(index, tick)
            reports.add(now, platform.spent[:, now])
    billed = platform.spent.sum(axis=1) * (1 - flights.faults.credit)
    return Outcome(
        billed_ratio=billed / flights.amount,
        reachable_ratio=flights.most() / flights.amount,
        rmse=_rmse(flights, platform.spent),
        changes=changes,
        big_changes=big,
        strict_market=flights.strict(),
        seconds_per_decision=thinking / (count * days * TICKS),
    )


def _rmse(flights: Flights, spent: Floats) -> Floats:
    """Root mean square of the daily deviation from a flat or a seasonal plan, whichever fits better, in mean days."""
    daily = spent.reshape(flights.count, flights.days, TICKS).sum(axis=2) / DAY_AMOUNT
    seasonal = flights.season / flights.season.mean(axis=1, keepdims=True)
    off = [np.sqrt(((daily - plan) ** 2).mean(axis=1)) for plan in (1.0, seasonal)]
    return np.asarray(np.minimum(*off))


class _Reports:
    """What the platform's reports say at each tick, late, trimmed and frozen while it is down."""

    def __init__(self, flights: Flights) -> None:
        self.flights = flights
        self._ran = np.zeros((flights.count, flights.days * TICKS + 1))
        self._read_at = np.zeros(flights.count, dtype=np.int64)
        self._ends = np.arange(flights.days) * TICKS
        self._usual_lag_hours = (flights.faults.lag * 2.0).astype(np.float64)

    def add(self, now: int, spend: Floats) -> None:
        """One more tick was spent."""
        self._ran[:, now + 1] = self._ran[:, now] + spend

    def view(self, platform: PlatformSim, now: int, up: Flags, since: Floats, paused_days: Flags) -> View:
        """What can be known at the start of tick ``now``."""
        flights, day_starts = self.flights, self._ends
        index, tick = divmod(now, TICKS)
        read_at = self._read_at = np.where(up, now, self._read_at)
        true_until = np.maximum(read_at - flights.faults.lag, 0)[:, None]
        # Days after today are empty: looking at no more than today's column keeps a long flight cheap.
        seen = slice(0, index + 1)
        bounds = np.minimum(true_until, np.append(day_starts[seen], (index + 1) * TICKS))
        until = np.take_along_axis(self._ran, bounds, axis=1)
        # The day the report ends in is not final: a little of it is still missing. Credits come two days later.
        trim = flights.faults.trim[np.arange(flights.count), read_at][:, None]
        current = (day_starts[seen] <= true_until) & (true_until < day_starts[seen] + TICKS)
        kept = np.where(current, 1 - trim, 1.0)
        settled = day_starts[seen] + 3 * TICKS <= read_at[:, None]
        kept = np.where(settled, 1 - flights.faults.credit[:, None], kept)
        reported = np.full((flights.count, flights.days), np.nan)
        reached = day_starts[seen] < true_until
        reported[:, seen] = np.where(reached, np.diff(until, axis=1) * kept, np.nan)
        ticks = slice(index * TICKS, (index + 1) * TICKS)
        told = np.arange(index * TICKS, (index + 1) * TICKS) < true_until
        by_tick = np.diff(self._ran[:, ticks.start : ticks.stop + 1], axis=1) * (1 - trim)
        past = np.arange(flights.days) < index
        return View(
            day=index + 1,
            tick=tick,
            reported=reported,
            today_by_tick=np.where(told, by_tick, np.nan),
            budget=platform.budget.copy(),
            budget_of_day=np.where(past, platform.budget_of_day, np.nan),
            paused=platform.paused.copy(),
            paused_days=paused_days.copy(),
            writable=up,
            hours_since_change=since.copy(),
            report_age_hours=((now - true_until[:, 0]) * 2.0).astype(np.float64),
            usual_lag_hours=self._usual_lag_hours,
        )
