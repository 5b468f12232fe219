"""Run a policy over flights: it sees late, trimmed, sometimes frozen reports, and writes when writes work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pacing.simulation.flights import TICKS, Flags, Flights, Floats, Ints
from pacing.simulation.platform import PlatformSim


@dataclass(frozen=True, slots=True)
class View:
    """What a policy may know at the start of a tick; never the market behind it."""

    day: int  # 1-based
    tick: int
    reported: Floats  # [N, T] spend by day as last reported, NaN for days the report had not reached
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
    changes: Ints
    big_changes: Ints  # changes above 20 %

    def feasible(self) -> Flags:
        """Flights whose market allowed at least 5 % more than the amount."""
        return self.reachable_ratio >= 1.05

    def within(self, band: float) -> float:
        """Share of feasible flights that ended within the band around the amount."""
        return float((np.abs(self.billed_ratio[self.feasible()] - 1) <= band).mean())

    def utilisation(self) -> float:
        """Mean billed share of the amount on feasible flights."""
        return float(self.billed_ratio[self.feasible()].mean())


def run(flights: Flights, policy: Policy) -> Outcome:
    """Play every flight to its end."""
    count, days = flights.count, flights.days
    platform = PlatformSim(flights, policy.opening(flights))
    read_at = np.zeros(count, dtype=np.int64)
    since = np.full(count, np.inf)
    paused_days = np.zeros((count, days), dtype=np.bool_)
    changes, big = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for index in range(days):
        platform.start_day(index)
        for tick in range(TICKS):
            now = index * TICKS + tick
            up = ~flights.down[:, now]
            read_at = np.where(up, now, read_at)
            orders = policy.act(_view(flights, platform, index, tick, read_at, up, since, paused_days))
            ratio = np.divide(orders.budget, platform.budget) - 1
            changed = up & (np.abs(ratio) > 1e-9)
            platform.set_budgets(index, orders.budget, changed)
            platform.paused = np.where(up, orders.paused, platform.paused)
            changes += changed
            big += changed & (np.abs(ratio) > 0.2001)
            since = np.where(changed, 0.0, since) + 2.0
            paused_days[:, index] |= platform.paused
            platform.run_tick(index, tick)
    billed = platform.spent.sum(axis=1) * (1 - flights.credit)
    return Outcome(billed / flights.amount, flights.most() / flights.amount, changes, big)


def _view(
    flights: Flights,
    platform: PlatformSim,
    index: int,
    tick: int,
    read_at: Ints,
    up: Flags,
    since: Floats,
    paused_days: Flags,
) -> View:
    now = index * TICKS + tick
    true_until = np.maximum(read_at - flights.lag, 0)
    ends = np.arange(flights.days) * TICKS
    ran = np.concatenate([np.zeros((flights.count, 1)), np.cumsum(platform.spent, axis=1)], axis=1)
    stop = np.minimum(true_until[:, None], ends + TICKS)
    start = np.minimum(true_until[:, None], ends)
    reported = np.take_along_axis(ran, stop, axis=1) - np.take_along_axis(ran, start, axis=1)
    # The day the report ends in is not final: a little of it is still missing. Credits come two days later.
    current = (ends <= true_until[:, None]) & (true_until[:, None] < ends + TICKS)
    trim = np.take_along_axis(flights.trim, np.minimum(read_at, flights.trim.shape[1] - 1)[:, None], axis=1)
    reported = np.where(current, reported * (1 - trim), reported)
    settled = ends + 3 * TICKS <= read_at[:, None]
    reported = np.where(settled, reported * (1 - flights.credit[:, None]), reported)
    reached = ends < true_until[:, None]
    past = np.arange(flights.days) < index
    return View(
        day=index + 1,
        tick=tick,
        reported=np.where(reached, reported, np.nan),
        budget=platform.budget.copy(),
        budget_of_day=np.where(past, platform.budget_of_day, np.nan),
        paused=platform.paused.copy(),
        paused_days=paused_days.copy(),
        writable=up,
        hours_since_change=since.copy(),
        report_age_hours=(now - true_until) * 2.0,
        usual_lag_hours=(flights.lag * 2.0).astype(np.float64),
    )
