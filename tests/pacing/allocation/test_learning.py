"""Curves are learned from matured days, robustly, and forget what a change for good made wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from pacing.allocation import Arm, ArmDay, CurvePoint, Maturation, Posterior, Revision, Terms, learn
from tests.pacing.allocation.arms import EUR, TODAY, arm, three, true_value

TERMS = Terms(budget_micros=300 * EUR)


def at(posterior: Posterior, key: str, spend: float) -> float:
    return posterior.curve(key, [round(spend * EUR)])[0].mean


def test_the_curve_passes_through_what_was_seen():
    posterior = learn(TERMS, three(), TODAY)
    for key, slope in (("strong", 4.0), ("usual", 2.0), ("weak", 1.0)):
        assert at(posterior, key, 100) == pytest.approx(true_value(slope, 60, 100), rel=0.12)
    assert posterior.arm("strong").mean_return > posterior.arm("weak").mean_return


def test_varied_spend_tells_how_a_curve_bends():
    posterior = learn(
        TERMS,
        [arm("flat", bend=10, spread=0.8, days=90), arm("steep", bend=3000, spread=0.8, days=90)],
        TODAY,
    )
    for key, bend in (("flat", 10), ("steep", 3000)):
        ratio = at(posterior, key, 200) / at(posterior, key, 100)
        assert ratio == pytest.approx(true_value(1, bend, 200) / true_value(1, bend, 100), rel=0.15)


def test_a_wild_day_hardly_moves_a_curve():
    calm = arm("a", days=40)
    day = calm.history[20]
    wild = replace(calm, history=(*calm.history[:20], replace(day, value=day.value * 15), *calm.history[21:]))
    others = three()
    before, after = (at(learn(TERMS, [each, *others], TODAY), "a", 100) for each in (calm, wild))
    assert after == pytest.approx(before, rel=0.08)


def test_days_whose_value_is_still_coming_in_are_left_out():
    poor = [
        replace(day, value=0.0) if TODAY - day.day < timedelta(days=4) else day for day in arm("a").history
    ]
    late = replace(arm("a"), history=tuple(poor))
    waits, believes = (
        learn(TERMS, [late, *three()], TODAY, maturation=Maturation.after(days)) for days in (4, 0)
    )
    assert waits.arm("a").last_day == TODAY - timedelta(days=4)
    assert at(waits, "a", 100) > 1.05 * at(believes, "a", 100)


def test_a_revised_day_takes_the_place_of_what_was_known():
    first = arm("a")
    revised = replace(first, history=tuple(replace(day, value=day.value * 1.5) for day in first.history))
    once = learn(TERMS, [revised], TODAY)
    assert once.arm("a").days_used == learn(TERMS, [first], TODAY).arm("a").days_used
    assert at(once, "a", 100) == pytest.approx(1.5 * at(learn(TERMS, [first], TODAY), "a", 100), rel=1e-6)


def test_unknown_is_not_zero():
    known = arm("a", days=30)
    gaps = (
        *known.history,
        ArmDay(TODAY - timedelta(days=31), None, 5.0),
        ArmDay(TODAY - timedelta(days=32), 5 * EUR, None),
    )
    with_gaps = learn(TERMS, [replace(known, history=gaps)], TODAY)
    assert with_gaps.arm("a").days_used == learn(TERMS, [known], TODAY).arm("a").days_used
    assert learn(TERMS, [Arm("new", 10 * EUR), known], TODAY).arm("new").mean_return is None


def test_an_arm_without_days_is_taken_for_one_of_its_pool():
    pools = [
        arm("a1", slope=5, pool="meta"),
        arm("a2", slope=5, pool="meta"),
        arm("b1", slope=1, pool="google"),
        arm("b2", slope=1, pool="google"),
    ]
    posterior = learn(
        TERMS, [*pools, Arm("new m", 100 * EUR, pool="meta"), Arm("new g", 100 * EUR, pool="google")], TODAY
    )
    assert at(posterior, "new m", 100) > 1.8 * at(posterior, "new g", 100)


def test_neighbours_tell_about_a_pool_and_are_not_answered_for():
    alone = learn(TERMS, [Arm("new", 100 * EUR, pool="meta"), arm("b", slope=1, pool="google")], TODAY)
    helped = learn(
        TERMS, [Arm("new", 100 * EUR, pool="meta"), arm("b", slope=1, pool="google")], TODAY,
        neighbours=[arm(f"n{i}", slope=5, pool="meta") for i in range(4)],
    )  # fmt: skip
    assert helped.keys() == ("new", "b")
    assert at(helped, "new", 100) > 1.5 * at(alone, "new", 100)


def test_simulation_points_bend_the_curve_of_an_arm_with_flat_spend():
    steady = arm("a", spread=0.01)
    points = tuple(CurvePoint(x * EUR, true_value(2, 10, x), 5.0) for x in (50, 200, 400))
    plain, told = (learn(TERMS, [each], TODAY) for each in (steady, replace(steady, points=points)))
    want = true_value(2, 10, 400)
    assert abs(at(told, "a", 400) - want) < abs(at(plain, "a", 400) - want)


def test_a_change_for_good_is_noticed_and_believed_sooner():
    changed = arm("a", days=60, change=(14, 0.4), noise=0.15)
    posterior = learn(TERMS, [changed, *three()], TODAY)
    found = posterior.arm("a")
    assert found.alarm_on is not None
    assert abs((found.alarm_on - (TODAY - timedelta(days=14))).days) <= 3
    assert at(posterior, "a", 100) == pytest.approx(0.4 * true_value(2, 60, 100), rel=0.35)


def test_steady_arms_raise_few_alarms():
    arms = [arm(f"a{i}", days=60, noise=0.3, seed=i) for i in range(60)]
    alarms = sum(curve.alarm_on is not None for curve in learn(TERMS, arms, TODAY).arms)
    assert alarms <= 4


def test_the_posterior_survives_being_stored():
    posterior = learn(TERMS, three(), TODAY)
    stored = Posterior.from_json(posterior.to_json())
    assert stored.keys() == posterior.keys()
    assert at(stored, "usual", 130) == pytest.approx(at(posterior, "usual", 130), rel=1e-6)
    assert Posterior.from_json(stored.to_json()) == stored


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (ArmDay(TODAY, -1, 1.0), "negative spend"),
        (ArmDay(TODAY, 1, -1.0), "value -1.0"),
        (ArmDay(TODAY, 1, float("nan")), "value nan"),
    ],
)
def test_impossible_days_are_refused_by_name(day, said):
    with pytest.raises(ValueError, match=said):
        learn(TERMS, [Arm("a", EUR, (day,))], TODAY)


def test_a_day_given_twice_is_refused():
    with pytest.raises(ValueError, match="twice"):
        learn(TERMS, [Arm("a", EUR, (ArmDay(TODAY, 1, 1.0),) * 2)], TODAY)


def test_the_delay_of_conversions_is_learned_from_revisions():
    shares = [0.3, 0.6, 0.85, 0.95, 1.0, 1.0, 1.0, 1.0]
    rng = np.random.default_rng(1)
    revisions = [
        Revision(date(2026, 1, 1) + timedelta(days=day), age, share * total)
        for day in range(20)
        for total in [float(rng.lognormal(3, 0.5))]
        for age, share in enumerate(shares)
    ]
    delay = Maturation.learn(revisions)
    assert [delay.share(age) for age in range(4)] == pytest.approx(shares[:4], abs=1e-4)
    assert delay.share(40) == 1.0
    assert delay.usable_after() == 3
    assert Maturation.from_json(delay.to_json()) == delay
    assert Maturation.learn(revisions[:8]) == Maturation.after(2)
