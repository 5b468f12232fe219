"""A step and the platform's own limit travel in one change set."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import AdCampaign, Change
from lane.core import clock
from pacing.models import BudgetPlan, PlanBudget, PlanSnapshot, Recommendation
from pacing.services import recommendations, released_caps, runs
from tests.campaigns.world import make_budget, make_world
from tests.pacing.world import MICROS, make_plan, tell_spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def behind():
    """A Meta plan of 60 a day whose budget of 50 spends 50; its campaign spent 9,000 before the flight."""
    world = make_world(platform="meta")
    budget = make_budget(world, amount=50 * MICROS)
    tell_spend(world, budget, per_day=50)
    AdCampaign.objects.update(lifetime_spend_micros=9_700 * MICROS, lifetime_spend_at=clock.now())
    plan = make_plan(world, [budget], per_day=60)
    runs.run_pass()
    return world, plan


def accepted(world) -> dict[str, int | None]:
    change_set = recommendations.accept(Recommendation.objects.get().public_id, actor=world.admin)
    assert change_set.evidence["remaining_micros"] == (60 * 30 - 50 * 14) * MICROS
    return dict(Change.objects.filter(change_set=change_set).values_list("field", "target_micros"))


def test_a_plan_that_acts_alone_takes_its_spend_cap_along(behind):
    world, plan = behind
    BudgetPlan.objects.filter(pk=plan.pk).update(mode="auto")
    assert PlanSnapshot.objects.get(plan=plan).spent_micros == 700 * MICROS
    rows = accepted(world)
    assert set(rows) == {"budget", "spend_cap"}
    assert rows["spend_cap"] == (9_700 + 1_100 + 22) * MICROS


def test_a_plan_that_recommends_does_not_unless_the_setting_says_so(behind, settings):
    world, _ = behind
    assert set(accepted(world)) == {"budget"}


def test_the_setting_takes_it_along_for_every_plan(behind, settings):
    settings.LANE_BACKSTOPS = "always"
    world, _ = behind
    assert set(accepted(world)) == {"budget", "spend_cap"}


@pytest.fixture
def world_of_caps():
    """A Meta plan whose campaign carries a cap that Lane wrote and read back."""
    world = make_world(platform="meta")
    budget = make_budget(world, amount=50 * MICROS)
    AdCampaign.objects.filter(budget=budget).update(
        spend_cap_micros=2_000 * MICROS, verified_cap_micros=2_000 * MICROS, cap_verified_at=clock.now()
    )
    return world, budget, make_plan(world, [budget])


def test_a_cap_of_lane_is_offered_for_removal_once_its_plan_is_over(world_of_caps):
    _, _, plan = world_of_caps
    assert released_caps.propose_due() == 0
    BudgetPlan.objects.filter(pk=plan.pk).update(status="ended")
    PlanBudget.objects.filter(plan=plan).update(status="ended")
    assert released_caps.propose_due() == 1
    change = Change.objects.get(change_set__origin="plan_end")
    assert (change.field, change.target_micros, change.state) == ("spend_cap", None, "proposed")
    assert released_caps.propose_due() == 0


def test_a_cap_stays_while_another_plan_goes_on_with_the_budget(world_of_caps):
    world, budget, plan = world_of_caps
    BudgetPlan.objects.filter(pk=plan.pk).update(status="ended")
    PlanBudget.objects.filter(plan=plan).update(status="ended")
    starts = plan.ends_on + timedelta(days=1)
    make_plan(world, [budget], day=(clock.today(plan.timezone) - starts).days + 1, name="Next")
    assert released_caps.propose_due() == 0
