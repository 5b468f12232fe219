from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.controllers import UNKNOWN, Action, Reason, State, Status, decide_one
from pacing.controllers.base import INTRADAY_PRIOR
from tests.pacing.controllers.situations import EURO, plan, seen_on_curve, with_values


def reasons(decision):
    return {finding.reason for finding in decision.findings(0)}


def near_the_end(terms, tick, reported_today, **changes):
    """Day 30 of 30, 2,900 spent before today: 100 left, a budget of 200 a day."""
    spend = np.full((1, 30), UNKNOWN)
    spend[0, :29] = 100 * EURO
    return seen_on_curve(
        terms,
        30,
        tick / 12,
        spend_micros=spend,
        today_spend_micros=round(reported_today * EURO),
        budget_micros=200 * EURO,
        budget_by_day_micros=spend,
        report_age_hours=6.0,
        **changes,
    )


def test_spend_not_yet_reported_counts_and_stops_the_plan_in_time():
    terms = plan()
    # True spend by tick 7 is 108; the report of 6 hours ago shows 23 of it.
    decision, _ = decide_one(terms, near_the_end(terms, 7, 23.0))
    assert decision.estimated_micros[0] > decision.reported_micros[0] + 70 * EURO
    assert decision.action_of(0) is Action.PAUSE
    assert Reason.TARGET_REACHED in reasons(decision)


def test_unreported_spend_after_a_pause_does_not_unpause():
    terms, state = plan(), State.fresh(1)
    shares = np.concatenate([[0.0], np.cumsum(INTRADAY_PRIOR)])
    paused, stopped_at, resumed = False, None, False
    for tick in range(12):
        # Until it is paused the platform spends 200 a day; reports are three ticks late.
        true_until = min(max(tick - 3, 0), stopped_at if stopped_at is not None else 12)
        seen = near_the_end(terms, tick, 200 * shares[true_until], paused=paused, paused_by_lane=paused)
        decision, state = decide_one(terms, seen, state)
        if decision.action_of(0) is Action.PAUSE:
            paused, stopped_at = True, tick
        resumed |= decision.action_of(0) is Action.RESUME
    assert paused
    assert not resumed
    assert 200 * shares[stopped_at] == pytest.approx(100, abs=15)


def test_a_pause_that_left_real_money_is_lifted_once_reports_say_so():
    terms, state = plan(), State.fresh(1)
    _, state = decide_one(terms, near_the_end(terms, 7, 23.0), state)
    assert state.pause_asked[0]
    for tick in (8, 9, 10):
        seen = near_the_end(terms, tick, 24.0, paused=True, paused_by_lane=True)
        decision, state = decide_one(terms, seen, state)
    assert decision.action_of(0) is Action.RESUME
    assert Reason.RESUMED in reasons(decision)


def test_a_pause_holds_for_three_ticks_at_least():
    terms, state = plan(), State.fresh(1)
    _, state = decide_one(terms, near_the_end(terms, 7, 23.0), state)
    for tick in (8, 9):
        seen = with_values(
            near_the_end(terms, tick, 24.0, paused=True, paused_by_lane=True), report_age_hours=0.0
        )
        decision, state = decide_one(terms, seen, state)
        assert decision.action_of(0) is Action.HOLD


def test_a_pause_the_platform_refused_is_asked_for_again():
    terms, state = plan(), State.fresh(1)
    _, state = decide_one(terms, near_the_end(terms, 7, 23.0), state)
    decision, state = decide_one(terms, near_the_end(terms, 8, 46.0), state)
    assert decision.action_of(0) is Action.PAUSE
    assert decision.estimated_micros[0] > 3_000 * EURO


def test_pausing_needs_its_advance_approval():
    terms = plan(may_pause=False)
    decision, _ = decide_one(terms, near_the_end(terms, 7, 23.0))
    assert decision.action_of(0) is not Action.PAUSE
    assert Reason.PAUSE_NOT_ALLOWED in reasons(decision)


def test_a_stale_report_freezes_the_budget_and_says_so():
    terms = plan()
    seen = seen_on_curve(terms, 15, factor=0.6, report_age_hours=13.0)
    decision, _ = decide_one(terms, seen)
    assert decision.status_of(0) is Status.STALE
    assert decision.action_of(0) is Action.HOLD
    assert decision.at_risk_micros[0] == 0
    assert Reason.STALE_REPORT in reasons(decision)


def test_a_stale_report_with_less_than_half_a_day_left_pauses():
    terms = plan()
    spend = np.full((1, 30), UNKNOWN)
    spend[0, :28] = 104 * EURO
    seen = seen_on_curve(
        terms,
        29,
        1 / 12,
        spend_micros=spend,
        today_spend_micros=UNKNOWN,
        budget_micros=170 * EURO,
        report_age_hours=8.0,
    )
    decision, _ = decide_one(terms, seen)
    assert decision.action_of(0) is Action.PAUSE
    assert Reason.STALE_PAUSE in reasons(decision)


def test_with_writes_off_budgets_hold():
    terms = plan()
    decision, _ = decide_one(terms, seen_on_curve(terms, 15, factor=0.7, writable=False))
    assert decision.action_of(0) is Action.HOLD
    assert Reason.WRITES_FROZEN in reasons(decision)


@settings(max_examples=50, deadline=None)
@given(factor=st.floats(0.7, 1.3), restated=st.floats(0.8, 1.2), day=st.integers(4, 28))
def test_after_a_restatement_a_plan_stands_where_it_would_have_stood(factor, restated, day):
    terms = plan()
    before = seen_on_curve(terms, day, factor=factor)
    spend = np.where(
        before.spend_micros == UNKNOWN, UNKNOWN, np.rint(before.spend_micros * restated).astype(np.int64)
    )
    after = with_values(before, spend_micros=spend)
    _, state = decide_one(terms, before)
    told_late, _ = decide_one(terms, after, state)
    told_at_once, _ = decide_one(terms, after)
    assert told_late.new_budget_micros[0] == told_at_once.new_budget_micros[0]
    assert told_late.projected_p50_micros[0] == told_at_once.projected_p50_micros[0]


def test_a_day_without_a_report_is_estimated_and_never_read_as_zero():
    terms = plan()
    seen = seen_on_curve(terms, 15)
    spend = seen.spend_micros.copy()
    spend[0, 6] = UNKNOWN
    decision, _ = decide_one(terms, with_values(seen, spend_micros=spend))
    assert decision.status_of(0) is Status.ON_TRACK
    assert decision.estimated_micros[0] == pytest.approx(1_400 * EURO, rel=0.01)
    assert Reason.DAYS_ESTIMATED in reasons(decision)


@pytest.mark.parametrize("hours", [23, 24, 25])
def test_a_day_of_any_length_ends_with_the_whole_of_its_share(hours):
    terms = plan()
    state = State.fresh(1)
    expected = []
    for hour in range(0, hours + 1, 1):
        decision, state = decide_one(terms, seen_on_curve(terms, 11, hour / hours), state)
        expected.append(int(decision.expected_now_micros[0]))
        assert decision.status_of(0) is Status.ON_TRACK
        assert decision.action_of(0) is Action.HOLD
    assert expected[0] == 1_000 * EURO
    assert expected[-1] == 1_100 * EURO
    assert expected == sorted(expected)


def test_a_last_day_budget_never_leaves_room_for_much_more_than_what_is_left():
    terms = plan()
    spend = np.full((1, 30), UNKNOWN)
    spend[0, :29] = 100 * EURO
    seen = seen_on_curve(
        terms,
        30,
        10 / 12,
        spend_micros=spend,
        today_spend_micros=40 * EURO,
        budget_micros=60 * EURO,
        budget_by_day_micros=spend,
    )
    decision, _ = decide_one(
        terms, seen
    )  # 60 left with a tenth of the day to go: the rate alone would ask for 450
    assert decision.needed_per_day_micros[0] <= 1.25 * 100 * EURO
