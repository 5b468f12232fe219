"""Rehearsed flights obey the market they are given, and locks, and luck that is shared."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.controllers import INTRADAY_PRIOR, UNKNOWN, Landing, Observation, PlanTerms, State, decide
from pacing.lab import Even, FlightHistory, Market, Paced, Start, futures_of, market_of, rehearse

M = 1_000_000


def market(count, days, *, ratio=1.0, demand=np.inf):
    return Market(
        np.full((count, days), ratio),
        np.full((count, days), float(demand)),
        np.repeat(INTRADAY_PRIOR[None, :] / INTRADAY_PRIOR.sum(), count, axis=0),
    )


def start(count, days, budget=100 * M):
    return Start.first_day(np.full(count, budget), days)


def terms(count, days, amount=3000 * M, **values):
    return PlanTerms.build(np.full(count, amount), days, **values)


def paced(plan, at, where=None, **values):
    return rehearse(
        plan, where or market(1, 30), at, Paced(plan, State.fresh(len(plan.amount_micros)), **values), 2
    )


def test_a_budget_left_alone_delivers_its_ratio():
    course = rehearse(terms(1, 10, 1000 * M), market(1, 10, ratio=0.9), start(1, 10), Even(), 2)
    assert course.ends[0] == pytest.approx(900 * M)
    assert (course.changes[0], course.pauses[0]) == (0, 0)


def test_pacing_lands_where_leaving_alone_does_not():
    plan = terms(1, 30)
    assert paced(plan, start(1, 30), market(1, 30, ratio=0.9)).ends[0] == pytest.approx(3000 * M, rel=0.01)
    over = paced(plan, start(1, 30), market(1, 30, ratio=1.2))
    assert over.ends[0] == pytest.approx(3000 * M, rel=0.01)


def test_demand_is_never_exceeded():
    course = paced(terms(1, 30), start(1, 30), market(1, 30, demand=70 * M))
    assert course.by_day()[0, -1] <= 30 * 70 * M + 1
    assert np.diff(course.by_day()[0], prepend=0).max() <= 70 * M + 1


def test_nothing_is_delivered_while_paused_and_a_pause_is_not_caught_up_in_one_tick():
    plan = terms(1, 30, 1500 * M, landing=Landing.NONE)
    course = paced(plan, start(1, 30))
    assert course.pauses[0] >= 1
    assert course.ends[0] <= 1500 * M * 1.02
    by_tick = course.spent.reshape(30, 12)
    usual = INTRADAY_PRIOR / INTRADAY_PRIOR.sum()
    assert (by_tick <= 2 * course.budgets.max() * usual[None, :] + 1).all()


def test_a_locked_part_never_moves():
    plan = terms(1, 30, 6000 * M)
    kept = np.array([60 * M])
    course = paced(plan, start(1, 30), kept_micros=kept)
    free = course.budgets[0] - 60 * M
    assert course.changes[0] > 0
    assert (free[1:] <= free[:-1] * 1.2 + 10_000).all()
    still = paced(plan, start(1, 30), kept_micros=np.array([100 * M]))
    assert still.changes[0] == 0


def test_flights_of_two_lengths_are_not_mixed():
    plan = PlanTerms.build([100 * M, 100 * M], [5, 6])
    with pytest.raises(ValueError, match="one length"):
        rehearse(plan, market(2, 6), start(2, 6), Even(), 2)


def seen(day=13, spend=90 * M, **values):
    spent, worth = np.full((1, 30), UNKNOWN), np.full((1, 30), UNKNOWN)
    spent[0, : day - 1], worth[0, : day - 1] = spend, 100 * M
    return Observation.build(
        day=day,
        day_fraction=0.55,
        spend_micros=spent,
        today_spend_micros=values.pop("today", 40 * M),
        budget_micros=100 * M,
        budget_by_day_micros=worth,
        **values,
    )


@given(day=st.integers(1, 30), spend=st.integers(0, 200), today=st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_a_future_begins_with_exactly_what_was_spent(day, spend, today):
    plan, look = terms(1, 30), seen(day, spend * M, today=today * M)
    decision, state = decide(plan, look, State.fresh(1))
    spent = int(decision.estimated_micros[0])
    futures = futures_of(plan, look, state, spent, 1, draws=3)
    assert futures.start.spent.sum(axis=1) == pytest.approx(np.full(3, spent), abs=5)
    assert not futures.start.spent[:, futures.start.tick :].any()


def test_two_sets_of_terms_meet_the_same_luck():
    look = seen()
    _, state = decide(terms(1, 30), look, State.fresh(1))
    one, other = (
        futures_of(terms(1, 30, amount), look, state, 1000 * M, 7) for amount in (3000 * M, 4000 * M)
    )
    assert (one.market.ratio == other.market.ratio).all()
    assert (futures_of(terms(1, 30), look, state, 1000 * M, 8).market.ratio != one.market.ratio).any()


def history(spend, budget):
    return FlightHistory("x", date(2026, 5, 1), spend, budget)


def test_a_history_says_what_was_limited_by_what():
    found = market_of([history([90, 20, UNKNOWN, 110], [100, 100, 100, UNKNOWN])])
    assert found.ratio[0].tolist() == [0.9, 0.9, 0.9, 0.9]
    assert found.demand[0].tolist() == [np.inf, 20, np.inf, np.inf]


def test_a_history_allows_what_its_budgets_added_up_to():
    one = history([90, 90, UNKNOWN, 90, 90], [100, 100, 100, 120, UNKNOWN])
    assert (one.amount_micros, one.changes, one.known_days) == (525, 1, 3)
    assert not one.complete
    assert history([90] * 5, [100] * 4 + [UNKNOWN]).complete
    assert not history([0] * 5, [100] * 5).complete
