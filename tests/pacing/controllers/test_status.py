from __future__ import annotations

import numpy as np
import pytest

from pacing.controllers import UNKNOWN, Action, Reason, State, Status, decide, decide_one
from pacing.controllers.status import tolerance_now
from tests.pacing.controllers.situations import EURO, plan, seen_on_curve, with_values


def test_the_band_narrows_from_twice_the_tolerance_to_the_tolerance():
    days_left = np.array([30, 16, 1])
    band = tolerance_now(np.full(3, 0.05), days_left, np.full(3, 30))
    assert band[0] == pytest.approx(0.10)
    assert band[0] > band[1] > band[2] == pytest.approx(0.05)


def test_the_same_miss_matters_more_late_than_early():
    terms = plan()
    early = seen_on_curve(terms, 3, factor=0.92)
    late = seen_on_curve(terms, 28, factor=0.92)
    assert decide_one(terms, early)[0].status_of(0) is Status.ON_TRACK
    assert decide_one(terms, late)[0].status_of(0) is Status.BEHIND


def test_demand_well_under_the_budget_reads_cannot_spend_with_what_is_achievable():
    terms = plan()
    seen = seen_on_curve(terms, 15)
    spend = np.where(seen.spend_micros == UNKNOWN, UNKNOWN, 55 * EURO)
    decision, _ = decide_one(terms, with_values(seen, spend_micros=spend))
    assert decision.status_of(0) is Status.CANNOT_SPEND
    assert decision.achievable_end_micros[0] == pytest.approx(55 * 30 * EURO, rel=0.03)
    assert decision.at_risk_micros[0] < -1_200 * EURO
    assert {Reason.CANNOT_SPEND, Reason.DEMAND_CAPPED} <= {one.reason for one in decision.findings(0)}
    assert decision.action_of(0) is not Action.RAISE  # more budget would buy nothing


def test_a_campaign_that_was_rejected_stops_asking_for_more_budget():
    terms = plan()
    seen = seen_on_curve(terms, 15)
    spend = seen.spend_micros.copy()
    spend[0, 8:14] = 0
    decision, _ = decide_one(terms, with_values(seen, spend_micros=spend, today_spend_micros=0))
    assert decision.status_of(0) is Status.CANNOT_SPEND
    assert decision.action_of(0) is not Action.RAISE


def test_a_budget_someone_cut_by_hand_shows_at_once():
    terms = plan()
    _, state = decide_one(terms, seen_on_curve(terms, 14))
    cut = seen_on_curve(terms, 15, budget_micros=50 * EURO, hours_since_change=2.0)
    decision, _ = decide_one(terms, cut, state)
    assert decision.status_of(0) is Status.BEHIND
    assert decision.action_of(0) is Action.HOLD  # within the cool-down after their edit


def test_money_at_risk_is_signed_and_only_for_plans_outside_the_band():
    terms = plan([3_000 * EURO] * 3, 30)
    seen = seen_on_curve(terms, 20)
    factor = np.array([[1.0], [0.7], [1.3]])
    scaled = with_values(
        seen,
        spend_micros=np.where(seen.spend_micros == UNKNOWN, UNKNOWN, seen.spend_micros * factor),
        budget_micros=seen.budget_micros * factor[:, 0],
        budget_by_day_micros=np.where(
            seen.budget_by_day_micros == UNKNOWN, UNKNOWN, seen.budget_by_day_micros * factor
        ),
    )
    decision, _ = decide(terms, scaled, State.fresh(3))
    assert decision.at_risk_micros[0] == 0
    assert decision.at_risk_micros[1] == pytest.approx(-900 * EURO, rel=0.01)
    assert decision.at_risk_micros[2] == pytest.approx(900 * EURO, rel=0.01)
