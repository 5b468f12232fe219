"""What is learned from a history of known truth, and how little history is drawn towards the wider scope."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.controllers import INTRADAY_PRIOR
from pacing.learning import (
    delay_samples,
    delivery_evidence,
    delivery_ratio,
    intraday_evidence,
    shape_of,
    typical_delay,
    usable_days,
    weekday_evidence,
)
from pacing.learning.pools import Evidence

WEEKEND = np.array([1.25, 1.2, 1.2, 1.2, 1.15, 0.5, 0.5])
WEEKDAYS = np.arange(84) % 7
FLAT = np.ones((1, 7))


def test_a_weekend_pattern_is_found_and_short_histories_stay_near_the_prior():
    demand = 100 * WEEKEND[WEEKDAYS][None, :] * np.exp(np.random.default_rng(7).normal(0, 0.1, (1, 84)))
    unbound = np.zeros((1, 84), dtype=bool)
    learned = shape_of(weekday_evidence(demand, unbound, WEEKDAYS, FLAT), FLAT, 3.0, mean=1.0)[0]
    assert np.abs(learned - WEEKEND / WEEKEND.mean()).max() < 0.15
    two_weeks = weekday_evidence(demand[:, :14], unbound[:, :14], WEEKDAYS[:14], FLAT)
    hesitant = shape_of(two_weeks, FLAT, 3.0, mean=1.0)[0]
    assert learned[5] < hesitant[5] < 1
    assert shape_of(weekday_evidence(demand[:, :5], unbound[:, :5], WEEKDAYS[:5], FLAT), FLAT, 3.0, mean=1)[
        0
    ] == pytest.approx(np.ones(7))


def test_days_the_budget_cut_off_do_not_lower_what_is_believed_of_their_weekday():
    demand = np.where(WEEKDAYS < 5, 150.0, 60.0)[None, :]
    spend = np.minimum(demand, 100.0)
    bound = spend >= 85
    believed = np.where(np.arange(7) < 5, 1.23, 0.43)[None, :]
    seen = weekday_evidence(spend, bound, WEEKDAYS, believed)
    naive = weekday_evidence(spend, np.zeros_like(bound), WEEKDAYS, FLAT)
    learned, flat = shape_of(seen, believed, 3.0, mean=1.0)[0], shape_of(naive, FLAT, 3.0, mean=1.0)[0]
    assert learned[0] / learned[6] > flat[0] / flat[6]
    assert learned[0] / learned[6] == pytest.approx(2.5, rel=0.25)


def test_days_before_the_first_spend_and_switched_off_weeks_say_nothing():
    spend = np.array([[0.0, 0.0, 5.0, 0.0, 0.0, 6.0, 0.0, 0.0, 0.0, 0.0, 7.0]])
    known = ~np.isnan(usable_days(spend))[0]
    assert known.tolist() == [False, False, True, True, True, True, False, False, False, False, True]


@settings(max_examples=50, deadline=None)
@given(scale=st.sampled_from([0.01, 1.0, 1e6]), seed=st.integers(0, 99))
def test_shapes_do_not_depend_on_the_currency_and_keep_their_mean(scale, seed):
    spend = np.random.default_rng(seed).lognormal(3, 0.5, (3, 84))
    bound = spend > 40
    guess = np.ones((3, 7))
    one = shape_of(weekday_evidence(spend, bound, WEEKDAYS, guess), guess, 3.0, mean=1.0)
    other = shape_of(weekday_evidence(spend * scale, bound, WEEKDAYS, guess), guess, 3.0, mean=1.0)
    assert one == pytest.approx(other)
    assert one.mean(axis=1) == pytest.approx(np.ones(3))
    assert (one > 0).all()


def test_hours_become_ticks_that_add_up_to_one_and_one_day_moves_them_little():
    hours = np.arange(24)
    spend = np.where(hours < 12, 10.0, 0.0)  # mornings only
    days = np.repeat(np.arange(20), 24)
    many = intraday_evidence(np.zeros(480, dtype=int), days, np.tile(hours, 20), np.tile(spend, 20), 2)
    shape = shape_of(many, np.tile(INTRADAY_PRIOR, (2, 1)), 5.0, mean=1 / 12)
    assert shape.sum(axis=1) == pytest.approx([1, 1])
    assert shape[0, :6].sum() > 0.85
    assert shape[1] == pytest.approx(INTRADAY_PRIOR / INTRADAY_PRIOR.sum())
    one = intraday_evidence(np.zeros(24, dtype=int), np.zeros(24, dtype=int), hours, spend, 1)
    hesitant = shape_of(one, INTRADAY_PRIOR[None, :], 5.0, mean=1 / 12)[0]
    assert INTRADAY_PRIOR[:6].sum() < hesitant[:6].sum() < 0.6


def test_delivery_counts_only_days_on_which_an_unedited_budget_was_the_limit():
    spend = np.array([[110.0, 108.0, 112.0, 40.0, 300.0]])
    budgets = np.array([[100.0, 100.0, 100.0, 100.0, 100.0]])
    steady = np.array([[True, True, True, True, False]])
    evidence = delivery_evidence(spend, budgets, steady)
    assert evidence.count[0, 0] == 3
    found = delivery_ratio(evidence, np.ones(1))
    assert 1 < found.ratio[0] < 1.1
    assert found.low[0] < found.ratio[0] < found.high[0]
    sure = delivery_ratio(Evidence(evidence.total * 20, evidence.count * 20), np.ones(1))
    assert sure.ratio[0] == pytest.approx(1.1, abs=0.01)


@pytest.mark.parametrize("delay", [1.0, 3.0, 6.0])
def test_a_delay_is_recovered_from_readings_of_days_that_were_still_running(delay):
    by_hour = 100 * np.repeat(INTRADAY_PRIOR / 2, 2)
    so_far = np.concatenate([[0], np.cumsum(by_hour)])
    at = np.arange(5.0, 24.0)
    shown = np.interp(at - delay, np.arange(25), so_far)
    samples = delay_samples(by_hour, at, shown)
    assert np.median(samples[:, 0]) == pytest.approx(delay, abs=0.1)
    assert np.median(samples[:, 1]) < delay
    assert (samples[:, 2] > 0).all()
    assert typical_delay(samples, 30, 3.0).hours == pytest.approx((30 * delay + 5 * 3) / 35, abs=0.1)


def test_readings_that_saw_the_whole_day_tell_no_delay():
    by_hour = np.full(24, 10.0)
    assert delay_samples(by_hour, np.array([23.0, 40.0]), np.array([239.0, 240.0])).shape == (0, 3)
    assert delay_samples(np.zeros(24), np.array([12.0]), np.array([0.0])).shape == (0, 3)
    assert typical_delay(np.zeros((0, 3)), 0, 3.0).hours == 3.0
