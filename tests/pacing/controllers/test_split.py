from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.controllers import split_total

CENT = 10_000


@settings(max_examples=300, deadline=None)
@given(
    current=st.lists(st.integers(0, 5_000_00), min_size=1, max_size=12),
    factor=st.floats(0.0, 2.0),
    minimum=st.integers(0, 500),
    step=st.sampled_from([0.05, 0.2, 0.5]),
)
def test_a_split_is_exact_and_keeps_floors_and_steps(current, factor, minimum, step):
    micros = [amount * CENT for amount in current]
    total = int(sum(current) * factor) * CENT
    split = split_total(total, micros, minimum_micros=minimum * CENT, unit_micros=CENT, step_limit=step)
    assert sum(split.amounts_micros) + split.left_over_micros == total
    for was, now in zip(micros, split.amounts_micros, strict=True):
        assert now % CENT == 0
        if was:
            assert abs(now - was) <= was * step + 1e-6 * was
            assert now >= min(minimum * CENT, was)
    slack = len(micros) * CENT  # each budget's step limit is cut down to a whole cent
    inside = sum(micros) * (1 - step) + slack <= total <= sum(micros) * (1 + step) - slack
    if inside and minimum == 0 and all(micros):
        assert split.left_over_micros == 0


def test_a_total_is_shared_in_proportion_to_what_the_budgets_are():
    split = split_total(545_000_000, [250_000_000, 120_000_000, 85_000_000])
    assert sum(split.amounts_micros) == 545_000_000
    assert split.left_over_micros == 0
    assert split.amounts_micros == pytest.approx((299_450_549, 143_736_263, 101_813_186), abs=10_000)


def test_what_one_budget_may_not_take_goes_to_the_others():
    split = split_total(100_000_000, [100_000_000, 5_000_000], minimum_micros=[0, 5_000_000])
    assert split.amounts_micros == (95_000_000, 5_000_000)


def test_money_that_no_budget_may_take_is_said_to_be_left_over():
    split = split_total(200_000_000, [50_000_000, 50_000_000])
    assert split.amounts_micros == (60_000_000, 60_000_000)
    assert split.left_over_micros == 80_000_000


def test_currencies_without_cents_split_in_whole_units():
    split = split_total(1_001_000_000, [500_000_000, 400_000_000], unit_micros=1_000_000)
    assert all(amount % 1_000_000 == 0 for amount in split.amounts_micros)
    assert sum(split.amounts_micros) == 1_001_000_000


def test_a_split_needs_budgets():
    with pytest.raises(ValueError, match="at least one budget"):
        split_total(1, [])
