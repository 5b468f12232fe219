"""Read a history of arms from CSV: date, arm, spend, value; every mistake is told by line and column."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from pacing.allocation.records import ArmDay

REQUIRED = ("date", "arm", "spend", "value")
BUDGET = "budget"
MICROS = 1_000_000
MOST_MISTAKES = 20
LARGEST = Decimal(10) ** 10


class HistoryError(ValueError):
    """What is wrong with a file, one mistake a line."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(mistakes))


@dataclass(slots=True)
class ArmHistory:
    """One arm's rows."""

    days: list[ArmDay] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)  # further columns, as on the newest row
    budget_micros: int | None = None  # as on the newest row that has one
    newest: date = date.min


def read_history(lines: Iterable[str]) -> dict[str, ArmHistory]:
    """Arms in the order they first appear. Raises ``HistoryError`` naming every mistake by line."""
    rows = list(lines)
    if not rows or not rows[0].strip():
        raise HistoryError([f"Line 1: the file is empty. It needs a heading: {','.join(REQUIRED)}."])
    rows[0] = rows[0].removeprefix("\ufeff")
    delimiter = max(",;\t", key=rows[0].count)
    reader = csv.reader(rows, delimiter=delimiter)
    columns = [name.strip().lower() for name in next(reader)]
    if missing := [name for name in REQUIRED if name not in columns]:
        found = ", ".join(columns)
        raise HistoryError(
            [f"Line 1: column “{name}” is missing. The heading has: {found}." for name in missing]
        )
    if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
        raise HistoryError([f"Line 1: column “{name}” is there twice; keep one." for name in twice])
    arms: dict[str, ArmHistory] = {}
    seen: dict[tuple[str, date], int] = {}
    mistakes: list[str] = []
    for cells in reader:
        number = reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            mistakes.append(
                f"Line {number}: {len(cells)} cells under {len(columns)} headings; quote cells with commas."
            )
        else:
            row = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
            _take(row, number, arms, seen, mistakes)
        if len(mistakes) >= MOST_MISTAKES:
            mistakes.append(f"Only the first {MOST_MISTAKES} mistakes are shown.")
            break
    if not mistakes and not arms:
        mistakes.append("Line 2: there are no rows below the heading.")
    if mistakes:
        raise HistoryError(mistakes)
    return arms


def _take(
    row: Mapping[str, str],
    number: int,
    arms: dict[str, ArmHistory],
    seen: dict[tuple[str, date], int],
    mistakes: list[str],
) -> None:
    """One row into its arm, or its mistakes into the list."""
    before = len(mistakes)
    name = row["arm"]
    if not name:
        mistakes.append(f"Line {number}, column arm: it is empty; name the arm.")
    day = _day(row["date"], number, mistakes)
    spend = _amount(row["spend"], "spend", number, mistakes)
    value = _amount(row["value"], "value", number, mistakes)
    budget = _amount(row.get(BUDGET, ""), BUDGET, number, mistakes)
    if len(mistakes) > before or day is None:
        return
    if (name, day) in seen:
        mistakes.append(
            f"Line {number}, column date: {day} of “{name}” is on line {seen[name, day]} too; add them up."
        )
        return
    seen[name, day] = number
    arm = arms.setdefault(name, ArmHistory())
    arm.days.append(
        ArmDay(day, None if spend is None else _micros(spend), None if value is None else float(value))
    )
    if day >= arm.newest:
        arm.newest = day
        arm.labels = {key: text for key, text in row.items() if key not in (*REQUIRED, BUDGET) and text}
        if budget is not None:
            arm.budget_micros = _micros(budget)


def _day(text: str, number: int, mistakes: list[str]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        mistakes.append(f"Line {number}, column date: “{text}” is not a date. Write it like 2026-05-31.")
        return None


def _amount(text: str, column: str, number: int, mistakes: list[str]) -> Decimal | None:
    """A number of 0 or more, or None for an empty cell: not known."""
    if not text:
        return None
    where = f"Line {number}, column {column}:"
    try:
        amount = Decimal(text)
    except InvalidOperation:
        mistakes.append(
            f"{where} “{text}” is not a number. Write it like 1250.50, or leave it empty if unknown."
        )
        return None
    if not amount.is_finite() or amount > LARGEST:
        mistakes.append(f"{where} “{text}” is too large or not finite.")
        return None
    if amount < 0:
        mistakes.append(f"{where} {text} is negative; write 0 or more.")
        return None
    return amount


def _micros(amount: Decimal) -> int:
    """Whole micros; measured amounts may have more decimals than that."""
    return int((amount * MICROS).to_integral_value())
