"""Facts in: what is new, what changed, what is remembered, what is rolled up."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest
from django.db import connection, transaction

from campaigns.models import AccountDay, DailyPerformance, HourlyPerformance, PerformanceRevision
from campaigns.sync import partitions, reconcile, upsert
from tests.campaigns.world import AT, fact, make_world, put

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 9)


def test_a_new_fact_is_stored_with_its_first_seen_revision_and_its_account_day():
    world = make_world()
    outcome = put([fact(world, 1, DAY, 5_000_000), fact(world, 2, DAY, 3_000_000)])
    assert (outcome.read, outcome.new, outcome.changed, outcome.revisions) == (2, 2, 0, 2)
    assert DailyPerformance.objects.count() == 2
    assert AccountDay.objects.get().spend_micros == 8_000_000
    assert PerformanceRevision.objects.get(entity_id=1).spend_micros == 5_000_000


def test_reading_the_same_numbers_again_writes_nothing():
    world = make_world()
    put([fact(world, 1, DAY, 5_000_000)])
    outcome = put([fact(world, 1, DAY, 5_000_000, fetched_at=AT + timedelta(hours=2))])
    assert (outcome.read, outcome.new, outcome.changed, outcome.revisions) == (1, 0, 0, 0)
    assert DailyPerformance.objects.get().fetched_at == AT


def test_a_restatement_keeps_what_was_known_before_and_moves_the_account_day_by_the_difference():
    world = make_world()
    put([fact(world, 1, DAY, 5_000_000), fact(world, 2, DAY, 1_000_000)])
    outcome = put([fact(world, 1, DAY, 4_400_000, conversions_milli=2500, fetched_at=AT + timedelta(days=1))])
    assert (outcome.new, outcome.changed, outcome.revisions) == (0, 1, 1)
    day = AccountDay.objects.get()
    assert (day.spend_micros, day.conversions_milli) == (5_400_000, 3500)
    known = PerformanceRevision.objects.filter(entity_id=1).order_by("known_from")
    assert [row.spend_micros for row in known] == [5_000_000, 4_400_000]


def test_becoming_final_is_no_restatement():
    world = make_world()
    put([fact(world, 1, DAY, 5_000_000)])
    outcome = put([fact(world, 1, DAY, 5_000_000, is_final=True)])
    assert (outcome.changed, outcome.revisions) == (0, 0)
    assert DailyPerformance.objects.get().is_final
    assert AccountDay.objects.get().spend_micros == 5_000_000


def test_unknown_conversions_stay_unknown_and_never_become_zero():
    world = make_world()
    put([fact(world, 1, DAY, 1_000_000, conversions_milli=None)])
    assert AccountDay.objects.get().conversions_milli is None
    put([fact(world, 1, DAY, 1_000_000, conversions_milli=700)])
    assert AccountDay.objects.get().conversions_milli == 700
    put([fact(world, 1, DAY, 1_000_000, conversions_milli=None)])
    assert DailyPerformance.objects.get().conversions_milli is None


def test_groups_do_not_count_twice_in_the_account_day():
    world = make_world()
    put([fact(world, 1, DAY, 5_000_000), fact(world, 7, DAY, 5_000_000, level=2)])
    assert AccountDay.objects.get().spend_micros == 5_000_000


def test_facts_of_any_month_find_their_partition():
    world = make_world()
    days = [date(2025, 1, 31), date(2026, 12, 31), date(2027, 3, 1)]
    put([fact(world, 1, day, 1_000_000) for day in days])
    assert set(DailyPerformance.objects.values_list("on", flat=True)) == set(days)


def test_hours_are_kept_apart_and_updated_in_place():
    world = make_world()
    partitions.ensure(DAY, DAY)
    hours = [replace(fact(world, 1, DAY, 100_000 * hour), hour=hour) for hour in (9, 10)]
    assert upsert.hourly(upsert.encode(hours)).new == 2
    again = [replace(hours[1], spend_micros=5)]
    assert upsert.hourly(upsert.encode(again)).changed == 1
    assert list(HourlyPerformance.objects.order_by("hour").values_list("spend_micros", flat=True)) == [
        900_000,
        5,
    ]


def test_account_days_equal_a_full_recount_after_many_random_restatements():
    world = make_world()
    dice = random.Random(4)
    for round_number in range(12):
        known_at = AT + timedelta(hours=round_number)
        rows = {
            (dice.randrange(6), DAY - timedelta(days=dice.randrange(40))): dice.randrange(9_000_000)
            for _ in range(60)
        }
        put(
            [
                fact(world, 1 + entity, on, spend, fetched_at=known_at,
                     conversions_milli=dice.choice([None, 0, 1500]))
                for (entity, on), spend in rows.items()
            ]
        )  # fmt: skip
    assert reconcile.account_day_drift() == 0
    AccountDay.objects.filter(pk=AccountDay.objects.first().pk).update(clicks=99_999)
    assert reconcile.account_day_drift(world.account) == 1


def test_nothing_to_store_is_fine():
    assert upsert.daily(b"") == upsert.Outcome()


def test_the_coming_months_have_their_partitions_before_the_facts_come():
    assert partitions.ensure_ahead() == 4
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'campaigns_daily_performance'::regclass"
        )
        assert cursor.fetchone()[0] >= 4
    assert partitions.ensure_ahead() == 4


def test_two_syncs_at_once_keep_the_account_days_right(transactional_db):
    world = make_world()
    partitions.ensure(DAY, DAY)
    blocks = [
        [fact(world, 1 + entity, DAY, 1_000 * number + entity, fetched_at=AT + timedelta(minutes=number))
         for entity in range(200)]
        for number in range(6)
    ]  # fmt: skip

    def store(rows):
        try:
            return upsert.daily(upsert.encode(rows))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(store, blocks))
    assert sum(outcome.new for outcome in outcomes) == 200
    assert reconcile.account_day_drift() == 0


def test_a_killed_upsert_leaves_neither_facts_nor_revisions():
    world = make_world()
    rows = [fact(world, 1, DAY, 5_000_000), fact(world, 2, DAY, 1)]
    partitions.ensure(DAY, DAY)
    with pytest.raises(psycopg.DataError), transaction.atomic():
        upsert.daily(upsert.encode(rows) + b"not a row\n")
    assert not DailyPerformance.objects.exists()
    assert not PerformanceRevision.objects.exists()
    assert not AccountDay.objects.exists()
