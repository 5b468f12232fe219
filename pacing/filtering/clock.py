"""Local days of a time zone, worked out once per zone and day: a day has 23, 24 or 25 hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TICKS = 12
DayOrdinal = int


class Instant(NamedTuple):
    """A moment: seconds since 1970 and the local day it falls on."""

    seconds: float
    day: DayOrdinal


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether a time zone of this name exists."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=16384)
def day_ordinal(text: str) -> DayOrdinal | None:
    """The ordinal of an ISO date; None when it is none."""
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return None


@lru_cache(maxsize=16384)
def instant(text: str, zone: str) -> Instant | None:
    """The moment an ISO text names; without an offset it is local time. None when it names none."""
    try:
        found = datetime.fromisoformat(text)
        local = ZoneInfo(zone)
        aware = found.replace(tzinfo=local) if found.tzinfo is None else found
        return Instant(aware.timestamp(), aware.astimezone(local).toordinal())
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=4096)
def day_bounds(day: DayOrdinal, zone: str) -> tuple[float, float]:
    """First and last moment of a local day, in seconds since 1970."""
    local = ZoneInfo(zone)
    start, end = (datetime.combine(date.fromordinal(one), time(), local) for one in (day, day + 1))
    return start.timestamp(), end.timestamp()


def elapsed_share(at: Instant, zone: str) -> float:
    """Which share of its local day has passed at a moment."""
    start, end = day_bounds(at.day, zone)
    return (at.seconds - start) / (end - start)


@dataclass(frozen=True, slots=True)
class DayTicks:
    """Which tick each local hour of a day begins in, and when each tick ends."""

    of_hour: Mapping[int, int]
    hours_in: tuple[int, ...]  # how many local hours begin in each tick
    ends: tuple[float, ...]  # seconds since 1970


@lru_cache(maxsize=4096)
def day_ticks(day: DayOrdinal, zone: str) -> DayTicks:
    """The 12 equal parts of a local day, whatever its length; an hour the clock skips has no tick."""
    start, end = day_bounds(day, zone)
    length = end - start
    of_hour: dict[int, int] = {}
    hours_in = [0] * TICKS
    local = ZoneInfo(zone)
    for step in range(round(length / 3600)):
        hour = datetime.fromtimestamp(start + step * 3600, local).hour
        if hour not in of_hour:  # the hour that comes twice in autumn belongs where it first begins
            of_hour[hour] = min(int(step * 3600 / length * TICKS + 1e-9), TICKS - 1)
            hours_in[of_hour[hour]] += 1
    return DayTicks(
        of_hour, tuple(hours_in), tuple(start + length * (tick + 1) / TICKS for tick in range(TICKS))
    )


@lru_cache(maxsize=16384)
def hour_end(day: DayOrdinal, hour: int, zone: str) -> float:
    """When a local hour is over, in seconds since 1970; the later one of an hour that comes twice."""
    start = datetime.combine(date.fromordinal(day), time(hour, fold=1), ZoneInfo(zone))
    return start.timestamp() + 3600
