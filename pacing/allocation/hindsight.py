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
    """Curves over every day of a past; a day without spend says nothing about an arm."""
    used: Flags = past.spend > 0
    money = float(past.spend[used].mean())
    worth = float(past.value[past.value > 0].mean())
    names = sorted(set(past.pools))
    shape = (1, past.spend.shape[1], past.spend.shape[0])
    evidence = Evidence(
        spend=np.ascontiguousarray(past.spend.T[None]) / money,
        value=np.ascontiguousarray(past.value.T[None]) / worth,
        weight=np.ascontiguousarray(used.T[None]).astype(np.float64),
        dated=np.ones(shape, dtype=np.bool_),
        usual=np.ones(shape[:2]),
        pools=np.array([[[float(pool == name) for name in names] for pool in past.pools]]),
    )
    curves = learn_curves(evidence, discount=1.0, watch=False).curves
    return Hindsight(curves.rows(0).draw(np.random.default_rng(seed), DRAWS), money, worth)
