"""What one look works with: limits, curves and the possible truths it draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from pacing.allocation.answers import Band
from pacing.allocation.curves import Draws, Floats
from pacing.allocation.guide import Guide, guide_of
from pacing.allocation.learning import Learned
from pacing.allocation.limits import Limits
from pacing.allocation.posterior import MICROS, Posterior
from pacing.allocation.records import Arm, Terms

SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Look:
    """What one look works with."""

    terms: Terms
    arms: Sequence[Arm]
    limits: Limits
    posterior: Posterior
    learned: Learned
    guide: Guide
    draws: Draws
    noise: Floats
    today: date
    seed: int

    @property
    def cost(self) -> float:
        """Value a day lost per currency unit moved, spread over the horizon."""
        return self.terms.cost_per_moved / self.terms.horizon_days

    def spend(self, amounts: Sequence[int]) -> Floats:
        """Amounts [1, n] in currency units."""
        return np.asarray([list(amounts)], dtype=np.float64) / MICROS

    def gains(self, old: Sequence[int], new: Sequence[int]) -> Floats:
        """Gain [S] a day of one split over another, by the blend."""
        return np.asarray(self.guide.gains(self.draws, self.noise, self.spend(old), self.spend(new))[0])

    def values(self, amounts: Sequence[int]) -> Floats:
        """Value [n, S] a day by the curves alone."""
        return np.asarray(self.draws.value(self.spend(amounts))[0])

    def moving_cost(self, old: Sequence[int], new: Sequence[int]) -> float:
        """Value a day lost by moving from one split to another."""
        return self.cost * float(np.abs(self.spend(new) - self.spend(old)).sum())

    def low_return(self, amounts: Sequence[int]) -> float:
        """Value per currency unit that a split exceeds with the confidence the terms ask for."""
        total = self.values(amounts).sum(axis=0)
        return float(np.quantile(total, 1 - self.terms.roas_confidence)) / (self.terms.budget_micros / MICROS)


def situation(
    terms: Terms, arms: Sequence[Arm], limits: Limits, posterior: Posterior, today: date, seed: int
) -> Look:
    """Curves, the blend and the draws of a look, from its seed."""
    rng = np.random.default_rng([seed, 1])
    learned = posterior.learned([arm.key for arm in arms])
    kept = np.asarray([list(limits.kept)], dtype=np.float64) / MICROS
    share = np.array([terms.budget_micros / MICROS / len(arms)])
    guide = guide_of(learned, kept, share, terms.blend)
    draws = learned.curves.draw(rng, SAMPLES)
    noise = rng.standard_normal((*kept.shape, SAMPLES))
    return Look(terms, arms, limits, posterior, learned, guide, draws, noise, today, seed)


def band(samples: Floats) -> Band:
    """Mean and percentiles of draws."""
    low, middle, high = np.quantile(samples, [0.1, 0.5, 0.9]).tolist()
    return Band(float(samples.mean()), low, middle, high)
