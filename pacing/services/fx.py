"""Exchange rates: entered by the day, imported from CSV, never fetched. A changed rate says who changed it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import transaction

from lane.accounts import policies
from lane.audit.services import record
from lane.core import clock, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible
from lane.core.locks import transaction_lock
from lane.core.money import CURRENCIES
from pacing.exchange import convert, convert_down
from pacing.models import FxRate
from pacing.selectors import fx as selectors

__all__ = ["convert", "convert_down", "enter", "import_rates", "rate", "read_csv", "remove"]

MOST_ROWS = 5_000
_PLACES = Decimal("0.00000001")
_LARGEST = Decimal("9999999999")
_COLUMNS = ("date", "from", "to", "rate")
_ALSO = {
    "on": "date", "day": "date", "base": "from", "base_currency": "from", "from_currency": "from", "quote": "to",
    "target": "to", "to_currency": "to", "quote_currency": "to", "value": "rate", "exchange_rate": "rate",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RateRow:
    """One rate as read: valid, or with what is wrong. ``was`` is the rate stored for that day already."""

    line: int
    text: str
    on: date | None = None
    base: str = ""
    quote: str = ""
    rate: Decimal | None = None
    problem: str = ""
    was: Decimal | None = None

    @property
    def changes(self) -> str:
        """What importing it would do: new, same or changed."""
        if self.problem or self.rate is None:
            return "refused"
        return "new" if self.was is None else "same" if self.was == self.rate else "changed"


@dataclass(frozen=True, slots=True)
class Reading:
    """A CSV as read, row by row."""

    rows: list[RateRow] = field(default_factory=list)
    problem: str = ""

    @property
    def valid(self) -> list[RateRow]:
        """The rows that can be imported."""
        return [row for row in self.rows if not row.problem]

    @property
    def refused(self) -> list[RateRow]:
        """The rows that cannot, each with its reason."""
        return [row for row in self.rows if row.problem]


def rate(organization_id: int, from_currency: str, to_currency: str, on: date) -> Decimal | None:
    """What one unit is worth in another currency on a day; None when no young enough rate is known."""
    found = selectors.quote(organization_id, from_currency, to_currency, on)
    return None if found is None else found.rate


@transaction.atomic
def enter(*, actor: Actor, base: str, quote: str, on: date, value: Decimal | str) -> FxRate:
    """Note one rate; a second one for the same day replaces it, and the trail keeps both."""
    policies.require_on_organization(actor, "change")
    base, quote = base.strip().upper(), quote.strip().upper()
    wrong, amount = _problems(base, quote, on, str(value))
    if wrong or amount is None:
        raise InvalidInput(fields=wrong)
    saved = _store(actor, [RateRow(1, "", on, base, quote, amount)], FxRate.Source.ENTERED)
    return saved[0]


@transaction.atomic
def import_rates(text: str, *, actor: Actor, expected_rows: int | None = None) -> tuple[Reading, int]:
    """Store every valid row of a CSV; gives what was read and how many rates are new or changed.

    ``expected_rows`` is how many valid rows the preview showed: another number means another text.
    """
    policies.require_on_organization(actor, "change")
    reading = read_csv(text, actor=actor)
    if reading.problem:
        raise InvalidInput(fields={"text": reading.problem})
    if not reading.valid:
        raise InvalidInput(fields={"text": "No row can be imported. Mend the rows below and try again."})
    if expected_rows is not None and expected_rows != len(reading.valid):
        raise InvalidInput(fields={"text": "The rows changed since the preview. Look at them again."})
    changed = [row for row in reading.valid if row.changes in ("new", "changed")]
    _store(actor, changed, FxRate.Source.CSV)
    return reading, len(changed)


@transaction.atomic
def remove(rate_id: UUID | str, *, actor: Actor, reason: str = "") -> None:
    """Forget a rate that was wrong; plans over its pair are counted without it from the next look on."""
    policies.require_on_organization(actor, "change")
    found = FxRate.objects.visible_to(actor).locked().filter(public_id=rate_id).first()
    if found is None:
        raise NotVisible
    record("pacing.fx_rate.removed", actor=actor, obj=found, before=_as_record(found), reason=reason)
    found.delete()
    realtime.changed(actor.organization_id, "fx_rate", str(rate_id))


def read_csv(text: str, *, actor: Actor) -> Reading:
    """Read rows of date, from, to and rate, with a heading or in that order; each row judged by itself."""
    cleaned = text.lstrip("\ufeff").strip()
    if not cleaned:
        return Reading(problem="Paste rows of date, from, to and rate, such as 2026-05-01,GBP,EUR,1.1523.")
    lines = list(csv.reader(io.StringIO(cleaned), delimiter=_delimiter(cleaned)))
    if len(lines) > MOST_ROWS:
        return Reading(problem=f"At most {MOST_ROWS:,} rows at once; this has {len(lines):,}.")
    order = _order(lines[0])
    first = 1 if order is None else 2
    places = order or dict(zip(_COLUMNS, range(4), strict=True))
    if missing := [name for name in _COLUMNS if name not in places]:
        return Reading(problem=f"The heading lacks {', '.join(missing)}. It needs date, from, to and rate.")
    rows: list[RateRow] = []
    seen: dict[tuple[str, str, date | None], int] = {}
    for number, cells in enumerate(lines[first - 1 :], start=first):
        if not any(cell.strip() for cell in cells):
            continue
        row = _row(number, cells, places)
        key = (row.base, row.quote, row.on)
        if not row.problem and key in seen:
            row = RateRow(
                number, row.text, *row_values(row), problem=f"Line {seen[key]} has this day already."
            )
        seen.setdefault(key, number)
        rows.append(row)
    return Reading(_with_stored(rows, actor))


def row_values(row: RateRow) -> tuple[date | None, str, str, Decimal | None]:
    """The four values of a row."""
    return row.on, row.base, row.quote, row.rate


def _delimiter(text: str) -> str:
    head = text.splitlines()[0]
    return max(("\t", ";", ","), key=lambda each: (head.count(each), each == ","))


def _order(cells: Sequence[str]) -> dict[str, int] | None:
    """Where each column is, when the first line is a heading."""
    names = [cell.strip().lower().replace(" ", "_") for cell in cells]
    known = {_ALSO.get(name, name): place for place, name in enumerate(names)}
    return {name: known[name] for name in _COLUMNS if name in known} if "rate" in known else None


def _row(number: int, cells: Sequence[str], places: dict[str, int]) -> RateRow:
    text = ", ".join(cells)[:120]
    if len(cells) <= max(places.values()):
        return RateRow(number, text, problem="Needs four values: date, from, to, rate.")
    read = {name: cells[place].strip() for name, place in places.items()}
    base, quote = read["from"].upper(), read["to"].upper()
    try:
        on = date.fromisoformat(read["date"])
    except ValueError:
        return RateRow(
            number, text, problem=f"“{read['date'][:20]}” is not a date. Write it like 2026-05-01."
        )
    wrong, amount = _problems(base, quote, on, read["rate"])
    return RateRow(number, text, on, base, quote, amount, " ".join(wrong.values()))


def _problems(base: str, quote: str, on: date, text: str) -> tuple[dict[str, str], Decimal | None]:
    wrong: dict[str, str] = {}
    for name, code in (("base", base), ("quote", quote)):
        if code not in CURRENCIES:
            wrong[name] = f"“{code[:10]}” is not a currency. Use an ISO code such as EUR."
    if not wrong and base == quote:
        wrong["quote"] = "Choose two different currencies."
    if on > clock.today("UTC") + timedelta(days=1):
        wrong["on"] = "A rate of a day to come is not known yet."
    amount: Decimal | None = None
    try:
        amount = Decimal(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except InvalidOperation:
        wrong["rate"] = f"“{text[:20]}” is not a rate. Write it like 1.1523."
    if amount is not None and (not amount.is_finite() or not 0 < amount <= _LARGEST):
        wrong["rate"] = "A rate is more than zero and at most 9,999,999,999."
    elif amount is not None and amount != amount.quantize(_PLACES):
        wrong["rate"] = "A rate has at most 8 decimals."
    return wrong, amount


def _with_stored(rows: list[RateRow], actor: Actor) -> list[RateRow]:
    """The rows with what is stored for their day already; one query."""
    days = [row.on for row in rows if row.on is not None]
    if not days:
        return rows
    stored = FxRate.objects.visible_to(actor).filter(on__range=(min(days), max(days)))
    known = {(one.base, one.quote, one.on): one.rate for one in stored}
    return [
        RateRow(
            row.line, row.text, row.on, row.base, row.quote, row.rate, row.problem,
            known.get((row.base, row.quote, row.on)) if row.on else None,
        )
        for row in rows
    ]  # fmt: skip


def _store(actor: Actor, rows: Sequence[RateRow], source: str) -> list[FxRate]:
    transaction_lock(f"fx:{actor.organization_id}")
    saved = []
    for row in rows:
        assert row.on is not None and row.rate is not None
        key: dict[str, Any] = {"base": row.base, "quote": row.quote, "on": row.on}
        old = FxRate.objects.filter(organization_id=actor.organization_id, **key).first()
        before = _as_record(old) if old else {}
        one = old or FxRate(organization_id=actor.organization_id, **key)
        one.rate, one.source = row.rate, source
        one.entered_by_id, one.entered_label = actor.user_id, actor.label[:200]
        one.save()
        one.refresh_from_db(fields=["rate"])
        record("pacing.fx_rate.entered", actor=actor, obj=one, before=before, after=_as_record(one))
        saved.append(one)
    realtime.changed(actor.organization_id, "fx_rate", "")
    return saved


def _as_record(one: FxRate) -> dict[str, Any]:
    return {"base": one.base, "quote": one.quote, "on": one.on, "rate": one.rate, "source": one.source}
