"""How an ad platform spends a daily budget: its own pacing, over-delivery and limits."""

from __future__ import annotations

import numpy as np

from pacing.simulation.flights import TICKS, Flags, Flights, Floats, Rules


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
        self._flight_cap = 30.4 / 30 * days * self.budget

    def start_day(self, index: int) -> None:
        """Close yesterday: a new day begins with the budget in force."""
        if index:
            self._spent_before += self._day_spent
            self._budgets_before += self.budget_of_day[:, index - 1]
        self._day_spent = np.zeros_like(self._day_spent)
        self._day_max = self.budget.copy()
        self.budget_of_day[:, index] = self.budget

    def set_budgets(self, index: int, budget: Floats, changed: Flags) -> None:
        """Take new budgets during day ``index``; the day's limit follows the highest of the day."""
        self.budget = np.where(changed, budget, self.budget)
        self._day_max = np.maximum(self._day_max, self.budget)
        left = self.flights.days - index
        self._flight_cap = np.where(changed, self._spent_before + self.budget * left, self._flight_cap)
        self.budget_of_day[:, index] = self.budget

    def run_tick(self, index: int, tick: int) -> None:
        """Spend one tick: the day's goal paced by the intraday shape, never more than demand."""
        flights = self.flights
        goal = self._goal(index)
        share = flights.share[:, index, tick]
        rest = flights.share[:, index, tick:].sum(axis=1)
        spend = np.minimum((goal - self._day_spent) * share / rest, flights.demand[:, index, tick])
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
            left = np.maximum(self._flight_cap - self._spent_before, 0.0)
            return np.asarray(np.minimum(np.minimum(goal, 2.0 * self._day_max), left))
        # Without the platform's weekly limit: only the policy stands between the plan and an overspend.
        return np.asarray(np.minimum(goal, 1.75 * self._day_max))
