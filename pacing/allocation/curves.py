"""Response curves: what a day's spend returns, and how sure that is. Arrays of any leading shape, no units.

An arm's curve is a mixture over a grid of bends kappa: value(x) = sum_k p_k a_k kappa_k log(1 + x / kappa_k), with
a Gaussian belief about each slope a_k. Every part is concave, so the mixture is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BENDS: Floats = np.array([0.15, 0.4, 1.0, 2.5, 6.0, 20.0])  # in units of an arm's usual spend
NEVER_ZERO = 1e-12


def gain_of(spend: Floats, bend: Floats) -> Floats:
    """Value per unit of slope: kappa log(1 + x / kappa)."""
    return np.asarray(bend * np.log1p(spend / bend))


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves [.., K] of arms [..]. The slope is value per unit of spend at the very start of the curve."""

    bend: Floats
    mean: Floats  # of the slope; never negative
    sd: Floats
    probability: Floats  # of each bend; sums to one

    @property
    def weights(self) -> Floats:
        """Expected slope of each part of the mixture."""
        return np.asarray(self.probability * self.mean)

    def value(self, spend: Floats) -> Floats:
        """Expected value [..] of a day's spend [..]."""
        return np.asarray((self.weights * gain_of(spend[..., None], self.bend)).sum(axis=-1))

    def marginal(self, spend: Floats) -> Floats:
        """Expected value [..] of one more unit of spend."""
        return np.asarray((self.weights / (1 + spend[..., None] / self.bend)).sum(axis=-1))

    def draw(self, rng: np.random.Generator, draws: int) -> Draws:
        """Possible truths: for each arm and draw one bend and one slope."""
        cumulative = np.cumsum(self.probability, axis=-1)[..., None, :]
        shape = (*self.probability.shape[:-1], draws)
        part = np.minimum((rng.random(shape)[..., None] > cumulative).sum(axis=-1), self.bend.shape[-1] - 1)
        mean = np.take_along_axis(self.mean, part, axis=-1)
        sd = np.take_along_axis(self.sd, part, axis=-1)
        slope = np.maximum(mean + sd * rng.standard_normal(shape), 0.0)
        return Draws(np.take_along_axis(self.bend, part, axis=-1), slope)

    def pessimistic(self, sds: float) -> Curves:
        """The same curves with every slope that many standard deviations lower."""
        return Curves(self.bend, np.maximum(self.mean - sds * self.sd, 0.0), self.sd, self.probability)

    def rows(self, chosen: Any) -> Curves:
        """Some of the arms or portfolios."""
        return Curves(self.bend[chosen], self.mean[chosen], self.sd[chosen], self.probability[chosen])


@dataclass(frozen=True, slots=True)
class Draws:
    """S possible truths of each arm: bends and slopes [.., S]."""

    bend: Floats
    slope: Floats

    def value(self, spend: Floats) -> Floats:
        """Value [.., S] of a day's spend [..] under each truth."""
        return np.asarray(self.slope * gain_of(spend[..., None], self.bend))

    def curves(self) -> Curves:
        """Each truth as a curve of its own [.., S, 1]."""
        slope = self.slope[..., None]
        return Curves(self.bend[..., None], slope, np.zeros_like(slope), np.ones_like(slope))
