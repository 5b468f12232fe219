"""Lane's controllers behind the view every policy has, and the list of policies to compare.

The one module of the simulation that knows the controllers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

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
from pacing.simulation.baselines import PID, PauseAtTarget, RestOverDays, SetOnce, native_monthly
from pacing.simulation.flights import DAY_AMOUNT, Flights, Floats, Ints, Rules
from pacing.simulation.runs import Orders, Policy, View

MICROS = 1_000_000


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
            month_limit=flights.rules is Rules.GOOGLE,
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


POLICIES: dict[str, Callable[[], Policy]] = {
    "adaptive": Controller,
    "linear": lambda: Controller(Strategy.LINEAR),
    "accelerated": lambda: Controller(Strategy.ACCELERATED),
    "conservative": lambda: Controller(Strategy.CONSERVATIVE),
    "even": SetOnce,
    "native_monthly": native_monthly,
    "rest_over_days": RestOverDays,
    "rest_over_days_pause": lambda: PauseAtTarget(RestOverDays()),
    "pid_pause": lambda: PauseAtTarget(PID()),
}


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
        today_by_tick_micros=_micros(view.today_by_tick),
    )


def _micros(values: Floats) -> Ints:
    known = ~np.isnan(values)
    return np.where(known, np.rint(np.where(known, values, 0.0) * MICROS), UNKNOWN).astype(np.int64)
