"""What planned events do to the target curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.controllers import Landing, PlanTerms, Strategy, day_weights, target_curve, target_curves


@settings(max_examples=150, deadline=None)
@given(
    amount=st.integers(1, 10**15),
    strategy=st.sampled_from(Strategy),
    landing=st.sampled_from(Landing),
    weights=st.lists(st.sampled_from([0.0, 0.4, 1.0, 1.5, 3.0]), min_size=1, max_size=92).filter(any),
)
def test_curves_with_events_add_up_to_the_micro_and_plan_nothing_on_blackout_days(
    amount, strategy, landing, weights
):
    curve = target_curve(amount, len(weights), strategy, landing=landing, plan_weight=weights)
    steps = np.diff(curve, prepend=0)
    assert curve[-1] == amount
    assert (steps >= 0).all()
    assert not steps[np.array(weights) == 0].any()


@pytest.mark.parametrize("strategy", Strategy)
def test_a_promo_of_one_and_a_half_plans_half_as_much_again_beside_its_neighbours(strategy):
    plain = np.ones(30)
    promo = plain.copy()
    promo[9] = 1.5
    without = day_weights(PlanTerms.build(3_000_000, 30, strategy=strategy, plan_weight=plain[None]))[0]
    having = day_weights(PlanTerms.build(3_000_000, 30, strategy=strategy, plan_weight=promo[None]))[0]
    assert having[9] / having[8] == pytest.approx(1.5 * without[9] / without[8])
    assert having.mean() == pytest.approx(1)


def test_no_events_change_nothing():
    plain = PlanTerms.build([3_000_000, 700], [30, 12])
    ones = PlanTerms.build([3_000_000, 700], [30, 12], plan_weight=np.ones((2, 30)))
    assert (target_curves(plain) == target_curves(ones)).all()


@pytest.mark.parametrize("weights", [[0.0, 0.0], [1.0, -0.5], [np.nan, 1.0], [np.inf, 1.0]])
def test_a_plan_without_a_day_to_spend_on_is_refused(weights):
    with pytest.raises(ValueError, match=r"[Pp]lanned event"):
        target_curve(1_000, 2, plan_weight=weights)


def test_a_plan_of_many_is_refused_by_its_own_days_only():
    weights = np.array([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    with pytest.raises(ValueError, match="without a single day"):
        PlanTerms.build([100, 100], [2, 3], plan_weight=weights)
    PlanTerms.build([100, 100], [3, 2], plan_weight=weights)
