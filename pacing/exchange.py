"""Exchange arithmetic: dated rates, their inverses, and exact conversion of micros. Knows no framework."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

from lane.core.money import unit_micros

MAX_AGE_DAYS = 31
_EXACT = Context(prec=50)
_ONE = Decimal(1)
_FINEST = Decimal("1e-12")
Stored = tuple[str, str, date, Decimal]  # base, quote, day, rate


@dataclass(frozen=True, slots=True)
class Quote:
    """What one unit of a currency is worth in another, and from which day that is known."""

    rate: Decimal
    on: date | None  # None where both currencies are the same
    inverted: bool = False


@dataclass(slots=True)
class RateBook:
    """Rates of one organization, looked up by day: the latest on or before it, if not too old."""

    max_age_days: int = MAX_AGE_DAYS
    _days: dict[tuple[str, str], tuple[list[int], list[Decimal]]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Stored], max_age_days: int = MAX_AGE_DAYS) -> RateBook:
        """A book of stored rates in any order."""
        book = cls(max_age_days)
        for base, quote, on, rate in sorted(rows, key=lambda row: row[2]):
            days, rates = book._days.setdefault((base, quote), ([], []))
            days.append(on.toordinal())
            rates.append(rate)
        return book

    def quote(self, source: str, target: str, on: date) -> Quote | None:
        """The rate of a day; None when none is known that is young enough. Never guessed.

        A rate entered the other way round counts inverted; where both exist, the younger one, and of the same
        day the direct one.
        """
        if source == target:
            return Quote(_ONE, None)
        direct, inverse = self._latest(source, target, on), self._latest(target, source, on)
        if direct is not None and (inverse is None or direct[0] >= inverse[0]):
            return Quote(direct[1], date.fromordinal(direct[0]))
        if inverse is not None:
            return Quote(_EXACT.divide(_ONE, inverse[1]), date.fromordinal(inverse[0]), inverted=True)
        return None

    def latest_on(self, source: str, target: str) -> date | None:
        """The day of the youngest rate of a pair in either direction, however old."""
        known = [days[-1] for pair in ((source, target), (target, source)) if (days := self._pair(pair))]
        return date.fromordinal(max(known)) if known else None

    def _pair(self, pair: tuple[str, str]) -> Sequence[int]:
        return self._days[pair][0] if pair in self._days else ()

    def _latest(self, base: str, quote: str, on: date) -> tuple[int, Decimal] | None:
        known = self._days.get((base, quote))
        if known is None:
            return None
        days, rates = known
        place = bisect_right(days, on.toordinal()) - 1
        if place < 0 or on.toordinal() - days[place] > self.max_age_days:
            return None
        return days[place], rates[place]


def convert(micros: int, rate: Decimal, currency: str = "") -> int:
    """An amount in another currency, to the nearest micro, or to the smallest unit of ``currency`` when given."""
    return _rounded(micros, rate, currency, ROUND_HALF_EVEN)


def convert_down(micros: int, rate: Decimal, currency: str) -> int:
    """The largest amount of ``currency`` that is not worth more."""
    return _rounded(micros, rate, currency, ROUND_FLOOR)


def convert_up(micros: int, rate: Decimal, currency: str) -> int:
    """The smallest amount of ``currency`` that is not worth less."""
    return _rounded(micros, rate, currency, ROUND_CEILING)


def back_down(micros: int, rate: Decimal, currency: str) -> int:
    """The largest amount of ``currency`` that, converted by ``rate``, is not above ``micros``."""
    return _units(_EXACT.divide(Decimal(micros), rate), currency, ROUND_FLOOR)


def back_up(micros: int, rate: Decimal, currency: str) -> int:
    """The smallest amount of ``currency`` that, converted by ``rate``, is not below ``micros``."""
    return _units(_EXACT.divide(Decimal(micros), rate), currency, ROUND_CEILING)


def _rounded(micros: int, rate: Decimal, currency: str, rounding: str) -> int:
    return _units(_EXACT.multiply(Decimal(micros), rate), currency, rounding)


def _units(micros: Decimal, currency: str, rounding: str) -> int:
    unit = unit_micros(currency) if currency else 1
    # An inverted rate has 50 digits: what it leaves beyond a millionth of a micro is no money.
    units = _EXACT.divide(micros, Decimal(unit)).quantize(_FINEST, ROUND_HALF_EVEN, context=_EXACT)
    return int(units.to_integral_value(rounding=rounding)) * unit
