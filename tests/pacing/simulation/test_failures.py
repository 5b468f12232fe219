"""What goes wrong in practice: outages, frozen reports, late credits, people and platforms stepping in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pacing.controllers import Action, Status
from pacing.simulation.policies import Controller
from pacing.simulation.runs import Orders, run
from tests.pacing.simulation.markets import calm

DAYS = 14


class ByAPerson(Controller):
    """The controller, and somebody who sets the budget once behind its back."""

    def __init__(self, day, factor):
        super().__init__()
        self.when, self.factor = (day, 5), factor

    def act(self, view):
        orders = super().act(view)
        if (view.day, view.tick) == self.when:
            return Orders(np.round(view.budget * self.factor, 2), orders.paused)
        return orders


def with_down(flights, first, last):
    """The interface is down from tick ``first`` up to ``last`` of the flight."""
    down = np.zeros_like(flights.faults.down)
    down[:, first:last] = True
    return replace(flights, faults=replace(flights.faults, down=down))


def test_a_calm_flight_lands_to_the_cent_of_a_percent():
    outcome = run(calm(4, DAYS), Controller())
    assert np.abs(outcome.billed_ratio - 1).max() <= 0.004


def test_an_interface_down_for_the_whole_last_day_costs_no_more_than_a_small_part_of_a_day():
    """The budget of the day before is the last stop: it is already small."""
    outcome = run(with_down(calm(4, DAYS), (DAYS - 1) * 12, DAYS * 12), Controller())
    assert np.abs(outcome.billed_ratio - 1).max() <= 0.03


def test_an_interface_down_for_a_day_in_the_middle_is_made_up_for():
    outcome = run(with_down(calm(4, DAYS), 60, 72), Controller())
    assert np.abs(outcome.billed_ratio - 1).max() <= 0.005


def test_a_frozen_report_freezes_the_budgets_and_says_so():
    controller = Controller(keep=[(7, 3)])
    run(with_down(calm(1, DAYS), 60, 76), controller)
    decision = controller.decisions[7, 3]
    assert decision.status_of(0) is Status.STALE
    assert decision.action_of(0) in (Action.HOLD, Action.PAUSE)


def test_a_credit_after_the_end_leaves_the_plan_short_by_the_credit_alone():
    flights = calm(4, DAYS)
    faults = replace(flights.faults, credit=np.full(4, 0.006))
    outcome = run(replace(flights, faults=faults), Controller())
    assert np.abs(outcome.billed_ratio - 1).max() <= 0.006


@pytest.mark.parametrize("factor", [0.5, 1.6])
def test_a_budget_moved_by_a_person_is_planned_on_from_there(factor):
    outcome = run(calm(4, DAYS), ByAPerson(5, factor))
    assert np.abs(outcome.billed_ratio - 1).max() <= 0.01


def test_a_campaign_stopped_for_good_is_declared_within_a_day_of_its_report():
    flights = calm(1, DAYS)
    stopped = np.zeros_like(flights.stopped)
    stopped[:, 72:] = True  # from the seventh day on
    controller = Controller(keep=[(8, 3)])
    run(replace(flights, stopped=stopped), controller)
    decision = controller.decisions[8, 3]
    assert decision.status_of(0) is Status.CANNOT_SPEND
    assert decision.achievable_end_micros[0] < 0.9 * flights.amount * 1_000_000


def test_a_stop_of_one_day_is_made_up_for():
    flights = calm(4, DAYS)
    stopped = np.zeros_like(flights.stopped)
    stopped[:, 72:84] = True
    outcome = run(replace(flights, stopped=stopped), Controller())
    assert np.abs(outcome.billed_ratio - 1).max() <= 0.01


def test_reports_a_day_later_than_usual_change_no_landing():
    flights = calm(4, DAYS)
    late = replace(flights, faults=replace(flights.faults, lag=np.full(4, 6)))
    outcome = run(late, Controller())
    assert np.abs(outcome.billed_ratio - 1).max() <= 0.01
