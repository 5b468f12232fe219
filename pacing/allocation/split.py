"""The best split of one portfolio within its limits, groups included, in whole currency units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pacing.allocation.curves import NEVER_ZERO, Curves, Floats
from pacing.allocation.water import HALVINGS, Demand, fill, settle
from pacing.allocation.whole import GroupBound, whole_units

MICROS = 1_000_000
ROUNDS = 200  # of taking turns between dimensions of groups
CLOSE = 1e-7  # of the budget: a group is that near to its share when the turns end


@dataclass(frozen=True, slots=True)
class Split:
    """Amounts in micros that add up to the budget, and what one more unit is worth."""

    amounts: tuple[int, ...]
    price: float  # value per currency unit at the margin
    tilt: tuple[float, ...]  # what the group limits add to the price of each arm


def split_budget(
    curves: Curves,
    now: Sequence[int],
    least: Sequence[int],
    most: Sequence[int],
    budget: int,
    unit: int,
    *,
    groups: Sequence[GroupBound] = (),
    cost: float = 0.0,
) -> Split | None:
    """Maximise the curves' value less the cost of moving; None when no whole split keeps every bound."""
    low, high, here = (np.asarray([list(each)], dtype=np.float64) / MICROS for each in (least, most, now))
    demand = Demand.of(curves, low, high, here, cost)
    total = np.array([budget / MICROS])
    if groups:
        amounts, price, tilt = _fill_groups(demand, float(total[0]), groups)
    else:
        amounts, prices = fill(demand, total)
        price, tilt = float(prices[0]), np.zeros(len(now))
    parts = whole_units(amounts[0] * MICROS, least, most, budget, unit, groups)
    return None if parts is None else Split(parts, price, tuple(tilt.tolist()))


def _fill_groups(demand: Demand, budget: float, groups: Sequence[GroupBound]) -> tuple[Floats, float, Floats]:
    """Split, price and tilt [n]: each dimension of groups is solved exactly while the others' prices stand still."""
    dimensions = [
        [group for group in groups if group.dimension == name]
        for name in dict.fromkeys(group.dimension for group in groups)
    ]
    tilts = [np.zeros(demand.least.shape[1]) for _ in dimensions]
    price = 0.0
    for _ in range(ROUNDS if len(dimensions) > 1 else 1):
        for index, rows in enumerate(dimensions):
            others = np.sum([tilt for place, tilt in enumerate(tilts) if place != index], axis=0)
            price, tilts[index] = _one_dimension(demand, budget, rows, others + np.zeros(len(tilts[index])))
        tilt = np.sum(tilts, axis=0)
        split = _at(demand, price + tilt)
        if all(_miss(split, group) <= CLOSE * budget for group in groups):
            break
    settled = settle(split[None], demand.least, demand.most, np.array([budget]))
    return settled, price, tilt


def _one_dimension(
    demand: Demand, budget: float, rows: Sequence[GroupBound], others: Floats
) -> tuple[float, Floats]:
    """Price, and tilt [n] of the groups whose limit binds, so that everything adds up to the budget."""
    free = ~np.any([group.members for group in rows], axis=0)
    reach = float(np.abs(others).max()) + float(np.exp(demand.prices()[1][0])) + demand.cost
    low, high = -2 * reach, 2 * reach

    def taken(price: float) -> float:
        split = _at(demand, price + others)
        inside = sum(
            min(max(float(split[group.members].sum()), group.least / MICROS), group.most / MICROS)
            for group in rows
        )
        return inside + float(split[free].sum())

    for _ in range(HALVINGS + 20):
        middle = (low + high) / 2
        low, high = (middle, high) if taken(middle) > budget else (low, middle)
    price = high
    tilt = np.zeros(len(others))
    for group in rows:
        held = float(_at(demand, price + others)[group.members].sum())
        wish = min(max(held, group.least / MICROS), group.most / MICROS)
        if abs(wish - held) > CLOSE * budget:
            tilt[group.members] = _tilt(demand, price, others, group, wish, 4 * reach)
    return price, tilt


def _tilt(
    demand: Demand, price: float, others: Floats, group: GroupBound, wish: float, reach: float
) -> float:
    """The least that has to be added to the price of a group's arms for them to take their share."""

    def held(tilt: float) -> float:
        return float(_at(demand, price + others + tilt)[group.members].sum())

    near, far = 0.0, reach if held(0.0) > wish else -reach
    for _ in range(HALVINGS + 20):
        middle = (near + far) / 2
        enough = held(middle) <= wish if far > 0 else held(middle) >= wish
        near, far = (near, middle) if enough else (middle, far)
    return far


def _at(demand: Demand, price: Floats) -> Floats:
    return np.asarray(demand.at(np.maximum(price, NEVER_ZERO)[None])[0])


def _miss(split: Floats, group: GroupBound) -> float:
    held = float(split[group.members].sum())
    return max(group.least / MICROS - held, held - group.most / MICROS, 0.0)
