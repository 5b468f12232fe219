"""A portfolio's own past again under other splits. Only what was known before a day decides that day; all simulated.

Every split spends exactly what the day really spent. Arms that are locked keep what they really spent; so does an arm
on its first days, and an arm that did not run on a day gets nothing that day from anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from pacing.allocation.hindsight import Outcome, Past, hindsight_of
from pacing.allocation.known_days import Refusal, known_days
from pacing.allocation.maturation import Maturation
from pacing.allocation.posterior import MICROS
from pacing.allocation.records import Arm, Terms
from pacing.allocation.rehearsed_splits import Allocated, ByReturns, Even, Splitter, Step, Yesterday
from pacing.allocation.whole import whole_units

REAL, EVEN, RETURNS, LANE = "real", "even", "returns", "lane"
BEYOND = 1.25  # times an arm's largest day: farther out the curve was never seen
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Course:
    """One way of splitting over all days. Spend is exact; the outcome of all but the real one is modelled."""

    name: str
    spend_micros: tuple[int, ...]  # by arm, over all days
    outcome: Outcome | None  # None for what was reported
    steps: tuple[Step, ...]
    elsewhere_micros: int  # money that went to other arms than it really did
    days_out: int  # days on which an arm or a group was outside its limits
    days_beyond: int  # days on which an arm got far more than it ever had
    contradictions: int  # looks at which the wishes could not be kept together

    @property
    def largest_step(self) -> float | None:
        """The largest relative change of one arm in one move; None without a move."""
        return max((step.largest for step in self.steps), default=None)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The courses over the same days, what really happened first."""

    first: date
    last: date
    days: int
    warm_up_days: int
    spend_micros: int
    reported: float
    keys: tuple[str, ...]
    courses: tuple[Course, ...]
    daily: Mapping[str, tuple[tuple[int, ...], ...]]  # by course: micros by day and arm

    def course(self, name: str) -> Course:
        """One of them."""
        return next(course for course in self.courses if course.name == name)


def rehearse(
    terms: Terms, arms: Sequence[Arm], today: date, *, maturation: Maturation, seed: int
) -> Rehearsal | Refusal:
    """Real, even, by returns and by the allocator over the last days; or why the days do not bear it."""
    late = maturation.usable_after()
    known = known_days(arms, today, late)
    if isinstance(known, Refusal):
        return known
    splitters: dict[str, Splitter] = {
        EVEN: Even(),
        RETURNS: ByReturns(terms),
        LANE: Allocated(terms, arms, late, seed),
    }
    daily: dict[str, list[tuple[int, ...]]] = {name: [] for name in (REAL, *splitters)}
    for row in range(known.start, len(known.days)):
        before = known.before(row, late)
        real = tuple(int(micros) for micros in known.spend[row])
        daily[REAL].append(real)
        for name, splitter in splitters.items():
            daily[name].append(_day(splitter.weights(before), real, before, arms, bounded=name == LANE))
    scored = known.spend[known.start :]
    hindsight = hindsight_of(Past(known.spend / MICROS, known.value, [arm.pool for arm in arms]), seed)
    reported = float(known.value[known.start :].sum())
    courses = []
    for name, rows in daily.items():
        amounts = np.array(rows, dtype=np.int64)
        splitter_of = splitters.get(name)
        outcome = (
            hindsight.outcome(scored / MICROS, reported, amounts / MICROS)
            if splitter_of is not None
            else None
        )
        courses.append(
            Course(
                name=name,
                spend_micros=tuple(int(total) for total in amounts.sum(axis=0)),
                outcome=outcome,
                steps=tuple(splitter_of.steps) if splitter_of is not None else (),
                elsewhere_micros=int(np.abs(amounts - scored).sum()) // 2,
                days_out=sum(
                    _out(terms, arms, row, known.spend[known.start + at]) for at, row in enumerate(rows)
                ),
                days_beyond=int((amounts > BEYOND * known.spend.max(axis=0)).any(axis=1).sum()),
                contradictions=splitter_of.contradictions if splitter_of is not None else 0,
            )
        )
    return Rehearsal(
        first=known.days[known.start],
        last=known.days[-1],
        days=len(known.days) - known.start,
        warm_up_days=known.start,
        spend_micros=int(scored.sum()),
        reported=reported,
        keys=tuple(arm.key for arm in arms),
        courses=tuple(courses),
        daily={name: tuple(rows) for name, rows in daily.items()},
    )


def _day(
    weights: Sequence[float], real: Sequence[int], before: Yesterday, arms: Sequence[Arm], *, bounded: bool
) -> tuple[int, ...]:
    """The day's money over the arms that ran and may share it, exact to the micro; the others keep theirs."""
    places = [
        at
        for at, arm in enumerate(arms)
        if not arm.locked and real[at] > 0 and before.recent[at] > 0 and weights[at] > 0
    ]
    money = sum(real[at] for at in places)
    if len(places) < 2:
        return tuple(real)
    shares = np.array([weights[at] for at in places], dtype=np.float64)
    wanted = shares / shares.sum() * money
    nothing, everything = [0] * len(places), [money] * len(places)
    parts = None
    if bounded:
        least = [min(arms[at].minimum_micros, money) for at in places]
        caps = [arms[at].maximum_micros for at in places]
        parts = whole_units(
            wanted, least, [money if cap is None else min(cap, money) for cap in caps], money, 1
        )
    if parts is None:
        parts = whole_units(wanted, nothing, everything, money, 1)
    assert parts is not None, "without limits money can always be shared"
    spread = list(real)
    for at, part in zip(places, parts, strict=True):
        spread[at] = part
    return tuple(spread)


def _out(terms: Terms, arms: Sequence[Arm], amounts: Sequence[int], real: Ints) -> bool:
    """Whether an arm that ran is outside its own limits, or a group outside its shares."""
    for arm, amount, ran in zip(arms, amounts, real, strict=True):
        if ran and (amount < arm.minimum_micros or amount > (arm.maximum_micros or amount)):
            return True
    total = sum(amounts)
    for group in terms.groups:
        held = sum(
            amount
            for arm, amount in zip(arms, amounts, strict=True)
            if arm.groups.get(group.dimension) == group.name
        )
        if not group.minimum_share * total <= held <= group.maximum_share * total:
            return True
    return False
