"""The drawings say what the numbers say, and draw nothing for what is not known."""

from __future__ import annotations

import itertools
from datetime import date
from xml.etree import ElementTree

import pytest

from lane.web.charts import (
    BAR_WIDTH,
    Band,
    PacingBar,
    SpendCurve,
    nice_ticks,
    sparkline_svg,
    strip_svg,
    value_at,
)

E = 1_000_000


def drawn(svg: str) -> ElementTree.Element:
    """Parsed, so that a drawing which is not well-formed fails."""
    return ElementTree.fromstring(svg)


def of_class(root: ElementTree.Element, css: str) -> list[ElementTree.Element]:
    return [each for each in root.iter() if css in (each.get("class") or "").split()]


def test_a_bar_reaches_its_budget_at_100_of_128_percent():
    bar = PacingBar(budget=100 * E, spent=50 * E)
    assert bar.x(100 * E) == pytest.approx(BAR_WIDTH / 1.28)
    assert float(of_class(drawn(bar.svg("half spent", "quiet")), "spent")[0].get("width")) == pytest.approx(
        BAR_WIDTH / 2.56, abs=0.1
    )


@pytest.mark.parametrize("spent", [-5 * E, 0, 400 * E])
def test_a_bar_never_leaves_its_drawing(spent):
    assert 0 <= PacingBar(budget=100 * E, spent=spent).x(spent) <= BAR_WIDTH


def test_a_bar_without_projection_has_no_band_and_without_spend_no_fill():
    root = drawn(PacingBar(budget=100 * E, spent=None, end=Band.known(None, 5, 6)).svg("unknown", "quiet"))
    assert not of_class(root, "band") and not of_class(root, "spent")
    assert of_class(root, "budget")


def test_a_thread_joins_budget_and_band_only_when_the_plan_ends_above():
    over = PacingBar(100 * E, 80 * E, end=Band(110 * E, 115 * E, 120 * E))
    under = PacingBar(100 * E, 40 * E, end=Band(80 * E, 85 * E, 90 * E))
    assert of_class(drawn(over.svg("", "ahead")), "thread")
    assert not of_class(drawn(under.svg("", "behind")), "thread")


def test_a_plan_of_zero_is_still_a_drawing():
    drawn(PacingBar(budget=0, spent=0, planned=0).svg("empty", "quiet"))


def test_words_in_a_drawing_are_escaped():
    assert drawn(PacingBar(10 * E, 0).svg('<b onload="x">&', "quiet")).get("aria-label") == '<b onload="x">&'


def test_the_strip_puts_both_ends_and_the_budget_on_one_axis():
    root = drawn(strip_svg(100 * E, Band(70 * E, 80 * E, 90 * E), Band(95 * E, 98 * E, 100 * E), "both"))
    without, changed = (float(each.get("x")) for each in of_class(root, "middle"))
    budget = float(of_class(root, "budget")[0].get("x"))
    assert without < changed < budget


def test_the_strip_draws_only_what_is_known():
    assert not of_class(drawn(strip_svg(100 * E, None, None, "none")), "band")


def test_ticks_are_round_and_reach_the_top():
    for top in (1, 7, 999, 16_000 * E, 123_456_789 * E):
        ticks = nice_ticks(top)
        assert ticks[0] == 0 and ticks[-1] >= top and len(ticks) <= 6
        assert len({b - a for a, b in itertools.pairwise(ticks)}) == 1
    assert nice_ticks(16_000 * E) == [0, 4000 * E, 8000 * E, 12_000 * E, 16_000 * E]


def test_a_line_between_two_points_is_read_straight():
    points = [(0.0, 0), (10.0, 100)]
    assert [value_at(points, day) for day in (-1.0, 2.5, 10.0, 40.0)] == [0, 25, 100, 100]


def curve(**changes):
    given = {
        "starts_on": date(2026, 5, 1),
        "ends_on": date(2026, 5, 31),
        "target": [(0.0, 0), (31.0, 16_000 * E)],
        "actual": [(0.0, 0), (19.6, 8_870 * E)],
        "now": 19.6,
        "without": [(19.6, 8_870 * E, 8_870 * E, 8_870 * E), (31.0, 13_420 * E, 14_030 * E, 14_690 * E)],
        "gap_label": "€1,240 behind plan",
    }
    return SpendCurve(**{**given, **changes})


@pytest.mark.parametrize("narrow", [False, True])
def test_the_spend_curve_draws_spend_target_band_and_today(narrow):
    root = drawn(curve().svg(str, narrow=narrow))
    for css in ("actual", "target", "without-band", "without-line", "today", "gap", "weekend"):
        assert of_class(root, css), css
    assert not of_class(root, "with-line")


def test_a_flight_that_has_not_begun_shows_only_its_target():
    root = drawn(curve(actual=[], now=None, without=[], gap_label="").svg(str))
    assert of_class(root, "target")
    assert not of_class(root, "actual") and not of_class(root, "today") and not of_class(root, "without-band")


def test_a_one_day_flight_and_an_empty_curve_are_drawn():
    drawn(curve(ends_on=date(2026, 5, 1), target=[], actual=[], now=None, without=[]).svg(str))


def test_names_at_the_line_ends_never_touch():
    same = [(19.6, 8_870 * E, 8_870 * E, 8_870 * E), (31.0, 16_000 * E, 16_000 * E, 16_000 * E)]
    root = drawn(curve(without=same, with_change=same).svg(str))
    places = sorted(
        float(each.get("y"))
        for each in root.iter()
        if each.tag == "text" and (each.text or "").startswith(("Target", "With"))
    )
    assert len(places) == 3
    assert all(b - a >= 15 for a, b in itertools.pairwise(places))


def test_a_sparkline_keeps_a_gap_and_needs_two_values():
    assert sparkline_svg([None, 3], "one") == ""
    path = of_class(drawn(sparkline_svg([1, 2, None, 4, 5], "gap")), "line")[0].get("d")
    assert path.count("M") == 2
