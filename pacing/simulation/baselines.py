"""Ways people and simple scripts pace, to be compared with. They see what any policy sees and nothing more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pacing.simulation.flights import DAY_AMOUNT, Flags, Flights, Floats
from pacing.simulation.platform import MONTH_DAYS
from pacing.simulation.runs import Orders, Policy, View

SMALLEST = 0.03 * DAY_AMOUNT
NIGHT = 1  # the tick of 02:00
DAYS_A_WEEK = 7


class SetOnce:
    """Set amount / days (or a share of it) on the first day and leave it."""

    def __init__(self, share: float = 1.0) -> None:
        self.share = share

    def opening(self, flights: Flights) -> Floats:
        """The mean day."""
        return np.full(flights.count, self.share * DAY_AMOUNT)

    def act(self, view: View) -> Orders:
        """Never a change."""
        return Orders(view.budget, view.paused)


def native_monthly() -> SetOnce:
    """A month's amount over 30.4 days, as a platform's own monthly limit reads it."""
    return SetOnce(30 / MONTH_DAYS)


class RestOverDays:
    """Every night at two: what is left over the days left, as a diligent person does by hand."""

    def opening(self, flights: Flights) -> Floats:
        """The mean day."""
        self.amount, self.days = flights.amount, flights.days
        return np.full(flights.count, DAY_AMOUNT)

    def act(self, view: View) -> Orders:
        """Divide once a day."""
        if view.tick != NIGHT:
            return Orders(view.budget, view.paused)
        left = self.amount - spent_by_now(view)
        return Orders(np.maximum(left / (self.days - view.day + 1), SMALLEST), view.paused)


class PID:
    """A textbook controller on the gap to an even plan, in weeks of spend, once a night."""

    def __init__(self, kp: float = 2.0, ki: float = 0.15, kd: float = 0.5) -> None:
        self.kp, self.ki, self.kd = kp, ki, kd

    def opening(self, flights: Flights) -> Floats:
        """The mean day."""
        self.amount = flights.amount
        self.total = np.zeros(flights.count)
        self.before = np.zeros(flights.count)
        return np.full(flights.count, DAY_AMOUNT)

    def act(self, view: View) -> Orders:
        """Correct the mean day by the gap, its sum and its change."""
        if view.tick != NIGHT:
            return Orders(view.budget, view.paused)
        planned = (view.day - 1 + view.tick / 12) * DAY_AMOUNT
        gap = (planned - spent_by_now(view)) / (DAYS_A_WEEK * DAY_AMOUNT)
        self.total += gap
        correction = self.kp * gap + self.ki * self.total + self.kd * (gap - self.before)
        self.before = gap
        return Orders(np.maximum(DAY_AMOUNT * (1 + correction), SMALLEST), view.paused)


class PauseAtTarget:
    """Another policy that also stops when the amount seems spent, and starts again if reports say otherwise."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def opening(self, flights: Flights) -> Floats:
        """As the policy opens."""
        self.amount = flights.amount
        return self.policy.opening(flights)

    def act(self, view: View) -> Orders:
        """Pause on the estimate of today; resume on what was reported a full lag later."""
        orders = self.policy.act(view)
        reached = spent_by_now(view) >= self.amount
        settled = np.nansum(view.reported, axis=1) >= 0.995 * self.amount
        quiet = view.paused & (view.tick == NIGHT) & ~settled
        paused: Flags = (reached & ~view.paused) | (view.paused & ~quiet)
        return replace(orders, paused=paused)


def spent_by_now(view: View) -> Floats:
    """Reported spend plus the budget's even share of the hours since the report."""
    running = np.where(view.paused, 0.0, view.budget)
    return np.asarray(np.nansum(view.reported, axis=1) + running * view.report_age_hours / 24)
