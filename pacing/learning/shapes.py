"""Weekday and intraday shapes of demand from past spend."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pacing.learning.pools import Evidence, Floats, Ints

Flags = NDArray[np.bool_]

WEEK = 7
TICKS = 12
OFF_DAYS = 3  # that many days in a row without any spend: switched off, not short of demand
ROUNDS = 8
LOWEST, HIGHEST = 0.05, 4.0


def usable_days(spend: Floats) -> Floats:
    """Spend [N, H] with NaN where a day says nothing about demand: before the first spend, and while switched off."""
    kept = spend.copy()
    zero = spend == 0
    started = np.cumsum(np.nan_to_num(spend) > 0, axis=1) > 0
    kept[~started] = np.nan
    if spend.shape[1] >= OFF_DAYS:
        off = np.zeros(spend.shape, dtype=np.bool_)
        runs = sliding_window_view(zero, OFF_DAYS, axis=1).all(axis=2)
        for step in range(OFF_DAYS):
            off[:, step : step + runs.shape[1]] |= runs
        kept[off] = np.nan
    return kept


def weekday_evidence(spend: Floats, bound: Flags, weekdays: Ints, guess: Floats) -> Evidence:
    """How each weekday compares with the week around it, in sums and counts [N, 7].

    ``spend`` [N, H] is NaN where unknown; weekdays count from Monday = 0. A day that used its budget up shows
    only that demand was at least that much, so it stands for the larger of what it spent and what is believed of
    its weekday so far, beginning with ``guess`` [N, 7], and it is counted only where it says something new.
    """
    count, days = spend.shape
    if days < WEEK:
        return Evidence(np.zeros((count, WEEK)), np.zeros((count, WEEK)))
    whole = np.asarray(np.isfinite(sliding_window_view(spend, WEEK, axis=1)).all(axis=2))
    centre = np.clip(np.arange(days) - WEEK // 2, 0, days - WEEK)
    paid = np.nan_to_num(spend)
    known = whole[:, centre] & ~np.isnan(spend)
    seen = np.stack([known & (weekdays == day)[None, :] for day in range(WEEK)], axis=1)  # [N, 7, H]
    counts = seen.sum(axis=2).astype(np.float64)
    belief = guess.copy()
    telling = counts
    for _ in range(ROUNDS):
        believed = belief[:, weekdays]
        level = _week_level(paid, bound, believed)[:, centre]
        relative = np.clip(np.divide(paid, level, out=np.ones_like(paid), where=level > 0), 0.0, HIGHEST)
        shown = np.where(bound, np.maximum(relative, believed), relative)
        total = np.where(seen, shown[:, None, :], 0.0).sum(axis=2)
        mean = np.divide(total, counts, out=belief.copy(), where=counts > 0)
        belief = np.clip(mean / np.maximum(mean.mean(axis=1, keepdims=True), 1e-9), LOWEST, HIGHEST)
        telling = (seen & (~bound | (relative > believed))[:, None, :]).sum(axis=2).astype(np.float64)
    return Evidence(belief * telling, telling)


def _week_level(paid: Floats, bound: Flags, believed: Floats) -> Floats:
    """Demand of a mean day in each week [N, H - 6], from the days that show it.

    Days short of their budget show it exactly; a week without one had at least what its days ask for.
    """
    free = ~bound
    shown = sliding_window_view(np.where(free, paid, 0.0), WEEK, axis=1).sum(axis=2)
    share = sliding_window_view(np.where(free, believed, 0.0), WEEK, axis=1).sum(axis=2)
    least = sliding_window_view(np.where(bound, paid / believed, 0.0), WEEK, axis=1).max(axis=2)
    return np.asarray(np.divide(shown, share, out=least, where=share > 0))


def intraday_evidence(rows: Ints, days: Ints, hours: Ints, spend: Floats, count: int) -> Evidence:
    """Shares of each 2-hour tick in its day's spend, added up over days [N, 12]; counts are days with spend.

    ``rows``, ``days``, ``hours`` (local, 0-23) and ``spend`` are parallel; a day is one (row, day) pair.
    """
    empty = np.zeros((count, TICKS))
    if rows.size == 0:
        return Evidence(empty, empty.copy())
    pairs, place = np.unique(np.stack([rows, days], axis=1), axis=0, return_inverse=True)
    by_tick = np.zeros((pairs.shape[0], TICKS))
    np.add.at(by_tick, (place.reshape(-1), hours // 2), spend)
    whole = by_tick.sum(axis=1, keepdims=True)
    spent = whole[:, 0] > 0
    shares = by_tick[spent] / whole[spent]
    total = np.zeros((count, TICKS))
    np.add.at(total, pairs[spent, 0], shares)
    seen = np.bincount(pairs[spent, 0], minlength=count).astype(np.float64)
    return Evidence(total, np.repeat(seen[:, None], TICKS, axis=1))
