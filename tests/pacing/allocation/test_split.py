"""The split is exact, within every bound, and the best there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing.allocation.curves import BENDS, Curves
from pacing.allocation.split import split_budget
from pacing.allocation.whole import GroupBound, whole_units

UNIT = 10_000
MICROS = 1_000_000


def curves_of(rng: np.random.Generator, arms: int) -> Curves:
    usual = rng.lognormal(3, 0.7, (1, arms, 1))
    mean = rng.lognormal(0, 0.6, (1, arms, 6))
    return Curves(usual * BENDS, mean, 0.1 * mean, rng.dirichlet(np.ones(6), (1, arms)))


def bought_in_small_pieces(
    curves: Curves, least: np.ndarray, most: np.ndarray, budget: float, groups=(), pieces: int = 20_000
) -> np.ndarray:
    """The best split by brute force: each small piece goes where it is worth most and still allowed."""
    spend = least.astype(float).copy()
    piece = (budget - spend.sum()) / pieces
    caps = [(members, cap) for members, cap in groups]
    worth = curves.marginal(spend[None])[0]
    for _ in range(pieces):
        allowed = spend + piece <= most + 1e-9
        for members, cap in caps:
            if spend[members].sum() + piece > cap + 1e-9:
                allowed &= ~members
        best = int(np.where(allowed, worth, -1).argmax())
        spend[best] += piece
        worth[best] = curves.weights[0, best] @ (1 / (1 + spend[best] / curves.bend[0, best]))
    return spend


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_brute_force(seed):
    rng = np.random.default_rng(seed)
    curves = curves_of(rng, 6)
    least, most, budget = np.full(6, 5.0), rng.uniform(60, 400, 6), 300.0
    split = split_budget(
        curves, [0] * 6, [int(x * MICROS) for x in least], [int(x * MICROS) // UNIT * UNIT for x in most],
        int(budget * MICROS), UNIT,
    )  # fmt: skip
    expected = bought_in_small_pieces(curves, least, most, budget)
    assert np.abs(np.array(split.amounts) / MICROS - expected).max() <= 2e-3 * budget


@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_brute_force_under_a_groups_cap(seed):
    rng = np.random.default_rng(seed)
    curves = curves_of(rng, 5)
    members = np.array([True, True, False, False, False])
    groups = [GroupBound("platform", "meta", members, 0, 60 * MICROS)]
    split = split_budget(
        curves, [0] * 5, [5 * MICROS] * 5, [300 * MICROS] * 5, 300 * MICROS, UNIT, groups=groups
    )
    expected = bought_in_small_pieces(curves, np.full(5, 5.0), np.full(5, 300.0), 300.0, [(members, 60.0)])
    assert sum(split.amounts[:2]) <= 60 * MICROS
    assert np.abs(np.array(split.amounts) / MICROS - expected).max() <= 2e-3 * 300


def test_two_dimensions_of_groups_are_kept_together():
    curves = curves_of(np.random.default_rng(7), 4)
    platform, region = np.array([True, True, False, False]), np.array([True, False, True, False])
    groups = [
        GroupBound("platform", "meta", platform, 50 * MICROS, 90 * MICROS),
        GroupBound("region", "DE", region, 150 * MICROS, 160 * MICROS),
    ]
    split = split_budget(curves, [0] * 4, [MICROS] * 4, [200 * MICROS] * 4, 200 * MICROS, UNIT, groups=groups)
    assert sum(split.amounts) == 200 * MICROS
    for group in groups:
        assert group.least <= sum(np.array(split.amounts)[group.members]) <= group.most


def test_free_arms_end_with_the_same_marginal_value():
    curves = curves_of(np.random.default_rng(3), 8)
    split = split_budget(curves, [0] * 8, [MICROS] * 8, [10_000 * MICROS] * 8, 500 * MICROS, UNIT)
    amounts = np.array(split.amounts)
    free = (amounts > 1.01 * MICROS) & (amounts < 9_999 * MICROS)
    worth = curves.marginal(amounts[None] / MICROS)[0][free]
    assert free.sum() >= 2
    assert np.ptp(worth) / split.price < 5e-3


def test_a_cost_of_moving_keeps_small_gains_at_home():
    curves = curves_of(np.random.default_rng(5), 4)
    now = [50 * MICROS] * 4
    args = (now, [10 * MICROS] * 4, [150 * MICROS] * 4, 200 * MICROS, UNIT)
    free, bound = split_budget(curves, *args), split_budget(curves, *args, cost=1e3)
    assert list(bound.amounts) == now
    assert list(free.amounts) != now


@given(data=st.data())
def test_whole_units_add_up_and_keep_every_bound(data):
    arms = data.draw(st.integers(1, 12))
    unit = data.draw(st.sampled_from([1, 10_000, 1_000_000]))
    least = data.draw(st.lists(st.integers(0, 500), min_size=arms, max_size=arms))
    room = data.draw(st.lists(st.integers(0, 500), min_size=arms, max_size=arms))
    most = [low + more for low, more in zip(least, room, strict=True)]
    budget = data.draw(st.integers(sum(least), sum(most)))
    amounts = data.draw(st.lists(st.floats(0, 1200), min_size=arms, max_size=arms))
    parts = whole_units(
        np.array(amounts) * unit, [x * unit for x in least], [x * unit for x in most], budget * unit, unit
    )
    assert parts is not None
    assert sum(parts) == budget * unit
    assert all(low * unit <= part <= high * unit for low, part, high in zip(least, parts, most, strict=True))
    assert all(part % unit == 0 for part in parts)
