"""Play flights from some tick to their end: late reports, looks, orders, delivery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.controllers import TICKS_PER_DAY, UNKNOWN, Observation, PlanTerms
from pacing.controllers.base import Flags, Floats, Ints
from pacing.lab.market import Market
from pacing.lab.steering import Steering

HOURS_PER_TICK = 2.0
# Ticks between two looks, by the days a rehearsal has to play; near its end a flight is looked at in every tick.
LONG_DAYS, VERY_LONG_DAYS = 45, 120
LOOK_EVERY, LONG_LOOK_EVERY, VERY_LONG_LOOK_EVERY = 3, TICKS_PER_DAY, 3 * TICKS_PER_DAY
MORNING = 3  # looks that come once a day come when yesterday has been reported
NEAR_DAYS = 2
STALE_SLACK_HOURS = 4.0
BIG_CHANGE = 0.2001


@dataclass(frozen=True, slots=True)
class Start:
    """Where a rehearsal begins: what was spent before, and the budgets in force."""

    tick: int  # of the flight, 12 a day
    tick_left: float  # share of that tick still to come
    spent: Floats  # [N, D * 12] micros by tick; zero from ``tick`` on
    budget_micros: Ints
    budget_by_day_micros: Ints  # [N, D] UNKNOWN where not recorded
    paused: Flags
    paused_days: Flags  # [N, D]
    hours_since_change: Floats

    @classmethod
    def first_day(cls, budget_micros: Ints, days: int) -> Start:
        """A flight from its first moment."""
        count = budget_micros.shape[0]
        return cls(
            tick=0,
            tick_left=1.0,
            spent=np.zeros((count, days * TICKS_PER_DAY)),
            budget_micros=budget_micros.astype(np.int64),
            budget_by_day_micros=np.full((count, days), UNKNOWN, dtype=np.int64),
            paused=np.zeros(count, dtype=np.bool_),
            paused_days=np.zeros((count, days), dtype=np.bool_),
            hours_since_change=np.full(count, np.inf),
        )


@dataclass(frozen=True, slots=True)
class Course:
    """How rehearsed flights went."""

    spent: Floats  # [N, D * 12] micros by tick
    budgets: Ints  # [N, D] last daily budget of each day
    changes: Ints
    big_changes: Ints  # changes of more than 20 %
    pauses: Ints

    @property
    def ends(self) -> Floats:
        """Spend of each flight."""
        return np.asarray(self.spent.sum(axis=1))

    def by_day(self) -> Floats:
        """Cumulative spend at the end of each day [N, D]."""
        count = self.spent.shape[0]
        return np.cumsum(self.spent.reshape(count, -1, TICKS_PER_DAY).sum(axis=2), axis=1)


def rehearse(terms: PlanTerms, market: Market, start: Start, steering: Steering, lag_ticks: int) -> Course:
    """Play flights of one length to their end. Reports are ``lag_ticks`` late all the way."""
    days = int(terms.days_total[0])
    if (terms.days_total != days).any():
        raise ValueError("Flights of one rehearsal have one length.")
    return _Rehearsal(terms, market, start, steering, lag_ticks).play(days)


class _Rehearsal:
    def __init__(
        self, terms: PlanTerms, market: Market, start: Start, steering: Steering, lag_ticks: int
    ) -> None:
        self.terms, self.market, self.start, self.steering = terms, market, start, steering
        self.lag = lag_ticks
        self.amount = terms.amount_micros.astype(np.float64)
        self.spent = start.spent.copy()
        self.total = start.spent.sum(axis=1)
        self.budget = start.budget_micros.astype(np.int64)
        self.by_day = start.budget_by_day_micros.copy()
        self.paused, self.paused_days = start.paused.copy(), start.paused_days.copy()
        self.since = start.hours_since_change.copy()
        count = self.budget.shape[0]
        self.changes, self.big, self.pauses = (np.zeros(count, dtype=np.int64) for _ in range(3))
        self.highest = self.budget.astype(np.float64)

    def play(self, days: int) -> Course:
        """Tick after tick."""
        every = _ticks_between_looks(days - self.start.tick // TICKS_PER_DAY)
        for now in range(self.start.tick, days * TICKS_PER_DAY):
            day, tick = divmod(now, TICKS_PER_DAY)
            if tick == 0:
                self.highest = self.budget.astype(np.float64)
            if (now - MORNING) % every == 0 or now == self.start.tick or self._near(day, days):
                self._look(now, day, tick, days)
            self.paused_days[:, day] |= self.paused
            self._deliver(now, day, tick)
            self.by_day[:, day] = self.budget
            self.since += HOURS_PER_TICK
        return Course(self.spent, self.by_day, self.changes, self.big, self.pauses)

    def _near(self, day: int, days: int) -> bool:
        """Whether a flight may reach its amount within a day: then every tick counts."""
        if days - day <= NEAR_DAYS:
            return True
        left = self.amount - self.total
        return bool((~self.paused & (left < self.budget)).any())

    def _look(self, now: int, day: int, tick: int, days: int) -> None:
        orders = self.steering.act(self._seen(now, day, tick, days))
        changed = orders.budget_micros != self.budget
        ratio = np.divide(
            orders.budget_micros, self.budget, out=np.ones_like(self.amount), where=self.budget > 0
        )
        self.changes += changed
        self.big += changed & (np.abs(ratio - 1) > BIG_CHANGE)
        self.pauses += orders.paused & ~self.paused
        self.since = np.where(changed, 0.0, self.since)
        self.budget, self.paused = orders.budget_micros, orders.paused
        self.highest = np.maximum(self.highest, self.budget)

    def _seen(self, now: int, day: int, tick: int, days: int) -> Observation:
        through = max(now - self.lag, 0)
        shown = np.where(np.arange(days * TICKS_PER_DAY)[None, :] < through, self.spent, 0.0)
        reported = np.rint(shown.reshape(-1, days, TICKS_PER_DAY).sum(axis=2)).astype(np.int64)
        place = np.arange(days)[None, :]
        reached = place * TICKS_PER_DAY < through
        spend = np.where(reached & (place < day), reported, UNKNOWN)
        today = np.where(reached[:, day], reported[:, day], UNKNOWN)
        age = HOURS_PER_TICK * self.lag
        return Observation.build(
            day=day + 1,
            day_fraction=tick / TICKS_PER_DAY,
            spend_micros=spend,
            today_spend_micros=today,
            budget_micros=self.budget,
            budget_by_day_micros=np.where(place < day, self.by_day, UNKNOWN),
            paused_days=self.paused_days,
            paused=self.paused,
            paused_by_lane=self.paused,
            hours_since_change=self.since,
            report_age_hours=age,
            stale_after_hours=age + STALE_SLACK_HOURS,
        )

    def _deliver(self, now: int, day: int, tick: int) -> None:
        today = self.spent[:, day * TICKS_PER_DAY : now].sum(axis=1)
        spend = self.market.tick_spend(day, tick, self.budget.astype(np.float64), self.highest, today)
        if now == self.start.tick:
            spend = spend * self.start.tick_left
        delivered = np.where(self.paused, 0.0, spend)
        self.spent[:, now] += delivered
        self.total += delivered


def _ticks_between_looks(days: int) -> int:
    if days <= LONG_DAYS:
        return LOOK_EVERY
    return LONG_LOOK_EVERY if days <= VERY_LONG_DAYS else VERY_LONG_LOOK_EVERY
