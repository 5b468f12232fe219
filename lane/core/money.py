"""Money is integer micros plus an ISO 4217 currency; Decimal only where people type and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

MICROS = 1_000_000
_LARGEST_AMOUNT = 9_000_000_000

# ISO 4217 minor units that are not 2 (source: ISO 4217 list one).
_MINOR_UNITS = {
    **dict.fromkeys(
        ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF"], 0
    ),
    **dict.fromkeys(["XOF", "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
_SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥", "INR": "₹", "KRW": "₩", "CHF": "CHF\u00a0"}
# The active national currencies of ISO 4217 list one.
_ISO_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL
LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP
PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = _ISO_CODES.split()
MINUS = "\u2212"


def minor_units(currency: str) -> int:
    """How many decimals an amount of this currency has."""
    return _MINOR_UNITS.get(currency, 2)


def unit_micros(currency: str) -> int:
    """The smallest amount of this currency, in micros."""
    return int(MICROS // 10 ** minor_units(currency))


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An exact amount in micros of one currency."""

    micros: int
    currency: str

    @property
    def amount(self) -> Decimal:
        """The amount in whole units, exact."""
        return Decimal(self.micros) / MICROS

    def as_record(self) -> dict[str, object]:
        """How the API shows money."""
        return {"amount_micros": self.micros, "currency": self.currency, "amount": decimal_text(self)}

    def __str__(self) -> str:
        return format_money(self.micros, self.currency)


class NotMoney(ValueError):
    """Text that is not an amount of the currency; the message says what is wrong."""


def parse_amount(text: str | Decimal, currency: str) -> int:
    """Micros of an amount a person typed. Raises ``NotMoney`` naming the problem and the fix."""
    try:
        amount = Decimal(str(text).strip().replace(",", "").replace("\u202f", ""))
    except InvalidOperation:
        raise NotMoney(f"“{text}” is not an amount. Write it like 1250.00.") from None
    if not amount.is_finite():
        raise NotMoney("Write the amount in digits, like 1250.00.")
    # Before any arithmetic, which would round or fail on a number of hundreds of digits.
    if abs(amount) > _LARGEST_AMOUNT:
        raise NotMoney("The amount is too large.")
    digits = minor_units(currency)
    exact = amount.quantize(Decimal(1).scaleb(-digits))
    if exact != amount:
        allowed = f"at most {digits} decimals" if digits else "no decimals"
        raise NotMoney(f"{currency} amounts have {allowed}.")
    return int(exact * MICROS)


def round_down(micros: int, currency: str) -> int:
    """The largest amount the currency can express that is not above ``micros``."""
    unit = unit_micros(currency)
    return micros // unit * unit


def decimal_text(money: Money) -> str:
    """Plain decimal text such as ``1250.00``."""
    return f"{money.amount:.{minor_units(money.currency)}f}"


def format_money(micros: int, currency: str, decimals: int | None = None, *, signed: bool = False) -> str:
    """Money as people read it: symbol first, grouped, a real minus; plus only when ``signed``."""
    digits = minor_units(currency) if decimals is None else min(decimals, minor_units(currency))
    rounded = (Decimal(abs(micros)) / MICROS).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    sign = MINUS if micros < 0 and rounded else ("+" if signed and micros > 0 else "")
    symbol = _SYMBOLS.get(currency, f"{currency}\u00a0")
    return f"{sign}{symbol}{rounded:,.{digits}f}"


def split(total_micros: int, weights: Sequence[int], *, unit: int = 1) -> list[int]:
    """Split a total by weights in whole units; the parts sum exactly (largest remainder).

    What does not fill a whole unit goes to the first part. All weights zero splits evenly.
    """
    if not weights:
        return []
    if min(weights) < 0:
        raise ValueError("weights must not be negative")
    used = list(weights) if any(weights) else [1] * len(weights)
    units, rest = divmod(total_micros, unit)
    whole = sum(used)
    parts = [units * weight // whole for weight in used]
    remainders = [units * weight % whole for weight in used]
    by_remainder = sorted(range(len(used)), key=lambda i: (-remainders[i], i))
    for index in by_remainder[: units - sum(parts)]:
        parts[index] += 1
    result = [part * unit for part in parts]
    result[0] += rest
    return result
