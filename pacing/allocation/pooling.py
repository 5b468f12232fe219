"""What arms tell about each other: the prior of a slope, learned from the arms of the same pool.

Empirical Bayes by the method of moments (DerSimonian and Laird): the spread between arms that their own noise does
not explain is how much an arm may differ from its pool. A small pool leans on the portfolio as a whole.
"""

from __future__ import annotations

import numpy as np

from pacing.allocation.curves import NEVER_ZERO, Floats

LEANING = 2.0  # a pool of this many arms is half itself and half the portfolio
USUAL_SPREAD = 0.5  # relative spread between arms, as far as the arms cannot tell


def prior_of(slope: Floats, precision: Floats, pools: Floats) -> tuple[Floats, Floats]:
    """Mean and variance [P, n, K] of each arm's slope before its own days are seen.

    ``slope`` and ``precision`` [P, n, K] are what each arm says alone (precision 0: nothing), ``pools`` [P, n, G]
    says which pool an arm is in.
    """
    everybody = np.ones((*pools.shape[:2], 1))
    all_mean, all_spread, _ = _moments(slope, precision, everybody)
    mean, spread, size = _moments(slope, precision, pools)
    share = (size / (size + LEANING))[..., None]
    mean = share * mean + (1 - share) * all_mean
    spread = share * spread + (1 - share) * all_spread
    return np.einsum("png,pgk->pnk", pools, mean), np.einsum("png,pgk->pnk", pools, spread)


def _moments(slope: Floats, precision: Floats, pools: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, variance [P, G, K] and number of arms with data [P, G] of each pool."""

    def summed(values: Floats) -> Floats:
        return np.asarray(np.einsum("png,pnk->pgk", pools, values))

    known = precision > 0
    size = summed(known[..., :1].astype(np.float64))[..., 0]
    total = np.maximum(summed(precision), NEVER_ZERO)
    crude = summed(precision * slope) / total
    away = slope - np.einsum("png,pgk->pnk", pools, crude)
    excess = summed(precision * away**2) - (size - 1)[..., None]
    scale = total - summed(precision**2) / total
    between = np.where(scale > total * 1e-9, np.maximum(excess, 0) / np.maximum(scale, NEVER_ZERO), 0.0)
    usual = (USUAL_SPREAD * crude) ** 2
    counted = np.maximum(size - 1, 0)[..., None]
    variance = np.maximum((counted * between + usual) / (counted + 1), (0.05 * crude) ** 2)
    variance = np.maximum(variance, NEVER_ZERO)
    spread = np.einsum("png,pgk->pnk", pools, variance)
    weight = np.where(known, 1 / (1 / np.maximum(precision, NEVER_ZERO) + spread), 0.0)
    mean = summed(weight * slope) / np.maximum(summed(weight), NEVER_ZERO)
    return mean, variance, size
