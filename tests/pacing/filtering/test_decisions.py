"""What a line says and what its answer says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pacing.filtering.lines import M, answer, answers, observation


def codes(found):
    return [reason["code"] for reason in found["reasons"]]


def test_a_plan_on_its_way_is_left_alone():
    found = answer()
    assert (found["action"], found["budget_micros"], found["pause"]) == ("hold", 100 * M, False)
    assert found["status"] == "on_track"
    assert found["day"] == 13
    ends = found["projection"]
    assert ends["p10_micros"] < ends["p50_micros"] < ends["p90_micros"]
    assert ends["p50_micros"] == pytest.approx(3000 * M, rel=0.01)
    assert found["reported_micros"] == 1200 * M
    assert found["spent_estimate_micros"] > found["reported_micros"]


def test_a_plan_behind_is_raised_by_a_step_and_says_why_with_its_numbers():
    found = answer(spend=80 * M)
    assert found["action"] == "raise"
    assert 100 * M < found["budget_micros"] <= 120 * M
    assert found["budget_micros"] % 10_000 == 0
    assert found["with_change"]["p50_micros"] > found["projection"]["p50_micros"]
    reason = found["reasons"][0]
    assert reason["code"] == "projected_under"
    assert "Projected end 2,503.44 EUR" in reason["text"]
    assert reason["numbers"]["projected_micros"] == found["projection"]["p50_micros"]


def test_a_step_limit_and_a_unit_bind():
    found = answer(spend=80 * M, step_limit=0.1, unit_micros=3 * M)
    assert found["budget_micros"] <= 110 * M
    assert found["budget_micros"] % (3 * M) == 0


def test_nothing_is_changed_within_the_cool_down():
    assert answer(spend=80 * M, last_change_at="2026-05-13T02:00:00+02:00")["action"] == "hold"
    assert answer(spend=80 * M, last_change_at="2026-05-12T02:00:00+02:00")["action"] == "raise"


def test_the_target_pauses_and_only_lanes_own_pause_is_lifted():
    full = {"day": 30, "spend": 103 * M}
    found = answer(**full)
    assert (found["action"], found["pause"]) == ("pause", True)
    assert answer(**full, pause_at_target=False)["pause"] is False
    others = answer(paused=True, paused_by="other")
    assert (others["action"], others["pause"], others["status"]) == ("none", True, "paused")
    ours = answer(paused=True, paused_by="lane")
    assert (ours["action"], ours["pause"]) == ("resume", False)


def test_a_first_budget_is_found_where_none_is_set_and_an_unknown_one_is_never_changed():
    assert answer(day=1, budget_micros=0)["budget_micros"] == pytest.approx(100 * M, rel=0.02)
    unknown = answer(budget_micros=None, spend=80 * M)
    assert (unknown["action"], unknown["budget_micros"]) == ("hold", None)
    assert unknown["needed_per_day_micros"] > 100 * M


def test_what_is_not_reported_is_unknown_and_not_zero():
    found = answer(reported={"through": "2026-05-13T09:00", "days": []}, budgets=[])
    assert found["projection"] is None
    assert found["status"] == "unknown"
    assert "days_estimated" in codes(found)
    assert found["spent_estimate_micros"] > 1000 * M


def test_a_report_without_a_time_is_as_old_as_reports_usually_are():
    record = observation(spend=80 * M)
    del record["reported"]["through"]
    assert answers(record)[0]["action"] == "raise"
    assert "stale_report" in codes(answer(reported={"through": "2026-05-12T09:00"}))


def test_the_last_hour_given_says_how_far_the_reports_reach():
    record = observation()
    days = record["reported"]["days"]
    hours = [{"on": "2026-05-13", "hour": hour, "spend_micros": 3 * M} for hour in range(9)]
    silent = answers({**record, "reported": {"days": days, "hours": hours}})[0]
    told = answers({**record, "reported": {"days": days, "hours": hours, "through": "2026-05-13T09:00:00"}})[
        0
    ]
    assert silent == told
    assert silent["reported_micros"] == 1227 * M


def test_hours_that_stand_still_say_that_nothing_runs():
    """The same sum of today: with its hours the last ones show a standstill, so nothing more is expected since."""
    record = observation(now="2026-05-13T16:00:00")
    hours = [{"on": "2026-05-13", "hour": hour, "spend_micros": 3 * M * (hour < 8)} for hour in range(12)]
    days = [*record["reported"]["days"], {"on": "2026-05-13", "spend_micros": 24 * M}]
    through = "2026-05-13T12:00:00"
    told = answers({**record, "reported": {"through": through, "days": days, "hours": hours}})[0]
    silent = answers({**record, "reported": {"through": through, "days": days}})[0]
    assert told["reported_micros"] == silent["reported_micros"] == 1224 * M
    assert told["spent_estimate_micros"] < silent["spent_estimate_micros"] - 10 * M


def test_hours_make_up_days_that_have_no_row_of_their_own():
    hours = [
        {"on": row["on"], "hour": hour, "spend_micros": 5 * M}
        for row in observation()["reported"]["days"]
        for hour in range(20)
    ]
    by_hour = answer(reported={"through": "2026-05-13T09:00", "hours": hours})
    assert by_hour == answer()


def test_days_outside_the_flight_do_not_count_and_days_to_come_are_refused():
    before = observation()
    before["reported"]["days"].append({"on": "2026-04-30", "spend_micros": 999 * M})
    before["reported"]["days"].append({"on": "2026-05-14", "spend_micros": 0})
    assert answers(before)[0] == answer()
    before["reported"]["days"][-1]["spend_micros"] = 1
    assert answers(before)[0]["error"]["field"] == "reported.days[13].on"


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-10", 24)],
    ids=["23 h", "25 h", "24 h"],
)
def test_a_day_is_as_long_as_the_clock_makes_it(day, hours):
    """At noon of the local clock 11, 13 or 12 hours are over: the expected spend follows."""
    flat = [1.0] * 24
    found = answer(
        starts_on=day,
        ends_on=day,
        amount_micros=hours * M,
        now=f"{day}T12:00:00",
        reported={},
        budgets=[],
        intraday=flat,
        budget_micros=hours * M,
    )
    assert found["day"] == 1
    assert found["expected_micros"] == pytest.approx((12 - (24 - hours)) * M, rel=1e-6)


def test_now_is_the_same_with_and_without_an_offset():
    local, utc = answer(now="2026-05-13T12:00:00"), answer(now="2026-05-13T10:00:00Z")
    assert local == utc


def test_the_day_is_the_time_zones():
    assert answer(now="2026-05-12T22:30:00Z", timezone="Europe/Vienna", reported={})["day"] == 13
    assert answer(now="2026-05-12T22:30:00Z", timezone="America/New_York", reported={})["day"] == 12


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"plan": None}, "plan"),
        ({"amount_micros": "3000"}, "amount_micros"),
        ({"amount_micros": 12.5}, "amount_micros"),
        ({"amount_micros": 0}, "amount_micros"),
        ({"amount_micros": True}, "amount_micros"),
        ({"starts_on": "1 May"}, "starts_on"),
        ({"ends_on": "2026-04-01"}, "ends_on"),
        ({"ends_on": "2028-04-01"}, "ends_on"),
        ({"strategy": "fast"}, "strategy"),
        ({"landing": 3}, "landing"),
        ({"timezone": "Vienna"}, "timezone"),
        ({"now": "noon"}, "now"),
        ({"now": None}, "now"),
        ({"tolerance": 5}, "tolerance"),
        ({"pause_at_target": 1}, "pause_at_target"),
        ({"budget_micros": -1}, "budget_micros"),
        ({"budgets": [{"on": "2026-05-01"}]}, "budgets[0].micros"),
        ({"season": [1.0]}, "season"),
        ({"intraday": [1.0]}, "intraday"),
        ({"plan_weights": [0] * 30}, "plan_weights"),
        ({"platform": "google_ads"}, "platform"),
        ({"platform": {"report_lag_hours": "3"}}, "platform.report_lag_hours"),
        ({"reported": {"through": "2026-05-14T00:00"}}, "reported.through"),
        ({"reported": {"days": {"2026-05-01": 1}}}, "reported.days"),
        ({"reported": {"days": [{"on": "2026-05-01", "spend_micros": -5}]}}, "reported.days[0].spend_micros"),
        ({"reported": {"days": [{"spend_micros": 5}]}}, "reported.days[0].on"),
        ({"reported": {"days": [7]}}, "reported.days[0]"),
        ({"reported": {"hours": [{"on": "2026-05-01", "hour": 24}]}}, "reported.hours[0].hour"),
        ({"paused_by": "me", "paused": True}, "paused_by"),
        ({"state": {"v": 1}}, "state"),
        ({"state": "abc"}, "state"),
        ({"last_change_at": 5}, "last_change_at"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(changes, field):
    found = answer(**changes)
    assert found["error"]["field"] == field
    assert found["line"] == 1
    assert found["error"]["message"][0].isupper()


@pytest.mark.parametrize(
    "line", [b"[]", b"5", b'"x"', b"nope", b'{"plan": NaN}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_line_that_is_no_object_is_named(line):
    first, second = answers(line, observation())
    assert first["error"]["field"] == "line"
    assert second["action"] == "hold"


def test_a_broken_state_does_not_harm_the_lines_beside_it():
    good = answer()
    broken = observation(plan="b", state={**good["state"], "plan": "b", "controller": {"queue": "x"}})
    foreign = observation(plan="c", state=good["state"])
    found = answers(observation(), broken, foreign)
    assert found[0] == good
    assert found[1]["error"]["field"] == found[2]["error"]["field"] == "state"
    assert [one["line"] for one in found[1:]] == [2, 3]


def test_integral_floats_and_windows_line_ends_are_forgiven():
    record = observation(amount_micros=3000.0 * M)
    assert answers(record)[0] == answer()
    assert answers(b"\xef\xbb\xbf" + json.dumps(observation()).encode() + b"\r")[0] == answer()


@given(st.lists(st.integers(0, 400 * M), min_size=12, max_size=12), st.integers(1, 400 * M))
def test_a_line_is_decided_alike_alone_and_among_others(spend, budget):
    record = observation(plan=1, budget_micros=budget)
    for row, micros in zip(record["reported"]["days"], spend, strict=True):
        row["spend_micros"] = micros
    longer = observation(plan=2, ends_on="2026-07-30")
    alone = answers(record)[0]
    assert answers(longer, record, observation(plan=3, day=2))[1] == alone
    if alone["action"] in ("raise", "lower"):
        assert abs(alone["budget_micros"] / budget - 1) <= 0.2 + 1e-9
