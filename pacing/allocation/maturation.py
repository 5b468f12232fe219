"""How much of a day's value has been reported at each age: conversions come late, and young days look poor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

LONGEST_DAYS = 30  # a day is complete at this age
LEAST_DAYS = 5  # days seen at an age before the curve says anything about it
USABLE_SHARE = 0.9  # a day is learned from once this share of its value is in


@dataclass(frozen=True, slots=True)
class Revision:
    """What a day's value was when it was read ``age_days`` later."""

    day: date
    age_days: int
    value: float


@dataclass(frozen=True, slots=True)
class Maturation:
    """Share of a day's final value reported at each age in days; complete after the last one."""

    shares: tuple[float, ...]
    days_seen: int = 0  # distinct days it was learned from; 0 for an assumed delay

    @classmethod
    def after(cls, days: int) -> Maturation:
        """An assumed delay: nothing is usable before, everything after."""
        return cls((0.0,) * days)

    @classmethod
    def learn(cls, revisions: Iterable[Revision], fallback_days: int = 2) -> Maturation:
        """Pooled share at each age over all days that were followed to the end, never falling with age.

        The final value of a day is the one read last, at least a week after it or at the full age. Ages that too
        few days were read at take the share of the age before. Without enough days the delay is assumed.
        """
        by_day: dict[date, dict[int, float]] = defaultdict(dict)
        for revision in revisions:
            if revision.age_days >= 0:
                by_day[revision.day][min(revision.age_days, LONGEST_DAYS)] = revision.value
        followed = {day: seen for day, seen in by_day.items() if max(seen) >= 7 and seen[max(seen)] > 0}
        if len(followed) < LEAST_DAYS:
            return cls.after(fallback_days)
        part, whole = np.zeros(LONGEST_DAYS), np.zeros(LONGEST_DAYS)
        count = np.zeros(LONGEST_DAYS, dtype=np.int64)
        for seen in followed.values():
            final = seen[max(seen)]
            for age in range(min(seen), max(seen)):
                known = max(read for read in seen if read <= age)  # it stood at this until the next reading
                part[age] += seen[known]
                whole[age] += final
                count[age] += 1
        shares, highest = [], 0.0
        for age in range(LONGEST_DAYS):
            if count[age] >= LEAST_DAYS and whole[age] > 0:
                highest = max(highest, min(float(part[age] / whole[age]), 1.0))
            shares.append(round(highest, 4))
        last = max((age for age in range(LONGEST_DAYS) if count[age] >= LEAST_DAYS), default=-1)
        return cls(tuple(shares[: last + 1]), len(followed))

    def share(self, age_days: int) -> float:
        """Share of the final value reported at an age; 0 for a day that is not over."""
        if age_days < 0:
            return 0.0
        return self.shares[age_days] if age_days < len(self.shares) else 1.0

    def usable_after(self) -> int:
        """Age in days at which a day is first learned from."""
        return next((age for age, share in enumerate(self.shares) if share >= USABLE_SHARE), len(self.shares))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"shares": list(self.shares), "days_seen": self.days_seen}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Maturation:
        """Read what ``to_json`` wrote."""
        return cls(tuple(float(share) for share in stored["shares"]), int(stored.get("days_seen", 0)))
