"""Today's hours reach the controller only as far as reports surely cover them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import AdAccount, AdCampaign, Budget
from campaigns.sync import partitions, upsert
from lane.core import clock
from pacing.controllers import UNKNOWN
from pacing.services import observation
from tests.campaigns.world import fact, make_budget, make_world, put
from tests.pacing.world import MICROS, make_plan, tell_spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def afternoon():
    """Business time at half past four in Berlin, on a day of 24 hours."""
    clock.set_offset(datetime(2026, 11, 18, 15, 30, tzinfo=UTC) - datetime.now(UTC))


def plan_with_hours(hours, *, day_total=None, amount=100):
    world = make_world()
    budget = make_budget(world, amount=amount * MICROS)
    plan = make_plan(world, [budget])
    tell_spend(world, budget, per_day=100)
    campaign = AdCampaign.objects.get(budget=budget)
    today = clock.today(world.account.timezone)
    partitions.ensure(today, today)
    total = sum(hours.values()) if day_total is None else day_total
    put([fact(world, campaign.pk, today, total * MICROS, fetched_at=clock.now())])
    upsert.hourly(
        upsert.encode(fact(world, campaign.pk, today, each * MICROS, hour=h) for h, each in hours.items())
    )
    return world, plan


def ticks(plan):
    return observation.observe([plan.pk], clock.now()).observation.today_by_tick_micros[0].tolist()


def test_ticks_are_told_as_far_as_even_a_late_report_covers_them_and_quiet_ones_are_zero(afternoon):
    _, plan = plan_with_hours({8: 5, 9: 6, 10: 7})
    told = ticks(plan)  # read at 16:18, at most 3 h late: true to 13:18, so six whole ticks
    assert told[:6] == [0, 0, 0, 0, 11 * MICROS, 7 * MICROS]
    assert told[6:] == [UNKNOWN] * 6


def test_hours_that_do_not_add_up_to_their_day_are_not_told(afternoon):
    _, plan = plan_with_hours({8: 5}, day_total=50)
    assert ticks(plan) == [UNKNOWN] * 12


def test_a_stale_reading_a_file_or_another_currency_tells_no_hours(afternoon):
    world, plan = plan_with_hours({8: 5, 9: 6})
    AdAccount.objects.filter(pk=world.account.pk).update(facts_synced_at=clock.now() - timedelta(hours=20))
    assert ticks(plan) == [UNKNOWN] * 12
    AdAccount.objects.filter(pk=world.account.pk).update(
        facts_synced_at=clock.now(), source="csv", connection=None
    )
    assert ticks(plan) == [UNKNOWN] * 12
    AdAccount.objects.filter(pk=world.account.pk).update(source="api", connection=world.connection)
    assert ticks(plan)[4] == 11 * MICROS
    Budget.objects.update(currency="USD")
    assert ticks(plan) == [UNKNOWN] * 12


def test_a_day_of_25_hours_tells_no_ticks():
    clock.set_offset(datetime(2026, 10, 25, 15, 30, tzinfo=UTC) - datetime.now(UTC))
    _, plan = plan_with_hours({8: 5, 9: 6})
    assert ticks(plan) == [UNKNOWN] * 12
