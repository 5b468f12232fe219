"""What a split is chosen by: the curves, blended with plain average returns for a safe tail.

The curves say what more money would return and may be wrong about it; average returns say less and are rarely
far off. The second guide values an arm at r log(x): alone it would split a budget exactly in proportion to the
average returns r. Its price level is set to that of the curves, so that the two can be added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.allocation.curves import NEVER_ZERO, Curves, Draws, Floats, gain_of
from pacing.allocation.learning import Learned

SMALL_BEND = 1e-3  # of an equal share: small enough that log(1 + x / bend) is log x plus a constant


@dataclass(frozen=True, slots=True)
class Guide:
    """Curves of K + 1 parts, of which the last is the average returns."""

    curves: Curves
    blend: float  # weight of the curves

    def gains(self, draws: Draws, noise: Floats, now: Floats, new: Floats) -> Floats:
        """Gain [P, S] of a new split under each possible truth, by both guides with their weights.

        ``noise`` [P, n, S] are standard normal draws for the average returns.
        """
        by_curve = (draws.value(new) - draws.value(now)).sum(axis=1)
        bend = self.curves.bend[..., -1]
        lift = gain_of(new, bend) - gain_of(now, bend)
        slope = self.curves.mean[..., -1:] + self.curves.sd[..., -1:] * noise
        by_return = (slope * lift[..., None]).sum(axis=1)
        return np.asarray(self.blend * by_curve + (1 - self.blend) * by_return)


def guide_of(learned: Learned, now: Floats, share: Floats, blend: float) -> Guide:
    """Blend curves and returns at the split ``now`` [P, n]; ``share`` [P] is an equal share of the budget."""
    curves = learned.curves
    priced = (curves.marginal(now) * now).sum(axis=1)
    level = priced / np.maximum((learned.returns * share[:, None]).sum(axis=1), NEVER_ZERO)
    bend = np.broadcast_to(SMALL_BEND * share[:, None], now.shape)
    slope = level[:, None] * learned.returns * share[:, None] / bend
    spread = slope * learned.noise / np.sqrt(np.maximum(learned.information, 1.0))

    def with_last(parts: Floats, last: Floats) -> Floats:
        return np.concatenate([parts, last[..., None]], axis=-1)

    whole = Curves(
        with_last(curves.bend, bend),
        with_last(curves.mean, slope),
        with_last(curves.sd, spread),
        with_last(blend * curves.probability, np.full(now.shape, 1 - blend)),
    )
    return Guide(whole, blend)
