"""Account-local days: the account's time zone is the law for "today", and a day has 23, 24 or 25 hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def is_zone(name: str) -> bool:
    """Whether a time zone of this name exists."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def local_date(at: datetime, zone: str) -> date:
    """The account-local date of an instant."""
    return at.astimezone(ZoneInfo(zone)).date()


def day_start(on: date, zone: str) -> datetime:
    """The UTC instant an account-local day begins."""
    return datetime.combine(on, time(), ZoneInfo(zone)).astimezone(UTC)


def day_hours(on: date, zone: str) -> float:
    """How long an account-local day is, in hours."""
    return (day_start(on + timedelta(days=1), zone) - day_start(on, zone)).total_seconds() / 3600


def elapsed_share(at: datetime, zone: str) -> float:
    """Which share of its account-local day has passed at an instant, 0 to below 1."""
    on = local_date(at, zone)
    start, end = day_start(on, zone), day_start(on + timedelta(days=1), zone)
    return (at - start) / (end - start)


@dataclass(frozen=True, slots=True)
class DateRange:
    """Account-local days from ``first`` to ``last``, both included."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=i) for i in range(len(self)))

    def __len__(self) -> int:
        return max(0, (self.last - self.first).days + 1)

    def __contains__(self, on: date) -> bool:
        return self.first <= on <= self.last
