"""A plan that acts by itself: it accepts its own step, and leaves it to people while a rail holds it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import ChangeSet, Drift
from lane.core import clock
from pacing.models import Recommendation
from pacing.services import runs
from tests.campaigns.world import make_budget, make_world
from tests.pacing.world import MICROS, make_plan, tell_spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def automatic():
    """A plan of 60 a day in mode auto, whose budget of 50 spends 50."""
    clock.forget()
    world = make_world()
    budget = make_budget(world, amount=50 * MICROS)
    tell_spend(world, budget, per_day=50)
    return world, budget, make_plan(world, [budget], per_day=60, mode="auto")


def drifted(world, budget):
    return Drift.objects.create(
        organization=world.organization, client=world.client, budget=budget, expected_micros=45 * MICROS,
        observed_micros=50 * MICROS, seen_at=clock.now() - timedelta(hours=1),
    )  # fmt: skip


def test_it_accepts_its_own_step(automatic):
    runs.run_pass()
    assert Recommendation.objects.get().state == "accepted"
    assert ChangeSet.objects.count() == 1


def test_while_a_rail_holds_it_back_the_step_waits_for_people(automatic):
    world, budget, plan = automatic
    drift = drifted(world, budget)
    runs.run_pass()
    assert (Recommendation.objects.get().state, ChangeSet.objects.count()) == ("open", 0)
    drift.state = Drift.State.ADOPTED
    drift.save()
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    assert [one.state for one in Recommendation.objects.all()] == ["accepted"]


def test_a_plan_inside_its_trigger_carries_no_proposal():
    clock.forget()
    world = make_world()
    budget = make_budget(world, amount=50 * MICROS)
    tell_spend(world, budget, per_day=50)
    make_plan(world, [budget], per_day=50, strategy="linear")
    runs.run_pass()
    assert Recommendation.objects.count() == 0
