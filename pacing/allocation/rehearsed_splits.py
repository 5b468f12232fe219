"""Ways of splitting a past day's money by what was known before it: evenly, by returns, by the allocator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pacing.allocation.answers import Decision
from pacing.allocation.curves import Floats
from pacing.allocation.maturation import Maturation
from pacing.allocation.policy import look
from pacing.allocation.posterior import learn
from pacing.allocation.records import Arm, Exploration, Terms
from pacing.allocation.state import State

RETURN_DAYS = 28


@dataclass(frozen=True, slots=True)
class Yesterday:
    """What is known when a day begins."""

    on: date
    recent: tuple[int, ...]  # mean spend of each arm lately, micros a day; 0 where it does not run
    spend: NDArray[np.int64]  # [D, n] of the days whose results are in
    value: Floats


@dataclass(frozen=True, slots=True)
class Step:
    """A move: amounts by arm before and after it, micros a day, of equal sum."""

    on: date
    before: tuple[int, ...]
    after: tuple[int, ...]
    rolled_back: bool = False

    @property
    def largest(self) -> float:
        """The largest relative change of one arm."""
        pairs = zip(self.before, self.after, strict=True)
        return max((abs(new / old - 1) for old, new in pairs if old), default=0.0)

    @property
    def moved_micros(self) -> int:
        """Money a day that changed its arm."""
        return sum(max(new - old, 0) for old, new in zip(self.before, self.after, strict=True))


class Splitter(Protocol):
    """Says in which proportion arms share a day."""

    steps: list[Step]
    contradictions: int

    def weights(self, before: Yesterday) -> Sequence[float]:
        """The proportion on a day, by what was known before it."""
        ...


@dataclass(slots=True)
class Even:
    """Every arm the same, always."""

    steps: list[Step] = field(default_factory=list)
    contradictions: int = 0

    def weights(self, before: Yesterday) -> Sequence[float]:
        """The same for all."""
        return [1.0] * len(before.recent)


@dataclass(slots=True)
class ByReturns:
    """In proportion to what each arm returned lately, set anew after the portfolio's pause; no other limits."""

    terms: Terms
    steps: list[Step] = field(default_factory=list)
    contradictions: int = 0
    _shares: tuple[float, ...] = ()
    _set_on: date | None = None

    def weights(self, before: Yesterday) -> Sequence[float]:
        """Value per unit of spend of the last days whose results are in."""
        due = self._set_on is None or before.on >= self._set_on + timedelta(days=self.terms.move_days)
        if not due:
            return self._shares
        spend, value = before.spend[-RETURN_DAYS:].sum(axis=0), before.value[-RETURN_DAYS:].sum(axis=0)
        overall = float(value.sum()) / max(float(spend.sum()), 1.0)
        returns = np.where(spend > 0, value / np.maximum(spend, 1), overall)
        if not returns.sum() > 0:
            returns = np.ones(len(before.recent))
        shares = tuple((returns / returns.sum()).tolist())
        money = sum(before.recent)
        if self._shares:
            step = Step(before.on, _amounts(self._shares, money), _amounts(shares, money))
            if step.largest >= self.terms.smallest_move:
                self.steps.append(step)
        self._shares, self._set_on = shares, before.on
        return shares


@dataclass(slots=True)
class Allocated:
    """As the product would: it looks every morning, moves within its limits, and is approved at once."""

    terms: Terms
    arms: Sequence[Arm]
    late: int  # days until the results of a day are in
    seed: int
    steps: list[Step] = field(default_factory=list)
    contradictions: int = 0
    _amounts: dict[str, int] = field(default_factory=dict)
    _moved: dict[str, date] = field(default_factory=dict)
    _state: State = field(default_factory=State)

    def weights(self, before: Yesterday) -> Sequence[float]:
        """The amounts of the day, after this morning's look."""
        unit = self.terms.unit_micros
        usual = {
            arm.key: max(mean // unit, 1) * unit
            for arm, mean in zip(self.arms, before.recent, strict=True)
            if mean > 0
        }
        running = [self._arm(arm, usual[arm.key], before.on) for arm in self.arms if arm.key in usual]
        self._amounts = {arm.key: arm.daily_micros for arm in running}
        free = [arm for arm in running if not arm.locked]
        if len(free) > 1 and any(self._rested(arm, before.on) for arm in free):
            self._look(running, sum(usual.values()), before.on)
        return [float(self._amounts.get(arm.key, 0)) for arm in self.arms]

    def _arm(self, arm: Arm, usual: int, on: date) -> Arm:
        """An arm as it stood that morning in this course; how it stands today is forgotten."""
        newest = on - timedelta(days=max(self.late, 1))
        return replace(
            arm,
            daily_micros=usual if arm.locked else self._amounts.get(arm.key, usual),
            history=tuple(day for day in arm.history if day.day <= newest),
            last_moved_on=self._moved.get(arm.key),
            learning_until=None,
            anomaly=False,
            points=(),
        )

    def _rested(self, arm: Arm, on: date) -> bool:
        return arm.last_moved_on is None or on >= arm.last_moved_on + timedelta(days=self.terms.move_days)

    def _look(self, running: list[Arm], budget: int, on: date) -> None:
        terms = replace(self.terms, budget_micros=budget, exploration=Exploration.GREEDY)
        posterior = learn(terms, running, on, maturation=Maturation.after(max(self.late, 1)))
        found = look(terms, running, posterior, self._state, on, self.seed + on.toordinal())
        if found.decision is Decision.INFEASIBLE:
            self.contradictions += 1
            return
        changed = [arm for arm in found.arms if arm.new_micros != arm.kept_micros]
        if not changed:
            return
        parts = {arm.key: arm for arm in found.arms}
        self.steps.append(
            Step(
                on,
                tuple(parts[arm.key].kept_micros if arm.key in parts else 0 for arm in self.arms),
                tuple(parts[arm.key].new_micros if arm.key in parts else 0 for arm in self.arms),
                found.decision is Decision.ROLL_BACK,
            )
        )
        self._state = self._state.moved(found, on=on)
        self._moved.update({arm.key: on for arm in changed})
        self._amounts = {arm.key: arm.new_micros for arm in found.arms}


def _amounts(shares: Sequence[float], money: int) -> tuple[int, ...]:
    """About what shares come to; for telling a step, not for spending."""
    return tuple(round(share * money) for share in shares)
