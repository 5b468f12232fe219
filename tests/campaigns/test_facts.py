"""Reading facts back: by budget, by day, by hour, and as known on an earlier day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from campaigns.models import AdCampaign, BudgetValue
from campaigns.selectors import facts
from campaigns.sync import upsert
from tests.campaigns.world import AT, fact, make_budget, make_group, make_world, put

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 9)


def _campaigns(budget):
    return list(AdCampaign.objects.filter(budget=budget).order_by("pk"))


def test_a_budgets_spend_is_the_spend_of_all_its_campaigns_on_the_days_asked_for():
    world = make_world()
    shared, other = make_budget(world, campaigns=2), make_budget(world)
    first, second = _campaigns(shared)
    put(
        [fact(world, first.pk, DAY - timedelta(days=n), 1_000_000 + n) for n in range(40)]
        + [fact(world, second.pk, DAY, 7_000_000), fact(world, _campaigns(other)[0].pk, DAY, 9_000_000)]
    )
    got = facts.budget_day_spend(
        [(11, shared.pk, DAY - timedelta(days=1), DAY), (12, other.pk, DAY, DAY), (13, other.pk, DAY, DAY)]
    )
    by_key = {key: int(got.spend_micros[got.keys == key].sum()) for key in (11, 12, 13)}
    assert by_key == {11: 1_000_000 + 1_000_001 + 7_000_000, 12: 9_000_000, 13: 9_000_000}
    assert set(got.days) == {DAY.toordinal(), DAY.toordinal() - 1}
    assert got.spend_micros.dtype == np.int64


def test_an_ad_set_budget_counts_its_group_and_not_the_campaign_around_it():
    world = make_world(platform="meta")
    budget = make_budget(world, campaigns=0, carrier="group")
    campaign = _campaigns(make_budget(world))[0]
    group = make_group(world, campaign, budget=budget)
    put([fact(world, campaign.pk, DAY, 9_000_000), fact(world, group.pk, DAY, 4_000_000, level=2)])
    assert facts.daily_spend([budget.pk], DAY, DAY) == {DAY: 4_000_000}


def test_days_without_a_fact_are_absent_and_never_zero():
    world = make_world()
    budget = make_budget(world)
    put([fact(world, _campaigns(budget)[0].pk, DAY, 4_000_000)])
    assert facts.daily_spend([budget.pk], DAY - timedelta(days=3), DAY) == {DAY: 4_000_000}
    assert facts.budget_day_spend([]).keys.size == 0


def test_what_was_known_on_an_earlier_day_can_be_reproduced():
    world = make_world()
    budget = make_budget(world)
    campaign = _campaigns(budget)[0]
    put([fact(world, campaign.pk, DAY, 4_000_000)])
    put([fact(world, campaign.pk, DAY, 3_600_000, fetched_at=AT + timedelta(days=2))])
    known = {
        hours: facts.spend_as_known_on([budget.pk], DAY, DAY, AT + timedelta(hours=hours))
        for hours in (-1, 0, 47, 48)
    }
    assert known == {-1: {}, 0: {DAY: 4_000_000}, 47: {DAY: 4_000_000}, 48: {DAY: 3_600_000}}


def test_hours_of_today_come_by_budget_both_ways():
    world = make_world()
    budget = make_budget(world)
    campaign = _campaigns(budget)[0]
    put([fact(world, campaign.pk, DAY, 1)])
    rows = [replace(fact(world, campaign.pk, DAY, 100 + hour), hour=hour) for hour in range(5)]
    upsert.hourly(upsert.encode(rows))
    assert facts.hourly_spend_today([budget.pk], DAY)[budget.pk][4] == 104
    packed = facts.budget_hour_spend([(1, budget.pk, DAY, DAY)])
    assert sorted(zip(packed.hours, packed.spend_micros, strict=True)) == [(h, 100 + h) for h in range(5)]


def test_budget_values_and_report_state_come_by_budget():
    world = make_world(facts_synced_at=AT, final_through=DAY)
    budget = make_budget(world)
    BudgetValue.objects.create(budget=budget, on=DAY, last_micros=5, highest_micros=9, seen_at=AT)
    assert facts.budget_values([budget.pk], DAY, DAY) == {budget.pk: {DAY: (5, 9)}}
    packed = facts.budget_value_days([(3, budget.pk, DAY, DAY)])
    assert (packed.keys[0], packed.days[0], packed.highest_micros[0]) == (3, DAY.toordinal(), 9)
    state = facts.reports_as_of([budget.pk])[budget.pk]
    assert (state.facts_synced_at, state.final_through) == (datetime(2026, 11, 10, 12, tzinfo=UTC), DAY)
