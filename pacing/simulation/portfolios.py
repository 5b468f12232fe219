"""Random portfolios: what each arm would return at any spend, drawn once per seed, and the best split there is.

An arm's true curve is a Hill curve, so no allocator's model of it is right. Money and value are in units of an
arm's equal share of the daily budget: a portfolio of n arms has a budget of n a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WARM_UP_DAYS = 14
LATE_DAYS = 2  # conversions of a day are usable this many days later
FLOOR = 0.1  # of an equal share: no arm is ever starved of it
SPEND_NOISE, VALUE_NOISE, DRIFT = 0.12, 0.25, 0.02
EVENTS_PER_VALUE = 10.0  # conversions behind one unit of value


class Variant(StrEnum):
    """Markets to try the same policies on."""

    USUAL = "usual"
    NOISY = "noisy"  # outcomes twice as noisy
    BREAKS = "breaks"  # a third of the arms change for good, once


@dataclass(frozen=True, slots=True)
class Portfolios:
    """P portfolios of n arms over the warm-up and D days. Nothing here depends on what a policy does."""

    days: int  # counted days; the warm-up comes before them
    scale: Floats  # [P, T, n] height of each arm's curve on each day
    bend: Floats  # [P, n] spend at which an arm has half its height
    shape: Floats  # [P, n] Hill exponent
    spend_noise: Floats  # [P, T, n] spend as a multiple of the budget
    value_noise: Floats  # [P, T, n] outcome as a multiple of the expected value

    @property
    def count(self) -> int:
        """Number of portfolios."""
        return int(self.bend.shape[0])

    @property
    def arms(self) -> int:
        """Number of arms of each."""
        return int(self.bend.shape[1])

    @property
    def budget(self) -> float:
        """Daily budget of each portfolio: one a day and arm."""
        return float(self.arms)

    def value(self, day: int, spend: Floats) -> Floats:
        """Expected value [P, n] of a day's spend."""
        return hill(spend, self.scale[:, day], self.bend, self.shape)


def draw(
    count: int,
    days: int,
    rng: np.random.Generator,
    *,
    arms: int = 8,
    variant: Variant = Variant.USUAL,
) -> Portfolios:
    """Draw ``count`` portfolios of ``arms`` arms for ``days`` counted days after the warm-up."""
    total = WARM_UP_DAYS + days
    shape = (count, total, arms)
    worth = rng.lognormal(0, 0.5, (count, arms))
    bend = rng.lognormal(0, 0.7, (count, arms))
    exponent = rng.uniform(0.7, 1.4, (count, arms))
    drift = np.cumsum(rng.normal(0, DRIFT, shape), axis=1)
    scale = 3 * (worth * bend)[:, None, :] * np.exp(drift)
    if variant is Variant.BREAKS:
        start = rng.integers(WARM_UP_DAYS, total, (count, arms))
        size = np.where(rng.random((count, arms)) < 0.5, 1 / 1.8, 1.8)
        broken = rng.random((count, arms)) < 1 / 3
        later = np.arange(total)[None, :, None] >= start[:, None, :]
        scale = np.where(later & broken[:, None, :], scale * size[:, None, :], scale)
    noise = VALUE_NOISE * (2 if variant is Variant.NOISY else 1)
    return Portfolios(
        days=days,
        scale=scale,
        bend=bend,
        shape=exponent,
        spend_noise=np.exp(rng.normal(0, SPEND_NOISE, shape) - SPEND_NOISE**2 / 2),
        value_noise=np.exp(rng.normal(0, noise, shape) - noise**2 / 2),
    )


def hill(spend: Floats, scale: Floats, bend: Floats, shape: Floats) -> Floats:
    """Value of a day's spend on a Hill curve."""
    power = np.power(np.maximum(spend, 0.0), shape)
    return np.asarray(scale * power / (power + np.power(bend, shape)))


def best_split(portfolios: Portfolios, day: int, points: int = 240) -> Floats:
    """The split [P, n] somebody who knew the true curves would choose on a day.

    Steps of spend are taken in the order of their worth on each curve's concave hull, so a curve that starts
    slowly is bought as far as it pays on average or not at all.
    """
    budget, count, arms = portfolios.budget, portfolios.count, portfolios.arms
    free = budget - FLOOR * arms
    step = free / points
    spend: Floats = FLOOR + step * np.arange(points + 1, dtype=np.float64)
    value = hill(
        spend[None, None, :],
        portfolios.scale[:, day, :, None],
        portfolios.bend[:, :, None],
        portfolios.shape[:, :, None],
    )
    slopes = np.diff(value, axis=2)
    mean = (value[:, :, 1:] - value[:, :, :1]) / np.arange(1, points + 1)
    top = mean.argmax(axis=2)
    first = np.arange(points)[None, None, :] <= top[:, :, None]
    slopes = np.where(first, np.take_along_axis(mean, top[:, :, None], axis=2), slopes)
    flat = slopes.reshape(count, -1)
    taken = np.argpartition(-flat, points - 1, axis=1)[:, :points]
    chosen = np.zeros_like(flat)
    np.put_along_axis(chosen, taken, 1.0, axis=1)
    return np.asarray(FLOOR + step * chosen.reshape(count, arms, points).sum(axis=2))
