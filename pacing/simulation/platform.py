"""How an ad platform spends a daily budget: its own pacing, over-delivery and limits."""

from __future__ import annotations

import numpy as np

from pacing.simulation.flights import TICKS, Flags, Flights, Floats, Rules

DAY_LIMIT = {Rules.GOOGLE: 2.0, Rules.META: 1.75}
MONTH_DAYS = 30.4
SUNDAY = 6


class PlatformSim:
    """Spends the budgets of N flights tick by tick and keeps what was spent."""

    def __init__(self, flights: Flights, budget: Floats) -> None:
        count, days = flights.count, flights.days
        self.flights = flights
        self.budget = budget.astype(np.float64).copy()
        self.paused: Flags = np.zeros(count, dtype=np.bool_)
        self.spent = np.zeros((count, days * TICKS))
        self.budget_of_day = np.full((count, days), np.nan)
        self._day_max = self.budget.copy()
        self._day_spent = np.zeros(count)
        self._spent_before = np.zeros(count)
        self._budgets_before = np.zeros(count)
        self._month_cap = MONTH_DAYS / 30 * days * self.budget
        self._week_spent = np.zeros(count)
        self._week_max = self.budget.copy()
        self._rest_of_day = np.cumsum(flights.share[:, :, ::-1], axis=2)[:, :, ::-1]

    def start_day(self, index: int) -> None:
        """Close yesterday: a new day begins with the budget in force, a new week on Sunday."""
        if index:
            self._spent_before += self._day_spent
            self._budgets_before += self.budget_of_day[:, index - 1]
            self._week_spent += self._day_spent
        sunday = (self.flights.first_weekday + index) % 7 == SUNDAY
        self._week_spent[sunday] = 0.0
        self._week_max = np.where(sunday, self.budget, self._week_max)
        self._day_spent = np.zeros_like(self._day_spent)
        self._day_max = self.budget.copy()
        self.budget_of_day[:, index] = self.budget

    def set_budgets(self, index: int, budget: Floats, changed: Flags) -> None:
        """Take new budgets during day ``index``; the day's limit follows the highest in force since midnight."""
        self.budget = np.where(changed, budget, self.budget)
        self._day_max = np.maximum(self._day_max, self.budget)
        self._week_max = np.maximum(self._week_max, self.budget)
        left = self.flights.days - index
        self._month_cap = np.where(changed, self._spent_before + self.budget * left, self._month_cap)
        self.budget_of_day[:, index] = self.budget

    def run_tick(self, index: int, tick: int) -> None:
        """Spend one tick: the day's goal paced by the intraday shape, never more than demand."""
        flights = self.flights
        goal = self._goal(index)
        part = flights.share[:, index, tick] / self._rest_of_day[:, index, tick]
        spend = np.minimum((goal - self._day_spent) * part, flights.demand[:, index, tick])
        at = index * TICKS + tick
        running = ~self.paused & ~flights.stopped[:, at]
        spend = np.where(running, np.maximum(spend, 0.0), 0.0)
        self.spent[:, at] = spend
        self._day_spent += spend

    def _goal(self, index: int) -> Floats:
        """What the platform means to spend today: noisy, leaning against what it over- or under-spent before."""
        behind = np.divide(
            self._spent_before,
            self._budgets_before,
            out=np.ones_like(self._spent_before),
            where=self._budgets_before > 0,
        )
        lean = np.exp(-0.5 * np.clip(behind - 1, -0.5, 0.5))
        effective = np.where(self.budget < self._day_max, (self.budget + self._day_max) / 2, self.budget)
        goal = effective * self.flights.delivery[:, index] * lean
        if self.flights.rules is Rules.GOOGLE:
            left = self._month_cap - self._spent_before
        else:
            left = 7 * self._week_max - self._week_spent
        limit = DAY_LIMIT[self.flights.rules] * self._day_max
        return np.asarray(np.minimum(np.minimum(goal, limit), np.maximum(left, 0.0)))
