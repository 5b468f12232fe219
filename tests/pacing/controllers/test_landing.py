"""The last days: what is not reported yet, pauses that wait for it, events, and budgets that cannot overshoot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing.controllers import UNKNOWN, Action, Reason, decide_one
from pacing.controllers.base import INTRADAY_PRIOR
from tests.pacing.controllers.situations import EURO, plan, seen_on_curve, with_values


def reasons(decision):
    return {finding.reason for finding in decision.findings(0)}


def near(terms, day, tick, *, before, today, budget, lag_hours=6.0, **changes):
    """Day ``day`` at ``tick``: so much spent on each earlier day and reported of today, in euros."""
    days = int(terms.days_total[0])
    spend = np.full((1, days), UNKNOWN)
    spend[0, : day - 1] = round(before * EURO)
    budgets = np.full((1, days), UNKNOWN)
    budgets[0, : day - 1] = round(before * EURO)
    return seen_on_curve(
        terms,
        day,
        tick / 12,
        spend_micros=spend,
        today_spend_micros=round(today * EURO),
        budget_micros=round(budget * EURO),
        budget_by_day_micros=budgets,
        report_age_hours=lag_hours,
        **changes,
    )


def test_before_the_last_day_a_pause_comes_early_and_waits_for_the_reports():
    # 126 left on the last day but one; 36 of it are reported and about 70 ran since: 20 are left, give or take 10.
    terms = plan()
    seen = near(terms, 29, 8, before=102.64, today=36.0, budget=165.0)
    decision, _ = decide_one(terms, seen)
    assert decision.action_of(0) is Action.PAUSE
    assert Reason.WAITING_FOR_REPORTS in reasons(decision)
    assert Reason.TARGET_REACHED not in reasons(decision)


def test_a_raise_never_stands_against_a_pause():
    terms = plan()
    seen = near(terms, 30, 7, before=100.0, today=23.0, budget=200.0)
    decision, _ = decide_one(terms, seen)
    assert decision.action_of(0) is Action.PAUSE
    assert decision.new_budget_micros[0] == seen.budget_micros[0]


@given(shown=st.floats(20.0, 60.0), tick=st.integers(4, 9))
def test_more_reported_of_today_never_means_less_spent_by_now(shown, tick):
    terms = plan()
    less, _ = decide_one(terms, near(terms, 20, tick, before=100.0, today=shown, budget=100.0))
    more, _ = decide_one(terms, near(terms, 20, tick, before=100.0, today=shown * 1.05, budget=100.0))
    assert more.estimated_micros[0] >= less.estimated_micros[0]


def test_hours_that_show_a_standstill_leave_nothing_unreported_to_expect():
    terms = plan()
    shares = INTRADAY_PRIOR[:6] * 100 * EURO
    running = np.full((1, 12), UNKNOWN)
    running[0, :6] = np.rint(shares)
    stopped = running.copy()
    stopped[0, 4:6] = 0
    _, state = decide_one(terms, near(terms, 20, 8, before=100.0, today=0.0, budget=100.0))
    told = {"before": 100.0, "budget": 100.0}
    one, _ = decide_one(
        terms,
        near(
            terms,
            20,
            9,
            today=running[0, :6].sum() / EURO,
            today_by_tick_micros=running,
            **told,
        ),
        state,
    )
    other, _ = decide_one(
        terms,
        near(
            terms,
            20,
            9,
            today=stopped[0, :4].sum() / EURO,
            today_by_tick_micros=stopped,
            **told,
        ),
        state,
    )
    late = [int(each.estimated_micros[0] - each.reported_micros[0]) for each in (one, other)]
    assert late[0] > 25 * EURO
    assert late[1] < 3 * EURO


def test_without_complete_days_the_accounts_own_delivery_is_where_learning_starts():
    usual, poor = plan(), plan(delivery_prior=0.8)
    seen = near(usual, 2, 6, before=80.0, today=UNKNOWN / EURO, budget=100.0)
    one, _ = decide_one(usual, seen)
    other, _ = decide_one(poor, seen)
    assert other.projected_p50_micros[0] < one.projected_p50_micros[0]


def test_under_a_month_limit_the_last_budget_is_the_rest_itself():
    limited = plan(month_limit=True)
    # 100 left at midnight of the last day, the platform delivering a tenth more than its budgets.
    seen = near(limited, 30, 0, before=100.0, today=0.0, budget=91.0, lag_hours=0.0)
    free, _ = decide_one(plan(), seen)
    exact, _ = decide_one(limited, seen)
    assert exact.needed_per_day_micros[0] == pytest.approx(98 * EURO, rel=0.01)
    assert free.needed_per_day_micros[0] < exact.needed_per_day_micros[0]


def test_a_planned_event_moves_the_budget_past_the_step_and_back():
    weights = np.ones((1, 30))
    weights[0, 14] = 3.0
    terms = plan(plan_weight=weights)
    day = 3_000 * EURO / 32
    budgets = np.full((1, 30), UNKNOWN)
    budgets[0, :14] = round(day)
    spend = budgets.copy()
    seen = seen_on_curve(
        terms,
        15,
        0.0,
        spend_micros=spend,
        budget_micros=round(day) // 10_000 * 10_000,
        budget_by_day_micros=budgets,
    )
    decision, _ = decide_one(terms, seen)
    assert decision.action_of(0) is Action.RAISE
    assert decision.new_budget_micros[0] == pytest.approx(3 * day, rel=0.03)
    assert decision.projected_p50_micros[0] == pytest.approx(3_000 * EURO * 30 / 32, rel=0.03)

    budgets[0, 14], spend[0, 14] = round(3 * day), round(3 * day)
    after = with_values(
        seen,
        day=16,
        spend_micros=spend,
        budget_micros=round(3 * day) // 10_000 * 10_000,
        budget_by_day_micros=budgets,
        hours_since_change=24.0,
    )
    back, _ = decide_one(terms, after)
    assert back.action_of(0) is Action.LOWER
    assert back.new_budget_micros[0] == pytest.approx(day, rel=0.03)


def test_a_plan_that_ends_short_even_if_its_budget_stays_is_never_lowered():
    terms = plan()
    rng = np.random.default_rng()
    for spent in rng.uniform(20, 95, 20):
        decision, _ = decide_one(
            terms, near(terms, 25, 1, before=spent, today=0.0, budget=100.0, lag_hours=0.0)
        )
        assert decision.action_of(0) is not Action.LOWER


def test_a_tight_tolerance_tightens_the_trigger():
    tight = plan(tolerance=0.01)
    assert decide_one(tight, seen_on_curve(tight, 3))[0].trigger[0] <= 0.02
    wide = plan()
    assert decide_one(wide, seen_on_curve(wide, 3))[0].trigger[0] == pytest.approx(0.08)
