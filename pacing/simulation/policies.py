"""Policies to compare: the ways people pace by hand, and Lane's controller behind the same view."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from pacing.controllers import (
    UNKNOWN,
    Action,
    Decision,
    Landing,
    Observation,
    PlanTerms,
    State,
    Strategy,
    day_weights,
    decide,
)
from pacing.simulation.flights import DAY_AMOUNT, Flights, Floats, Ints
from pacing.simulation.runs import Orders, View

MICROS = 1_000_000


class EvenBudget:
    """Set amount / days once and leave it."""

    def opening(self, flights: Flights) -> Floats:
        """The mean day."""
        return np.full(flights.count, DAY_AMOUNT)

    def act(self, view: View) -> Orders:
        """Never a change."""
        return Orders(view.budget, view.paused)


class RestOverDays:
    """Every night at two: what is left over the days left, as a diligent person does by hand."""

    def __init__(self) -> None:
        self._amount = 0.0
        self._days = 0

    def opening(self, flights: Flights) -> Floats:
        """The mean day."""
        self._amount, self._days = flights.amount, flights.days
        return np.full(flights.count, DAY_AMOUNT)

    def act(self, view: View) -> Orders:
        """Divide once a day."""
        if view.tick != 1:
            return Orders(view.budget, view.paused)
        left = self._amount - np.nansum(view.reported, axis=1)
        days_left = self._days - view.day + 1
        return Orders(np.maximum(left / days_left, 0.03 * DAY_AMOUNT), view.paused)


class Controller:
    """The pacing controllers, seeing only the view. As an observer it looks at every tick and changes nothing."""

    def __init__(
        self,
        strategy: Strategy = Strategy.ADAPTIVE,
        landing: Landing = Landing.PRECISE,
        *,
        observer: bool = False,
        keep: Iterable[tuple[int, int]] = (),
    ) -> None:
        self.strategy, self.landing, self.observer = strategy, landing, observer
        self.keep = frozenset(keep)  # (day, tick) whose decisions stay readable afterwards
        self.decisions: dict[tuple[int, int], Decision] = {}

    def opening(self, flights: Flights) -> Floats:
        """The curve's first day."""
        self.terms = PlanTerms.build(
            np.full(flights.count, round(flights.amount * MICROS)),
            flights.days,
            strategy=self.strategy,
            landing=self.landing,
            season=flights.season_seen,
        )
        self.state = State.fresh(flights.count)
        return np.round(day_weights(self.terms)[:, 0] * DAY_AMOUNT, 2)

    def act(self, view: View) -> Orders:
        """Ask the controller and carry its answer out."""
        decision, self.state = decide(self.terms, observed(view), self.state)
        if (view.day, view.tick) in self.keep:
            self.decisions[view.day, view.tick] = decision
        if self.observer:
            return Orders(view.budget, view.paused)
        paused = np.where(decision.action == Action.PAUSE, True, view.paused)
        paused &= decision.action != Action.RESUME
        return Orders(decision.new_budget_micros / MICROS, paused)


def observed(view: View) -> Observation:
    """A view as the controllers read it. All pauses in a simulation are Lane's own."""
    today = view.day - 1
    return Observation.build(
        day=view.day,
        day_fraction=view.tick / 12,
        spend_micros=_micros(view.reported),
        today_spend_micros=_micros(view.reported[:, today]),
        budget_micros=_micros(view.budget),
        budget_by_day_micros=_micros(view.budget_of_day),
        paused_days=view.paused_days,
        paused=view.paused,
        paused_by_lane=view.paused,
        writable=view.writable,
        hours_since_change=view.hours_since_change,
        report_age_hours=view.report_age_hours,
        stale_after_hours=view.usual_lag_hours + 4.0,
    )


def _micros(values: Floats) -> Ints:
    known = ~np.isnan(values)
    return np.where(known, np.rint(np.where(known, values, 0.0) * MICROS), UNKNOWN).astype(np.int64)
