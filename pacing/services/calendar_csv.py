"""Events pasted from a spreadsheet, read line by line; a line that cannot be read says why and stops nobody else."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from lane.core.errors import InvalidInput
from pacing.models import PlannedEvent
from pacing.services.calendar import LARGEST_PASTE, PLATFORMS, PastedRow

COLUMNS = ("name", "kind", "starts_on", "ends_on", "factor", "platform", "yearly", "note")
_REQUIRED = ("name", "starts_on")
_ALIASES = {
    "event": "name",
    "first day": "starts_on",
    "start": "starts_on",
    "starts": "starts_on",
    "date": "starts_on",
    "last day": "ends_on",
    "end": "ends_on",
    "ends": "ends_on",
    "recurs_yearly": "yearly",
    "every year": "yearly",
}
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d %b %Y")
_YES, _NO = ("yes", "true", "1", "y", "x"), ("", "no", "false", "0", "n")
_FACTORS = {"holiday": Decimal("0.7"), "promo": Decimal("1.5"), "blackout": Decimal(0)}


def parse(text: str) -> list[PastedRow]:
    """Read a paste with or without a head line; commas, semicolons or tabs between the columns.

    Without a head the columns are name, kind, first day, last day, factor, platform, yearly, note.
    """
    rows = _lines(text)
    if not rows:
        raise InvalidInput(fields={"text": "Paste at least one line."})
    if len(rows) > LARGEST_PASTE:
        raise InvalidInput(
            fields={"text": f"At most {LARGEST_PASTE} lines at once. Paste the rest afterwards."}
        )
    head = _head(rows[0][1])
    if head is not None:
        missing = [name for name in _REQUIRED if name not in head]
        if missing:
            raise InvalidInput(fields={"text": f"The head line names no column {' or '.join(missing)}."})
        rows = rows[1:]
    return [_row(number, head or list(COLUMNS), cells) for number, cells in rows]


def has_head(text: str) -> bool:
    """Whether a paste begins with the names of its columns."""
    rows = _lines(text)
    return bool(rows) and _head(rows[0][1]) is not None


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """Lines that say anything, with their numbers."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text), delimiter=max("\t;,", key=first.count))
    found = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise InvalidInput(
            fields={"text": f"Line {reader.line_num} cannot be read as a table: {error}."}
        ) from error
    return found


def _head(first: Sequence[str]) -> list[str] | None:
    names = [_ALIASES.get(cell.lower(), cell.lower().replace(" ", "_")) for cell in first]
    return names if "name" in names or "starts_on" in names else None


def _row(number: int, columns: Sequence[str], cells: Sequence[str]) -> PastedRow:
    said = dict(zip(columns, cells, strict=False))
    problems: list[str] = []
    kind = (said.get("kind") or "other").lower()
    if kind not in PlannedEvent.Kind.values:
        problems.append(f"kind “{kind}” is none of {', '.join(PlannedEvent.Kind.values)}")
    starts_on = _date(said.get("starts_on", ""), "starts_on", problems)
    last = said.get("ends_on", "")
    ends_on = _date(last, "ends_on", problems) if last else starts_on
    yearly = said.get("yearly", "").lower()
    if yearly not in (*_YES, *_NO):
        problems.append(f"yearly “{yearly}” is neither yes nor no")
    platform = _platform(said.get("platform", ""), problems)
    values: dict[str, Any] = {
        "name": said.get("name", ""),
        "kind": kind,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "factor": _factor(said.get("factor", ""), kind, problems),
        "platform": platform,
        "recurs_yearly": yearly in _YES,
        "note": said.get("note", ""),
    }
    if not values["name"]:
        problems.append("the name is empty")
    if len(cells) > len(columns):
        problems.append(f"{len(cells)} columns, at most {len(columns)} are known")
    return PastedRow(number, values, "; ".join(problems).capitalize() + "." if problems else "")


def _date(text: str, name: str, problems: list[str]) -> date | None:
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    problems.append(f"{name} “{text}” is no date; write it like 2026-11-27")
    return None


def _factor(text: str, kind: str, problems: list[str]) -> Decimal | None:
    if not text:
        if kind in _FACTORS:
            return _FACTORS[kind]
        problems.append("the factor is empty; write 1.5 for half as much again")
        return None
    try:
        number = Decimal(text.removesuffix("%").strip().replace(",", "."))
    except InvalidOperation:
        problems.append(f"factor “{text}” is no number; write 1.5 or 150 %")
        return None
    if not number.is_finite():
        problems.append(f"factor “{text}” is no number; write 1.5 or 150 %")
        return None
    return number / 100 if text.endswith("%") else number


def _platform(text: str, problems: list[str]) -> str:
    if not text:
        return ""
    for value, label in PLATFORMS.items():
        if text.lower() in (value, label.lower()):
            return value
    problems.append(f"platform “{text}” is none of {', '.join(PLATFORMS.values())}")
    return ""
