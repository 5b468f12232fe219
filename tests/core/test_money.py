"""Money: exact, per currency, never a cent lost or made."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lane.core.money import (
    CURRENCIES,
    MICROS,
    Money,
    NotMoney,
    decimal_text,
    format_money,
    minor_units,
    parse_amount,
    round_down,
    split,
    unit_micros,
)

currencies = st.sampled_from(CURRENCIES)
amounts = st.integers(min_value=-(9 * 10**9), max_value=9 * 10**9)


@given(amounts, currencies)
def test_what_is_written_out_reads_back_to_the_same_amount(units: int, currency: str):
    micros = units * unit_micros(currency)
    assert parse_amount(decimal_text(Money(micros, currency)), currency) == micros
    assert Money(micros, currency).amount * MICROS == micros


@given(st.integers(min_value=0, max_value=8 * 10**9), currencies)
def test_a_finer_amount_than_the_currency_knows_is_refused(units: int, currency: str):
    text = f"{Decimal(units * unit_micros(currency) + 1) / MICROS:f}"
    with pytest.raises(NotMoney, match="decimals"):
        parse_amount(text, currency)


@given(st.integers(min_value=0, max_value=10**15), currencies)
def test_rounding_down_never_gives_more_and_loses_less_than_one_unit(micros: int, currency: str):
    rounded = round_down(micros, currency)
    assert rounded % unit_micros(currency) == 0
    assert 0 <= micros - rounded < unit_micros(currency)


@given(
    st.integers(min_value=0, max_value=10**15),
    st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=40),
    st.sampled_from([1, 1_000, 10_000, 1_000_000]),
)
def test_the_parts_of_a_split_are_whole_units_and_sum_exactly(total: int, weights: list[int], unit: int):
    parts = split(total, weights, unit=unit)
    assert sum(parts) == total and len(parts) == len(weights)
    assert all(part % unit == 0 for part in parts[1:])
    assert (parts[0] - total % unit) % unit == 0
    whole = sum(weights) or len(weights)
    for index, part in enumerate(parts):
        weight = weights[index] if any(weights) else 1
        assert abs(Decimal(part) - Decimal(total) * weight / whole) < 2 * unit + 1


def test_a_split_by_nothing_is_even_and_by_a_negative_weight_refused():
    assert split(10, [0, 0, 0]) == [4, 3, 3]
    assert split(10, []) == []
    with pytest.raises(ValueError, match="negative"):
        split(10, [1, -1])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1.2.3",
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "1e-400",
        "1.000000000000000000000000000000000001",
        "12 EUR",
        "€5",
    ],
)
def test_text_that_is_no_amount_is_refused_with_an_example(text: str):
    with pytest.raises(NotMoney):
        parse_amount(text, "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "micros"),
    [
        ("1,250.50", "EUR", 1_250_500_000),
        ("500", "JPY", 500_000_000),
        ("1.234", "KWD", 1_234_000),
        ("0", "EUR", 0),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, currency: str, micros: int):
    assert parse_amount(text, currency) == micros


def test_every_currency_is_an_iso_code_with_known_decimals():
    assert len(CURRENCIES) == len(set(CURRENCIES)) > 150
    assert all(len(code) == 3 and code.isupper() for code in CURRENCIES)
    assert [minor_units(code) for code in ("EUR", "JPY", "KWD")] == [2, 0, 3]


def test_money_is_shown_with_a_real_minus_and_no_signed_zero():
    assert format_money(-1_250_500_000, "EUR") == "−€1,250.50"
    assert format_money(-1, "EUR", 0) == "€0"
    assert format_money(90_000_000, "EUR", signed=True) == "+€90.00"
    assert format_money(500_000_000, "JPY") == "¥500"
