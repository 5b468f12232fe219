"""Replaying a split over past days: no later day decides, every day's money is spent exactly, thin days are refused."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.allocation import Arm, ArmDay, Maturation, Terms
from pacing.allocation.known_days import Refusal
from pacing.allocation.rehearsal import EVEN, LANE, REAL, RETURNS, Rehearsal, rehearse
from pacing.simulation.portfolios import draw, hill

TODAY = date(2026, 6, 1)
EURO = 1_000_000
CURVES = {"rich": (400.0, 120.0), "fair": (150.0, 60.0), "full": (40.0, 5.0)}
TERMS = Terms(budget_micros=150 * EURO)
LATE = Maturation.after(3)


def past(days: int = 60, *, swing: float = 0.25, **changes: object) -> list[Arm]:
    arms = []
    for place, (name, (a, kappa)) in enumerate(CURVES.items()):
        history = []
        for age in range(days, 0, -1):
            spend = 50 * (1 + swing * math.sin(age * (1.3 + 0.4 * place)))
            value = a * math.log1p(spend / kappa) * (1 + 0.08 * math.sin(age * 2.7 + place))
            history.append(ArmDay(TODAY - timedelta(days=age), round(spend * 100) * 10_000 + age, value))
        arms.append(Arm(name, 50 * EURO, tuple(history), **changes))  # type: ignore[arg-type]
    return arms


def done(arms: list[Arm], terms: Terms = TERMS) -> Rehearsal:
    found = rehearse(terms, arms, TODAY, maturation=LATE, seed=1)
    assert isinstance(found, Rehearsal), found
    return found


def refused(arms: list[Arm]) -> Refusal:
    found = rehearse(TERMS, arms, TODAY, maturation=LATE, seed=1)
    assert isinstance(found, Refusal)
    return found


def test_every_split_spends_exactly_what_each_day_spent():
    found = done(past())
    for rows in found.daily.values():
        assert [sum(row) for row in rows] == [sum(row) for row in found.daily[REAL]]
    assert {sum(course.spend_micros) for course in found.courses} == {found.spend_micros}
    assert found.days == 60 - 2 - 14
    assert found.last == TODAY - timedelta(days=3)


def test_the_allocator_moves_towards_the_arm_with_room_within_its_limits():
    found = done(past())
    lane, even = found.course(LANE), found.course(EVEN)
    assert lane.steps
    assert lane.largest_step is not None
    assert lane.largest_step <= TERMS.step + 1e-9
    for step in lane.steps:
        assert sum(step.before) == sum(step.after)
    first_moves = {}
    for step in lane.steps:
        for at in range(3):
            if step.before[at] != step.after[at]:
                last = first_moves.get(at)
                assert last is None or (step.on - last).days >= TERMS.move_days or step.rolled_back
                first_moves[at] = step.on
    assert lane.spend_micros[0] > found.course(REAL).spend_micros[0]
    assert lane.outcome is not None
    assert lane.outcome.difference.mean > 0
    assert lane.outcome.value.p10 < lane.outcome.value.mean < lane.outcome.value.p90
    assert even.outcome is not None
    assert even.outcome.value.mean < lane.outcome.value.mean
    assert (even.steps, found.course(REAL).outcome) == ((), None)
    assert found.course(RETURNS).elsewhere_micros > 0


def changed_from(arms: list[Arm], on: date, factor: float, spend: float = 1.0) -> list[Arm]:
    return [
        replace(
            arm,
            history=tuple(
                day
                if day.day < on
                else ArmDay(
                    day.day,
                    round((day.spend_micros or 0) * (spend if place == 0 else 1)),
                    (day.value or 0) * (factor if place == 0 else 1),
                )
                for day in arm.history
            ),
        )
        for place, arm in enumerate(arms)
    ]


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 30), st.sampled_from([0.0, 0.2, 5.0]), st.sampled_from([0.5, 2.0]))
def test_no_later_day_decides(offset, factor, spend):
    """Whatever happens from a day on, the moves up to that day are the same."""
    arms = past()
    plain = done(arms)
    on = plain.first + timedelta(days=offset)
    other = done(changed_from(arms, on, factor, spend))
    for name in (RETURNS, LANE):
        assert [s for s in plain.course(name).steps if s.on <= on] == [
            s for s in other.course(name).steps if s.on <= on
        ]


def test_results_that_were_not_in_yet_decide_nothing():
    """Results of a day are in three days later: what they were changes no split before that, and some after."""
    arms = past()
    plain = done(arms)
    moves = [step.on for step in plain.course(LANE).steps]
    for on in moves[1:]:
        late = on - timedelta(days=2)
        other = done(changed_from(arms, late, 0.1))
        through = (on - plain.first).days + 1
        for name in (RETURNS, LANE):
            assert plain.daily[name][:through] == other.daily[name][:through]
            assert plain.daily[name] != other.daily[name]


def test_locked_arms_keep_what_they_spent_and_caps_hold():
    arms = past()
    arms[1] = replace(arms[1], locked=True)
    arms[0] = replace(arms[0], maximum_micros=68 * EURO)
    found = done(arms)
    for rows in found.daily.values():
        assert [row[1] for row in rows] == [row[1] for row in found.daily[REAL]]
    assert all(row[0] <= 68 * EURO for row in found.daily[LANE])
    assert found.course(LANE).days_out == 0


def test_an_arm_that_did_not_run_gets_nothing_that_day():
    arms = past()
    off = {arms[2].history[at].day for at in (30, 31, 32)}
    arms[2] = replace(
        arms[2],
        history=tuple(ArmDay(d.day, 0, 0.0) if d.day in off else d for d in arms[2].history),
    )
    found = done(arms)
    place = [found.first + timedelta(days=n) for n in range(found.days)]
    for name in (EVEN, RETURNS, LANE):
        assert all(row[2] == 0 for on, row in zip(place, found.daily[name], strict=True) if on in off)


def test_thin_evidence_is_refused_with_the_reason():
    assert refused(past(days=29)).code == "few_days"
    assert "27 complete days" in refused(past(days=29)).text
    assert refused(past(swing=0.01)).code == "never_varied"
    assert "rich" in refused(past(swing=0.01)).text
    assert refused(past(locked=True)).code == "one_arm"
    assert refused([replace(arm, history=()) for arm in past()]).code == "few_days"
    worthless = [
        replace(arm, history=tuple(ArmDay(d.day, d.spend_micros, 0.0) for d in arm.history)) for arm in past()
    ]
    assert refused(worthless).code == "no_results"
    young = past()
    young[2] = replace(young[2], history=young[2].history[-10:])
    assert refused(young).code == "few_days_of_arm"


def test_the_told_range_mostly_holds_what_would_have_happened():
    """Markets whose true curves are of another family: an owner's split that wandered, replayed and judged."""
    rng = np.random.default_rng(11)
    count, days, arms = 10, 90, 4
    world = draw(count, days - 14, rng, arms=arms)
    held, gained = 0, 0.0
    for market in range(count):
        wander = np.cumsum(rng.normal(0, 0.12, (13, arms)), axis=0)
        spend = np.repeat(np.exp(wander), 7, axis=0)[:days] * world.spend_noise[market]
        micros = np.round(spend * 100 * EURO)
        curve = (world.scale[market], world.bend[market][None], world.shape[market][None])
        value = hill(spend, *curve) * world.value_noise[market]
        told = [
            Arm(
                f"arm {arm}",
                100 * EURO,
                tuple(
                    ArmDay(TODAY - timedelta(days=days - day), int(micros[day, arm]), float(value[day, arm]))
                    for day in range(days)
                ),
            )
            for arm in range(arms)
        ]
        found = done(told, replace(TERMS, budget_micros=400 * EURO))
        other, first = spend.copy(), days - found.days - 2
        other[first : first + found.days] = np.array(found.daily[LANE]) / (100 * EURO)
        truth = float((hill(other, *curve) - hill(spend, *curve)).sum())
        outcome = found.course(LANE).outcome
        assert outcome is not None
        held += outcome.difference.p10 <= truth <= outcome.difference.p90
        gained += truth
    assert held >= 6
    assert gained > 0
