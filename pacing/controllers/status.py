"""The status word of each plan, from its projected end and not from today's gap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.controllers.base import Flags, Floats, Ints, Observation, PlanTerms, Status
from pacing.controllers.estimates import Moment


@dataclass(frozen=True, slots=True)
class Standing:
    """How a plan stands: its word, the band it is judged by and the money projected to miss."""

    status: Ints
    tolerance_now: Floats  # share of the amount
    misses: Flags  # the projected end lies outside the band


def tolerance_now(tolerance: Floats, days_left: Ints, days_total: Ints) -> Floats:
    """The band narrows through the flight: twice the tolerance on the first day, once on the last."""
    done = (days_total - days_left) / np.maximum(days_total - 1, 1)
    return np.asarray(tolerance * (2.0 - np.clip(done, 0.0, 1.0)))


def standing(
    terms: PlanTerms,
    seen: Observation,
    moment: Moment,
    *,
    known: Flags,
    projected: Floats,
    achievable: Floats,
    amount: Floats,
    stale: Flags,
) -> Standing:
    """Judge each plan. ``projected`` and ``achievable`` are ends, ``amount`` the goal, in one unit.

    Paused, stale and not-yet-known plans are silent: they have no miss.
    """
    band = tolerance_now(terms.tolerance, moment.days_left, terms.days_total)
    slack = band * amount * (1 + 1e-9)
    over, under = projected > amount + slack, projected < amount - slack
    blocked = under & (achievable < amount - slack)

    status = np.full(amount.shape, int(Status.ON_TRACK), dtype=np.int64)
    for code, holds in (
        (Status.AHEAD, over),
        (Status.BEHIND, under),
        (Status.CANNOT_SPEND, blocked),
        (Status.UNKNOWN, ~known),
        (Status.STALE, stale),
        (Status.PAUSED, seen.paused),
        (Status.ENDED, seen.day > terms.days_total),
        (Status.SCHEDULED, seen.day < 1),
    ):
        status[holds] = code
    judged = np.isin(status, [Status.AHEAD, Status.BEHIND, Status.CANNOT_SPEND])
    return Standing(status=status, tolerance_now=band, misses=judged)
