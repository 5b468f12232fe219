"""What other splits of past days would have returned: the days' own results plus a modelled difference.

Curves of the family that decides are fitted on the whole past, every day alike. It is a model: what an arm would have
returned at an amount it never had is not known to anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pacing.allocation.answers import Band
from pacing.allocation.curves import Draws, Flags, Floats
from pacing.allocation.learning import Evidence, learn_curves
from pacing.allocation.situation import band

DRAWS = 500
FITS = 25


@dataclass(frozen=True, slots=True)
class Past:
    """Days that are known of every arm, oldest first: currency units and results [D, n]."""

    spend: Floats
    value: Floats
    pools: Sequence[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a split would have returned over all days, and its difference to what was reported."""

    value: Band
    difference: Band
    better: float  # share of the possible truths in which it returned more


@dataclass(frozen=True, slots=True)
class Hindsight:
    """Possible truths of each arm's curve, in multiples of the usual spend and result."""

    draws: Draws  # [n, S]
    money: float
    worth: float

    def outcome(self, real: Floats, reported: float, other: Floats) -> Outcome:
        """Another split [D, n] against the real one [D, n] that returned ``reported``."""
        before, after = (self.draws.value(days / self.money).sum(axis=(0, 1)) for days in (real, other))
        difference = (after - before) * self.worth
        return Outcome(band(reported + difference), band(difference), float((difference > 0).mean()))


def hindsight_of(past: Past, seed: int) -> Hindsight:
    """Curves over every day of a past; a day without spend says nothing about an arm.

    They are fitted to weeks drawn again and again with replacement: days near each other err together, and a fit that
    took each of them for a witness of its own would be too sure.
    """
    rng = np.random.default_rng(seed)
    used: Flags = past.spend > 0
    days, arms = past.spend.shape
    money = float(past.spend[used].mean())
    worth = float(past.value[past.value > 0].mean())
    names = sorted(set(past.pools))
    pools = np.array([[float(pool == name) for name in names] for pool in past.pools])
    shape = (FITS, arms, days)
    weight = used.T[None] * _weeks(days, rng)[:, None, :]
    evidence = Evidence(
        spend=np.broadcast_to(past.spend.T / money, shape),
        value=np.broadcast_to(past.value.T / worth, shape),
        weight=weight,
        dated=np.ones(shape, dtype=np.bool_),
        usual=np.ones(shape[:2]),
        pools=np.broadcast_to(pools, (FITS, *pools.shape)),
    )
    draws = learn_curves(evidence, discount=1.0, watch=False).curves.draw(rng, DRAWS // FITS)

    def by_arm(parts: Floats) -> Floats:
        return np.moveaxis(parts, 0, 1).reshape(arms, -1)

    return Hindsight(Draws(by_arm(draws.bend), by_arm(draws.slope)), money, worth)


def _weeks(days: int, rng: np.random.Generator) -> Floats:
    """How often each day counts in each fit [FITS, days]: as many whole weeks as there are, drawn by lot."""
    week = np.arange(days) // 7
    weeks = int(week[-1]) + 1
    drawn = rng.multinomial(weeks, np.full(weeks, 1 / weeks), size=FITS)
    return np.asarray(drawn[:, week], dtype=np.float64)
