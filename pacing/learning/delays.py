"""How late a platform's reports are: what was visible of a day while it ran, against what the day became.

A reading taken ``h`` hours into a day that shows ``S`` is as true as a report without delay taken when the day's
final curve passed ``S``; the hours between the two are its delay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.learning.pools import Floats

ENOUGH = 0.95
SETTLED_IN_HOURS = 4.0  # the first hours of a day spend too little to tell a delay
DAY_HOURS = 24.0
PRIOR_DAYS = 5.0


@dataclass(frozen=True, slots=True)
class Delay:
    """Typical and late delays in hours, and the part of a day's spend so far that a fresh report misses."""

    hours: float
    p90_hours: float
    enough_hours: float  # until 95 % of what was spent is visible
    missing_ratio: float
    readings: int


def delay_samples(by_hour: Floats, at_hours: Floats, shown: Floats) -> Floats:
    """Delays of readings of one day [R, 3]: in full, until 95 %, and the share missing.

    ``by_hour`` [24] is the day's final spend per local hour, ``at_hours`` when each reading was taken in hours
    from midnight, ``shown`` the day's spend it showed. Readings that saw all of the day already are left out.
    """
    ends = np.concatenate([[0.0], np.cumsum(by_hour)])
    clock = np.arange(25, dtype=np.float64)
    final = ends[-1]
    useful = (at_hours >= SETTLED_IN_HOURS) & (at_hours <= DAY_HOURS) & (shown > 0) & (shown < ENOUGH * final)
    at_hours, shown = at_hours[useful], shown[useful]
    if final <= 0 or at_hours.size == 0:
        return np.zeros((0, 3))
    rising = np.maximum.accumulate(ends + np.arange(25) * final * 1e-9)  # hours without spend still move
    true_at = np.interp(shown, rising, clock)
    enough_at = np.interp(shown / ENOUGH, rising, clock)
    spent = np.interp(at_hours, clock, ends)
    missing = np.clip(1 - shown / np.maximum(spent, 1.0), 0.0, 1.0)
    return np.stack(
        [np.maximum(at_hours - true_at, 0.0), np.maximum(at_hours - enough_at, 0.0), missing], axis=1
    )


def typical_delay(samples: Floats, days: int, usual_hours: float) -> Delay:
    """The middle of what was seen, drawn towards the platform's usual delay by how few days there were."""
    trust = days / (days + PRIOR_DAYS)
    if samples.shape[0] == 0:
        return Delay(usual_hours, usual_hours, usual_hours, 0.0, 0)
    middle, enough, missing = np.median(samples, axis=0)
    late = float(np.quantile(samples[:, 0], 0.9))
    return Delay(
        hours=float(trust * middle + (1 - trust) * usual_hours),
        p90_hours=float(trust * late + (1 - trust) * usual_hours),
        enough_hours=float(trust * enough + (1 - trust) * usual_hours),
        missing_ratio=float(missing),
        readings=int(samples.shape[0]),
    )
