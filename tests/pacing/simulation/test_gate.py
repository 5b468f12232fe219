"""The controller must keep its measured accuracy on flights it has never seen: seeds are drawn at test time."""

from __future__ import annotations

import numpy as np
import pytest

from pacing.controllers import Landing, Status, Strategy
from pacing.simulation.baselines import RestOverDays, SetOnce
from pacing.simulation.flights import Rules, draw
from pacing.simulation.policies import Controller
from pacing.simulation.runs import run

COUNT = 200
MANY = 400  # enough that an honest controller fails the month gate less than once in ten thousand runs


@pytest.fixture
def seed():
    value = int(np.random.SeedSequence().generate_state(1)[0])
    print(f"seed {value}")
    return value


@pytest.mark.parametrize("rules", Rules)
def test_a_month_lands_on_its_amount(seed, rules):
    flights = draw(MANY, 30, np.random.default_rng(seed), rules=rules)
    outcome = run(flights, Controller())
    feasible = outcome.feasible()
    assert outcome.within(0.01) >= 0.96
    assert outcome.within(0.02) >= 0.97
    assert outcome.within(0.05) >= 0.975
    assert outcome.utilisation() >= 0.978
    assert (outcome.billed_ratio[feasible] > 1.05).mean() <= 0.01
    assert outcome.changes[feasible].mean() <= 13
    assert outcome.big_changes[feasible].mean() <= 1


def test_a_week_lands_as_well_as_daily_budgets_allow(seed):
    outcome = run(draw(MANY, 7, np.random.default_rng(seed)), Controller())
    assert outcome.within(0.02) >= 0.78
    assert outcome.within(0.05) >= 0.93


def test_the_controller_beats_what_people_do_by_hand(seed):
    flights = draw(COUNT, 30, np.random.default_rng(seed))
    adaptive = run(flights, Controller()).within(0.01)
    assert adaptive > run(flights, RestOverDays()).within(0.01) > run(flights, SetOnce()).within(0.01)


def test_a_plan_that_demand_cannot_carry_is_told_so_by_mid_flight(seed):
    flights = draw(COUNT, 30, np.random.default_rng(seed), headroom=0.6, shocks=False)
    controller = Controller(keep=[(16, 0)])
    outcome = run(flights, controller)
    hopeless = outcome.reachable_ratio < 0.8
    decision = controller.decisions[16, 0]
    told = decision.status == Status.CANNOT_SPEND
    assert hopeless.sum() > 50
    assert told[hopeless].mean() >= 0.95
    assert (
        told[outcome.reachable_ratio > 1.3].mean() <= 0.05 if (outcome.reachable_ratio > 1.3).any() else True
    )
    reached = decision.achievable_end_micros[hopeless & told] / (flights.amount * 1_000_000)
    assert np.median(np.abs(reached - outcome.reachable_ratio[hopeless & told])) <= 0.05


def test_the_range_of_the_projection_holds_about_as_often_as_it_says(seed):
    looks = [(10, 6), (15, 6), (20, 6)]
    controller = Controller(Strategy.LINEAR, Landing.NONE, observer=True, keep=looks)
    flights = draw(COUNT, 30, np.random.default_rng(seed))
    final = run(flights, controller).billed_ratio * flights.amount * 1_000_000
    held = [
        (controller.decisions[look].projected_p10_micros <= final)
        & (final <= controller.decisions[look].projected_p90_micros)
        for look in looks
    ]
    assert 0.6 <= float(np.mean(held)) <= 0.95
