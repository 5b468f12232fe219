"""What a proposal adds up to per day or per flight, what must be typed to approve it, and how a lower amount is split."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from campaigns.platforms.currencies import budget_unit_micros
from campaigns.platforms.errors import PlatformError
from campaigns.platforms.records import Platform
from lane.core.money import NotMoney, parse_amount, split, unit_micros
from lane.core.subjects import DiffRow

_NOT_DIGITS = re.compile(r"[^0-9.,\-\u2212]")
_DECIMAL_COMMA = re.compile(r"^(-?[0-9]+(?:\.[0-9]{3})*),([0-9]{1,2})$")
_GROUPS = re.compile(r"^-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$")


class CannotLower(ValueError):
    """The amount is not one this proposal can be lowered to; the message says which are."""


@dataclass(frozen=True, slots=True)
class Totals:
    """All amounts of a proposal together, in micros of one currency."""

    now_micros: int
    new_micros: int
    currency: str

    @property
    def change_micros(self) -> int:
        """How much more (or less) per day."""
        return self.new_micros - self.now_micros

    @property
    def change_ratio(self) -> Decimal | None:
        """The change as a share of today's amount; None when there is nothing today."""
        return Decimal(self.change_micros) / Decimal(self.now_micros) if self.now_micros else None


def rows_of(diff: Mapping[str, Any]) -> list[DiffRow]:
    """The rows of a stored diff."""
    names = DiffRow.__dataclass_fields__
    return [DiffRow(**{k: v for k, v in row.items() if k in names}) for row in diff.get("rows", ())]


def is_amount(row: DiffRow) -> bool:
    """Whether the row changes an amount of money."""
    return row.new_micros is not None and bool(row.currency)


def totals(rows: Sequence[DiffRow]) -> Totals | None:
    """The amounts together; None when no amount changes, one is unknown, or currencies are mixed."""
    amounts = [row for row in rows if is_amount(row)]
    currencies = {row.currency for row in amounts}
    if len(currencies) != 1 or any(row.now_micros is None for row in amounts):
        return None
    return Totals(
        sum(row.now_micros or 0 for row in amounts),
        sum(row.new_micros or 0 for row in amounts),
        currencies.pop(),
    )


def period_of(diff: Mapping[str, Any]) -> str:
    """What its amounts are for, as it follows an amount: `` a day``, or `` for the flight``."""
    return " for the flight" if diff.get("per") == "flight" else " a day"


def is_pause(row: DiffRow) -> bool:
    """Whether the row stops spending without changing an amount."""
    return not is_amount(row) and row.new.strip().lower() == "paused"


def word_to_type(rows: Sequence[DiffRow]) -> str:
    """The word that stands for the amount where there is no single amount to type."""
    if totals(rows) is not None:
        return ""
    if rows and all(is_pause(row) for row in rows):
        return "PAUSE"
    if rows and all(not is_amount(row) and row.new.strip().lower() == "active" for row in rows):
        return "RESUME"
    return "APPROVE"


def read_amount(text: str, currency: str) -> int:
    """Micros of an amount typed with or without symbol, grouping or decimal comma. Raises ``NotMoney``."""
    cleaned = _NOT_DIGITS.sub("", text).replace("\u2212", "-")
    if not cleaned:
        raise NotMoney("Type the amount in digits, like 1250.00.")
    if comma := _DECIMAL_COMMA.match(cleaned):
        cleaned = f"{comma[1].replace('.', '')}.{comma[2]}"
    elif "," in cleaned and not _GROUPS.match(cleaned):
        raise NotMoney(f"“{text.strip()}” can be read in two ways. Write it like 1250.00.")
    return parse_amount(cleaned, currency)


def lowest_total(rows: Sequence[DiffRow]) -> int | None:
    """The total when every raise is left out; None when nothing is raised or there is no one total."""
    together = totals(rows)
    if together is None or not any(_raise_of(row) for row in rows):
        return None
    return together.new_micros - sum(_raise_of(row) for row in rows)


def lowered(rows: Sequence[DiffRow], total_micros: int) -> dict[str, int]:
    """New amount by row key so that all add up to a lower total.

    Only raised rows give way, each in proportion to its raise and in whole units of the currency; no row
    falls below what it is today. Raises ``CannotLower``.
    """
    together, floor = totals(rows), lowest_total(rows)
    if together is None or floor is None:
        raise CannotLower("Nothing in this proposal is raised, so there is no lower amount to approve.")
    unit = step_micros(together.currency)
    cut = together.new_micros - total_micros
    room = [_raise_of(row) // unit * unit for row in rows]
    if cut <= 0 or total_micros <= floor or cut > sum(room) or cut % unit:
        raise CannotLower("The amount must lie between today's total and the proposed one.")
    cuts = split(cut, room, unit=unit)
    return {
        row.key: (row.new_micros or 0) - less
        for row, less in zip(rows, cuts, strict=True)
        if is_amount(row) and less
    }


def step_micros(currency: str) -> int:
    """The smallest step every platform can store in this currency."""
    try:
        steps = [budget_unit_micros(platform, currency) for platform in Platform]
    except PlatformError:
        steps = []
    return max([unit_micros(currency), *steps])


def _raise_of(row: DiffRow) -> int:
    if not is_amount(row) or row.now_micros is None:
        return 0
    return max(0, (row.new_micros or 0) - row.now_micros)
