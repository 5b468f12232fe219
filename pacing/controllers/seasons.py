"""The weekday shape of demand, learned from what was spent before."""

from __future__ import annotations

import numpy as np

from pacing.controllers.base import Floats, Ints

PRIOR_DAYS = 3.0  # weekdays seen fewer times than this stay close to an average day
LOWEST, HIGHEST = 0.1, 3.0


def weekday_season(history: Floats, history_weekdays: Ints, flight_weekdays: Ints) -> Floats:
    """Expected demand of each flight day relative to a mean day [N, D], 1 where history says nothing.

    ``history`` is spend by past day [N, H], NaN where unknown; weekdays count from Monday = 0. Days are compared
    with their own plan's mean, so that currency and size cancel out.
    """
    known = ~np.isnan(history)
    days = known.sum(axis=1)
    total = np.where(known, history, 0.0).sum(axis=1)
    mean = np.divide(total, days, out=np.zeros_like(total), where=days > 0)
    usable = (mean > 0)[:, None] & known
    relative = np.divide(history, mean[:, None], out=np.ones_like(history), where=usable)
    factors = np.ones((history.shape[0], 7))
    for weekday in range(7):
        seen = usable & (history_weekdays == weekday)[None, :]
        count = seen.sum(axis=1)
        summed = np.where(seen, relative, 0.0).sum(axis=1)
        factors[:, weekday] = (summed + PRIOR_DAYS) / (count + PRIOR_DAYS)
    factors = np.clip(factors / factors.mean(axis=1, keepdims=True), LOWEST, HIGHEST)
    return np.asarray(factors[:, flight_weekdays])
