"""What looks say: every figure in a sentence is one of the numbers stored with it."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.allocation import Arm, ArmDay, GroupLimit, State, Terms, learn
from pacing.allocation import look as allocate
from pacing.explain import unproved
from pacing.portfolio_words import _PROBLEMS, HELD_BY, SKIPS, Writer
from pacing.services.portfolios.proposing import rows_of

TODAY = date(2026, 11, 21)
EURO = 1_000_000


def arms(curve, days=40):
    """Arms with made-up days: the richer the earlier."""
    return [
        Arm(
            key=f"key-{place}",
            name=name,
            daily_micros=50 * EURO,
            history=tuple(
                ArmDay(
                    TODAY - timedelta(days=age),
                    round((45 + age % 11) * EURO),
                    curve[place] * (1 + 0.1 * ((age * 7) % 5 - 2)),
                )
                for age in range(3, days)
            ),
        )
        for place, name in enumerate(("Search 2027", "Shop 24/7", "Brand"))
    ]


def said_of(terms, told, goal="value"):
    posterior = learn(terms, told, TODAY)
    found = allocate(terms, told, posterior, State(), TODAY, 7)
    writer = Writer("EUR", goal)
    sentences = [*writer.of_look(found, 0.8), *writer.counterfactual(found, 0.5), *writer.flips(found.arms)]
    for arm in found.arms:
        sentences += writer.of_arm(arm, found.price_per_100)
    return found, sentences


TERMS = Terms(budget_micros=150 * EURO)


@pytest.mark.parametrize("goal", ["value", "conversions"])
@settings(max_examples=25, deadline=None)
@given(
    values=st.tuples(*[st.floats(1, 900) for _ in range(3)]),
    exploration=st.sampled_from(["greedy", "thompson", "excitation"]),
)
def test_every_figure_of_every_sentence_is_stored_with_it(goal, values, exploration):
    terms = dataclasses.replace(TERMS, exploration=type(TERMS.exploration)(exploration))
    _, sentences = said_of(terms, arms(values), goal)
    assert sentences
    for sentence in sentences:
        assert unproved(sentence.text, sentence.numbers, "EUR") == [], sentence


@pytest.mark.parametrize(
    ("terms", "changed", "code"),
    [
        (TERMS, {"locked": True, "daily_micros": 60 * EURO}, "locks_exceed_budget"),
        (TERMS, {"locked": True, "daily_micros": 40 * EURO}, "locks_below_budget"),
        (TERMS, {"minimum_micros": 60 * EURO}, "floors_exceed_budget"),
        (TERMS, {"maximum_micros": 40 * EURO}, "caps_below_budget"),
        (
            dataclasses.replace(TERMS, groups=(GroupLimit("group", "Brand", 0.9, 1.0),)),
            {"groups": {"group": "Brand"}, "maximum_micros": 10 * EURO},
            None,
        ),
    ],
)
def test_wishes_that_contradict_each_other_are_named_with_their_figures(terms, changed, code):
    told = [dataclasses.replace(arm, **changed) for arm in arms((300, 200, 100))]
    found, sentences = said_of(terms, told)
    assert found.problems
    if code is not None:
        assert found.problems[0].code == code
    for sentence in sentences:
        assert unproved(sentence.text, sentence.numbers, "EUR") == [], sentence


def test_every_problem_the_allocator_knows_has_words_here():
    from pacing.allocation import sentences as theirs

    assert set(theirs._PROBLEMS) <= set(_PROBLEMS)


def test_words_without_numbers_need_none():
    for text in HELD_BY.values():
        assert "{" not in text
    assert all(text.endswith(".") for text in SKIPS.values())


@given(
    amounts=st.lists(st.integers(1, 40_000), min_size=1, max_size=6),
    change=st.integers(-20, 20),
)
def test_an_arm_is_shared_out_over_its_budgets_to_the_micro(amounts, change):
    class Budget:
        def __init__(self, number, micros):
            self.public_id, self.name, self.amount_micros = number, str(number), micros

    budgets = [Budget(number, amount * 10_000) for number, amount in enumerate(amounts)]
    now = sum(budget.amount_micros for budget in budgets)
    new = (now * (100 + change) // 100) // 10_000 * 10_000
    rows = rows_of(budgets, new, 10_000)
    assert sum(row["new_micros"] for row in rows) == new
    assert all(row["new_micros"] >= 0 and row["new_micros"] % 10_000 == 0 for row in rows)
