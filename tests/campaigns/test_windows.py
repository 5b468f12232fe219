"""Which days are read when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.platforms import registry
from campaigns.sync import windows
from campaigns.sync.windows import LastDone, SyncKind
from lane.core.dates import DateRange

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def _due(**ago: timedelta) -> SyncKind | None:
    last = LastDone(**{kind: NOW - age for kind, age in ago.items()})
    return windows.due(last, NOW, NOW.astimezone(BERLIN))


@pytest.mark.parametrize(("platform", "nightly"), [("google_ads", 30), ("meta", 28)])
def test_each_platform_is_read_back_as_far_as_it_restates(platform, nightly):
    capabilities = registry.capabilities_of(platform)
    assert len(windows.window(SyncKind.NIGHTLY, TODAY, capabilities)) == nightly + 1
    assert len(windows.window(SyncKind.RECENT, TODAY, capabilities)) == 4
    assert len(windows.window(SyncKind.TODAY, TODAY, capabilities)) == 2
    assert len(windows.window(SyncKind.HISTORY, TODAY, capabilities)) == 91


def test_a_window_is_cut_into_months_without_gap_or_overlap():
    days = DateRange(TODAY - timedelta(days=90), TODAY)
    pieces = list(windows.batches(days))
    assert [day for piece in pieces for day in piece] == list(days)
    assert max(len(piece) for piece in pieces) == 30


def test_an_account_never_read_needs_its_history_first():
    assert _due() is SyncKind.HISTORY


def test_after_that_today_is_read_hourly_and_the_last_days_every_few_hours():
    done = {"history": timedelta(days=2), "nightly": timedelta(hours=9)}
    assert _due(**done, recent=timedelta(hours=2), today=timedelta(minutes=20)) is None
    assert _due(**done, recent=timedelta(hours=2), today=timedelta(minutes=60)) is SyncKind.TODAY
    assert _due(**done, recent=timedelta(hours=7), today=timedelta(minutes=60)) is SyncKind.RECENT


def test_the_night_read_waits_for_three_in_the_morning_of_the_accounts_own_zone():
    last = LastDone(history=NOW - timedelta(days=2), nightly=NOW - timedelta(hours=20), today=NOW)
    for hour, expected in ((2, SyncKind.RECENT), (3, SyncKind.NIGHTLY)):
        local = datetime(2026, 11, 20, hour, tzinfo=BERLIN)
        assert windows.due(last, NOW, local) is expected


def test_the_whole_history_is_read_again_every_week():
    assert _due(history=timedelta(days=7), nightly=timedelta(hours=1), today=timedelta(0)) is SyncKind.HISTORY


def test_a_failing_account_is_left_alone_longer_each_time_and_as_long_as_the_platform_asks():
    waits = [windows.retry_after(n, None) for n in (1, 2, 3, 9)]
    assert waits == [timedelta(minutes=m) for m in (2, 4, 8, 60)]
    assert windows.retry_after(1, 900) == timedelta(minutes=15)
    assert windows.retry_after(1, 10**9) == timedelta(hours=6)
