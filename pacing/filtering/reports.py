"""Reported spend by day and by hour, laid into the flight. What is not reported stays unknown, never zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pacing.controllers import UNKNOWN
from pacing.filtering import fields
from pacing.filtering.clock import TICKS, Instant, day_ordinal, day_ticks, hour_end
from pacing.filtering.fields import BadField, Record

_HOURS = range(24)
_SLACK_SECONDS = 60.0  # clocks differ a little: a report this much "later than now" is one of now


@dataclass(frozen=True, slots=True)
class Reported:
    """What the reports say of one flight at one moment."""

    through: float  # seconds since 1970 the reports are true for
    days: list[int]  # by flight day before today, UNKNOWN where nothing was reported
    today: int
    today_by_tick: list[int] | None  # 12 ticks, UNKNOWN where not reported in full; None without hours


def read_reports(
    reported: Record, first: int, days: int, now: Instant, zone: str, lag_hours: float
) -> Reported:
    """Lay the rows into flight days. Days outside the flight are left out; spend of days to come is refused."""
    through = _through(reported, now, zone, lag_hours)
    spend = [UNKNOWN] * days
    today = now.day - first
    _by_day(reported, spend, first, today)
    by_tick = _by_hour(reported, spend, first, today, now.day, zone, through)
    today_spend = UNKNOWN
    if 0 <= today < days:
        today_spend, spend[today] = spend[today], UNKNOWN
    return Reported(through, spend, today_spend, by_tick)


def _through(reported: Record, now: Instant, zone: str, lag_hours: float) -> float:
    """Up to when the reports are true: as said, else to the end of the last hour given, else the usual lag ago."""
    if reported.get("through") is not None:
        said = fields.moment(reported["through"], "reported.through", zone).seconds
        if said > now.seconds + _SLACK_SECONDS:
            raise BadField("reported.through", "Later than now: say up to when the reports are true.")
        return min(said, now.seconds)
    ends = []
    for row in fields.rows(reported, "hours", "reported."):
        # A row that cannot be read is named when its spend is.
        on = day_ordinal(row["on"]) if isinstance(row, dict) and isinstance(row.get("on"), str) else None
        if on is not None and row.get("hour") in _HOURS and row.get("spend_micros") is not None:
            ends.append(hour_end(on, row["hour"], zone))
    return min(max(ends), now.seconds) if ends else now.seconds - lag_hours * 3600


def _by_day(reported: Record, spend: list[int], first: int, today: int) -> None:
    count = len(spend)
    for i, row in enumerate(fields.rows(reported, "days", "reported.")):
        try:
            index = day_ordinal(row["on"]) - first  # type: ignore[operator]
            value = row["spend_micros"]
        except (TypeError, KeyError):
            index, value = _explained(row, f"reported.days[{i}].", first)
        if value is None:
            continue
        if type(value) is not int or not 0 <= value <= fields.MOST_MICROS:
            value = fields.micros(value, f"reported.days[{i}].spend_micros")
        if index > today and value:
            raise BadField(f"reported.days[{i}].on", "This day has not come yet in the plan's time zone.")
        if 0 <= index < count and index <= today:
            spend[index] = value


def _explained(row: Any, path: str, first: int) -> tuple[int, Any]:
    """The slow way through a row that did not read at once: says what is wrong with it."""
    if not isinstance(row, dict):
        raise BadField(path[:-1], 'Write an object like {"on": "2026-05-01", "spend_micros": 98500000}.')
    day = fields.day(fields.required(row, "on", path), path + "on")
    return day - first, row.get("spend_micros")


def _by_hour(
    reported: Record, spend: list[int], first: int, today: int, today_ordinal: int, zone: str, through: float
) -> list[int] | None:
    """Add hours up to days that have no row of their own; today's hours also to ticks of two hours."""
    sums: dict[int, int] = {}
    hours_today: dict[int, int] = {}
    for i, row in enumerate(fields.rows(reported, "hours", "reported.")):
        path = f"reported.hours[{i}]."
        if not isinstance(row, dict):
            raise BadField(
                path[:-1], 'Write an object like {"on": "2026-05-01", "hour": 7, "spend_micros": 1200000}.'
            )
        index = fields.day(fields.required(row, "on", path), path + "on") - first
        hour = fields.required(row, "hour", path)
        if type(hour) is not int or not 0 <= hour <= 23:
            raise BadField(path + "hour", "Write the local hour, a whole number from 0 to 23.")
        if row.get("spend_micros") is None:
            continue
        value = fields.micros(row["spend_micros"], path + "spend_micros")
        if index > today and value:
            raise BadField(path + "on", "This day has not come yet in the plan's time zone.")
        sums[index] = sums.get(index, 0) + value
        if index == today:
            hours_today[hour] = hours_today.get(hour, 0) + value
    for index, total in sums.items():
        if 0 <= index < len(spend) and index <= today and spend[index] == UNKNOWN:
            spend[index] = total
    return _ticks(hours_today, today_ordinal, zone, through) if hours_today else None


def _ticks(hours: dict[int, int], day: int, zone: str, through: float) -> list[int]:
    """Ticks that are over, reported, and have a row for each of their hours."""
    ticks = day_ticks(day, zone)
    sums, rows = [0] * TICKS, [0] * TICKS
    for hour, value in hours.items():
        tick = ticks.of_hour.get(hour)
        if tick is not None:
            sums[tick] += value
            rows[tick] += 1
    return [
        sums[tick] if rows[tick] >= ticks.hours_in[tick] > 0 and ticks.ends[tick] <= through + 1 else UNKNOWN
        for tick in range(TICKS)
    ]
