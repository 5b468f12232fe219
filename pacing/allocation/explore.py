"""Moves made to learn: small, within a budget, and with the probability of each written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pacing.allocation.curves import Floats
from pacing.allocation.learning import Learned
from pacing.allocation.limits import Limits
from pacing.allocation.posterior import MICROS
from pacing.allocation.records import Arm, Terms
from pacing.allocation.water import Demand, fill
from pacing.allocation.whole import whole_units

NUDGE = 0.05  # of an arm's budget
NUDGE_DAYS = 7  # an arm is nudged at most weekly
TRUTHS = 200  # draws the propensity of a Thompson split is estimated from
SAME = 0.025  # amounts within this share of an arm's budget count as the same action


@dataclass(frozen=True, slots=True)
class Explored:
    """A split to learn from, how likely the policy was to make it, and the money it moves."""

    amounts: tuple[int, ...]
    propensity: tuple[float, ...]  # of each arm's amount
    joint: float  # of the directions of all arms together
    moved: int


def thompson(
    terms: Terms, limits: Limits, learned: Learned, base: Sequence[int], rng: np.random.Generator
) -> Explored | None:
    """From the base split towards the best split of one drawn truth, as far as the exploration budget goes."""
    truths = learned.curves.draw(rng, TRUTHS).curves()
    one = truths.rows(0)  # [n, S, 1]: each draw becomes a portfolio of its own

    def portfolios(parts: Floats) -> Floats:
        return np.swapaxes(parts, 0, 1)

    drawn = type(truths)(
        portfolios(one.bend), portfolios(one.mean), portfolios(one.sd), portfolios(one.probability)
    )
    shape = (TRUTHS, len(base))
    here = np.broadcast_to(np.asarray(base, dtype=np.float64) / MICROS, shape)
    low = np.broadcast_to(np.asarray(limits.least, dtype=np.float64) / MICROS, shape)
    high = np.broadcast_to(np.asarray(limits.most, dtype=np.float64) / MICROS, shape)
    best, _ = fill(Demand.of(drawn, low, high, here), np.full(TRUTHS, terms.budget_micros / MICROS))
    moved = np.abs(best - here).sum(axis=1, keepdims=True) / 2
    allowed = terms.exploration_share * terms.budget_micros / MICROS
    part = np.minimum(1.0, allowed / np.maximum(moved, 1e-12))
    splits = here + part * (best - here)
    amounts = whole_units(
        splits[0] * MICROS, limits.least, limits.most, terms.budget_micros, terms.unit_micros, limits.groups
    )
    if amounts is None or amounts == tuple(base):
        return None
    chosen = np.asarray(amounts, dtype=np.float64) / MICROS
    scale = np.maximum(here[0], 1e-12)
    near = np.abs(splits - chosen) / scale <= SAME
    ways, way = _directions(splits - here, scale), _directions((chosen - here[0])[None], scale)
    joint = float((ways == way).all(axis=1).mean())
    return Explored(
        amounts,
        tuple(near.mean(axis=0).tolist()),
        max(joint, 1 / TRUTHS),
        sum(abs(new - old) for new, old in zip(amounts, base, strict=True)) // 2,
    )


def excitation(
    terms: Terms,
    limits: Limits,
    learned: Learned,
    arms: Sequence[Arm],
    base: Sequence[int],
    today: date,
    rng: np.random.Generator,
) -> Explored | None:
    """Half of the arms least is known about go a little up and the other half down, drawn by lot."""
    candidates = _least_known(limits, learned, arms, base, today)
    if len(candidates) < 2:
        return None
    lot = [int(index) for index in rng.permutation(candidates)]
    half = len(lot) // 2
    up, down = lot[:half], lot[half : 2 * half]
    lift = sum(min(NUDGE * base[i], limits.most[i] - base[i]) for i in up)
    drop = sum(min(NUDGE * base[i], base[i] - limits.least[i]) for i in down)
    money = min(lift, drop, terms.exploration_share * terms.budget_micros)
    if money < terms.unit_micros:
        return None
    amounts = np.asarray(base, dtype=np.float64)
    for index in up:
        amounts[index] += money * min(NUDGE * base[index], limits.most[index] - base[index]) / lift
    for index in down:
        amounts[index] -= money * min(NUDGE * base[index], base[index] - limits.least[index]) / drop
    parts = whole_units(
        amounts, limits.least, limits.most, terms.budget_micros, terms.unit_micros, limits.groups
    )
    if parts is None or parts == tuple(base):
        return None
    # Every arm in the lot is as likely to go up as down; an odd one out stays with probability 1 / number.
    moved_chance = half / len(lot)
    propensity = [1.0] * len(base)
    for index in lot:
        propensity[index] = moved_chance if index in {*up, *down} else 1 / len(lot)
    ways = 1.0
    for place in range(half):
        ways *= (half - place) ** 2 / ((len(lot) - 2 * place) * (len(lot) - 2 * place - 1))
    return Explored(parts, tuple(propensity), ways, int(money))


def _least_known(
    limits: Limits, learned: Learned, arms: Sequence[Arm], base: Sequence[int], today: date
) -> list[int]:
    """Arms that may move, were left alone for a week, and whose curve is at least as unsure as the middle one."""
    here = np.asarray([[amount / MICROS for amount in base]])
    curves = learned.curves
    parts = curves.mean / (1 + here[..., None] / curves.bend)
    mean = np.maximum(curves.marginal(here), 1e-12)
    spread = (curves.probability * (parts - mean[..., None]) ** 2).sum(axis=-1)
    spread += (curves.probability * (curves.sd / (1 + here[..., None] / curves.bend)) ** 2).sum(axis=-1)
    doubt = (np.sqrt(spread) / mean)[0]
    free = [
        index
        for index, arm in enumerate(arms)
        if not limits.held[index]
        and (arm.last_moved_on is None or arm.last_moved_on + timedelta(days=NUDGE_DAYS) <= today)
    ]
    if not free:
        return []
    middle = float(np.median(doubt[free]))
    return [index for index in free if doubt[index] >= middle * (1 - 1e-9)]


def _directions(change: Floats, scale: Floats) -> Floats:
    """Up, down or the same for each arm."""
    return np.where(np.abs(change) / scale <= 0.001, 0.0, np.sign(change))
