"""A platform export as rows: which lines are data, which columns they have, and what is wrong with them."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from campaigns.sync import csv_values
from campaigns.sync.csv_columns import FIELDS, REQUIRED, Recognised, looks_like_header, recognise
from campaigns.sync.csv_values import NotReadable

MAX_BYTES = 10 * 1024 * 1024
MAX_ROWS = 200_000
HEADER_WITHIN = 30  # Google puts the report's name and period above the header
_MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell, in words a person can act on. ``row`` counts the file's lines from 1."""

    row: int
    column: str
    problem: str
    fix: str

    def as_record(self) -> dict[str, object]:
        """As stored with the import."""
        return {"row": self.row, "column": self.column, "problem": self.problem, "fix": self.fix}


@dataclass(frozen=True, slots=True)
class Row:
    """One campaign on one account-local day. Money is micros, conversions are thousandths."""

    line: int
    on: date
    campaign: str
    campaign_key: str
    spend_micros: int
    impressions: int | None
    clicks: int | None
    conversions_milli: int | None
    conversion_value_micros: int | None
    budget_micros: int | None
    budget_name: str
    status: str


@dataclass(frozen=True, slots=True)
class Table:
    """The lines of a file under their header, before any of them is understood."""

    header: list[str]
    header_line: int
    lines: list[tuple[int, list[str]]]
    recognised: Recognised


@dataclass(slots=True)
class Parsed:
    """Every usable row, and every problem. ``blocking`` says why nothing of the file can be used."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    blocking: str = ""
    total: int = 0


def decode(data: bytes) -> str:
    """A file's text. Google exports UTF-16, Meta UTF-8, spreadsheets whatever the machine speaks."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def table(text: str) -> Table:
    """Find the header and the data lines. Raises ``NotReadable`` when there are none."""
    if "\0" in text:
        raise NotReadable("This is not a text file.", "Export the report as .csv, not as .xlsx.")
    lines = [
        (number, [cell.strip() for cell in cells])
        for number, cells in _lines(text)
        if any(cell.strip() for cell in cells)
    ]
    if len(lines) > MAX_ROWS:
        raise NotReadable(f"The file has more than {MAX_ROWS:,} rows.", "Export a shorter period.")
    for at, (number, cells) in enumerate(lines[:HEADER_WITHIN]):
        if looks_like_header(cells):
            return Table(cells, number, _data(lines[at + 1 :], recognise(cells)), recognise(cells))
    wide = next(((at, line) for at, line in enumerate(lines[:HEADER_WITHIN]) if len(line[1]) >= 3), None)
    if wide is None:
        raise NotReadable(
            "No table was found in this file.", "Export the report as .csv with a row of column names."
        )
    at, (number, cells) = wide
    return Table(cells, number, lines[at + 1 :], Recognised(None, {}))


def parse(found: Table, columns: Mapping[str, int], *, currency: str, today: date) -> Parsed:
    """Understand every data line. ``columns`` maps fields to places; currency and today are the account's."""
    result = Parsed(total=len(found.lines))
    missing = [FIELDS[name] for name in REQUIRED if name not in columns]
    if missing:
        result.blocking = (
            f"No column for {' and '.join(missing)} was found. The file has: {', '.join(found.header[:20])}. "
            "Say which column is which."
        )
        return result
    result.blocking = _other_currency(found, columns, currency)
    if result.blocking:
        return result
    reader = _Reader(found, columns, today)
    seen: dict[tuple[str, date], int] = {}
    for number, cells in found.lines:
        row = reader.read(number, cells, result.problems)
        if row is None:
            continue
        first = seen.setdefault((row.campaign_key, row.on), number)
        if first != number:
            result.problems.append(
                Problem(
                    number, reader.name("day"),
                    f"“{row.campaign}” already has {row.on.isoformat()} in row {first}.",
                    "Export one row per campaign and day, without device, network or other segments.",
                )
            )  # fmt: skip
            continue
        result.rows.append(row)
    if not found.lines:
        result.blocking = "The file has column names but no rows. Export a period with spend."
    return result


class _Reader:
    """Turns the cells of one file into rows, with the file's own way of writing days and numbers."""

    def __init__(self, found: Table, columns: Mapping[str, int], today: date) -> None:
        self._header, self._columns, self._today = found.header, columns, today
        names = [cell.lower() for cell in found.header]
        by_period = self.name("day").lower() == "reporting starts" and "reporting ends" in names
        self._ends = names.index("reporting ends") if by_period else None
        self._order = csv_values.slashed_order(self._cell(cells, "day") for _, cells in found.lines)
        self._comma = csv_values.decimal_comma(
            self._cell(cells, name)
            for name in ("cost", "budget", "conversion_value")
            if name in columns
            for _, cells in found.lines
        )

    def name(self, field_name: str) -> str:
        """The column's own name in the file."""
        at = self._columns.get(field_name, -1)
        return self._header[at] if 0 <= at < len(self._header) else FIELDS[field_name]

    def read(self, line: int, cells: Sequence[str], problems: list[Problem]) -> Row | None:
        """One row, or None with its problems noted."""
        before = len(problems)
        on = self._day(line, cells, problems)
        campaign = self._cell(cells, "campaign")
        if not campaign:
            problems.append(
                Problem(line, self.name("campaign"), "The campaign is empty.", "Remove the row or name it.")
            )
        numbers = {
            name: self._number(line, cells, name, problems)
            for name in ("cost", "impressions", "clicks", "conversions", "conversion_value", "budget")
        }
        if numbers["cost"] is None and len(problems) == before:
            problems.append(
                Problem(line, self.name("cost"), "The spend is empty.", "Write 0 when nothing was spent.")
            )
        if len(problems) > before or on is None:
            return None
        if on > self._today:
            problems.append(
                Problem(
                    line,
                    self.name("day"),
                    f"{on.isoformat()} is in the future.",
                    "Correct or remove the row.",
                )
            )
            return None
        return Row(
            line=line,
            on=on,
            campaign=campaign,
            campaign_key=_key(self._cell(cells, "campaign_id") or campaign),
            spend_micros=_scaled(numbers["cost"], _MICROS) or 0,
            impressions=_whole(numbers["impressions"]),
            clicks=_whole(numbers["clicks"]),
            conversions_milli=_scaled(numbers["conversions"], 1000),
            conversion_value_micros=_scaled(numbers["conversion_value"], _MICROS),
            budget_micros=_scaled(numbers["budget"], _MICROS) or None,
            budget_name=self._cell(cells, "budget_name"),
            status=self._cell(cells, "status"),
        )

    def _cell(self, cells: Sequence[str], field_name: str) -> str:
        at = self._columns.get(field_name, -1)
        return cells[at] if 0 <= at < len(cells) else ""

    def _day(self, line: int, cells: Sequence[str], problems: list[Problem]) -> date | None:
        if self._ends is not None and self._ends < len(cells):
            starts, ends = self._cell(cells, "day"), cells[self._ends]
            if ends and ends != starts:
                problems.append(
                    Problem(
                        line, self.name("day"), f"This row covers {starts} to {ends}.",
                        "Break the report down by day before exporting it.",
                    )
                )  # fmt: skip
                return None
        try:
            return csv_values.day(self._cell(cells, "day"), self._order)
        except NotReadable as wrong:
            problems.append(Problem(line, self.name("day"), wrong.problem, wrong.fix))
            return None

    def _number(self, line: int, cells: Sequence[str], name: str, problems: list[Problem]) -> Decimal | None:
        text = self._cell(cells, name)
        if name == "budget" and text.lower().startswith(("using ", "ad set", "shared")):
            return None  # Meta says so where the ad sets carry the budget
        try:
            return csv_values.number(text, comma=self._comma, what=f"the {FIELDS[name].lower()}")
        except NotReadable as wrong:
            problems.append(Problem(line, self.name(name), wrong.problem, wrong.fix))
            return None


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Numbered lines, split by the mark that splits most of them."""
    sample = text[:20_000]
    delimiter = max("\t;,", key=lambda mark: sum(line.count(mark) for line in sample.splitlines()[:40]))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    found = []
    try:
        for cells in reader:
            found.append((reader.line_num, cells))
    except csv.Error as wrong:
        raise NotReadable(f"Row {reader.line_num} is broken: {wrong}.", "Export the file again.") from None
    return found


def _data(lines: Sequence[tuple[int, list[str]]], known: Recognised) -> list[tuple[int, list[str]]]:
    """Data lines without the sums that platforms put above or below them."""
    return [(number, cells) for number, cells in lines if not _is_sum(cells, known)]


def _is_sum(cells: Sequence[str], known: Recognised) -> bool:
    if cells and cells[0].lower().startswith(("total", "grand total", "results from")):
        return True
    day, campaign = (known.columns.get(name) for name in ("day", "campaign"))
    # Meta's own sum row has neither a campaign nor a day.
    return all(at is not None and (at >= len(cells) or not cells[at]) for at in (day, campaign))


def _other_currency(found: Table, columns: Mapping[str, int], currency: str) -> str:
    """Why the file's currency does not fit, empty when it does."""
    if found.recognised.currency and found.recognised.currency != currency:
        return (
            f"The file is in {found.recognised.currency}, the account in {currency}. Choose "
            f"{found.recognised.currency} as the account's currency or another account."
        )
    at = columns.get("currency")
    if at is None:
        return ""
    first: dict[str, int] = {}
    for number, cells in found.lines:
        if at < len(cells) and cells[at]:
            first.setdefault(cells[at].upper(), number)
    if len(first) > 1:
        where = ", ".join(f"{name} (row {number})" for name, number in first.items())
        return f"The file mixes currencies: {where}. Export one account at a time."
    if first and currency not in first:
        (other,) = first
        return f"The file is in {other}, the account in {currency}. Choose {other} or another account."
    return ""


def _key(name: str) -> str:
    """What tells one campaign from another; long names are shortened without falling together."""
    return name if len(name) <= 50 else "name-" + hashlib.sha256(name.encode()).hexdigest()[:40]


def _scaled(value: Decimal | None, by: int) -> int | None:
    return None if value is None else int((value * by).to_integral_value())


def _whole(number: Decimal | None) -> int | None:
    """A count, None where the file does not tell."""
    return None if number is None else int(number)
