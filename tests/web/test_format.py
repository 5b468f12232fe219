"""Numbers are written one way everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lane.core.money import format_money
from lane.web import format as write


@pytest.mark.parametrize(
    ("micros", "currency", "decimals", "signed", "text"),
    [
        (12_430_000_000, "EUR", 0, False, "€12,430"),
        (455_000_000, "EUR", None, False, "€455.00"),
        (-1_970_000_000, "EUR", 0, True, "−€1,970"),
        (1_720_000_000, "GBP", 0, True, "+£1,720"),
        (-300_000, "EUR", 0, True, "€0"),
        (1_234_000_000, "JPY", 2, False, "¥1,234"),
        (0, "EUR", 0, True, "€0"),
    ],
)
def test_money_has_its_symbol_first_and_a_real_minus(micros, currency, decimals, signed, text):
    assert format_money(micros, currency, decimals, signed=signed) == text


@pytest.mark.parametrize(
    ("ratio", "options", "text"),
    [
        (Decimal("0.198"), {"signed": True}, "+19.8\u202f%"),
        (Decimal("-0.1231"), {"signed": True}, "−12.3\u202f%"),
        (Decimal("-0.1231"), {}, "−12.3\u202f%"),
        (Decimal("-0.0001"), {"signed": True}, "0.0\u202f%"),
        (0.31, {"decimals": 0}, "31\u202f%"),
        (12, {}, "1,200.0\u202f%"),
    ],
)
def test_a_percent_has_one_decimal_and_a_narrow_space(ratio, options, text):
    assert write.percent(ratio, **options) == text


def test_a_change_from_zero_is_no_percentage():
    assert write.change_ratio(0, 5) is None
    assert write.change_ratio(200, 250) == Decimal("0.25")


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=14), "14 min"),
        (timedelta(minutes=90), "90 min"),
        (timedelta(minutes=91), "2 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=50), "2 d"),
        (timedelta(seconds=-5), "now"),
    ],
)
def test_an_age_is_minutes_to_ninety_then_hours_then_days(span, text):
    assert write.age(span) == text


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(minutes=5), "5 min left"),
        (timedelta(hours=2, minutes=28), "2 h 28 min left"),
        (timedelta(days=1, hours=3), "1 day left"),
        (timedelta(days=3), "3 days left"),
        (timedelta(minutes=-40), "40 min overdue"),
    ],
)
def test_a_deadline_says_how_long_is_left(left, text):
    now = datetime(2026, 5, 20, 14, tzinfo=UTC)
    assert write.time_left(now + left, now) == text


def test_initials_come_from_names_and_addresses():
    assert (write.initials("Lena Brandt"), write.initials("ines@pinewick.example"), write.initials("")) == (
        "LB",
        "IP",
        "?",
    )
