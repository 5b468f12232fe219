"""Learned figures in the product: stored per scope, read by the pass, and better than knowing nothing."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.template.loader import render_to_string

from campaigns.models import AccountDayFreshness, AdAccount, AdCampaign, BudgetValue
from campaigns.sync import partitions, upsert
from lane.core import clock
from lane.core.dates import day_start
from pacing.controllers import INTRADAY_PRIOR, decide
from pacing.models import LearnedShape, PacingRun
from pacing.selectors.learned import learned_of
from pacing.services import learning, observation, runs
from tests.campaigns.world import fact, make_budget, make_world, person, put
from tests.pacing.world import MICROS, make_plan

pytestmark = pytest.mark.django_db
WEDNESDAY = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)


@pytest.fixture
def midweek(settings):
    """Business time on a Wednesday morning."""
    clock.set_offset(WEDNESDAY - datetime.now(UTC))


def tell(world, budget, spends, *, amount=100, until=1):
    """Spend of the last days, newest last, read every day; ``until`` days ago is the last."""
    today = clock.today(world.account.timezone)
    campaign = AdCampaign.objects.get(budget=budget)
    days = [today - timedelta(days=until + n) for n in range(len(spends))][::-1]
    put([fact(world, campaign.pk, on, round(spend * MICROS)) for on, spend in zip(days, spends, strict=True)])
    now = clock.now()
    AccountDayFreshness.objects.bulk_create(
        [AccountDayFreshness(ad_account=world.account, on=on, fetched_at=now) for on in [*days, today]],
        ignore_conflicts=True,
    )
    BudgetValue.objects.bulk_create(
        [
            BudgetValue(
                budget=budget, on=on, last_micros=amount * MICROS, highest_micros=amount * MICROS, seen_at=now
            )
            for on in [*days, today]
        ]
    )
    AdAccount.objects.filter(pk=world.account.pk).update(facts_synced_at=now)
    return days


def weekend_spends(days=84, *, weekday=100.0, weekend=35.0):
    """Spend of the days up to yesterday, Tuesday, where weekends are slow."""
    today = clock.today("Europe/Berlin")
    return [weekend if (today - timedelta(days=n)).weekday() >= 5 else weekday for n in range(days, 0, -1)]


def test_a_learned_weekend_brings_the_midweek_projection_closer_than_a_flat_week(midweek):
    world = make_world()
    budget = make_budget(world, amount=100 * MICROS)
    tell(world, budget, weekend_spends())
    plan = make_plan(world, [budget], per_day=100, days=28, day=11, strategy="linear")
    learning.learn(world.organization.pk)
    seen = observation.observe([plan.pk], clock.now())
    assert seen.terms.season[0].min() < 0.6 < 1.1 < seen.terms.season[0].max()
    truth = (
        sum(35 if (plan.starts_on + timedelta(days=n)).weekday() >= 5 else 100 for n in range(28)) * MICROS
    )
    learned, _ = decide(seen.terms, seen.observation, seen.state)
    blind = dataclasses.replace(seen.terms, season=np.ones_like(seen.terms.season))
    flat, _ = decide(blind, seen.observation, seen.state)
    learned_miss = abs(int(learned.projected_p50_micros[0]) - truth)
    flat_miss = abs(int(flat.projected_p50_micros[0]) - truth)
    assert learned_miss < 0.5 * flat_miss


@pytest.mark.parametrize("amount", [100, 140])
def test_where_every_day_is_alike_learning_changes_nothing(midweek, amount):
    world = make_world()
    budget = make_budget(world, amount=amount * MICROS)
    tell(world, budget, [100.0] * 84, amount=amount)
    plan = make_plan(world, [budget], per_day=100, days=28, day=11)
    before = observation.observe([plan.pk], clock.now())
    learning.learn(world.organization.pk)
    after = observation.observe([plan.pk], clock.now())
    assert after.terms.season[0] == pytest.approx(np.ones(28), abs=0.01)
    was, _ = decide(before.terms, before.observation, before.state)
    now, _ = decide(after.terms, after.observation, after.state)
    assert int(now.projected_p50_micros[0]) == pytest.approx(int(was.projected_p50_micros[0]), rel=0.005)


def test_a_new_budget_borrows_from_its_account_and_another_client_only_from_the_platform(midweek):
    world = make_world()
    old, new = make_budget(world, amount=100 * MICROS), make_budget(world, amount=50 * MICROS)
    tell(world, old, weekend_spends())
    learning.learn(world.organization.pk)
    scopes = set(LearnedShape.objects.filter(kind="weekday").values_list("scope", "scope_id"))
    assert scopes == {
        ("budget", old.pk),
        ("account", world.account.pk),
        ("client", world.client.pk),
        ("platform", world.organization.pk),
    }
    plan = make_plan(world, [new], per_day=50)
    borrowed = observation.observe([plan.pk], clock.now()).terms.season[0]
    account = LearnedShape.objects.get(kind="weekday", scope="account").numbers
    monday = (7 - plan.starts_on.weekday()) % 7
    assert borrowed[monday] == pytest.approx(account[0], abs=1e-4)


def test_a_look_keeps_the_week_it_was_told(midweek):
    world = make_world()
    budget = make_budget(world, amount=100 * MICROS)
    tell(world, budget, weekend_spends())
    plan = make_plan(world, [budget])
    learning.learn(world.organization.pk)
    runs.run_pass()
    week = PacingRun.objects.get().inputs["season_week"]
    shape = LearnedShape.objects.get(kind="weekday", scope="budget").numbers
    assert week[(5 - plan.starts_on.weekday()) % 7] == pytest.approx(shape[5], abs=0.001)


def test_nothing_is_learned_across_organizations(midweek):
    world, other = make_world(), make_world()
    tell(world, make_budget(world, amount=100 * MICROS), weekend_spends())
    stranger = make_plan(other, [make_budget(other)])
    learning.learn(world.organization.pk)
    learning.learn(other.organization.pk)
    season = observation.observe([stranger.pk], clock.now()).terms.season[0]
    assert season == pytest.approx(np.ones(30))


def test_a_plan_of_two_budgets_mixes_their_weeks_by_what_they_spend(midweek):
    world = make_world()
    large, small = make_budget(world, amount=100 * MICROS), make_budget(world, amount=10 * MICROS)
    tell(world, large, [100.0] * 84, amount=150)
    tell(world, small, weekend_spends(weekday=10, weekend=2), amount=10)
    learning.learn(world.organization.pk)
    plan = make_plan(world, [large, small], per_day=110)
    saturday = (5 - plan.starts_on.weekday()) % 7
    mixed = observation.observe([plan.pk], clock.now()).terms.season[0][saturday]
    own = LearnedShape.objects.get(kind="weekday", scope="budget", scope_id=small.pk).numbers[5]
    assert own < mixed
    assert mixed > 0.85


def test_learning_twice_stores_the_same_and_forgets_removed_budgets(midweek):
    world = make_world()
    budget = make_budget(world, amount=100 * MICROS)
    tell(world, budget, weekend_spends())
    first = learning.learn(world.organization.pk)
    stored = list(LearnedShape.objects.order_by("pk").values_list("scope", "kind", "numbers"))
    assert learning.learn(world.organization.pk, at=clock.now() + timedelta(minutes=1)) == first
    assert stored == list(LearnedShape.objects.order_by("pk").values_list("scope", "kind", "numbers"))
    budget.removed_at = clock.now()
    budget.save()
    learning.learn(world.organization.pk, at=clock.now() + timedelta(minutes=2))
    assert not LearnedShape.objects.filter(scope="budget").exists()


def test_learning_is_due_once_a_night(midweek):
    world = make_world()
    tell(world, make_budget(world, amount=100 * MICROS), weekend_spends())
    assert learning.learn_due() > 0
    assert learning.learn_due() == 0
    assert learning.learn_due(clock.now() + timedelta(hours=12)) == 0
    assert learning.learn_due(clock.now() + timedelta(hours=20)) > 0


def test_the_delay_of_reports_is_learned_from_readings_and_ages_the_next_report(midweek):
    world = make_world()
    budget = make_budget(world, amount=100 * MICROS)
    campaign = AdCampaign.objects.get(budget=budget)
    today = clock.today(world.account.timezone)
    late_by = 6
    for n in range(25, 1, -1):
        on = today - timedelta(days=n)
        start = day_start(on, world.account.timezone)
        partitions.ensure(on, on)
        by_hour = np.repeat(INTRADAY_PRIOR / INTRADAY_PRIOR.sum() / 2, 2) * 100
        for hour in (10, 14, 18, 22):
            seen = np.interp(hour - late_by, np.arange(25), np.concatenate([[0], np.cumsum(by_hour)]))
            put(
                [fact(world, campaign.pk, on, round(seen * MICROS), fetched_at=start + timedelta(hours=hour))]
            )
        put([fact(world, campaign.pk, on, 100 * MICROS, fetched_at=start + timedelta(hours=40))])
    AdAccount.objects.filter(pk=world.account.pk).update(facts_synced_at=clock.now())
    learning.learn(world.organization.pk)
    lag = LearnedShape.objects.get(kind="lag", scope="account")
    assert lag.n_days == 23  # the day of 25 hours tells no hour of the clock exactly
    assert lag.values["hours"] == pytest.approx(late_by, abs=0.6)
    assert 0.2 < lag.values["missing_ratio"] < 0.9
    plan = make_plan(world, [budget])
    seen = observation.observe([plan.pk], clock.now()).observation
    assert seen.report_age_hours[0] == pytest.approx(lag.values["hours"], abs=0.05)
    assert seen.stale_after_hours[0] >= lag.values["hours"] + 4 - 0.01


def test_hours_of_an_account_replace_the_usual_day(midweek):
    world = make_world()
    budget = make_budget(world, amount=100 * MICROS)
    days = tell(world, budget, [100.0] * 20)
    campaign = AdCampaign.objects.get(budget=budget)
    partitions.ensure(days[0], days[-1])
    upsert.hourly(
        upsert.encode(
            fact(world, campaign.pk, on, 25 * MICROS, hour=hour) for on in days for hour in (8, 9, 10, 11)
        )
    )
    learning.learn(world.organization.pk)
    plan = make_plan(world, [budget])
    shape = observation.observe([plan.pk], clock.now()).terms.intraday[0]
    assert shape.sum() == pytest.approx(1)
    assert shape[4:6].sum() > 0.8


def test_the_pass_reads_all_learned_figures_and_events_in_two_queries(midweek, django_assert_max_num_queries):
    world = make_world()
    budgets = [make_budget(world, amount=100 * MICROS) for _ in range(6)]
    for budget in budgets:
        tell(world, budget, weekend_spends(28))
    learning.learn(world.organization.pk)
    ids = [make_plan(world, [budget], name=f"Plan {budget.pk}").pk for budget in budgets]
    with django_assert_max_num_queries(14) as few:
        observation.observe(ids[:1], clock.now())
    with django_assert_max_num_queries(len(few)):
        observation.observe(ids, clock.now())


def test_a_person_sees_the_figures_of_their_own_clients_and_the_pooled_ones(midweek):
    world = make_world()
    tell(world, make_budget(world, amount=100 * MICROS), weekend_spends())
    learning.learn(world.organization.pk)
    assert LearnedShape.objects.visible_to(world.admin).count() == LearnedShape.objects.count()
    _, outsider = person(make_world().organization, "viewer")
    assert not LearnedShape.objects.visible_to(outsider).exists()


def test_a_plans_page_can_say_what_was_learned_of_it(midweek):
    world = make_world()
    budget = make_budget(world, amount=100 * MICROS)
    plan = make_plan(world, [budget])
    nothing = render_to_string("pacing/calendar/_learned.html", {"learned": learned_of(plan)})
    assert "Nothing yet" in nothing
    tell(world, budget, weekend_spends())
    learning.learn(world.organization.pk)
    learned = learned_of(plan)
    assert learned["weekday"].n_days >= 20
    assert learned["delivery"].numbers[0] == pytest.approx(1, abs=0.02)
    assert learned["lag"] is None
    shown = render_to_string("pacing/calendar/_learned.html", {"learned": learned})
    assert f"Sat {learned['weekday'].numbers[5]:.2f}" in shown
    assert "not measured yet" in shown
