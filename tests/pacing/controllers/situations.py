"""Builders of plans and observations for the controller tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pacing.controllers import UNKNOWN, Landing, Observation, PlanTerms, Strategy, day_weights

EURO = 1_000_000


def plan(amount: int = 3_000 * EURO, days: int = 30, **terms) -> PlanTerms:
    terms.setdefault("strategy", Strategy.LINEAR)
    terms.setdefault("landing", Landing.NONE)
    return PlanTerms.build(amount, days, **terms)


def seen_on_curve(
    terms: PlanTerms, day: int, fraction: float = 0.0, factor: float = 1.0, lag_ticks: float = 0.0, **changes
) -> Observation:
    """Budgets follow the curve times ``factor``, every day spent exactly its budget; reports may be late."""
    mean = terms.amount_micros[:, None] / terms.days_total[:, None]
    by_day = np.rint(day_weights(terms) * mean * factor / 10_000).astype(np.int64) * 10_000
    past = np.arange(by_day.shape[1])[None, :] < day - 1
    index = int(np.clip(day, 1, by_day.shape[1])) - 1
    known = np.where(past, by_day, UNKNOWN)
    shares = np.concatenate([[0.0], np.cumsum(terms.intraday[0])])
    done = np.interp(fraction * 12 - lag_ticks, np.arange(13), shares)
    reported = known.copy()
    if 1 < day <= by_day.shape[1] and fraction * 12 < lag_ticks:
        visible = np.interp(12 + fraction * 12 - lag_ticks, np.arange(13), shares)
        reported[:, index - 1] = np.rint(by_day[:, index - 1] * visible)
    arguments = {
        "day": day,
        "day_fraction": fraction,
        "spend_micros": reported,
        "today_spend_micros": np.rint(by_day[:, index] * done).astype(np.int64),
        "budget_micros": by_day[:, index],
        "budget_by_day_micros": known,
        "report_age_hours": lag_ticks * 2.0,
    }
    return Observation.build(**(arguments | changes))


def with_values(seen: Observation, **arrays) -> Observation:
    """A copy with some arrays replaced by plain values."""
    return replace(
        seen,
        **{
            name: np.broadcast_to(
                np.asarray(value, dtype=getattr(seen, name).dtype), getattr(seen, name).shape
            ).copy()
            for name, value in arrays.items()
        },
    )
