"""When an arm changed for good: a scan of its standardised residuals for the likeliest break.

For each day the mean residual since is compared with the mean before. Residuals are cut at three standard
deviations, so that one wild day cannot raise an alarm; the threshold is high because many days are tried.
"""

from __future__ import annotations

import numpy as np

from pacing.allocation.curves import Flags, Floats

THRESHOLD = 4.0  # standard errors between before and after
LEAST_BEFORE, LEAST_AFTER = 7, 4  # usable days on each side
CUT = 3.0
FORGET = 0.9  # weight of a day before the break, per day of its age
NO_BREAK = -1


def breaks(residuals: Floats, usable: Flags) -> tuple[Floats, Floats]:
    """Index of the first day [..] after the likeliest break (or NO_BREAK), and its strength in standard errors."""
    if usable.shape[-1] <= LEAST_BEFORE + LEAST_AFTER:
        nothing = np.zeros(usable.shape[:-1])
        return nothing + NO_BREAK, nothing
    cut = np.where(usable, np.clip(residuals, -CUT, CUT), 0.0)
    count = np.cumsum(usable, axis=-1)
    total = np.cumsum(cut, axis=-1)
    before_n, before = count[..., :-1], total[..., :-1]
    after_n: Floats = (count[..., -1:] - before_n).astype(np.float64)
    after = total[..., -1:] - before
    spread = np.sqrt(
        np.maximum((cut**2).sum(axis=-1) / np.maximum(count[..., -1], 1), 1e-12)
    )  # around the curve, not around the mean: a break itself makes it larger, which errs towards no alarm
    gap = after / np.maximum(after_n, 1) - before / np.maximum(before_n, 1)
    strength = (
        np.abs(gap) / spread[..., None] * np.sqrt(before_n * after_n / np.maximum(before_n + after_n, 1))
    )
    allowed = (before_n >= LEAST_BEFORE) & (after_n >= LEAST_AFTER)
    strength = np.where(allowed, strength, 0.0)
    day = strength.argmax(axis=-1)
    top = np.take_along_axis(strength, day[..., None], axis=-1)[..., 0]
    return np.where(top > THRESHOLD, day + 1, NO_BREAK).astype(np.float64), top


def forgetting(first_day: Floats, count: int) -> Floats:
    """Factor [.., D] on the weight of each day: days before a break fade fast with their age."""
    days = np.arange(count)
    earlier = (first_day[..., None] > 0) & (days < first_day[..., None])
    return np.where(earlier, FORGET ** (count - 1.0 - days), 1.0)
