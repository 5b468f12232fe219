"""Which past days can be replayed: known of every arm and complete; and when they are too few to say anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from pacing.allocation.curves import Floats
from pacing.allocation.records import Arm, ArmDay
from pacing.allocation.rehearsed_splits import Yesterday

WINDOW_DAYS = 90
LEAST_DAYS, WARM_UP_DAYS, LEAST_ARM_DAYS = 28, 14, 14
LEAST_VARIATION = 0.05  # of an arm's spend from day to day: below it nothing is known of other amounts
RECENT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing can be said, in plain words with the figures."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class KnownDays:
    """Complete days [D] of every arm [n], oldest first; those from ``start`` are replayed."""

    days: tuple[date, ...]
    spend: NDArray[np.int64]
    value: Floats
    start: int

    def before(self, row: int, late: int) -> Yesterday:
        """What was known when a day began: nothing of that day or later, results only once they were in."""
        on = self.days[row]
        seen = sum(day <= on - timedelta(days=late) and day < on for day in self.days[:row])
        recent = self.spend[max(0, row - RECENT_DAYS) : row]
        means = recent.sum(axis=0) // max(len(recent), 1)
        return Yesterday(on, tuple(int(one) for one in means), self.spend[:seen], self.value[:seen])


def known_days(arms: Sequence[Arm], today: date, late: int) -> KnownDays | Refusal:
    """The days there are, or a refusal that says what is missing."""
    free = [at for at, arm in enumerate(arms) if not arm.locked]
    if len(free) < 2:
        return Refusal("one_arm", "Fewer than two arms may move, so there is no other split to compare with.")
    days, spend, value = _complete(arms, today - timedelta(days=max(late, 1)))
    if len(days) < LEAST_DAYS:
        return Refusal(
            "few_days",
            f"{len(days)} complete days are known of every arm; a replay needs at least {LEAST_DAYS}. "
            f"A day counts once it is read and its results are in, {late} days later.",
        )
    for at in free:
        own = spend[:, at][spend[:, at] > 0].astype(np.float64)
        name = arms[at].name or arms[at].key
        if len(own) < LEAST_ARM_DAYS:
            return Refusal(
                "few_days_of_arm",
                f"“{name}” spent money on {len(own)} of the days; its response needs at least "
                f"{LEAST_ARM_DAYS} to be known.",
            )
        variation = float(own.std() / own.mean())
        if variation < LEAST_VARIATION:
            return Refusal(
                "never_varied",
                f"The spend of “{name}” hardly varied ({variation:.1%} from day to day; at least "
                f"{LEAST_VARIATION:.0%} is needed), so nothing is known of what other amounts would return.",
            )
    if not value.sum() > 0:
        return Refusal("no_results", "No result was reported on these days, so splits cannot be compared.")
    window = today - timedelta(days=WINDOW_DAYS)
    start = max(WARM_UP_DAYS, sum(day < window for day in days))
    if len(days) - start < LEAST_DAYS - WARM_UP_DAYS:
        return Refusal(
            "few_recent_days",
            f"{len(days) - start} complete days lie in the last {WINDOW_DAYS}; "
            f"at least {LEAST_DAYS - WARM_UP_DAYS} are needed after {WARM_UP_DAYS} days to learn from.",
        )
    return KnownDays(days, spend, value, start)


def _complete(arms: Sequence[Arm], newest: date) -> tuple[tuple[date, ...], NDArray[np.int64], Floats]:
    """Days known of every arm up to the newest; before its first day an arm did not exist and had nothing."""
    told = [{day.day: day for day in arm.history if day.day <= newest} for arm in arms]
    firsts = [min(days, default=None) for days in told]
    rows: list[tuple[date, list[ArmDay]]] = []
    for on in sorted({day for days in told for day in days}):
        row = []
        for days, first in zip(told, firsts, strict=True):
            seen = ArmDay(on, 0, 0.0) if first is None or on < first else days.get(on)
            if seen is not None and seen.spend_micros is not None and seen.value is not None:
                row.append(seen)
        if len(row) == len(arms) and any(one.spend_micros for one in row):
            rows.append((on, row))
    spend = np.array([[one.spend_micros for one in row] for _, row in rows], dtype=np.int64)
    value = np.array([[one.value for one in row] for _, row in rows], dtype=np.float64)
    return tuple(on for on, _ in rows), spend.reshape(-1, len(arms)), value.reshape(-1, len(arms))
