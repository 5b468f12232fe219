"""Drawing what one budget showed towards what its account, its client and its platform showed.

Evidence is a sum and a count per place, so that evidence of many adds up to evidence of their group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Sums and counts [N, K]: row ``i`` is one budget, column ``k`` one place of a shape."""

    total: Floats
    count: Floats

    def grouped(self, groups: Ints, size: int) -> Evidence:
        """Evidence of groups: row ``g`` adds up every row whose group is ``g``."""
        total = np.zeros((size, self.total.shape[1]))
        count = np.zeros((size, self.count.shape[1]))
        np.add.at(total, groups, self.total)
        np.add.at(count, groups, self.count)
        return Evidence(total, count)

    def means_towards(self, prior: Floats, weight: float) -> Floats:
        """Means [N, K] that count the prior as ``weight`` further days."""
        return np.asarray((self.total + weight * prior) / (self.count + weight))


def shape_of(evidence: Evidence, prior: Floats, weight: float, *, mean: float, low: float = 0.0) -> Floats:
    """Shapes [N, K] drawn towards the prior, each with the given mean over its places."""
    shape = np.maximum(evidence.means_towards(prior, weight), low)
    return np.asarray(shape * (mean / shape.mean(axis=1, keepdims=True)))
