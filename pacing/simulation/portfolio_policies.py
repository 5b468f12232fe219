"""Ways people split a budget without curves: the baselines an allocator has to beat."""

from __future__ import annotations

import numpy as np

from pacing.simulation.portfolio_runs import SplitView
from pacing.simulation.portfolios import FLOOR, WARM_UP_DAYS, Floats

STEP = 0.2
WINDOW_DAYS = 28


class Equal:
    """The same for every arm, always."""

    def split(self, view: SplitView) -> Floats:
        """Nothing changes."""
        return view.amounts


class RoasProportional:
    """Budget in proportion to the average return per unit of spend so far."""

    def __init__(self, every: int = 3, step: float = STEP) -> None:
        self.every, self.step = every, step

    def split(self, view: SplitView) -> Floats:
        """Towards the average returns, one step at a time."""
        if (view.day - WARM_UP_DAYS) % self.every:
            return view.amounts
        returns = mean_returns(view, None)
        return steps_towards(view, returns / returns.sum(axis=1, keepdims=True) * view.budget, self.step)


class WinnersLosers:
    """A fifth more for the better half of the last two weeks, a fifth less for the other half."""

    def __init__(self, every: int = 3, step: float = STEP) -> None:
        self.every, self.step = every, step

    def split(self, view: SplitView) -> Floats:
        """Winners up, losers down, then everything scaled to the budget."""
        if (view.day - WARM_UP_DAYS) % self.every:
            return view.amounts
        returns = mean_returns(view, 14)
        better = returns > np.median(returns, axis=1, keepdims=True)
        return steps_towards(view, view.amounts * np.where(better, 1 + self.step, 1 - self.step), self.step)


def mean_returns(view: SplitView, window: int | None) -> Floats:
    """Value per unit of spend [P, n] over the usable days of the window, or over all of them."""
    first = 0 if window is None else max(view.day - window, 0)
    value = view.value[:, first:]
    known = np.isfinite(value)
    spend = np.where(known, view.spend[:, first:], 0.0).sum(axis=1)
    return np.asarray(np.where(known, value, 0.0).sum(axis=1) / np.maximum(spend, 1e-9) + 1e-6)


def steps_towards(view: SplitView, target: Floats, step: float) -> Floats:
    """The nearest split to ``target`` that spends the budget within the step and above the floor."""
    low = np.maximum(view.amounts * (1 - step), FLOOR)
    high = np.maximum(view.amounts * (1 + step), low)
    least, most = np.full(view.amounts.shape[0], -view.budget), np.full(view.amounts.shape[0], view.budget)
    for _ in range(60):  # a common shift, found by bisection
        middle = (least + most) / 2
        over = np.clip(target + middle[:, None], low, high).sum(axis=1) > view.budget
        most, least = np.where(over, middle, most), np.where(over, least, middle)
    split = np.clip(target + least[:, None], low, high)
    return np.asarray(split * (view.budget / split.sum(axis=1, keepdims=True)))
