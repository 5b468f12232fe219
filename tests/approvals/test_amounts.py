"""Totals, typed amounts and lower amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from approvals.amounts import CannotLower, lowered, lowest_total, read_amount, totals, word_to_type
from lane.core.money import NotMoney
from tests.approvals.world import EURO, amount, pause

ROWS = [amount("a", 250, 300), amount("b", 120, 143), amount("c", 85, 102)]


def test_amounts_add_up_per_day() -> None:
    together = totals(ROWS)
    assert together is not None
    assert (together.now_micros, together.new_micros) == (455 * EURO, 545 * EURO)
    assert together.change_ratio is not None
    assert round(together.change_ratio, 3) == Decimal("0.198")


def test_mixed_currencies_have_no_total() -> None:
    assert totals([amount("a", 1, 2), amount("b", 1, 2, currency="USD")]) is None


@pytest.mark.parametrize("total", [500, 455.01, 544.99, 499.97])
def test_a_lower_amount_is_split_exactly_and_in_cents(total: float) -> None:
    wanted = round(total * 100) * EURO // 100
    parts = lowered(ROWS, wanted)
    micros = [parts.get(row.key, row.new_micros) for row in ROWS]
    assert sum(micros) == wanted
    for row, new in zip(ROWS, micros, strict=True):
        assert new % 10_000 == 0
        assert row.now_micros <= new <= row.new_micros


def test_cuts_stay_as_proposed_when_raises_are_lowered() -> None:
    rows = [amount("up", 100, 200), amount("down", 100, 50)]
    assert lowest_total(rows) == 150 * EURO
    assert lowered(rows, 200 * EURO) == {"up": 150 * EURO}


@pytest.mark.parametrize("total", [455, 545, 600, 0, -5])
def test_only_amounts_between_now_and_new_are_lower(total: int) -> None:
    with pytest.raises(CannotLower):
        lowered(ROWS, total * EURO)


def test_a_cut_cannot_be_lowered_further() -> None:
    with pytest.raises(CannotLower):
        lowered([amount("a", 100, 80)], 70 * EURO)


@pytest.mark.parametrize(
    ("text", "euros"),
    [("545", 545), ("545.00", 545), ("€545.00", 545), ("545,00", 545), ("1,250.50", 1250.5),
     ("1.250,50", 1250.5), (" 1 250 ", 1250), ("EUR 90", 90), ("1,250", 1250)],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(text: str, euros: float) -> None:
    assert read_amount(text, "EUR") == round(euros * EURO)


@pytest.mark.parametrize("text", ["", "yes", "1,2345", "5.001", "12,34,5"])
def test_what_is_not_clearly_an_amount_is_refused(text: str) -> None:
    with pytest.raises(NotMoney):
        read_amount(text, "EUR")


def test_where_no_amount_changes_a_word_is_named() -> None:
    assert word_to_type([pause()]) == "PAUSE"
    assert word_to_type(ROWS) == ""
    assert word_to_type([*ROWS, amount("d", 1, 2, currency="USD")]) == "APPROVE"
