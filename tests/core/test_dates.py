"""Account-local days: 23, 24 or 25 hours long, in order, without a gap."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lane.core.dates import DateRange, day_hours, day_start, elapsed_share, is_zone, local_date

zones = st.sampled_from(sorted(zone for zone in available_timezones() if "/" in zone))
days = st.dates(min_value=date(2015, 1, 1), max_value=date(2035, 12, 31))
seconds = st.integers(min_value=1_420_070_400, max_value=2_082_758_400)  # 2015 to 2035
instants = seconds.map(lambda at: datetime.fromtimestamp(at, UTC))


@pytest.mark.parametrize(
    ("on", "zone", "hours"),
    [
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 10, 24), "Europe/Berlin", 24),
        (date(2026, 3, 8), "America/New_York", 23),
        (date(2026, 11, 1), "America/New_York", 25),
        (date(2026, 4, 5), "Australia/Lord_Howe", 24.5),
        (date(2026, 11, 20), "Asia/Kathmandu", 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(on: date, zone: str, hours: float):
    assert day_hours(on, zone) == hours


@given(days, zones)
def test_each_day_begins_where_the_one_before_ends(on: date, zone: str):
    start, end = day_start(on, zone), day_start(on + timedelta(days=1), zone)
    assert start <= end
    assert timedelta(hours=day_hours(on, zone)) == end - start


@given(instants, zones)
def test_an_instant_lies_within_its_own_local_day(at: datetime, zone: str):
    on = local_date(at, zone)
    assert day_start(on, zone) <= at < day_start(on + timedelta(days=1), zone)
    assert 0 <= elapsed_share(at, zone) < 1


def test_half_of_a_short_day_is_not_noon():
    noon = datetime(2026, 3, 29, 10, tzinfo=UTC)  # 12:00 in Berlin, 11 of 23 hours after midnight
    assert elapsed_share(noon, "Europe/Berlin") == pytest.approx(11 / 23)


@given(days, st.integers(min_value=0, max_value=400))
def test_a_range_holds_both_its_ends_and_each_day_once(first: date, more: int):
    found = DateRange(first, first + timedelta(days=more))
    listed = list(found)
    assert (len(listed), listed[0], listed[-1]) == (len(found), found.first, found.last)
    assert all(day in found for day in listed)
    assert first - timedelta(days=1) not in found


def test_a_reversed_range_is_empty():
    assert list(DateRange(date(2026, 5, 2), date(2026, 5, 1))) == []


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "../../etc/passwd", "/etc/localtime", "Europe/Berlin\0"]
)
def test_what_is_no_zone_is_known_as_none(name: str):
    assert not is_zone(name)
    assert is_zone("Europe/Berlin")
