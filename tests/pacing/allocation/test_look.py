"""A look moves money where it is worth more, within every wish, and says why or why not."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.allocation import (
    Allocation,
    Arm,
    Decision,
    Exploration,
    GroupLimit,
    Move,
    State,
    Terms,
    learn,
    look,
    sentence,
)
from tests.pacing.allocation.arms import EUR, TODAY, arm, three

TERMS = Terms(budget_micros=300 * EUR)


def decided(arms, terms=TERMS, state=None, today=TODAY, seed=1) -> Allocation:
    return look(terms, arms, learn(terms, arms, TODAY), state or State(), today, seed)


def codes(findings) -> set[str]:
    return {finding.code for finding in findings}


def test_money_goes_where_the_next_unit_is_worth_most():
    answer = decided(three())
    assert answer.decision is Decision.MOVE
    assert answer.arm("strong").new_micros == 120 * EUR
    assert answer.arm("weak").new_micros == 80 * EUR
    assert answer.arm("strong").worth_now > answer.price_per_100 > answer.arm("weak").worth_now
    assert answer.gain.mean > 0
    assert answer.gain_probability >= 0.8
    assert answer.value_new.mean > answer.value_now.mean
    assert "better_split" in codes(answer.reasons)


def test_an_arm_that_returned_nothing_is_cut():
    nothing = tuple(replace(day, value=0.0) for day in three()[0].history)
    answer = decided([replace(three()[0], history=nothing), *three()[1:]])
    assert answer.arm("strong").new_micros == 80 * EUR
    assert answer.arm("usual").new_micros > 100 * EUR


def test_arms_of_which_none_returned_anything_are_left_alone():
    arms = [replace(each, history=tuple(replace(day, value=0.0) for day in each.history)) for each in three()]
    assert decided(arms).decision is Decision.HOLD


def test_sparse_conversions_still_tell_a_strong_arm_from_a_weak_one():
    rng = np.random.default_rng(3)
    arms = []
    for each, rate in zip(three(days=80), (0.9, 0.4, 0.15), strict=True):
        history = tuple(replace(day, value=float(rng.poisson(rate))) for day in each.history)
        arms.append(replace(each, history=history))
    answer = decided(arms)
    assert answer.arm("strong").new_micros > 100 * EUR > answer.arm("weak").new_micros


def test_arms_alike_are_left_alone():
    answer = decided([arm(key, noise=0.3, seed=4) for key in ("a", "b", "c")])
    assert answer.decision is Decision.HOLD
    assert not answer.moves
    assert codes(answer.reasons) & {"gain_unsure", "too_small"}


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_is_asked_the_sum_is_exact_and_no_wish_is_broken(data):
    draw = random.Random(data.draw(st.integers(0, 10**9)))
    arms = []
    for index in range(draw.randint(2, 6)):
        daily = draw.choice([0, 5, 37.21, 100, 250])
        arms.append(
            replace(
                arm(
                    f"a{index}",
                    slope=draw.uniform(0.5, 5),
                    daily=daily or 20,
                    days=draw.choice([0, 5, 30]),
                    seed=index,
                ),
                daily_micros=round(daily * EUR),
                minimum_micros=draw.choice([0, 0, 3 * EUR]),
                maximum_micros=draw.choice([None, None, 300 * EUR]),
                locked=draw.random() < 0.15,
                anomaly=draw.random() < 0.1,
                last_moved_on=draw.choice([None, TODAY - timedelta(days=1), TODAY - timedelta(days=9)]),
                groups={"platform": draw.choice(["google", "meta"])},
            )
        )
    total = sum(each.daily_micros for each in arms)
    budget = draw.choice([total, total, total * 11 // 10, total * 8 // 10]) // 10_000 * 10_000
    terms = Terms(
        budget_micros=max(budget, 10 * EUR),
        groups=draw.choice([(), (GroupLimit("platform", "meta", 0.2, 0.7),)]),
        exploration=draw.choice(list(Exploration)),
        roas_floor=draw.choice([None, 1.0]),
    )
    answer = decided(arms, terms, seed=draw.randint(0, 99))
    if answer.decision is Decision.INFEASIBLE:
        assert answer.problems
        assert not answer.moves
        assert all(sentence(problem) for problem in answer.problems)
        return
    assert sum(part.new_micros for part in answer.arms) == terms.budget_micros
    for before, part in zip(arms, answer.arms, strict=True):
        assert part.key == before.key
        assert part.new_micros >= before.minimum_micros or before.locked
        assert before.maximum_micros is None or before.locked or part.new_micros <= before.maximum_micros
        assert part.least_micros <= part.new_micros <= part.most_micros
        if before.locked:
            assert part.new_micros == before.daily_micros
        if before.anomaly or before.last_moved_on == TODAY - timedelta(days=1):
            assert part.new_micros == part.kept_micros
        assert abs(part.new_micros - part.kept_micros) <= 0.2 * part.kept_micros + 1
    assert all(sentence(finding) for part in answer.arms for finding in part.reasons)
    assert all(sentence(finding) for finding in (*answer.reasons, *answer.problems))
    assert Allocation.from_json(json.loads(json.dumps(answer.to_json()))) == answer


def test_the_order_of_arms_decides_nothing():
    arms = [*three(), arm("fourth", slope=2.5), Arm("new", 60 * EUR)]
    terms = Terms(budget_micros=460 * EUR, exploration=Exploration.THOMPSON)
    forward, backward = decided(arms, terms), decided(arms[::-1], terms)
    assert {part.key: part for part in forward.arms} == {part.key: part for part in backward.arms}
    assert forward.gain == backward.gain


def test_a_hundred_times_the_currency_is_the_same_split():
    def scaled(each: Arm) -> Arm:
        history = tuple(replace(day, spend_micros=day.spend_micros * 100) for day in each.history)
        return replace(each, daily_micros=each.daily_micros * 100, history=history)

    usual = decided(three())
    large = decided(
        [scaled(each) for each in three()], replace(TERMS, budget_micros=30_000 * EUR, unit_micros=EUR)
    )
    for part in usual.arms:
        assert large.arm(part.key).new_micros == pytest.approx(part.new_micros * 100, abs=2 * EUR)
    assert large.gain.mean == pytest.approx(usual.gain.mean, rel=1e-3)


def test_the_same_look_twice_answers_the_same():
    assert decided(three()) == decided(three())


@pytest.mark.parametrize(
    ("why", "terms"),
    [
        ("locked", {"locked": True}),
        ("anomaly", {"anomaly": True}),
        ("learning", {"learning_until": TODAY}),
        ("recent_move", {"last_moved_on": TODAY - timedelta(days=2)}),
    ],
)
def test_an_arm_that_may_not_move_says_why(why, terms):
    arms = three()
    arms[0] = replace(arms[0], **terms)
    part = decided(arms).arm("strong")
    assert part.new_micros == part.now_micros
    assert part.bound == why
    assert why in codes(part.reasons)


@pytest.mark.parametrize(
    ("arms", "terms", "code", "keys"),
    [
        ([replace(three()[0], minimum_micros=400 * EUR), *three()[1:]], {}, "floors_exceed_budget", ("strong",)),
        ([replace(each, maximum_micros=50 * EUR) for each in three()], {}, "caps_below_budget", ("strong", "usual", "weak")),
        ([replace(three()[0], locked=True), *three()[1:]], {"budget_micros": 60 * EUR}, "locks_exceed_budget", ("strong",)),
        ([replace(each, locked=True) for each in three()], {"budget_micros": 400 * EUR}, "locks_below_budget", ("strong", "usual", "weak")),
        ([], {}, "no_arms", ()),
    ],
)  # fmt: skip
def test_wishes_that_contradict_the_budget_are_named_and_nothing_moves(arms, terms, code, keys):
    answer = decided(arms, replace(TERMS, **terms))
    assert answer.decision is Decision.INFEASIBLE
    assert [(problem.code, problem.keys) for problem in answer.problems] == [(code, keys)]
    assert not answer.moves


def test_a_group_whose_arms_are_capped_below_its_share_is_named():
    arms = [
        replace(each, groups={"platform": "meta"}, maximum_micros=20 * EUR) for each in three()[:1]
    ] + three()[1:]
    answer = decided(arms, replace(TERMS, groups=(GroupLimit("platform", "meta", 0.3, 1.0),)))
    assert [problem.code for problem in answer.problems] == ["group_minimum"]
    assert "meta" in sentence(answer.problems[0])


def test_a_groups_share_far_away_is_approached_step_by_step():
    arms = [
        replace(each, groups={"platform": "meta" if each.key == "weak" else "google"}) for each in three()
    ]
    answer = decided(arms, replace(TERMS, groups=(GroupLimit("platform", "meta", 0.5, 1.0),)))
    assert answer.arm("weak").new_micros == 120 * EUR
    assert [problem.code for problem in answer.problems] == ["group_out_of_reach"]


def test_amounts_follow_a_budget_that_changed_even_where_arms_may_not_move():
    arms = [replace(each, last_moved_on=TODAY) for each in three()]
    answer = decided(arms, replace(TERMS, budget_micros=330 * EUR))
    assert [part.new_micros for part in answer.arms] == [110 * EUR] * 3
    assert "follows_budget" in codes(answer.reasons)


def test_too_little_history_moves_nothing():
    answer = decided([arm("a", days=5), arm("b", slope=9, days=4)], replace(TERMS, budget_micros=200 * EUR))
    assert answer.decision is Decision.HOLD
    assert codes(answer.reasons) == {"not_enough_history"}
    assert answer.value_now is None


def test_a_cost_of_moving_larger_than_the_gain_stops_a_move():
    answer = decided(three(), replace(TERMS, cost_per_moved=1000.0))
    assert answer.decision is Decision.HOLD


def test_a_return_floor_that_holds_is_said_and_one_that_cannot_is_a_problem():
    kept = decided(three(), replace(TERMS, roas_floor=0.5))
    assert "roas_floor_kept" in codes(kept.reasons)
    assert kept.roas_low >= 0.5
    missed = decided(three(), replace(TERMS, roas_floor=50.0))
    assert [problem.code for problem in missed.problems] == ["roas_floor"]


def test_a_return_floor_leads_to_arms_with_sure_returns():
    arms = [
        arm("sure", slope=2.2, days=80, noise=0.05, spread=0.5),
        arm("unsure", slope=2.6, days=8, noise=0.9),
        arm("other", slope=2.0),
    ]
    free = decided(arms, replace(TERMS, step=10.0, roas_floor=0.1))
    floor = free.roas_low * 1.0005
    led = decided(arms, replace(TERMS, step=10.0, roas_floor=floor))
    assert led.roas_low >= free.roas_low or led.problems


def test_a_move_that_hurt_is_taken_back():
    arms = [
        replace(each, daily_micros=amount * EUR) for each, amount in zip(three(), (80, 100, 120), strict=True)
    ]
    state = State(
        Move(
            TODAY - timedelta(days=8),
            dict.fromkeys(("strong", "usual", "weak"), 100 * EUR),
            {each.key: each.daily_micros for each in arms},
        )
    )
    answer = decided(arms, state=state)
    assert answer.decision is Decision.ROLL_BACK
    assert [part.new_micros for part in answer.arms] == [100 * EUR] * 3
    assert answer.undone_on == TODAY - timedelta(days=8)
    after = state.moved(answer, on=TODAY)
    assert after.last_move is None
    assert State.from_json(json.loads(json.dumps(after.to_json()))) == after


@pytest.mark.parametrize("days", [2, 40])
def test_a_move_is_judged_neither_too_soon_nor_long_after(days):
    arms = [
        replace(each, daily_micros=amount * EUR) for each, amount in zip(three(), (80, 100, 120), strict=True)
    ]
    state = State(
        Move(
            TODAY - timedelta(days=days),
            dict.fromkeys(("strong", "usual", "weak"), 100 * EUR),
            {each.key: each.daily_micros for each in arms},
        )
    )
    assert decided(arms, state=state).decision is Decision.MOVE


def test_a_good_move_is_remembered_and_kept():
    answer = decided(three())
    state = State().moved(answer, on=TODAY)
    assert state.last_move.after == {part.key: part.new_micros for part in answer.arms}
    moved = [replace(each, daily_micros=answer.arm(each.key).new_micros) for each in three()]
    assert decided(moved, state=state, today=TODAY + timedelta(days=8)).decision is not Decision.ROLL_BACK


def test_thompson_explores_within_its_budget_and_logs_how_likely_it_was():
    terms = replace(TERMS, exploration=Exploration.THOMPSON)
    unsure = [arm(key, noise=0.8, days=12, seed=3) for key in ("a", "b", "c")]
    answers = [decided(unsure, terms, seed=seed) for seed in range(12)]
    assert len({tuple(part.new_micros for part in answer.arms) for answer in answers}) > 3
    for answer in answers:
        assert answer.explored_micros <= 0.05 * terms.budget_micros + 10_000
        assert 0 < answer.propensity <= 1
    assert any(answer.propensity < 1 for answer in answers)


def test_excitation_nudges_the_least_known_arms_by_a_twentieth_up_and_down():
    terms = replace(TERMS, exploration=Exploration.EXCITATION, least_probability=1.0, budget_micros=400 * EUR)
    arms = [arm(key, noise=0.3, seed=4) for key in ("a", "b", "c", "d")]
    answer = decided(arms, terms)
    nudged = [part for part in answer.arms if part.new_micros != part.now_micros]
    assert len(nudged) == 2
    assert sum(part.new_micros - part.now_micros for part in nudged) == 0
    assert all(abs(part.new_micros / part.now_micros - 1) <= 0.0501 for part in nudged)
    assert {part.propensity for part in nudged} == {0.5}
    assert answer.propensity == 0.5


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"budget_micros": 0}, "budget_micros"),
        ({"budget_micros": 300_000_001}, "multiple of unit_micros"),
        ({"blend": 1.5}, "blend"),
        ({"step": 0.0}, "step"),
        ({"groups": (GroupLimit("platform", "meta", 0.8, 0.2),)}, "meta"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_name(terms, said):
    with pytest.raises(ValueError, match=said):
        decided(three(), replace(TERMS, **terms))
