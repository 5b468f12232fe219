"""Amounts of days before Lane first looked, out of the platform's list of edits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.models import BudgetValue
from campaigns.platforms.records import EntityRef, ExternalChange, Level
from campaigns.sync.budget_history import LOOKBACK_DAYS, Edit, backfill, day_values
from lane.core import clock
from lane.core.dates import DateRange
from tests.campaigns.world import make_budget, make_world

DAYS = DateRange(date(2026, 3, 1), date(2026, 3, 5))


def _at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def test_without_edits_every_day_had_todays_amount():
    assert day_values(50, [], DAYS, "UTC") == dict.fromkeys(DAYS, (50, 50))


def test_a_day_keeps_its_last_and_its_highest_amount():
    edits = [Edit(_at(3, 9), 40, 90), Edit(_at(3, 15), 90, 50)]
    assert day_values(50, edits, DAYS, "UTC") == {
        date(2026, 3, 1): (40, 40),
        date(2026, 3, 2): (40, 40),
        date(2026, 3, 3): (50, 90),
        date(2026, 3, 4): (50, 50),
        date(2026, 3, 5): (50, 50),
    }


def test_an_edit_of_today_does_not_rewrite_the_days_before():
    assert day_values(80, [Edit(_at(6, 10), 50, 80)], DAYS, "UTC")[date(2026, 3, 5)] == (50, 50)


def test_days_before_an_edit_whose_old_amount_is_unknown_stay_unknown():
    assert set(day_values(50, [Edit(_at(3, 9), None, 50)], DAYS, "UTC")) == {
        date(2026, 3, 3),
        date(2026, 3, 4),
        date(2026, 3, 5),
    }


def test_the_day_of_an_edit_is_the_accounts_own():
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # the 3rd in Berlin
    values = day_values(50, [Edit(late, 40, 50)], DAYS, "Europe/Berlin")
    assert (values[date(2026, 3, 2)], values[date(2026, 3, 3)]) == ((40, 40), (50, 50))


@pytest.mark.django_db
def test_backfilling_leaves_days_alone_that_were_seen():
    world = make_world()
    budget = make_budget(world, amount=50_000_000)
    today = clock.today(world.account.timezone)
    seen = today - timedelta(days=2)
    BudgetValue.objects.create(budget=budget, on=seen, last_micros=1, highest_micros=2, seen_at=clock.now())
    edit = ExternalChange(
        ref=EntityRef(Level.BUDGET, budget.external_id),
        at=clock.now() - timedelta(days=5),
        actor="someone@example.com",
        client="WEB_CLIENT",
        fields=("budget_micros",),
        old={"budget_micros": 30_000_000},
        new={"budget_micros": 50_000_000},
    )
    backfill(world.account, [edit])
    values = dict(BudgetValue.objects.filter(budget=budget).values_list("on", "last_micros"))
    assert len(values) == LOOKBACK_DAYS
    assert values[seen] == 1
    assert values[today - timedelta(days=1)] == 50_000_000
    assert values[today - timedelta(days=10)] == 30_000_000
