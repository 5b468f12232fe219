"""The controller must keep its measured accuracy on flights it has never seen: seeds are drawn at test time.

Thresholds lie below the measured shares by so much that an honest controller fails less than once in ten thousand
runs: of 360 feasible flights with a true share of 99.5 %, more than ten end outside that rarely.
"""

from __future__ import annotations

import numpy as np
import pytest

from pacing.controllers import Landing, Status, Strategy
from pacing.simulation.baselines import PID, PauseAtTarget, RestOverDays, SetOnce
from pacing.simulation.flights import Rules, draw
from pacing.simulation.policies import Controller
from pacing.simulation.runs import run

COUNT = 200
MANY = 400


@pytest.fixture
def seed():
    value = int(np.random.SeedSequence().generate_state(1)[0])
    print(f"seed {value}")
    return value


@pytest.mark.parametrize("rules", Rules)
def test_a_month_lands_on_its_amount(seed, rules):
    outcome = run(draw(MANY, 30, np.random.default_rng(seed), rules=rules), Controller())
    feasible = outcome.feasible()
    assert outcome.within(0.01) >= 0.97
    assert outcome.within(0.02) >= 0.985
    assert outcome.within(0.05) >= 0.99
    assert outcome.utilisation() >= 0.995
    assert (outcome.billed_ratio[feasible] > 1.02).mean() <= 0.01
    assert outcome.changes[feasible].mean() <= 10
    assert outcome.big_changes[feasible].mean() <= 1


@pytest.mark.parametrize("rules", Rules)
def test_two_weeks_land_on_their_amount(seed, rules):
    outcome = run(draw(MANY, 14, np.random.default_rng(seed), rules=rules), Controller())
    assert outcome.within(0.01) >= 0.92
    assert outcome.within(0.05) >= 0.98


@pytest.mark.parametrize("rules", Rules)
def test_a_week_lands_as_well_as_daily_budgets_allow(seed, rules):
    outcome = run(draw(MANY, 7, np.random.default_rng(seed), rules=rules), Controller())
    assert outcome.within(0.02) >= 0.90
    assert outcome.within(0.05) >= 0.96


def test_late_reports_and_wild_delivery_cost_little(seed):
    outcome = run(draw(COUNT, 30, np.random.default_rng(seed), stress=True), Controller())
    assert outcome.within(0.01) >= 0.94
    assert outcome.within(0.05) >= 0.975


def test_the_controller_beats_what_people_do_by_hand(seed):
    flights = draw(COUNT, 30, np.random.default_rng(seed))
    adaptive = run(flights, Controller())
    for policy in (SetOnce(), RestOverDays(), PauseAtTarget(RestOverDays()), PauseAtTarget(PID())):
        assert adaptive.within(0.01) > run(flights, policy).within(0.01)


def test_a_plan_that_demand_cannot_carry_is_told_so_by_mid_flight(seed):
    flights = draw(COUNT, 30, np.random.default_rng(seed), headroom=0.6, shocks=False)
    controller = Controller(keep=[(16, 0)])
    outcome = run(flights, controller)
    hopeless = outcome.reachable_ratio < 0.8
    decision = controller.decisions[16, 0]
    told = decision.status == Status.CANNOT_SPEND
    assert hopeless.sum() > 50
    assert told[hopeless].mean() >= 0.95
    assert told[outcome.reachable_ratio > 1.3].sum() <= 3  # of eight or so: a share would hang on one of them
    reached = decision.achievable_end_micros[hopeless & told] / (flights.amount * 1_000_000)
    assert np.median(np.abs(reached - outcome.reachable_ratio[hopeless & told])) <= 0.05


@pytest.mark.parametrize(
    ("days", "looks"), [(30, [(10, 6), (15, 6), (20, 6)]), (14, [(7, 6)]), (7, [(4, 6)])]
)
def test_the_range_of_the_projection_holds_about_as_often_as_it_says(seed, days, looks):
    controller = Controller(Strategy.LINEAR, Landing.NONE, observer=True, keep=looks)
    flights = draw(MANY, days, np.random.default_rng(seed))
    final = run(flights, controller).billed_ratio * flights.amount * 1_000_000
    held = [
        (controller.decisions[look].projected_p10_micros <= final)
        & (final <= controller.decisions[look].projected_p90_micros)
        for look in looks
    ]
    assert 0.62 <= float(np.mean(held)) <= 0.95


def test_a_plan_nobody_acts_on_is_projected_where_it_ends(seed):
    """The projection never supposes that a recommendation is followed."""
    controller = Controller(Strategy.LINEAR, Landing.NONE, observer=True, keep=[(20, 6)])
    flights = draw(COUNT, 30, np.random.default_rng(seed))
    final = run(flights, controller).billed_ratio * flights.amount * 1_000_000
    error = controller.decisions[20, 6].projected_p50_micros / final - 1
    assert abs(float(np.median(error))) <= 0.035
