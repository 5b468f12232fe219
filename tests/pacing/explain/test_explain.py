"""Explanations say only what is stored, and what they say would change a decision does change it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.controllers import Action, State, decide_one
from pacing.explain import PlanFacts, Sentence, explain_plan, flips_of, unproved, write
from pacing.explain.thresholds import Axis
from tests.pacing.controllers.situations import EURO, plan, seen_on_curve

CURRENCIES = ["EUR", "USD", "JPY", "KWD", "CHF"]
micros = st.integers(0, 5_000_000).map(lambda units: units * 10_000)
ratios = st.floats(-3, 3, allow_nan=False)
bands = st.fixed_dictionaries({name: st.none() | micros for name in ("p10", "p50", "p90")})


@st.composite
def facts(draw):
    """Any look that could be explained, with figures of any size and any of them missing."""
    return PlanFacts(
        kind=draw(st.sampled_from(["raise", "lower", "pause", "resume"])),
        currency=draw(st.sampled_from(CURRENCIES)),
        amount_micros=draw(micros) + EURO,
        spent_micros=draw(st.none() | micros),
        estimated_micros=draw(st.none() | micros),
        expected_micros=draw(st.none() | micros),
        report_age_hours=draw(st.none() | st.floats(0, 300)),
        error_ratio=draw(st.none() | ratios),
        trigger_ratio=draw(st.floats(0.004, 0.02)),
        needed_micros=draw(st.none() | micros),
        now_micros=draw(st.none() | micros),
        new_micros=draw(st.none() | micros),
        step_limit_ratio=draw(st.sampled_from([0.2, 0.9])),
        without=draw(bands),
        ends=draw(bands),
        left_micros=draw(st.none() | micros),
        tick_micros=draw(st.none() | micros),
        waiting_late_micros=draw(st.none() | micros),
        is_blind_pause=draw(st.booleans()),
        is_step_limited=draw(st.booleans()),
        blocked=draw(st.lists(st.sampled_from(["Brand 2026", "P10 test", "Shoes, 50 % off"]), max_size=2)),
    )


@settings(max_examples=250, deadline=None)
@given(facts())
def test_every_number_in_every_text_is_the_stored_one(given_facts):
    numbers, sentences = explain_plan(given_facts)
    for sentence in sentences:
        assert unproved(sentence.text, sentence.numbers, given_facts.currency) == []
        for name, value in sentence.numbers.items():
            assert numbers[name] == value
        assert Sentence.from_json(sentence.as_json()) == sentence


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**15), st.sampled_from(CURRENCIES), st.floats(1.002, 3))
def test_a_text_with_another_amount_is_found_out(amount, currency, factor):
    said = write("x", "It ends at {end_micros}.", {"end_micros": amount}, currency=currency)
    other = write("x", "It ends at {end_micros}.", {"end_micros": round(amount * factor)}, currency=currency)
    if said.text != other.text:
        assert unproved(other.text, said.numbers, currency)


@pytest.mark.parametrize(
    ("text", "numbers", "missing"),
    [
        ("Ends at €120.00, 5.0 % over.", {"end_micros": 120_000_000, "error_ratio": 0.05}, []),
        ("Ends at €120.00, 6.0 % over.", {"end_micros": 120_000_000, "error_ratio": 0.05}, ["6.0 %"]),
        ("An amount is no share: 120 %.", {"end_micros": 120_000_000}, ["120 %"]),
        ("A share is no amount: 5.0.", {"error_ratio": 0.05}, ["5.0"]),
        ("In 14 days.", {"left_hours": 336.0}, []),
        ("In 14 days.", {"left_hours": 300.0}, ["14 days"]),
        ("Until 31 May 2026 for “Brand 2026”.", {"end_on": "2026-05-31", "budget_text": "Brand 2026"}, []),
        ("Until 30 May 2026.", {"end_on": "2026-05-31"}, ["30", "2026"]),
        ("P10 €1,200 to P90 €1,400", {"p10_micros": 1_200_400_000, "p90_micros": 1_399_600_000}, []),
    ],
)
def test_figures_are_matched_by_unit_and_as_far_as_they_are_written(text, numbers, missing):
    assert unproved(text, numbers, "EUR") == missing


# --- what would change a decision -------------------------------------------------------------------------


def asked(terms, seen, **changed):
    """The controllers' answer with one input moved."""
    if "yesterday" in changed:
        spend = seen.spend_micros.copy()
        spend[0, int(seen.day[0]) - 2] = changed["yesterday"]
        seen = dataclasses.replace(seen, spend_micros=spend)
    if "budget" in changed:
        seen = dataclasses.replace(seen, budget_micros=np.array([changed["budget"]]))
    if "amount" in changed:
        terms = dataclasses.replace(terms, amount_micros=np.array([changed["amount"]]))
    return decide_one(terms, seen)[0].action_of(0)


@pytest.mark.parametrize("factor", [0.7, 0.9, 0.95, 1.1, 1.4])
@pytest.mark.parametrize("day", [4, 15, 27])
def test_a_threshold_is_where_the_controllers_really_answer_otherwise(factor, day):
    terms = plan()
    seen = seen_on_curve(terms, day, 0.4, factor)
    action = asked(terms, seen)
    flips = flips_of(terms, seen, State.fresh(1), action)
    assert {flip.axis for flip in flips} == set(Axis)
    for flip in flips:
        if flip.other_micros is None:
            for value in (flip.lowest_micros, flip.highest_micros):
                assert asked(terms, seen, **{flip.axis.value: value}) is action
            continue
        assert asked(terms, seen, **{flip.axis.value: flip.other_micros}) is flip.outcome
        assert flip.outcome is not action
        # One in two hundred of the way back, the answer is still the one that was given.
        back = flip.other_micros + round((flip.value_micros - flip.other_micros) * 0.05)
        assert asked(terms, seen, **{flip.axis.value: back}) is action
    moved = [flip for flip in flips if flip.outcome is not None]
    assert action is Action.HOLD or moved, "a change always has something that would have prevented it"


def test_an_unknown_yesterday_is_not_talked_about():
    terms = plan()
    seen = seen_on_curve(terms, 1, 0.4, 0.5)
    assert Axis.YESTERDAY not in {flip.axis for flip in flips_of(terms, seen, State.fresh(1), Action.HOLD)}


def test_what_is_not_known_is_not_mentioned():
    nothing = dict.fromkeys(("p10", "p50", "p90"))
    bare = PlanFacts(
        kind="raise", currency="EUR", amount_micros=3_000 * EURO, spent_micros=None, estimated_micros=None,
        expected_micros=None, report_age_hours=None, error_ratio=None, trigger_ratio=None, needed_micros=None,
        now_micros=None, new_micros=None, step_limit_ratio=0.2, without=nothing, ends=nothing,
    )  # fmt: skip
    assert [one.text for one in explain_plan(bare)[1]] == ["No spend is reported yet for the €3,000."]
