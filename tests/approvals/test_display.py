"""What a page and a mail show of a request."""

from __future__ import annotations

from dataclasses import replace

from approvals.display import proposal
from lane.core.subjects import Diff
from tests.approvals.world import EURO, World, amount, pause

EFFECT = {
    "plan_name": "Cold brew May",
    "amount_micros": 16_000 * EURO,
    "currency": "EUR",
    "without": {"p10": 13_420 * EURO, "p50": 14_030 * EURO, "p90": 14_690 * EURO},
    "with": {"p10": 15_420 * EURO, "p50": 15_840 * EURO, "p90": 16_000 * EURO},
    "data_as_of": "2026-05-20T12:12:00+00:00",
    "final_through": "2026-05-17",
}


def test_the_effect_and_the_age_of_its_data_are_shown(world: World) -> None:
    world.thing.diff = lambda subject_id: Diff(  # type: ignore[method-assign]
        title="Raise", summary="", rows=world.thing.rows, effect=EFFECT, currency="EUR", reasons=["a", "b"]
    )
    shown = proposal(world.open())
    assert shown.effect is not None
    assert (shown.effect.label, shown.effect.without_range) == ("Cold brew May", "13,420–14,690")
    assert shown.data_note == "Spend as reported at 14:12 CEST on 20 May, final to 17 May."
    assert (shown.per_day, shown.change, shown.change_percent) == ("€490.00", "+€35.00", "+7.7\u202f%")


def test_without_a_projection_none_is_shown(world: World) -> None:
    assert proposal(world.open()).effect is None


def test_a_place_all_rows_share_is_said_once(world: World) -> None:
    world.thing.rows = [replace(row, context="Meta, Pinewick DE") for row in world.thing.rows]
    shown = proposal(world.open())
    assert shown.place == "Meta, Pinewick DE"
    assert {line.note for line in shown.lines} == {""}


def test_what_is_said_once_is_not_said_again(world: World) -> None:
    world.thing.rows = [replace(row, context="Meta, Pinewick Coffee") for row in world.thing.rows]
    world.thing.diff = lambda subject_id: Diff(  # type: ignore[method-assign]
        title="Raise", summary="Behind plan.", rows=world.thing.rows, reasons=["Behind plan."]
    )
    shown = proposal(world.open())
    assert (shown.place, shown.summary, shown.reasons) == ("Meta", "", ["Behind plan."])


def test_where_no_amount_changes_the_states_are_shown(world: World) -> None:
    world.thing.rows = [pause()]
    shown = proposal(world.open())
    assert (shown.lines[0].old_text, shown.lines[0].new_text, shown.word) == ("Active", "Paused", "PAUSE")
    assert (shown.per_day, shown.change, shown.total_line) == ("", "", None)


def test_one_row_needs_no_total_line(world: World) -> None:
    world.thing.rows = [amount("a", 100, 112)]
    assert proposal(world.open()).total_line is None
