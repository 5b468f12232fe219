"""How much a daily budget delivers: so much of it on a day, never more than demand, spread over the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.controllers.base import Floats

CATCH_UP = 2.0


@dataclass(frozen=True, slots=True)
class Market:
    """Delivery of N flights over D days in 12 ticks; money in micros."""

    ratio: Floats  # [N, D] spend per unit of budget on a day the budget limits
    demand: Floats  # [N, D] the most the day would spend, infinite where demand is not the limit
    shares: Floats  # [N, 12] spread of a day's spend, summing to 1

    def tick_spend(self, day: int, tick: int, budget: Floats, highest: Floats, today: Floats) -> Floats:
        """Spend of one tick.

        After a cut during the day only half of the cut counts, as on the platforms. What was missed in a pause is
        caught up, at most at twice the usual speed: nobody finds a whole day's demand in its last two hours.
        """
        effective = np.where(budget < highest, (budget + highest) / 2, budget)
        goal = effective * self.ratio[:, day]
        left = np.maximum(goal - today, 0.0)
        share, rest = self.shares[:, tick], self.shares[:, tick:].sum(axis=1)
        paced = left * np.divide(share, rest, out=np.zeros_like(share), where=rest > 0)
        ceiling = np.where(np.isfinite(self.demand[:, day]), self.demand[:, day] * share, np.inf)
        return np.asarray(np.minimum(np.minimum(paced, CATCH_UP * goal * share), ceiling))

    def most(self) -> Floats:
        """The most each flight could have spent; infinite unless demand was the limit on every day."""
        return np.asarray(self.demand.sum(axis=1))
