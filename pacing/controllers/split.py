"""Split a plan's new total over its budgets: in proportion, within floors and steps, to the exact unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pacing.controllers.base import Ints
from pacing.controllers.curves import apportion


@dataclass(frozen=True, slots=True)
class Split:
    """New amounts in micros, in the order given, and what the limits left over (0 when all of it fits)."""

    amounts_micros: tuple[int, ...]
    left_over_micros: int  # asked for minus placed; negative when floors or steps force more than asked


def split_total(
    total_micros: int,
    current_micros: Sequence[int],
    *,
    minimum_micros: int | Sequence[int] = 0,
    unit_micros: int = 10_000,
    step_limit: float = 0.2,
) -> Split:
    """Share out ``total_micros``; every part is a whole number of units between its floor and its step limits.

    The part of the total that is no whole unit, or that no budget may take, is reported as left over, never
    quietly dropped. Budgets of zero start from equal parts and have no step limit.
    """
    if not current_micros or total_micros < 0 or unit_micros < 1:
        raise ValueError("A split needs at least one budget, a total of zero or more and a unit.")
    now = np.asarray(current_micros, dtype=np.int64)
    if (now < 0).any():
        raise ValueError("Every current budget has to be known before a total is split over them.")
    floors = np.broadcast_to(np.asarray(minimum_micros, dtype=np.int64), now.shape)
    low, high = _bounds(now, floors, unit_micros, step_limit, total_micros)
    parts = _fill(total_micros // unit_micros, now, low, high)
    amounts = tuple(int(part) * unit_micros for part in parts)
    return Split(amounts, total_micros - sum(amounts))


def _bounds(now: Ints, floors: Ints, unit: int, step: float, total: int) -> tuple[Ints, Ints]:
    """Lowest and highest units of each budget. A floor wins over a step only up to today's amount."""
    per_million = round(step * 1_000_000)
    down = [-((-amount * (1_000_000 - per_million)) // (1_000_000 * unit)) for amount in now.tolist()]
    up = [amount * (1_000_000 + per_million) // (1_000_000 * unit) for amount in now.tolist()]
    low, high = np.array(down, dtype=np.int64), np.array(up, dtype=np.int64)
    floor_units = -(-floors // unit)
    starting = now == 0
    low = np.where(starting, floor_units, np.maximum(low, np.minimum(floor_units, np.maximum(high, low))))
    high = np.where(starting, np.maximum(total // unit, floor_units), np.maximum(high, low))
    return np.maximum(low, 0), high


def _fill(units: int, now: Ints, low: Ints, high: Ints) -> Ints:
    """Proportional parts clipped into their bounds; what a bound cuts off goes to the others, again and again."""
    units = min(max(units, int(low.sum())), int(high.sum()))
    weights = np.where(now > 0, now, now[now > 0].mean() if (now > 0).any() else 1.0).astype(np.float64)
    parts = low.copy()
    open_rows = np.arange(now.size)
    rest = units
    while open_rows.size:
        share = apportion(rest, weights[open_rows])
        under, over = share < low[open_rows], share > high[open_rows]
        if not under.any() and not over.any():
            parts[open_rows] = share
            break
        # Fix the side that binds more, as one has to before the other can be judged.
        missing = int((low[open_rows] - share)[under].sum())
        surplus = int((share - high[open_rows])[over].sum())
        fixed = under if missing >= surplus else over
        rows = open_rows[fixed]
        parts[rows] = low[rows] if missing >= surplus else high[rows]
        rest -= int(parts[rows].sum())
        open_rows = open_rows[~fixed]
    return parts
