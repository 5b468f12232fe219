"""Account-local days cut into the hours that really pass: 23, 24 or 25 of them."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Slot:
    """One passing hour: unix seconds and the local hour it is reported under."""

    start: float
    end: float
    hour: int


@functools.lru_cache(maxsize=8192)
def slots(on: date, timezone: str) -> tuple[Slot, ...]:
    """The hours of a local day. On the long day one local hour appears twice, on the short one it is missing."""
    zone = ZoneInfo(timezone)
    start = datetime(on.year, on.month, on.day, tzinfo=zone).timestamp()
    end = day_end(on, timezone)
    return tuple(
        Slot(start + k * HOUR, start + (k + 1) * HOUR, datetime.fromtimestamp(start + k * HOUR, zone).hour)
        for k in range(round((end - start) / HOUR))
    )


@functools.lru_cache(maxsize=8192)
def day_end(on: date, timezone: str) -> float:
    """The instant a local day ends."""
    after = on + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(timezone)).timestamp()


def local_date(instant: float, timezone: str) -> date:
    """The local day of an instant."""
    return datetime.fromtimestamp(instant, ZoneInfo(timezone)).date()


def local_text(instant: float, timezone: str) -> str:
    """Wall-clock time as Google writes it."""
    return datetime.fromtimestamp(instant, ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M:%S.%f")


def utc_text(instant: float) -> str:
    """An instant as ISO text in UTC."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="milliseconds")
