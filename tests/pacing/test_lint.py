"""Holes and conflicts are found with their fix, and a world that fits together has none."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client as Browser
from django.urls import reverse

from campaigns.models import AdCampaign
from lane.core import clock
from pacing.models import FxRate, Portfolio, PortfolioArm
from pacing.models.portfolio import ArmBudget
from pacing.services import amendments, lint, plans, runs, series
from tests.api.callers import Caller, hire
from tests.campaigns.world import make_budget, make_group, make_world
from tests.pacing.test_fx import two_currencies
from tests.pacing.test_series import go_to, monthly
from tests.pacing.world import MICROS, make_plan, tell_spend

pytestmark = pytest.mark.django_db


def codes(world) -> list[str]:
    return [one.code for one in lint.problems(world.admin)]


def test_a_world_that_fits_together_has_no_problems(django_assert_max_num_queries):
    world = make_world()
    for _ in range(3):
        budget = make_budget(world)
        tell_spend(world, budget, per_day=50)
        make_plan(world, [budget], name=f"Plan {budget.pk}")
    monthly(world)
    with django_assert_max_num_queries(20):
        assert lint.problems(world.admin) == []


def test_a_budget_that_spends_without_a_plan_is_named_with_what_it_spent():
    world = make_world()
    make_plan(world, [make_budget(world)])
    tell_spend(world, make_budget(world), per_day=10)
    (found,) = lint.problems(world.admin)
    assert found.code == "budget_without_plan"
    assert "€70.00" in found.detail or "€60.00" in found.detail
    assert reverse("plan-create") in found.url


def test_a_series_that_could_not_make_its_next_plan_and_one_with_a_hole():
    world = make_world()
    go_to(date(2026, 11, 21))
    budget = make_budget(world)
    monthly(world, budgets=[budget])
    hole = monthly(world, name="Holey")
    make_plan(world, [budget], day=-14, days=10, name="Christmas")
    plans.archive(hole.plans.get().public_id, actor=world.admin)
    go_to(date(2026, 11, 29))
    series.make_due()
    assert codes(world) == ["series_next_missing", "series_hole"]
    assert "Christmas" in lint.problems(world.admin)[0].detail


def test_a_plan_that_outlives_its_campaigns():
    world = make_world()
    budget = make_budget(world)
    plan = make_plan(world, [budget])
    AdCampaign.objects.filter(budget=budget).update(ends_on=plan.ends_on - timedelta(days=3))
    assert codes(world) == ["ends_before_plan"]
    AdCampaign.objects.filter(budget=budget).update(ends_on=plan.ends_on)
    assert codes(world) == []


def test_two_plans_on_one_campaign_through_its_own_and_an_ad_sets_budget():
    world = make_world()
    above = make_budget(world)
    below = make_budget(world, campaigns=0)
    make_group(world, AdCampaign.objects.get(budget=above), budget=below)
    make_plan(world, [above], name="Campaign")
    make_plan(world, [below], name="Ad set")
    assert codes(world) == ["two_plans_one_campaign"]


def test_floors_that_spend_more_than_is_left():
    world = make_world()
    budget = make_budget(world, floor_micros=40 * MICROS)
    tell_spend(world, budget, per_day=50)
    plan = make_plan(world, [budget], per_day=50)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    assert codes(world) == []
    budget.floor_micros = 90 * MICROS
    budget.save()
    assert codes(world) == ["floors_above_rest"]


def test_a_portfolio_that_sets_a_budget_another_plan_paces():
    world = make_world()
    budget = make_budget(world)
    plan = make_plan(world, [budget])
    owner = {"organization": world.organization, "client": world.client}
    portfolio = Portfolio.objects.create(
        **owner, name="Split", currency="EUR", timezone="Europe/Berlin", daily_micros=100 * MICROS,
        next_look_at=clock.now(),
    )  # fmt: skip
    arm = PortfolioArm.objects.create(**owner, portfolio=portfolio, label="Arm")
    ArmBudget.objects.create(**owner, arm=arm, budget=budget)
    assert codes(world) == ["portfolio_holds_budget"]
    Portfolio.objects.update(plan=plan, daily_micros=None)
    assert codes(world) == []


def test_a_limit_that_was_lowered_below_the_plans():
    world = make_world()
    make_plan(world, [make_budget(world)])
    world.client.budget_limit_micros = 1000 * MICROS
    world.client.save()
    (found,) = lint.problems(world.admin)
    assert (found.code, found.severity) == ("above_limit", "high")
    assert "€1,500.00" in found.detail


def test_rates_that_get_old_are_told_before_they_are_too_old():
    world, _, _ = two_currencies(days_of_rates=1)
    assert codes(world) == []
    for age, code in ((25, "rate_ageing"), (32, "rate_too_old")):
        FxRate.objects.update(on=clock.today("UTC") - timedelta(days=age))
        assert codes(world) == [code]
    FxRate.objects.update(rate=Decimal("1.2"), on=clock.today("UTC"))
    assert codes(world) == []


def test_an_amendment_that_can_no_longer_be_approved():
    world = make_world()
    plan = make_plan(world, [make_budget(world)])
    amendments.propose(
        plan.public_id, actor=hire(world, "editor")[1], reason="More", amount_micros=2000 * MICROS
    )
    assert codes(world) == []
    plan.entries.create(
        organization=world.organization, client=world.client, kind="amendment", amount_micros=-MICROS, currency="EUR",
        effective_on=plan.starts_on, starts_on=plan.starts_on, ends_on=plan.ends_on, asked_label="Test", via="direct",
        at=clock.now(),
    )  # fmt: skip
    plan.amount_micros -= MICROS
    plan.save()
    assert codes(world) == ["amendment_outdated"]


def test_the_page_the_notice_and_the_api_show_only_the_readers_own():
    world, other = make_world(), make_world()
    make_plan(world, [make_budget(world)])
    tell_spend(world, make_budget(world), per_day=10)
    browser, stranger = Browser(), Browser()
    backend = "django.contrib.auth.backends.ModelBackend"
    browser.force_login(world.user, backend=backend)
    stranger.force_login(other.user, backend=backend)
    for name in ("check-list", "check-notice"):
        assert "spends without a plan" in browser.get(reverse(name)).content.decode()
        assert "spends without a plan" not in stranger.get(reverse(name)).content.decode()
    assert [one["code"] for one in Caller(world.user).get("plan-checks/").json()] == ["budget_without_plan"]
    assert Caller(other.user).get("plan-checks/").json() == []
    assert Caller(other.user).get("plan-checks/", client=str(world.client.public_id)).status_code == 422
    world.client.budget_limit_micros = 2000 * MICROS
    world.client.save()
    limit = reverse("client-limit", args=[world.client.public_id])
    assert "€1,500.00" in browser.get(limit).content.decode()
    assert stranger.get(limit).status_code == 404
