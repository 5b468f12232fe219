from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.controllers import (
    UNKNOWN,
    Action,
    Landing,
    Observation,
    PlanTerms,
    Reason,
    State,
    Status,
    Strategy,
    decide,
    decide_one,
)
from tests.pacing.controllers.situations import EURO, plan, seen_on_curve, with_values


def reasons(decision, row=0):
    return {finding.reason for finding in decision.findings(row)}


@settings(max_examples=200, deadline=None)
@given(
    amount=st.integers(500, 5_000_000),
    days=st.integers(3, 62),
    when=st.floats(0, 1),
    hour=st.integers(0, 11),
    lag=st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0]),
    strategy=st.sampled_from(Strategy),
    landing=st.sampled_from(Landing),
)
def test_spend_on_the_curve_reads_on_track(amount, days, when, hour, lag, strategy, landing):
    terms = plan(amount * EURO, days, strategy=strategy, landing=landing)
    day = min(2 + int(when * (days - 1)), days)
    decision, _ = decide_one(terms, seen_on_curve(terms, day, hour / 12, lag_ticks=lag))
    if day == 2 and hour < lag:  # the first day is not completely reported yet
        assert decision.status_of(0) is Status.UNKNOWN
        return
    if decision.action_of(0) is Action.PAUSE:  # a target reached to the cent on the last tick
        assert Reason.TARGET_REACHED in reasons(decision)
    assert decision.status_of(0) is Status.ON_TRACK
    assert decision.at_risk_micros[0] == 0


@st.composite
def situations(draw):
    """Many plans in any state: odd budgets, holes, late and stale reports, pauses, cool-downs."""
    count, days = 12, draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    amount = rng.integers(100, 1_000_000, count) * EURO
    mean = amount / days
    terms = PlanTerms.build(
        amount,
        rng.integers(max(1, days - 3), days + 1, count),
        strategy=rng.integers(0, 4, count),
        landing=rng.integers(0, 3, count),
        min_budget_micros=rng.integers(0, 30, count) * EURO,
        may_pause=rng.random(count) < 0.8,
        season=np.ones((count, days)),
    )
    day = rng.integers(0, days + 2, count)
    spend = (mean[:, None] * rng.lognormal(0, 0.5, (count, days))).astype(np.int64)
    past = np.arange(days)[None, :] < (day - 1)[:, None]
    hole = rng.random((count, days)) < 0.1
    budgets = (mean[:, None] * rng.lognormal(0, 0.4, (count, days))).astype(np.int64)
    budget = (mean * rng.lognormal(0, 0.6, count)).astype(np.int64) // 10_000 * 10_000
    paused = rng.random(count) < 0.2
    seen = Observation.build(
        day=day,
        day_fraction=rng.random(count),
        spend_micros=np.where(past & ~hole, spend, UNKNOWN),
        today_spend_micros=np.where(
            rng.random(count) < 0.3, UNKNOWN, (mean * rng.random(count)).astype(np.int64)
        ),
        budget_micros=np.where(rng.random(count) < 0.1, UNKNOWN, budget),
        budget_by_day_micros=np.where(past & (rng.random((count, days)) < 0.9), budgets, UNKNOWN),
        paused=paused,
        paused_by_lane=paused & (rng.random(count) < 0.6),
        writable=rng.random(count) < 0.9,
        hours_since_change=rng.choice([0.0, 3.0, 10.0, 24.0, 99.0, np.inf], count),
        report_age_hours=rng.choice([0.0, 3.0, 6.9, 9.0, 40.0], count),
        stale_after_hours=7.0,
    )
    return terms, seen


@settings(max_examples=250, deadline=None)
@given(situations())
def test_no_decision_breaks_a_limit(situation):
    terms, seen = situation
    decision, state = decide(terms, seen, State.fresh(len(terms.amount_micros)))
    steps = np.isin(decision.action, [Action.RAISE, Action.LOWER])
    last_day = seen.day == terms.days_total
    new, now = decision.new_budget_micros, seen.budget_micros

    assert (new[~steps] == now[~steps]).all()
    assert (new[steps] != now[steps]).all()
    assert (new[steps] % terms.unit_micros[steps] == 0).all()
    limited = steps & ~last_day & (now > 0)
    assert (np.abs(new - now)[limited] <= terms.step_limit[limited] * now[limited] + 1).all()
    lowered = decision.action == Action.LOWER
    assert (new[lowered] >= np.minimum(terms.min_budget_micros, now)[lowered]).all()

    running = (seen.day >= 1) & (seen.day <= terms.days_total) & ~seen.paused
    assert not (steps & ~running).any()
    assert not (steps & (seen.report_age_hours > seen.stale_after_hours)).any()
    assert not (steps & ~seen.writable).any()
    assert not (steps & ~last_day & (seen.hours_since_change < terms.cooldown_hours)).any()
    assert not (steps & last_day & (seen.hours_since_change < 4)).any()
    pauses = decision.action == Action.PAUSE
    assert (terms.may_pause[pauses] & running[pauses]).all()
    resumes = decision.action == Action.RESUME
    assert (seen.paused & seen.paused_by_lane)[resumes].all()

    known = decision.projected_p50_micros != UNKNOWN
    assert (decision.projected_p10_micros <= decision.projected_p50_micros)[known].all()
    assert (decision.projected_p50_micros <= decision.projected_p90_micros)[known].all()
    assert (
        decision.at_risk_micros[~np.isin(decision.status, [Status.AHEAD, Status.BEHIND, Status.CANNOT_SPEND])]
        == 0
    ).all()
    assert np.isfinite(state.queue).all()
    assert all(decision.findings(row) for row in range(len(decision)) if running[row])


@settings(max_examples=60, deadline=None)
@given(situations())
def test_the_same_plans_in_a_currency_a_hundred_times_smaller_get_the_same_decisions(situation):
    terms, seen = situation
    scaled_terms, scaled_seen = _times(terms, 100), _times(seen, 100)
    decision, _ = decide(terms, seen, State.fresh(len(terms.amount_micros)))
    scaled, _ = decide(scaled_terms, scaled_seen, State.fresh(len(terms.amount_micros)))
    assert scaled.action.tolist() == decision.action.tolist()
    assert scaled.status.tolist() == decision.status.tolist()
    known = decision.new_budget_micros != UNKNOWN
    assert (scaled.new_budget_micros == 100 * decision.new_budget_micros)[known].all()


def _times(rows, factor):
    import dataclasses

    changes = {}
    for field in dataclasses.fields(rows):
        if field.name.endswith("_micros"):
            values = getattr(rows, field.name)
            changes[field.name] = np.where(values == UNKNOWN, UNKNOWN, values * factor)
    return dataclasses.replace(rows, **changes)


@settings(max_examples=60, deadline=None)
@given(situations())
def test_the_same_report_twice_changes_nothing_the_second_time(situation):
    terms, seen = situation
    first, state = decide(terms, seen, State.fresh(len(terms.amount_micros)))
    steps = np.isin(first.action, [Action.RAISE, Action.LOWER])
    since = np.where(steps, 0.0, seen.hours_since_change)
    carried_out = with_values(seen, budget_micros=first.new_budget_micros, hours_since_change=since)
    second, _ = decide(terms, carried_out, state)
    again = np.isin(second.action, [Action.RAISE, Action.LOWER])
    assert not (again & steps).any()


def test_asking_again_with_its_own_memory_gives_the_same_answer():
    terms = plan()
    seen = seen_on_curve(terms, 12, 3 / 12, factor=0.8)
    first, state = decide_one(terms, seen)
    second, same = decide_one(terms, seen, state)
    assert second.new_budget_micros[0] == first.new_budget_micros[0]
    assert np.allclose(state.queue, same.queue)


def test_memory_survives_a_round_trip_through_json():
    terms = plan([3_000 * EURO, 700 * EURO], [30, 14])
    seen = seen_on_curve(terms, 9, 0.5, factor=0.9, report_age_hours=5.0)
    _, state = decide(terms, seen, State.fresh(2))
    back = State.from_json(state.to_json())
    later = with_values(seen, day_fraction=7 / 12)
    assert (
        decide(terms, later, back)[0].new_budget_micros.tolist()
        == decide(terms, later, state)[0].new_budget_micros.tolist()
    )
    assert State.from_json([{}]).last_tick.tolist() == [-1]


def test_grouping_plans_does_not_change_their_answers():
    rng = np.random.default_rng(5)
    terms = plan(
        rng.integers(1, 900, 40) * 1_000 * EURO,
        np.where(np.arange(40) % 3 == 0, 12, 30),
        season=np.ones((40, 30)),
    )
    seen = seen_on_curve(terms, 8, 0.4, factor=0.8)
    whole, whole_state = decide(terms, seen, State.fresh(40))
    parts, parts_state = decide(terms, seen, State.fresh(40), cells_per_chunk=100)
    assert parts.new_budget_micros.tolist() == whole.new_budget_micros.tolist()
    assert parts.projected_p90_micros.tolist() == whole.projected_p90_micros.tolist()
    assert [reasons(parts, row) for row in range(40)] == [reasons(whole, row) for row in range(40)]
    assert np.allclose(parts_state.queue, whole_state.queue)


def test_day_one_is_unknown_and_left_alone():
    terms = plan()
    decision, _ = decide_one(terms, seen_on_curve(terms, 1, 0.5))
    assert decision.status_of(0) is Status.UNKNOWN
    assert decision.action_of(0) is Action.HOLD
    assert decision.projected_p50_micros[0] == UNKNOWN
    assert Reason.DAY_ONE in reasons(decision)


def test_budgets_that_plainly_do_not_fit_the_plan_are_corrected_from_the_first_day():
    terms = plan()
    seen = seen_on_curve(terms, 1, 0.0, budget_micros=50 * EURO)
    decision, _ = decide_one(terms, seen)
    assert decision.action_of(0) is Action.RAISE
    assert decision.new_budget_micros[0] == 60 * EURO
    assert Reason.OPENING_BUDGET in reasons(decision)


def test_behind_raises_by_at_most_one_step_and_says_by_how_much_it_would_miss():
    terms = plan()
    decision, _ = decide_one(terms, seen_on_curve(terms, 15, factor=0.7))
    assert decision.status_of(0) is Status.BEHIND
    assert decision.action_of(0) is Action.RAISE
    assert decision.new_budget_micros[0] == 84 * EURO
    assert decision.at_risk_micros[0] == pytest.approx(-900 * EURO, rel=0.02)
    assert decision.with_p50_micros[0] > decision.projected_p50_micros[0]
    assert decision.held_end_micros[0] == pytest.approx(2_100 * EURO, rel=0.01)
    assert {Reason.PROJECTED_UNDER, Reason.STEP_CAPPED} <= reasons(decision)


def test_ahead_lowers_and_the_change_lands_nearer_to_the_amount():
    terms = plan()
    decision, _ = decide_one(terms, seen_on_curve(terms, 15, factor=1.2))
    assert decision.status_of(0) is Status.AHEAD
    assert decision.action_of(0) is Action.LOWER
    assert decision.with_p50_micros[0] < decision.projected_p50_micros[0]
    assert decision.with_p90_micros[0] <= 3_000 * EURO


def test_a_cool_down_waits_and_names_its_end():
    terms = plan()
    decision, _ = decide_one(terms, seen_on_curve(terms, 15, factor=0.7, hours_since_change=20.0))
    assert decision.action_of(0) is Action.HOLD
    finding = next(one for one in decision.findings(0) if one.reason is Reason.COOL_DOWN)
    assert finding.numbers["in_hours"] == pytest.approx(4.0)


def test_the_last_day_may_move_more_and_every_four_hours():
    terms = plan()
    seen = seen_on_curve(terms, 30, 0.25, factor=0.97, hours_since_change=5.0)
    decision, _ = decide_one(terms, seen)
    assert decision.action_of(0) is Action.RAISE
    assert decision.new_budget_micros[0] > 1.2 * seen.budget_micros[0]
    assert decide_one(terms, with_values(seen, hours_since_change=3.0))[0].action_of(0) is Action.HOLD


def test_a_pause_outside_lane_stays_silent():
    terms = plan()
    decision, _ = decide_one(terms, seen_on_curve(terms, 15, factor=0.5, paused=True))
    assert decision.action_of(0) is Action.NONE
    assert decision.status_of(0) is Status.PAUSED
    assert decision.at_risk_micros[0] == 0


def test_before_and_after_the_flight_nothing_is_asked_for():
    terms = plan(1_000 * EURO, 10)
    before, _ = decide_one(terms, seen_on_curve(terms, -2))
    after, _ = decide_one(terms, seen_on_curve(terms, 11))
    assert (before.action_of(0), before.status_of(0)) == (Action.NONE, Status.SCHEDULED)
    assert (after.action_of(0), after.status_of(0)) == (Action.NONE, Status.ENDED)
    assert before.projected_p50_micros[0] == UNKNOWN
    assert after.projected_p50_micros[0] == after.reported_micros[0] == 1_000 * EURO


def test_an_unknown_budget_is_paced_from_its_run_rate_but_never_written():
    terms = plan()
    seen = seen_on_curve(
        terms, 15, factor=0.7, budget_micros=UNKNOWN, budget_by_day_micros=np.full((1, 30), UNKNOWN)
    )
    decision, _ = decide_one(terms, seen)
    assert decision.status_of(0) is Status.BEHIND
    assert decision.action_of(0) is Action.HOLD
    assert decision.projected_p50_micros[0] == pytest.approx(2_100 * EURO, rel=0.02)
    assert decision.needed_per_day_micros[0] == pytest.approx(126 * EURO, rel=0.02)
    assert Reason.BUDGET_UNKNOWN in reasons(decision)


def test_an_amended_amount_is_paced_from_now():
    terms, more = plan(), plan(4_500 * EURO)
    seen = seen_on_curve(terms, 11)
    _, state = decide_one(terms, seen)
    decision, _ = decide_one(more, seen, state)
    assert decision.status_of(0) is Status.BEHIND
    assert decision.needed_per_day_micros[0] == pytest.approx(175 * EURO, rel=0.02)


def test_ten_thousand_plans_are_decided_at_once():
    rng = np.random.default_rng()
    amounts = rng.integers(100, 100_000, 10_000) * EURO
    terms = plan(amounts, 30, strategy=rng.integers(0, 4, 10_000))
    decision, _ = decide(terms, seen_on_curve(terms, 12, 0.5), State.fresh(10_000))
    assert (decision.status == Status.ON_TRACK).all()
