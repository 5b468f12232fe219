"""Which account-local days a sync reads, and which kind of sync an account needs now.

Platforms restate: spend settles within days, conversions are dated on the click and arrive for weeks. So today
is read hourly, the last days every few hours, each platform's restatement window every night, and the whole
history once a week.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from campaigns.platforms.records import Capabilities
from lane.core.dates import DateRange

HISTORY_DAYS = 90
BATCH_DAYS = 30
NIGHTLY_FROM_HOUR = 3  # account-local: yesterday's reports are in by then
TODAY_EVERY = timedelta(minutes=55)
RECENT_EVERY = timedelta(hours=6)
HISTORY_EVERY = timedelta(days=7)


class SyncKind(enum.StrEnum):
    """How much of an account is read, least first."""

    TODAY = "today"
    RECENT = "recent"
    NIGHTLY = "nightly"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class LastDone:
    """When each kind of sync of an account last started and succeeded (business time), None for never."""

    today: datetime | None = None
    recent: datetime | None = None
    nightly: datetime | None = None
    history: datetime | None = None

    def any_of(self, *kinds: SyncKind) -> datetime | None:
        """The latest of several kinds."""
        found = [at for kind in kinds if (at := getattr(self, kind.value)) is not None]
        return max(found, default=None)


def window(kind: SyncKind, today: date, capabilities: Capabilities) -> DateRange:
    """The days a sync of this kind reads, ``today`` included."""
    days_back = {
        SyncKind.TODAY: 1,
        SyncKind.RECENT: capabilities.settle_days,
        SyncKind.NIGHTLY: capabilities.restate_days,
        SyncKind.HISTORY: min(HISTORY_DAYS, capabilities.max_lookback_days),
    }[kind]
    return DateRange(today - timedelta(days=days_back), today)


def hourly_window(kind: SyncKind, today: date) -> DateRange:
    """The days whose hours are read: today and yesterday, a week of them on the first read."""
    return DateRange(today - timedelta(days=7 if kind is SyncKind.HISTORY else 1), today)


def batches(days: DateRange) -> Iterator[DateRange]:
    """The window in pieces of a month, oldest first, so that a long read can stop and go on."""
    first = days.first
    while first <= days.last:
        last = min(days.last, first + timedelta(days=BATCH_DAYS - 1))
        yield DateRange(first, last)
        first = last + timedelta(days=1)


def final_through(today: date, capabilities: Capabilities) -> date:
    """The last day whose spend no longer moves at the platform."""
    return today - timedelta(days=capabilities.settle_days + 1)


def due(last: LastDone, now: datetime, local_now: datetime) -> SyncKind | None:
    """The largest read an account needs now, or None. ``local_now`` is ``now`` in the account's zone."""
    if last.history is None or now - last.history >= HISTORY_EVERY:
        return SyncKind.HISTORY
    midnight = local_now.replace(hour=0, minute=0, second=0, microsecond=0)
    nightly = last.any_of(SyncKind.NIGHTLY, SyncKind.HISTORY)
    if local_now.hour >= NIGHTLY_FROM_HOUR and (nightly is None or nightly < midnight):
        return SyncKind.NIGHTLY
    recent = last.any_of(SyncKind.RECENT, SyncKind.NIGHTLY, SyncKind.HISTORY)
    if recent is None or now - recent >= RECENT_EVERY:
        return SyncKind.RECENT
    latest = last.any_of(*SyncKind)
    if latest is None or now - latest >= TODAY_EVERY:
        return SyncKind.TODAY
    return None


def retry_after(failures: int, asked_seconds: float | None) -> timedelta:
    """How long to leave an account alone after its n-th failure in a row; the platform's own wish wins."""
    if asked_seconds is not None:
        return timedelta(seconds=min(max(asked_seconds, 30), 6 * 3600))
    return timedelta(minutes=min(60, 2 ** min(failures, 6)))
