"""Cycles of recurring plans: weeks, months, quarters and runs of days, without drift. Knows no framework."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = {"month": 1, "quarter": 3}


@dataclass(frozen=True, slots=True, order=True)
class Cycle:
    """One cycle: its number from the anchor (0 is the first) and its days, both ends included."""

    number: int
    starts_on: date
    ends_on: date

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.ends_on - self.starts_on).days + 1


def cycle(anchor: date, cadence: str, number: int, cycle_days: int | None = None) -> Cycle:
    """The cycle of that number. A month cycle keeps the anchor's day, or the month's last where it is shorter."""
    first = _start(anchor, cadence, number, cycle_days)
    return Cycle(number, first, _start(anchor, cadence, number + 1, cycle_days) - timedelta(days=1))


def cycle_on(anchor: date, cadence: str, day: date, cycle_days: int | None = None) -> Cycle:
    """The cycle a day lies in; days before the anchor lie in cycles of negative number."""
    number = _guess(anchor, cadence, day, cycle_days)
    while _start(anchor, cadence, number, cycle_days) > day:
        number -= 1
    while _start(anchor, cadence, number + 1, cycle_days) <= day:
        number += 1
    return cycle(anchor, cadence, number, cycle_days)


def _start(anchor: date, cadence: str, number: int, cycle_days: int | None) -> date:
    if cadence in _MONTHS:
        months = anchor.year * 12 + anchor.month - 1 + number * _MONTHS[cadence]
        year, month = divmod(months, 12)
        return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))
    return anchor + timedelta(days=number * _length(cadence, cycle_days))


def _guess(anchor: date, cadence: str, day: date, cycle_days: int | None) -> int:
    if cadence in _MONTHS:
        return ((day.year - anchor.year) * 12 + day.month - anchor.month) // _MONTHS[cadence]
    return (day - anchor).days // _length(cadence, cycle_days)


def _length(cadence: str, cycle_days: int | None) -> int:
    if cadence == "week":
        return 7
    if cadence == "custom" and cycle_days:
        return cycle_days
    raise ValueError(f"no cycle length for {cadence!r}")
