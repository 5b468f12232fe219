"""Water-filling: the split of a budget at which every arm that is free to move has the same marginal value.

The marginal value of each arm is tabulated between its bounds once; its inverse is nearly linear, so reading the
table backwards is exact enough to be rounded to whole currency units afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.allocation.curves import NEVER_ZERO, Curves, Floats

POINTS, FINE_POINTS = 48, 256  # of the table, for many portfolios and for few
FEW = 20
HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Demand:
    """How much each arm [P, n] would take at a price, within its bounds."""

    least: Floats
    most: Floats
    now: Floats
    cost: float  # value lost per unit of money moved; it makes small moves stay at home
    grid: Floats  # [P, n, points] spend
    inverse: Floats  # [P, n, points] 1 / marginal value there, never falling

    @classmethod
    def of(cls, curves: Curves, least: Floats, most: Floats, now: Floats, cost: float = 0.0) -> Demand:
        """Tabulate the curves between the bounds, closer together near the lower one."""
        place = np.linspace(0, 1, FINE_POINTS if len(least) <= FEW else POINTS) ** 2
        grid = least[..., None] + (most - least)[..., None] * place
        parts = curves.weights[..., None, :] / (1 + grid[..., None] / curves.bend[..., None, :])
        inverse = 1 / np.maximum(parts.sum(axis=-1), NEVER_ZERO)
        return cls(least, most, now, cost, grid, np.maximum.accumulate(inverse, axis=-1))

    def at(self, price: Floats) -> Floats:
        """Spend [P, n] at a price for each arm."""
        if not self.cost:
            return self._take(1 / price)
        up = self._take(1 / (price + self.cost))
        cheap = price - self.cost
        down = self._take(1 / np.maximum(cheap, NEVER_ZERO))
        return np.minimum(np.maximum(self.now, up), down)

    def prices(self) -> tuple[Floats, Floats]:
        """Logarithms of prices [P] below and above which nothing changes any more."""
        highest = np.log(1 / self.inverse.min(axis=(1, 2)) + self.cost) + 0.01
        lowest = np.log(np.maximum(1 / self.inverse.max(axis=(1, 2)) - self.cost, NEVER_ZERO)) - 0.01
        return lowest, highest

    def _take(self, wanted: Floats) -> Floats:
        place = (self.inverse < wanted[..., None]).sum(axis=-1)
        left = np.clip(place - 1, 0, self.grid.shape[-1] - 2)[..., None]
        low = np.take_along_axis(self.inverse, left, axis=-1)[..., 0]
        high = np.take_along_axis(self.inverse, left + 1, axis=-1)[..., 0]
        part = np.clip((wanted - low) / np.maximum(high - low, NEVER_ZERO * high), 0.0, 1.0)
        start = np.take_along_axis(self.grid, left, axis=-1)[..., 0]
        end = np.take_along_axis(self.grid, left + 1, axis=-1)[..., 0]
        return np.asarray(start + part * (end - start))


def fill(demand: Demand, budget: Floats) -> tuple[Floats, Floats]:
    """The best split [P, n] of each budget [P] within the bounds, and its price [P].

    Bounds that cannot hold the budget are the caller's to find; the answer is then the nearest bound.
    """
    low, high = demand.prices()
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        over = demand.at(np.exp(middle)[:, None]).sum(axis=1) > budget
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    price = np.exp(high)
    return settle(demand.at(price[:, None]), demand.least, demand.most, budget), price


def settle(split: Floats, least: Floats, most: Floats, budget: Floats) -> Floats:
    """Hand out what the search left over, in proportion to the room each arm has."""
    missing = budget - split.sum(axis=1)
    room = np.where(missing[:, None] > 0, most - split, split - least)
    total = room.sum(axis=1)
    part = np.clip(np.divide(missing, total, out=np.zeros_like(missing), where=total > 0), -1, 1)
    return np.asarray(split + np.abs(part)[:, None] * room * np.sign(missing)[:, None])
