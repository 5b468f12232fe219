"""Learn curves from days: discounted, robust against wild days, pooled over arms, for many portfolios at once.

Everything is learned anew from the days each time, so a late revision simply takes the place of what was known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.allocation import alarms
from pacing.allocation.curves import BENDS, NEVER_ZERO, Curves, Flags, Floats, gain_of
from pacing.allocation.pooling import prior_of

DISCOUNT = 0.98  # weight of a day per day of age
ROUNDS = 3  # of noise, weights and curves
USUAL_NOISE, NOISE_DAYS, LEAST_NOISE = 0.35, 10.0, 0.03  # relative noise of a day before any is seen
WILD = 2.5  # residuals beyond this many standard deviations count less (Huber)
MOST_WILD = 5.0  # and no day counts as more than this many robust deviations in the noise itself
BEND_DAYS = 1.0  # the portfolio's bends lean on an even mixture with the weight of this many arms
LEAST_FITTED = 0.1  # of the usual value, of the arm or of the portfolio: below it noise shrinks no further
RETURN_DAYS = 3.0  # days of the pool's average return that an arm's own starts from


@dataclass(frozen=True, slots=True)
class Evidence:
    """Days [P, n, D] of arms, oldest first. Weight 0: not usable. Points of a simulation are undated."""

    spend: Floats
    value: Floats
    weight: Floats
    dated: Flags
    usual: Floats  # [P, n] spend to fall back on for arms without days
    pools: Floats  # [P, n, G] which pool an arm is in


@dataclass(frozen=True, slots=True)
class Learned:
    """Curves, and what else the days say of each arm [P, n]."""

    curves: Curves
    usual: Floats  # usual spend
    returns: Floats  # average value per unit of spend; of the pool where an arm has no days
    noise: Floats  # relative day-to-day spread of outcomes around the curve
    information: Floats  # days of evidence after discounting
    days: Floats  # usable days
    broke_at: Floats  # index of the first day after a break, NO_BREAK for none


def learn_curves(evidence: Evidence, *, discount: float = DISCOUNT, watch: bool = True) -> Learned:
    """Posterior of every arm's curve; ``watch`` looks for breaks and forgets what was before them."""
    aged = evidence.weight * np.where(evidence.dated, discount ** _ages(evidence.dated), 1.0)
    learned, residuals = _fit(evidence, aged, np.full(aged.shape[:2], alarms.NO_BREAK, dtype=np.float64))
    if not watch:
        return learned
    usable = evidence.dated & (evidence.weight > 0)
    first, _ = alarms.breaks(residuals, usable)
    broken = (first != alarms.NO_BREAK).any(axis=1)
    if not broken.any():
        return learned
    faded = np.where(evidence.dated, aged * alarms.forgetting(first, usable.shape[2]), aged)
    part = Evidence(
        evidence.spend[broken], evidence.value[broken], evidence.weight[broken],
        evidence.dated[broken], evidence.usual[broken], evidence.pools[broken],
    )  # fmt: skip
    again, _ = _fit(part, faded[broken], first[broken])
    return _replaced(learned, again, broken)


def _fit(evidence: Evidence, aged: Floats, broke_at: Floats) -> tuple[Learned, Floats]:
    """One posterior from weights that are settled, and the standardised residuals of its days."""
    spend, value, usable = evidence.spend, evidence.value, aged > 0
    information = aged.sum(axis=2)
    seen = np.maximum(information, NEVER_ZERO)
    usual = np.where(information > 0, (aged * spend).sum(axis=2) / seen, evidence.usual)
    usual = np.where(usual > 0, usual, evidence.usual)
    level = (aged * value).sum(axis=2) / seen
    bend = usual[..., None] * BENDS
    shape = gain_of(spend[:, :, None, :], bend[..., None])  # [P, n, K, D]
    noise = np.full(usual.shape, USUAL_NOISE)
    fitted = level[..., None] * np.sqrt(spend / usual[..., None])
    trust = np.ones_like(spend)
    residuals = np.zeros_like(spend)
    earned, spent = (aged * value).sum(axis=(1, 2)), (aged * spend).sum(axis=(1, 2))
    common = (earned / np.maximum(spent, NEVER_ZERO))[:, None] * usual  # by the return of the portfolio
    least = np.maximum(LEAST_FITTED * np.maximum(level, common)[..., None], NEVER_ZERO)
    for _ in range(ROUNDS):
        precision = aged * trust / (noise[..., None] * np.maximum(fitted, least)) ** 2
        curves = _posterior(precision, value, shape, bend, evidence.pools)
        fitted = np.einsum("pnk,pnkd->pnd", curves.weights, shape)
        relative = np.where(usable, (value - fitted) / np.maximum(fitted, least), 0.0)
        noise = _noise(relative, usable)
        residuals = relative / noise[..., None]
        trust = np.minimum(1.0, WILD / np.maximum(np.abs(residuals), NEVER_ZERO))
    returns = _returns(aged, spend, value, usual, evidence.pools)
    days = (usable & evidence.dated).sum(axis=2).astype(np.float64)
    return Learned(curves, usual, returns, noise, information, days, broke_at), residuals


def _posterior(precision: Floats, value: Floats, shape: Floats, bend: Floats, pools: Floats) -> Curves:
    """Conjugate Gaussian slope for each bend, and the weight the days give each bend."""
    weighted = precision * value
    own = np.einsum("pnd,pnkd->pnk", precision, shape**2)
    cross = np.einsum("pnd,pnkd->pnk", weighted, shape)
    square = (weighted * value).sum(axis=2)
    mean, variance = prior_of(np.where(own > 0, cross / np.maximum(own, NEVER_ZERO), 0.0), own, pools)
    sharp = 1 / variance + own
    pull = mean / variance + cross
    evidence = -0.5 * (square[..., None] + mean**2 / variance - pull**2 / sharp)
    evidence -= 0.5 * np.log(sharp * variance)
    return Curves(bend, np.maximum(pull / sharp, 0.0), 1 / np.sqrt(sharp), _bend_weights(evidence))


def _bend_weights(evidence: Floats) -> Floats:
    """Weight of each bend [P, n, K]: by the arm's own days, and by which bends its portfolio's arms have."""
    count, even = evidence.shape[1], 1 / evidence.shape[2]
    common = np.full((evidence.shape[0], 1, evidence.shape[2]), even)
    likely = np.exp(evidence - evidence.max(axis=2, keepdims=True))
    for _ in range(10):
        weight = likely * common
        weight /= weight.sum(axis=2, keepdims=True)
        common = (weight.sum(axis=1, keepdims=True) + BEND_DAYS * even) / (count + BEND_DAYS)
    weight = likely * common
    return np.asarray(weight / weight.sum(axis=2, keepdims=True))


def _noise(relative: Floats, usable: Flags) -> Floats:
    """Relative spread of a day [P, n]: robust, and shared between arms as far as days are few."""
    count = usable.sum(axis=2)
    size = np.where(usable, np.abs(relative), np.inf)
    ordered = np.sort(size, axis=2)
    middle = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[..., None], axis=2)[..., 0]
    middle = np.where(count > 0, middle, 0.0)
    robust = 1.4826 * middle
    kept = np.where(usable, np.minimum(size, MOST_WILD * robust[..., None]), 0.0)
    plain = np.sqrt((kept**2).sum(axis=2) / np.maximum(count, 1))
    own = np.maximum(robust, 0.6 * plain)  # a few sparse days make the middle one look calmer than they are
    known = count.sum(axis=1, keepdims=True)
    shared = np.where(known > 0, (own * count).sum(axis=1, keepdims=True) / np.maximum(known, 1), USUAL_NOISE)
    return np.asarray(np.maximum((own * count + shared * NOISE_DAYS) / (count + NOISE_DAYS), LEAST_NOISE))


def _returns(aged: Floats, spend: Floats, value: Floats, usual: Floats, pools: Floats) -> Floats:
    """Average value per unit of spend [P, n], leaning on the pool as far as days are few."""
    spent, earned = (aged * spend).sum(axis=2), (aged * value).sum(axis=2)
    everything = earned.sum(axis=1, keepdims=True) / np.maximum(spent.sum(axis=1, keepdims=True), NEVER_ZERO)
    pool_spent = np.einsum("png,pn->pg", pools, spent)
    pool = np.einsum("png,pn->pg", pools, earned) / np.maximum(pool_spent, NEVER_ZERO)
    pool = np.where(pool_spent > 0, pool, everything)
    lean = RETURN_DAYS * usual
    return np.asarray(
        (earned + lean * np.einsum("png,pg->pn", pools, pool)) / np.maximum(spent + lean, NEVER_ZERO)
    )


def _ages(dated: Flags) -> Floats:
    """Days of age [P, n, D]; the newest day is 0."""
    return np.broadcast_to(np.arange(dated.shape[2])[::-1].astype(np.float64), dated.shape)


def _replaced(whole: Learned, part: Learned, rows: Flags) -> Learned:
    """Some portfolios' posteriors in place of what was there."""

    def put(old: Floats, new: Floats) -> Floats:
        both = old.copy()
        both[rows] = new
        return both

    curves = Curves(
        put(whole.curves.bend, part.curves.bend),
        put(whole.curves.mean, part.curves.mean),
        put(whole.curves.sd, part.curves.sd),
        put(whole.curves.probability, part.curves.probability),
    )
    return Learned(
        curves,
        put(whole.usual, part.usual),
        put(whole.returns, part.returns),
        put(whole.noise, part.noise),
        put(whole.information, part.information),
        put(whole.days, part.days),
        put(whole.broke_at, part.broke_at),
    )
