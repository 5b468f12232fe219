"""How a plan's spend spreads over the day, learned from its own reports look by look.

Every look sees how much of a day was reported up to some moment. Once a day is reported to its end, those sums
against its total are the day's shape; the shapes of some days, held back by the usual one, replace it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from pacing.controllers import INTRADAY_PRIOR, TICKS_PER_DAY, UNKNOWN

PRIOR_DAYS = 2.0  # the usual shape counts as much as this many days of the plan's own
FEWEST_LOOKS = 6
WIDEST_GAP = 3.0  # ticks between two looks, midnight included, for a day to be usable


@dataclass(frozen=True, slots=True)
class DayShape:
    """What was learned so far, and what was seen of the day that the reports have come to."""

    sums: tuple[float, ...]  # [12] shares added up over days, empty before the first
    days: int
    index: int  # flight day the samples are of, from 0; -1 before the first
    samples: tuple[tuple[float, int], ...]  # (ticks into the day, spend reported by then)

    def seeing(
        self, index: int, position: float, spend: int, days: Sequence[int], held: Sequence[bool]
    ) -> DayShape:
        """After a look at reports that reach ``position`` ticks into a day; ``days`` are whole days as reported."""
        shape = self
        if index != self.index:
            shape = self._with_day(days, held) if 0 <= self.index < index else self
            shape = dataclasses.replace(shape, index=index, samples=())
        samples = shape.samples
        if spend == UNKNOWN or (samples and (position <= samples[-1][0] or spend < samples[-1][1])):
            return shape
        return dataclasses.replace(shape, samples=(*samples, (round(position, 3), spend)))

    def _with_day(self, days: Sequence[int], held: Sequence[bool]) -> DayShape:
        """Add the day of the samples, if enough was seen of it and no pause bent it."""
        total = days[self.index] if self.index < len(days) else UNKNOWN
        if total <= 0 or held[self.index] or len(self.samples) < FEWEST_LOOKS:
            return self
        places = [0.0, *(place for place, _ in self.samples), float(TICKS_PER_DAY)]
        if max(later - earlier for earlier, later in pairwise(places)) > WIDEST_GAP:
            return self
        spent = [0, *(min(spend, total) for _, spend in self.samples), total]
        shares = np.diff(np.interp(np.arange(TICKS_PER_DAY + 1), places, spent)) / total
        known = self.sums or (0.0,) * TICKS_PER_DAY
        sums = tuple(round(have + share, 5) for have, share in zip(known, shares.tolist(), strict=True))
        return dataclasses.replace(self, sums=sums, days=self.days + 1)

    def shares(self) -> list[float] | None:
        """The shape to expect; None while only the usual one is known."""
        if not self.days:
            return None
        return [
            (PRIOR_DAYS * usual + own) / (PRIOR_DAYS + self.days)
            for usual, own in zip(INTRADAY_PRIOR.tolist(), self.sums, strict=True)
        ]

    def as_json(self) -> list[Any]:
        """As kept in the state."""
        return [list(self.sums), self.days, self.index, [list(sample) for sample in self.samples]]

    @classmethod
    def from_json(cls, stored: Any, moved_days: int) -> DayShape:
        """Read what ``as_json`` wrote; the day of the samples moves with the flight."""
        sums, days, index, samples = stored
        if len(sums) not in (0, TICKS_PER_DAY):
            raise ValueError("a day has 12 ticks")
        return cls(
            tuple(float(one) for one in sums),
            int(days),
            int(index) + moved_days if index >= 0 else -1,
            tuple((float(place), int(spend)) for place, spend in samples),
        )


UNSEEN = DayShape((), 0, -1, ())
