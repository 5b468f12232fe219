"""Who sets the budgets in a rehearsal: nobody, or the product's controllers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pacing.controllers import Action, Observation, PlanTerms, State, decide
from pacing.controllers.base import Flags, Floats, Ints


@dataclass(frozen=True, slots=True)
class Orders:
    """Daily budgets and pauses from now on."""

    budget_micros: Ints
    paused: Flags


class Steering(Protocol):
    """Anything that looks and gives orders."""

    def act(self, seen: Observation) -> Orders:
        """Orders for what was seen."""


class Even:
    """Leave the budgets as they are."""

    def act(self, seen: Observation) -> Orders:
        """Never a change."""
        return Orders(seen.budget_micros, seen.paused)


class Paced:
    """The controllers, each answer carried out at once. ``kept_micros`` is the part of a budget that is locked."""

    def __init__(self, terms: PlanTerms, state: State, kept_micros: Ints | None = None) -> None:
        self.terms, self.state = terms, state
        count = terms.amount_micros.shape[0]
        self.kept = np.zeros(count, dtype=np.int64) if kept_micros is None else kept_micros

    def act(self, seen: Observation) -> Orders:
        """Ask and obey, except where the budget is locked."""
        decision, self.state = decide(self.terms, seen, self.state)
        paused = (decision.action == Action.PAUSE) | (seen.paused & (decision.action != Action.RESUME))
        return Orders(self._beside_the_locked(decision.new_budget_micros, seen.budget_micros), paused)

    def _beside_the_locked(self, asked: Ints, now: Ints) -> Ints:
        """What is not locked takes the whole step, within its own step limit."""
        if not self.kept.any():
            return asked
        free = np.maximum(now - self.kept, 0)
        unit, step = self.terms.unit_micros, self.terms.step_limit
        low, high = (_whole(free * (1 + sign * step), unit) for sign in (-1, 1))
        placed = np.clip(asked - self.kept, low, high)
        return np.where((asked == now) | (free == 0), now, self.kept + placed)


def _whole(micros: Floats, unit: Ints) -> Ints:
    return np.asarray((micros / unit).astype(np.int64) * unit)
