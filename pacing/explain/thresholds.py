"""What would have changed a decision: the controllers are asked again with one input moved until they answer otherwise."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from pacing.controllers import UNKNOWN, Action, Observation, PlanTerms, State, decide
from pacing.controllers.base import Floats, Ints

# Shares of the input that are tried, nearest first; a flip between two of them is then narrowed down.
_STEPS = np.array([0.01, 0.02, 0.04, 0.06, 0.09, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0])
_NARROWING = 16  # points between the last same answer and the first other one, twice


class Axis(StrEnum):
    """Which input is moved."""

    YESTERDAY = "yesterday"
    AMOUNT = "amount"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Flip:
    """The nearest value of one input at which the controllers answer something else; None when no tried value does."""

    axis: Axis
    value_micros: int
    other_micros: int | None
    outcome: Action | None
    lowest_micros: int  # the values tried reach from here
    highest_micros: int  # to here


def flips_of(terms: PlanTerms, seen: Observation, state: State, action: Action) -> list[Flip]:
    """Flips of one plan's decision for every input that is known. Takes one row, asks the controllers three times."""
    found = [_Search(axis, value) for axis in Axis if (value := _value_of(axis, terms, seen)) is not None]
    if not found:
        return []
    factors = np.concatenate([1 - _STEPS[::-1], 1 + _STEPS])
    asked = [np.unique(search.values_at(factors, terms)) for search in found]
    answers = _ask(terms, seen, state, found, asked)
    for search, values, got in zip(found, asked, answers, strict=True):
        search.keep(values, got, action)
    for _ in range(2):
        inner = [search for search in found if search.other is not None and search.gap(terms) > 1]
        if not inner:
            break
        asked = [search.between(terms) for search in inner]
        answers = _ask(terms, seen, state, inner, asked)
        for search, values, got in zip(inner, asked, answers, strict=True):
            search.keep(values, got, action)
    return [
        Flip(one.axis, one.value, one.other, one.outcome, one.lowest, one.highest)
        for one in found
        if one.highest > one.lowest
    ]


@dataclass(slots=True)
class _Search:
    """How far one input was moved, and the nearest value with another answer."""

    axis: Axis
    value: int
    other: int | None = None
    same: int = 0
    outcome: Action | None = None
    lowest: int = 0
    highest: int = 0

    def values_at(self, factors: Floats, terms: PlanTerms) -> Ints:
        """The input scaled, in whole units of the currency; an amount is never nothing."""
        unit = int(terms.unit_micros[0])
        values = np.rint(self.value * factors / unit).astype(np.int64) * unit
        least = unit if self.axis is Axis.AMOUNT else 0
        return values[values >= least]

    def gap(self, terms: PlanTerms) -> int:
        """How many whole units lie between the last same and the first other value."""
        return abs((self.other or 0) - self.same) // int(terms.unit_micros[0])

    def between(self, terms: PlanTerms) -> Ints:
        """Values from the last same answer to the first other one."""
        unit = int(terms.unit_micros[0])
        ends = np.linspace(self.same / unit, (self.other or 0) / unit, _NARROWING + 1)[1:]
        return np.unique(np.rint(ends).astype(np.int64) * unit)

    def keep(self, values: Ints, answers: Ints, action: Action) -> None:
        """Take the nearest other answer, and the farthest same answer before it on that side."""
        if self.other is None:
            self.lowest, self.highest = int(values.min()), int(values.max())
        other = np.flatnonzero(answers != action)
        if not other.size:
            return
        nearest = other[np.argmin(np.abs(values[other] - self.value))]
        self.other, self.outcome = int(values[nearest]), Action(int(answers[nearest]))
        inside = (answers == action) & (np.abs(values - self.value) < abs(self.other - self.value))
        side = np.sign(values - self.value) == np.sign(self.other - self.value)
        closer = values[inside & side]
        if closer.size:
            self.same = int(closer[np.argmax(np.abs(closer - self.value))])
        elif self.same == 0 or abs(self.same - self.value) > abs(self.other - self.value):
            self.same = self.value


def _value_of(axis: Axis, terms: PlanTerms, seen: Observation) -> int | None:
    """The input as it was; None where it was not known, so that nothing is said about it."""
    if axis is Axis.AMOUNT:
        return int(terms.amount_micros[0])
    if axis is Axis.BUDGET:
        known = int(seen.budget_micros[0])
        return None if known in (UNKNOWN, 0) else known
    yesterday = int(seen.day[0]) - 2
    if not 0 <= yesterday < seen.spend_micros.shape[1]:
        return None
    spent = int(seen.spend_micros[0, yesterday])
    return None if spent in (UNKNOWN, 0) else spent


def _ask(
    terms: PlanTerms, seen: Observation, state: State, searches: list[_Search], asked: list[Ints]
) -> list[Ints]:
    """The controllers' actions for every value of every search, in one call."""
    sizes = [values.size for values in asked]
    rows = np.zeros(sum(sizes), dtype=np.int64)
    many_terms, many_seen, many_state = terms.take(rows), seen.take(rows), state.take(rows)
    amount, budget = many_terms.amount_micros.copy(), many_seen.budget_micros.copy()
    spend = many_seen.spend_micros.copy()
    start = 0
    for search, values in zip(searches, asked, strict=True):
        part = slice(start, start + values.size)
        if search.axis is Axis.AMOUNT:
            amount[part] = values
        elif search.axis is Axis.BUDGET:
            budget[part] = values
        else:
            spend[part, int(seen.day[0]) - 2] = values
        start += values.size
    decision, _ = decide(
        dataclasses.replace(many_terms, amount_micros=amount),
        dataclasses.replace(many_seen, budget_micros=budget, spend_micros=spend),
        many_state,
    )
    return list(np.split(decision.action, np.cumsum(sizes)[:-1]))
