"""Decide many portfolios at once, as arrays without units: the same steps as one look, without its bookkeeping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.allocation.curves import Floats
from pacing.allocation.guide import guide_of
from pacing.allocation.learning import Learned
from pacing.allocation.water import Demand, fill

DRAWS = 200


@dataclass(frozen=True, slots=True)
class Habits:
    """How a portfolio moves; the defaults are those of the product's terms."""

    step: float = 0.20
    floor: float = 0.10  # of an equal share
    blend: float = 0.6
    least_probability: float = 0.80
    thompson: bool = False


def choose(
    learned: Learned, now: Floats, budget: Floats, rng: np.random.Generator, habits: Habits | None = None
) -> Floats:
    """New splits [P, n] of each budget [P]: the best within a step, or none where a gain is not likely enough."""
    habits = habits or Habits()
    share = budget / now.shape[1]
    floor = habits.floor * share[:, None]
    least = np.maximum(now * (1 - habits.step), floor)
    most = np.maximum(now * (1 + habits.step), least)
    if habits.thompson:
        truth = learned.curves.draw(rng, 1).curves().rows((slice(None), slice(None), 0))
        return fill(Demand.of(truth, least, most, now), budget)[0]
    guide = guide_of(learned, now, share, habits.blend)
    new, _ = fill(Demand.of(guide.curves, least, most, now), budget)
    draws = learned.curves.draw(rng, DRAWS)
    gains = guide.gains(draws, rng.standard_normal((*now.shape, DRAWS)), now, new)
    likely = (gains > 0).mean(axis=1) >= habits.least_probability
    return np.asarray(np.where(likely[:, None], new, now))
