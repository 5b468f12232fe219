from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.controllers import (
    Landing,
    PlanTerms,
    Strategy,
    apportion,
    day_weights,
    target_curve,
    target_curves,
)


@settings(max_examples=150, deadline=None)
@given(
    amount=st.integers(1, 10**15),
    days=st.integers(1, 92),
    strategy=st.sampled_from(Strategy),
    landing=st.sampled_from(Landing),
    alpha=st.floats(0, 1),
    season=st.lists(st.floats(0.0, 4.0), min_size=92, max_size=92),
)
def test_every_curve_adds_up_to_the_amount_exactly(amount, days, strategy, landing, alpha, season):
    curve = target_curve(amount, days, strategy, landing=landing, season_alpha=alpha, season=season[:days])
    assert curve.dtype == np.int64
    assert len(curve) == days
    assert curve[-1] == amount
    assert (np.diff(curve, prepend=0) >= 0).all()


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("days", [28, 29, 30, 31])
def test_month_lengths_keep_every_cent(strategy, days):
    assert target_curve(1_000_000_01 * 10_000, days, strategy)[-1] == 1_000_000_01 * 10_000


def test_accelerated_is_half_out_by_day_11_and_conservative_by_day_18_of_30():
    half = 1_500_000_000
    assert int(np.argmax(target_curve(2 * half, 30, Strategy.ACCELERATED) >= half)) + 1 == 12
    assert int(np.argmax(target_curve(2 * half, 30, Strategy.CONSERVATIVE) >= half)) + 1 == 18


def test_linear_is_flat():
    assert set(np.diff(target_curve(3_000, 30, Strategy.LINEAR), prepend=0)) == {100}


def test_adaptive_runs_even_first_and_then_eases_towards_its_landing():
    weights = day_weights(PlanTerms.build(3_000_000, 30))[0]
    assert weights[0] == pytest.approx(weights[8])
    assert weights[9] > weights[20] > weights[25] > weights[29]
    assert weights[29] == pytest.approx(weights[0] * 0.17, rel=0.1)
    assert weights.mean() == pytest.approx(1)


def test_a_flight_of_one_day_needs_all_of_it_today():
    for strategy in Strategy:
        assert target_curve(777, 1, strategy, landing=Landing.PRECISE).tolist() == [777]


def test_adaptive_follows_the_demand_forecast_as_far_as_alpha_says():
    season = [0.5, 1.5] * 7
    flat = np.diff(target_curve(14_000, 14, season=season), prepend=0)
    following = np.diff(target_curve(14_000, 14, season_alpha=1.0, season=season), prepend=0)
    assert abs(int(flat[6]) - int(flat[7])) < 20
    assert following[7] > 2.5 * following[6]


def test_curves_of_many_plans_match_each_alone():
    terms = PlanTerms.build(
        [1_000_003, 50_000_000], [7, 31], strategy=[Strategy.ACCELERATED, Strategy.ADAPTIVE]
    )
    curves = target_curves(terms)
    assert curves[0, 6] == curves[0, 30] == 1_000_003
    assert curves[1].tolist() == target_curve(50_000_000, 31, landing=Landing.PRECISE).tolist()


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 10**15),
    st.lists(st.floats(0, 1e6), min_size=1, max_size=60).filter(lambda w: sum(w) > 1e-3),
)
def test_apportioned_parts_are_whole_and_complete(total, weights):
    parts = apportion(total, np.array(weights))
    assert int(parts.sum()) == total
    assert (parts >= 0).all()


def test_nothing_is_apportioned_without_weights():
    with pytest.raises(ValueError, match="weights"):
        apportion(10, np.zeros(3))
