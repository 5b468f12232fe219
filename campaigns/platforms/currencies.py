"""Amounts reach a platform in the platform's own smallest unit, rounded down, never up.

Google counts micros and accepts only multiples of a currency's billable unit. Meta counts minor units with a
table of its own: it is not ISO 4217 (forint, rupiah and Taiwan dollar have no minor unit there, dinars have
two decimals), so a generic "times 100" sends ¥500,000 for ¥5,000.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from campaigns.platforms.errors import Invalid
from campaigns.platforms.records import Money, Platform

MICROS = 1_000_000

META_WITHOUT_MINOR_UNIT = frozenset(
    {"CLP", "COP", "CRC", "HUF", "ISK", "IDR", "JPY", "KRW", "PYG", "TWD", "VND"}
)

GOOGLE_WHOLE_UNITS = frozenset({"CLP", "HUF", "IDR", "ISK", "JPY", "KRW", "PYG", "TWD", "UGX", "VND"})
"""Currencies Google bills in whole units. Google also publishes the unit in ``currency_constant`` and refuses
an amount that is no multiple of it, so an omission here ends in a clear refusal, never in a wrong budget."""


def meta_offset(currency: str) -> int:
    """Minor units of one unit of ``currency`` at Meta: 1 or 100."""
    return 1 if _known(currency) in META_WITHOUT_MINOR_UNIT else 100


def to_minor(micros: int, currency: str) -> int:
    """Micros as Meta's minor units, rounded down to a whole one."""
    return micros // (MICROS // meta_offset(currency))


def from_minor(minor: int, currency: str) -> int:
    """Meta's minor units as micros, exactly."""
    return minor * (MICROS // meta_offset(currency))


def budget_unit_micros(platform: Platform, currency: str) -> int:
    """The smallest step a budget can move at a platform, in micros."""
    if platform is Platform.META:
        return MICROS // meta_offset(currency)
    return MICROS if _known(currency) in GOOGLE_WHOLE_UNITS else MICROS // 100


def spend_cap_headroom_micros(currency: str) -> int:
    """What a Meta spend cap must at least leave a campaign above what it spent: 100 units, or 10,000 small ones.

    Meta publishes "$100 or the local equivalent" without a table; what is too low here it refuses clearly.
    """
    return (10_000 if _known(currency) in META_WITHOUT_MINOR_UNIT else 100) * MICROS


def round_down(micros: int, platform: Platform, currency: str) -> int:
    """The largest amount a platform accepts that is not above ``micros``."""
    unit = budget_unit_micros(platform, currency)
    return micros // unit * unit


def require_exact(target: Money, platform: Platform) -> None:
    """Refuse a budget that the platform could only store as another amount than the approved one."""
    if target.micros <= 0:
        raise Invalid("A budget must be above zero.", field="target", code="not_positive")
    unit = budget_unit_micros(platform, target.currency)
    if target.micros % unit:
        step = Decimal(unit) / MICROS
        raise Invalid(
            f"The budget must be a multiple of {step.normalize():f} {target.currency}.",
            field="target",
            code="not_a_multiple",
        )


def micros_of(amount: object) -> int:
    """A platform's decimal number or text as micros; floats go through their shortest decimal text."""
    return int((Decimal(str(amount)) * MICROS).to_integral_value(rounding=ROUND_HALF_EVEN))


def _known(currency: str) -> str:
    """Three capital letters; anything else is a mistake upstream that must not become a factor of 100."""
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise Invalid(f"“{currency}” is not a currency code.", field="currency", code="unknown_currency")
    return currency
