"""Taking a move back when the days since say that it hurt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pacing.allocation.answers import Finding, Number
from pacing.allocation.situation import Look
from pacing.allocation.state import State
from pacing.allocation.whole import whole_units

LONGEST_DAYS = 28  # an older move is history; the curves have long learned from it


@dataclass(frozen=True, slots=True)
class Undone:
    """The split that takes a move back, and why."""

    amounts: tuple[int, ...]
    finding: Finding
    on: date


def taken_back(state: State, about: Look) -> Undone | None:
    """The split before the last move, if that move lost value with the probability the terms ask for.

    It is judged by today's curves, which have learned from the days since. The step limit and the pause between
    moves do not stand in its way; locks, learning phases, anomalies, minimums and caps do.
    """
    move, terms, limits = state.last_move, about.terms, about.limits
    if move is None:
        return None
    age = about.today - move.on
    keys = [arm.key for arm in about.arms]
    if not timedelta(days=terms.rollback_days) <= age <= timedelta(days=LONGEST_DAYS):
        return None
    if set(keys) != set(move.before) or any(move.after[arm.key] != arm.daily_micros for arm in about.arms):
        return None  # arms came or went, or somebody moved since: there is nothing to go back to
    before = [float(move.before[key]) for key in keys]
    scale = terms.budget_micros / max(sum(before), 1.0)
    free = [held in ("", "recent_move") for held in limits.held]
    least = [low if f else kept for low, f, kept in zip(limits.floor, free, limits.kept, strict=True)]
    most = [high if f else kept for high, f, kept in zip(limits.ceiling, free, limits.kept, strict=True)]
    amounts = whole_units(
        np.asarray(before) * scale, least, most, terms.budget_micros, terms.unit_micros, limits.groups
    )
    if amounts is None or amounts == limits.kept:
        return None
    lost = -about.gains(amounts, limits.kept)  # what the move cost, a day
    probability = float((lost > about.moving_cost(limits.kept, amounts)).mean())
    if float(lost.mean()) <= 0 or probability <= terms.rollback_probability:
        return None
    numbers: dict[str, Number] = {
        "day": move.on.isoformat(),
        "probability": probability,
        "gain": -float(lost.mean()) * terms.horizon_days,
        "days": terms.horizon_days,
    }
    return Undone(amounts, Finding("roll_back", numbers), move.on)
