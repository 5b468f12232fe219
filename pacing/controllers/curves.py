"""The four target curves: how much of a plan should be spent by the end of each flight day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pacing.controllers.base import Floats, Ints, Landing, PlanTerms, Strategy

FRONT_LOAD = 0.10  # adaptive without a precise landing: the first day carries 10 % more, the last 10 % less
SMALLEST_WEIGHT = 1e-6

# A precise landing of an adaptive plan: even until `share * T + days` days are left, then the power of what is left.
EASE_SHARE, EASE_DAYS = 0.6, 3.5
EASE_POWER, EASE_POWER_DAYS = 0.5, 3.0

# (days, depth) of the taper: the i-th of the last `days` days is scaled by 1 - depth * i / days.
TAPER = {Landing.NONE: (0, 0.0), Landing.SOFT: (4, 0.7), Landing.PRECISE: (6, 0.9)}


def day_weights(terms: PlanTerms) -> Floats:
    """Weights W [N, D] of each flight day, with mean 1 over the flight and 0 after its end.

    A planned event multiplies its days before the weights are brought back to mean 1. A blackout day keeps a
    speck, so that a budget may be divided by it; ``target_curve`` plans exactly nothing on it.
    """
    total = terms.days_total[:, None].astype(np.float64)
    day = np.arange(1, terms.season.shape[1] + 1, dtype=np.float64)[None, :]
    inside = day <= total
    power = terms.curve_power[:, None]
    strategy = terms.strategy[:, None]
    start, end = np.clip((day - 1) / total, 0, 1), np.clip(day / total, 0, 1)

    weights = np.ones_like(terms.season)
    accelerated = (1 - start) ** power - (1 - end) ** power
    conservative = end**power - start**power
    weights = np.where(strategy == Strategy.ACCELERATED, accelerated * total, weights)
    weights = np.where(strategy == Strategy.CONSERVATIVE, conservative * total, weights)

    front = 1 + FRONT_LOAD * (1 - 2 * (day - 1) / np.maximum(total - 1, 1))
    eased = terms.landing[:, None] == Landing.PRECISE
    weights = np.where((strategy == Strategy.ADAPTIVE) & ~eased, front, weights)

    weights = weights * _taper(terms, day, total) * known_moves(terms)
    weights = np.where(inside, np.maximum(weights, SMALLEST_WEIGHT), 0.0)
    return np.asarray(weights * (total / weights.sum(axis=1, keepdims=True)))


def known_moves(terms: PlanTerms) -> Floats:
    """What is known to make days differ [N, D]: planned events and, for adaptive plans, the demand forecast."""
    season = np.maximum(terms.season, SMALLEST_WEIGHT) ** terms.season_alpha[:, None]
    season = np.where(terms.strategy[:, None] == Strategy.ADAPTIVE, season, 1.0)
    return np.asarray(season * terms.plan_weight)


def _taper(terms: PlanTerms, day: Floats, total: Floats) -> Floats:
    taper = np.ones_like(terms.season)
    for landing, (days, depth) in TAPER.items():
        length = np.minimum(float(days), total - 1)
        place = day - (total - length)  # 1 for the first of the landing days
        scaled = 1 - depth * place / np.maximum(length, 1)
        chosen = (terms.landing[:, None] == landing) & (place >= 1) & (length >= 1)
        taper = np.where(chosen, scaled, taper)
    eased = (terms.landing[:, None] == Landing.PRECISE) & (terms.strategy[:, None] == Strategy.ADAPTIVE)
    return np.where(eased, _ease(day, total), taper)


def _ease(day: Floats, total: Floats) -> Floats:
    """Even at first, then falling with a root of the days left: short flights start to fall at once."""
    length = np.minimum(EASE_SHARE * total + EASE_DAYS, total)
    left = np.clip((total - day + 1) / length, 0.0, 1.0)
    return np.asarray(left ** (EASE_POWER + EASE_POWER_DAYS / total))


def target_curve(
    amount_micros: int,
    days_total: int,
    strategy: Strategy = Strategy.ADAPTIVE,
    *,
    curve_power: float | None = None,
    season_alpha: float = 0.0,
    landing: Landing = Landing.NONE,
    season: Sequence[float] | None = None,
    plan_weight: Sequence[float] | None = None,
) -> Ints:
    """Cumulative target in micros by the end of each day; the days add up to the amount exactly."""
    terms = PlanTerms.build(
        amount_micros,
        days_total,
        strategy=strategy,
        curve_power=curve_power,
        season_alpha=season_alpha,
        landing=landing,
        season=None if season is None else np.asarray([season], dtype=np.float64),
        plan_weight=None if plan_weight is None else np.asarray([plan_weight], dtype=np.float64),
    )
    return np.cumsum(apportion(amount_micros, _planned(terms)[0]))


def target_curves(terms: PlanTerms) -> Ints:
    """Cumulative targets [N, D] in micros of many plans; after the last day they stay at the amount."""
    weights = _planned(terms)
    rows = [apportion(int(amount), row) for amount, row in zip(terms.amount_micros, weights, strict=True)]
    return np.cumsum(np.array(rows, dtype=np.int64).reshape(weights.shape), axis=1)


def _planned(terms: PlanTerms) -> Floats:
    """Day weights with exactly nothing on blackout days."""
    return np.where(terms.plan_weight > 0, day_weights(terms), 0.0)


def apportion(total: int, weights: Floats) -> Ints:
    """Split an integer by weights with the largest remainder: parts are whole and add up exactly."""
    weights = np.asarray(weights, dtype=np.float64)
    if total < 0 or (weights < 0).any() or not weights.sum() > 0:
        raise ValueError("Only a non-negative whole can be split, by weights that are not all zero.")
    exact = total * (weights / weights.sum())
    parts = np.floor(exact).astype(np.int64)
    missing = total - int(parts.sum())
    if missing:  # floats may also leave a unit too many behind; the same order gives it back
        order = np.argsort(-(exact - parts), kind="stable")
        order = order[weights[order] > 0]
        if missing < 0:
            order = order[::-1]
            order = order[parts[order] > 0]
        whole, extra = divmod(abs(missing), len(order))
        sign = 1 if missing > 0 else -1
        parts[order] += sign * whole
        parts[order[:extra]] += sign
    return np.asarray(parts)
