"""Amounts survive the way to a platform and back, and are never rounded up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.platforms.currencies import (
    budget_unit_micros,
    from_minor,
    meta_offset,
    micros_of,
    require_exact,
    round_down,
    to_minor,
)
from campaigns.platforms.errors import Invalid
from campaigns.platforms.records import Money, Platform

CURRENCIES = st.sampled_from(
    ["EUR", "USD", "GBP", "JPY", "HUF", "KWD", "BHD", "JOD", "TWD", "KRW", "IDR", "CLP"]
)
MICROS = st.integers(min_value=0, max_value=10**15)


@given(currency=CURRENCIES, minor=st.integers(min_value=0, max_value=10**12))
def test_minor_units_survive_the_round_trip(currency: str, minor: int) -> None:
    assert to_minor(from_minor(minor, currency), currency) == minor


@given(currency=CURRENCIES, micros=MICROS)
def test_minor_units_are_rounded_down_by_less_than_one(currency: str, micros: int) -> None:
    back = from_minor(to_minor(micros, currency), currency)
    assert 0 <= micros - back < budget_unit_micros(Platform.META, currency)


@given(currency=CURRENCIES, micros=MICROS, platform=st.sampled_from(list(Platform)))
def test_a_rounded_budget_is_one_the_platform_takes_and_never_larger(
    currency: str, micros: int, platform: Platform
) -> None:
    rounded = round_down(micros, platform, currency)
    assert rounded <= micros
    assert rounded % budget_unit_micros(platform, currency) == 0
    if rounded > 0:
        require_exact(Money(rounded, currency), platform)


@pytest.mark.parametrize(
    ("currency", "offset"),
    [("EUR", 100), ("JPY", 1), ("HUF", 1), ("TWD", 1), ("IDR", 1), ("CRC", 1), ("BHD", 100), ("JOD", 100)],
)
def test_meta_counts_by_its_own_table_and_not_by_iso_4217(currency: str, offset: int) -> None:
    assert meta_offset(currency) == offset


def test_five_thousand_yen_are_five_thousand_minor_units() -> None:
    assert to_minor(5_000_000_000, "JPY") == 5_000


@pytest.mark.parametrize("micros", [0, -1_000_000, 10_000_001])
def test_an_amount_the_platform_would_store_differently_is_refused(micros: int) -> None:
    with pytest.raises(Invalid) as refused:
        require_exact(Money(micros, "EUR"), Platform.GOOGLE_ADS)
    assert refused.value.field == "target"


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "€€€"])
def test_an_unknown_currency_is_refused_instead_of_guessed(currency: str) -> None:
    with pytest.raises(Invalid):
        to_minor(1_000_000, currency)


def test_decimal_text_and_doubles_become_exact_micros() -> None:
    assert micros_of("12.34") == 12_340_000
    assert micros_of(0.1 + 0.2) == 300_000
