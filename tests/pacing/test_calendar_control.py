"""Planned events through the whole pass: what the controller wants and projects on their days."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from lane.core import clock
from pacing.models import PacingRun, PlanSnapshot, Recommendation
from pacing.services import calendar, runs
from tests.campaigns.world import make_budget, make_world
from tests.pacing.world import MICROS, make_plan, tell_spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def steady():
    """A plan of 100 a day that spends exactly that, in mid-flight."""
    clock.forget()
    world = make_world()
    budget = make_budget(world, amount=100 * MICROS)
    tell_spend(world, budget, per_day=100)
    return world, budget, make_plan(world, [budget], per_day=100, strategy="linear")


def happens(world, kind, factor, *, starts=0, days=1):
    first = clock.today(world.account.timezone) + timedelta(days=starts)
    return calendar.create(
        client=world.client, actor=world.admin, name="Event", kind=kind, starts_on=first,
        ends_on=first + timedelta(days=days - 1), factor=Decimal(factor),
    )  # fmt: skip


def looked(plan):
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    return PacingRun.objects.filter(plan=plan).latest("pk"), PlanSnapshot.objects.get(plan=plan)


def test_on_a_blackout_the_plan_wants_the_least_and_its_projection_stays_sane(steady):
    world, _, plan = steady
    before, _ = looked(plan)
    happens(world, "blackout", "0")
    run, snapshot = looked(plan)
    assert snapshot.needed_per_day_micros <= 5 * MICROS
    proposed = Recommendation.objects.get(plan=plan, state="open")
    assert run.wanted_micros == proposed.new_micros <= 5 * MICROS
    assert run.projected_p50_micros == pytest.approx(before.projected_p50_micros, rel=0.1)


def test_on_a_promo_day_the_plan_wants_more_and_its_end_is_not_thrown(steady):
    world, _, plan = steady
    before, was = looked(plan)
    happens(world, "promo", "1.5")
    run, snapshot = looked(plan)
    assert snapshot.needed_per_day_micros > 1.3 * was.needed_per_day_micros
    assert run.projected_p50_micros == pytest.approx(before.projected_p50_micros, rel=0.1)


def test_the_day_after_a_blackout_the_plan_wants_its_usual_day_again(steady):
    world, _, plan = steady
    _, was = looked(plan)
    happens(world, "blackout", "0", starts=-1)
    _, snapshot = looked(plan)
    assert snapshot.needed_per_day_micros == pytest.approx(was.needed_per_day_micros, rel=0.1)


def test_a_promo_to_come_lowers_the_days_before_it(steady):
    world, _, plan = steady
    _, was = looked(plan)
    happens(world, "promo", "2", starts=5, days=3)
    _, snapshot = looked(plan)
    assert snapshot.needed_per_day_micros < 0.95 * was.needed_per_day_micros
    assert snapshot.expected_micros < was.expected_micros
