"""Cells of a pasted sheet: which column is which, and what each cell says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from campaigns.sync.csv_values import EMPTY, NotReadable, day, decimal_comma, number, slashed_order
from lane.core.money import CURRENCIES, NotMoney, format_money, parse_amount
from pacing.models import BudgetPlan

COLUMNS = {
    "client": "Client",
    "plan": "Plan",
    "amount_micros": "Amount",
    "currency": "Currency",
    "starts_on": "First day",
    "ends_on": "Last day",
    "strategy": "Strategy",
    "landing": "Landing",
    "mode": "Mode",
    "budgets": "Budgets",
    "reason": "Reason",
}
_ALIASES = {
    "client": ("client", "account", "brand", "customer"),
    "plan": ("plan", "name", "plan name", "budget plan", "flight"),
    "amount_micros": ("amount", "budget", "approved", "approved amount", "total"),
    "currency": ("currency", "cur"),
    "starts_on": ("first day", "start", "starts", "starts on", "start date", "from"),
    "ends_on": ("last day", "end", "ends", "ends on", "end date", "to", "until"),
    "strategy": ("strategy", "pacing"),
    "landing": ("landing",),
    "mode": ("mode", "what lane may do"),
    "budgets": ("budgets", "budget names", "platform budgets"),
    "reason": ("reason", "why", "note"),
}
_BY_ALIAS = {alias: name for name, aliases in _ALIASES.items() for alias in aliases}
_CHOICES: Mapping[str, Sequence[tuple[str, str]]] = {
    "strategy": BudgetPlan.Strategy.choices,
    "landing": BudgetPlan.Landing.choices,
    "mode": BudgetPlan.Mode.choices,
}


def recognise(header: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """Columns by name, and the headings nobody knows. The first of two equal headings counts."""
    columns: dict[str, int] = {}
    unknown = []
    for place, heading in enumerate(header):
        name = _BY_ALIAS.get(" ".join(heading.casefold().replace("_", " ").split()))
        if name is None or name in columns:
            unknown.append(heading)
        else:
            columns[name] = place
    return columns, [heading for heading in unknown if heading]


@dataclass(frozen=True, slots=True)
class Cells:
    """Where each column is, and how this sheet writes days and amounts: decided once for all its rows."""

    columns: Mapping[str, int]
    comma: bool
    order: str

    @classmethod
    def of(cls, columns: Mapping[str, int], rows: Sequence[Sequence[str]]) -> Self:
        """Look at all rows before reading any."""
        amounts = [_cell(row, columns, "amount_micros") for row in rows]
        days = [_cell(row, columns, name) for row in rows for name in ("starts_on", "ends_on")]
        return cls(columns, decimal_comma(amounts), slashed_order(days))


def read_row(row: Sequence[str], cells: Cells) -> tuple[dict[str, Any], dict[str, str]]:
    """What a row says by column, empty cells left out, and what cannot be read."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    currency = _cell(row, cells.columns, "currency").upper()
    for name in cells.columns:
        text = _cell(row, cells.columns, name)
        if text.casefold() in EMPTY:
            continue
        try:
            values[name] = _read(name, text, cells, currency)
        except NotReadable as problem:
            errors[name] = f"{problem.problem} {problem.fix}"
        except NotMoney as problem:
            errors[name] = str(problem)
    return values, errors


def _read(name: str, text: str, cells: Cells, currency: str) -> Any:
    if name == "amount_micros":
        return _amount(text, cells, currency)
    if name in ("starts_on", "ends_on"):
        return day(text, cells.order)
    if name == "currency":
        if currency not in CURRENCIES:
            raise NotReadable(f"“{text}” is no currency.", "Write its code, like EUR.")
        return currency
    if name in _CHOICES:
        return _choice(text, _CHOICES[name])
    if name == "budgets":
        return [part.strip() for part in text.replace("\n", ";").replace("|", ";").split(";") if part.strip()]
    return text


def _amount(text: str, cells: Cells, currency: str) -> int:
    read = number(text, comma=cells.comma, what="the amount")
    if not read:
        raise NotReadable(f"“{text}” is no amount above zero.", "Write it in digits, like 16000.")
    return parse_amount(read, currency or "EUR")


def _choice(text: str, choices: Sequence[tuple[str, str]]) -> str:
    wanted = text.casefold()
    for value, label in choices:
        if wanted in (value.casefold(), str(label).casefold()):
            return value
    raise NotReadable(
        f"“{text}” is none of the choices.", f"Write one of: {', '.join(v for v, _ in choices)}."
    )


def _cell(row: Sequence[str], columns: Mapping[str, int], name: str) -> str:
    place = columns.get(name)
    return row[place].strip() if place is not None and place < len(row) else ""


def cell_words(name: str, value: Any, currency: str) -> str:
    """A term as the preview shows it."""
    if name == "amount_micros":
        return format_money(value, currency)
    if name in ("starts_on", "ends_on"):
        return f"{value:%-d %b %Y}"
    if name in _CHOICES:
        return str(dict(_CHOICES[name]).get(value, value))
    if name == "budgets":
        return ", ".join(str(budget) for budget in value)
    return str(value)
