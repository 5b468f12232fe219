"""Business time. ``now()`` rules flights, slots, deadlines, link expiry and freshness.

In the demo and in tests it runs ahead of the machine by one offset row in PostgreSQL, read at the start of
each request and task. Leases, timeouts and back-off use machine time (``clock_timestamp()``) instead.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta

from lane.core.dates import local_date
from lane.core.models import ClockOffset

_offset: ContextVar[timedelta | None] = ContextVar("lane_clock_offset", default=None)


def refresh() -> timedelta:
    """Read the offset row again; called at the start of each request and task."""
    row = ClockOffset.objects.filter(pk=1).values_list("seconds", flat=True).first()
    offset = timedelta(seconds=row or 0)
    _offset.set(offset)
    return offset


def forget() -> None:
    """Drop the remembered offset at the end of a request or task."""
    _offset.set(None)


def now() -> datetime:
    """Business time as a UTC instant."""
    offset = _offset.get()
    if offset is None:
        offset = refresh()
    return datetime.now(UTC) + offset


def today(zone: str) -> date:
    """The business date in a time zone."""
    return local_date(now(), zone)


def machine_now() -> datetime:
    """Machine time as a UTC instant, for leases and back-off only."""
    return datetime.now(UTC)


def set_offset(offset: timedelta) -> None:
    """Move business time. Callers have checked that nothing live is connected."""
    ClockOffset.objects.update_or_create(pk=1, defaults={"seconds": round(offset.total_seconds())})
    _offset.set(offset)


def offset() -> timedelta:
    """How far business time runs ahead of the machine."""
    current = _offset.get()
    return refresh() if current is None else current
