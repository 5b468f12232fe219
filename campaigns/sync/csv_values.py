"""Days and numbers as people's exports write them; how is decided for a whole file, never cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

EMPTY = frozenset({"", "-", "--", "–", "—", "n/a", "null"})
_SLASHED = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4})$")
_WORDED = ("%b %d, %Y", "%d %b %Y", "%B %d, %Y", "%d %B %Y", "%a, %b %d, %Y")
_NOISE = re.compile(r"[\s\u00a0\u202f'’]|[A-Z]{3}|[€$£¥₹₩%]")


class NotReadable(ValueError):
    """A cell that cannot be used; ``fix`` says what to do."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem, self.fix = problem, fix


def slashed_order(cells: Iterable[str]) -> str:
    """How a file writes ``1/2/2026``: ``dmy`` or ``mdy`` when any row proves it, else ``unknown``."""
    first_large = second_large = False
    for cell in cells:
        found = _SLASHED.match(cell.strip())
        if found:
            first_large |= int(found[1]) > 12
            second_large |= int(found[2]) > 12
    if first_large == second_large:
        return "unknown"
    return "dmy" if first_large else "mdy"


def day(cell: str, order: str) -> date:
    """An account-local day. Raises ``NotReadable``."""
    text = cell.strip()
    if text.lower() in EMPTY:
        raise NotReadable("The day is empty.", "Export with one row per campaign and day.")
    slashed = _SLASHED.match(text)
    if slashed:
        if order == "unknown":
            raise NotReadable(
                f"“{text}” may be day/month or month/day.", "Export with days written like 2026-05-31."
            )
        first, second, year = (int(part) for part in slashed.groups())
        month, number = (second, first) if order == "dmy" else (first, second)
        return _date(year, month, number, text)
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    dotted = re.match(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})$", text)
    if dotted:
        return _date(int(dotted[3]), int(dotted[2]), int(dotted[1]), text)
    for form in _WORDED:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar day has no zone
        except ValueError:
            continue
    raise NotReadable(f"“{text}” is not a day.", "Write days like 2026-05-31.")


def decimal_comma(cells: Iterable[str]) -> bool:
    """Whether a file writes 1.234,56. Two digits after the last mark decide; without any, points do."""
    commas = points = 0
    for cell in cells:
        text = _NOISE.sub("", cell)
        commas += bool(re.search(r",\d{1,2}$", text)) or ("." in text and text.rfind(",") > text.rfind("."))
        points += bool(re.search(r"\.\d{1,2}$", text)) or ("," in text and text.rfind(".") > text.rfind(","))
    return commas > points


def number(cell: str, *, comma: bool, what: str) -> Decimal | None:
    """A number that is zero or more, None for a cell without one. Raises ``NotReadable``."""
    if cell.strip().lower() in EMPTY:
        return None
    text = _NOISE.sub("", cell.strip())
    text = text.replace(".", "").replace(",", ".") if comma else text.replace(",", "")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise NotReadable(
            f"“{cell.strip()}” is not a number.", f"Write {what} in digits, like 1250.00."
        ) from None
    if not value.is_finite() or abs(value) > Decimal(10) ** 12:
        raise NotReadable(f"“{cell.strip()}” is too large.", f"Check {what} in the export.")
    if value < 0:
        raise NotReadable(f"“{cell.strip()}” is negative.", f"Remove the row or correct {what}.")
    return value


def _date(year: int, month: int, number: int, text: str) -> date:
    try:
        return date(year, month, number)
    except ValueError:
        raise NotReadable(f"“{text}” is not a day of the calendar.", "Write days like 2026-05-31.") from None
