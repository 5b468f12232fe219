"""A request in the words and figures that page, mail and link show alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from approvals.amounts import Totals, is_amount, lowest_total, period_of, rows_of, totals, word_to_type
from approvals.models import ApprovalRequest, Decision
from approvals.services import limits
from lane.core import clock
from lane.core.money import MINUS, Money, decimal_text, format_money
from lane.core.subjects import DiffRow


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the diff as the tables show it."""

    name: str
    note: str
    old_micros: int | None
    new_micros: int | None
    currency: str
    old_text: str
    new_text: str
    state: str = ""

    @property
    def change(self) -> str:
        """The change in percent; a dash where no amount changes."""
        if not self.old_micros or self.new_micros is None:
            return "–"
        return percent(Decimal(self.new_micros - self.old_micros) / Decimal(self.old_micros))


@dataclass(frozen=True, slots=True)
class Effect:
    """Where the flight ends without and with the change; missing figures stay None."""

    label: str
    currency: str
    budget_micros: int | None = None
    p10_micros: int | None = None
    p50_micros: int | None = None
    p90_micros: int | None = None
    with_p10_micros: int | None = None
    with_p50_micros: int | None = None
    with_p90_micros: int | None = None

    @property
    def without_range(self) -> str:
        """P10 to P90 without the change."""
        return _range(self.p10_micros, self.p90_micros, self.currency)

    @property
    def with_range(self) -> str:
        """P10 to P90 with the change."""
        return _range(self.with_p10_micros, self.with_p90_micros, self.currency)


@dataclass(frozen=True, slots=True)
class Deadline:
    """When an answer is due, in the client's time zone."""

    time: str
    day: str
    overdue: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """Everything a page or mail shows of a request."""

    request: ApprovalRequest
    title: str
    summary: str
    place: str
    lines: list[Line]
    total: Totals | None
    word: str
    floor_micros: int | None
    reasons: list[str]
    effect: Effect | None
    data_note: str
    deadline: Deadline
    decisions: list[Decision] = field(default_factory=list)

    @property
    def period(self) -> str:
        """What the amounts are for, as it follows one: `` a day``."""
        return period_of(self.request.diff)

    @property
    def is_per_day(self) -> bool:
        """Whether the amounts are daily ones."""
        return bool(self.request.diff.get("per", "day") == "day")

    @property
    def head(self) -> str:
        """What the column of amounts is called."""
        if self.total is None:
            return "What"
        return "Budget, per day" if self.is_per_day else "Approved amount"

    @property
    def place_word(self) -> str:
        """What the link beside a request leads to."""
        return "Change set" if self.request.subject_type == "campaigns.change_set" else "Plan"

    @property
    def per_day(self) -> str:
        """The proposed total per day or flight, such as ``€545.00``."""
        return format_money(self.total.new_micros, self.total.currency) if self.total else ""

    @property
    def per_day_plain(self) -> str:
        """The proposed total as it is typed, such as ``545.00``."""
        return decimal_text(Money(self.total.new_micros, self.total.currency)) if self.total else ""

    @property
    def now_per_day(self) -> str:
        """Today's total."""
        return format_money(self.total.now_micros, self.total.currency) if self.total else ""

    @property
    def floor(self) -> str:
        """The total with every raise left out."""
        if self.total is None or self.floor_micros is None:
            return ""
        return format_money(self.floor_micros, self.total.currency)

    @property
    def change(self) -> str:
        """The change per day with its sign; empty when no amount changes."""
        if self.total is None:
            return ""
        return format_money(self.total.change_micros, self.total.currency, signed=True)

    @property
    def change_percent(self) -> str:
        """The change in percent with its sign; empty when unknown."""
        ratio = self.total.change_ratio if self.total else None
        return percent(ratio) if ratio is not None else ""

    @property
    def total_line(self) -> dict[str, Any] | None:
        """The last row of the table."""
        if self.total is None or sum(line.new_micros is not None for line in self.lines) < 2:
            return None
        return {
            "name": "Together",
            "old_micros": self.total.now_micros,
            "new_micros": self.total.new_micros,
            "currency": self.total.currency,
        }

    @property
    def can_lower(self) -> bool:
        """Whether a lower amount can be approved."""
        return self.floor_micros is not None

    @property
    def check_code(self) -> str:
        """Eight characters of the content's digest: mail and page must show the same."""
        code = self.request.content_hash[:8].upper()
        return f"{code[:4]} {code[4:]}"


def proposal(request: ApprovalRequest) -> Proposal:
    """The request ready to be shown. Reads its decisions, so fetch those beforehand in lists."""
    rows = rows_of(request.diff)
    effect = request.diff.get("effect") or {}
    places = {row.context for row in rows}
    shared = places.pop() if len(places) == 1 else ""  # said once instead of on every row
    place = shared.removesuffix(f", {request.client.name}")
    reasons = [str(reason) for reason in request.diff.get("reasons", ())][:3]
    summary = str(request.diff.get("summary", ""))
    return Proposal(
        request=request,
        title=request.title,
        summary="" if summary in reasons else summary,
        place=place,
        lines=[_line(row, note="" if shared else row.context) for row in rows],
        total=totals(rows),
        word=word_to_type(rows),
        floor_micros=lowest_total(rows),
        reasons=reasons,
        effect=_effect(effect, request.diff.get("currency", "")),
        data_note=_data_note(effect, request.client.timezone),
        deadline=deadline(request.due_at, request.client.timezone),
        decisions=list(request.decisions.all()),
    )


def needs_sign_in_now(request: ApprovalRequest) -> bool:
    """Whether approving reaches beyond the link cap, with what was authorised since the request opened."""
    return request.needs_sign_in or limits.above_link_cap(
        rows_of(request.diff), request.policy_snapshot, client_currency=request.client.currency
    )


def deadline(at: datetime, zone: str) -> Deadline:
    """When an answer is due: ``17:00 CEST`` and ``today``."""
    local, now = at.astimezone(ZoneInfo(zone)), clock.now().astimezone(ZoneInfo(zone))
    days = (local.date() - now.date()).days
    day = {0: "today", 1: "tomorrow"}.get(days, f"{local:%a} {local.day} {local:%b}")
    return Deadline(f"{local:%H:%M %Z}", day, at <= clock.now())


def percent(ratio: Decimal) -> str:
    """A signed share with a real minus: ``+19.8 %``."""
    text = f"{abs(ratio) * 100:.1f}\u202f%"
    sign = MINUS if ratio < 0 else "+"
    return f"{sign}{text}" if ratio else text


def _line(row: DiffRow, note: str) -> Line:
    money = is_amount(row)
    return Line(
        name=row.label,
        note=note,
        old_micros=row.now_micros if money else None,
        new_micros=row.new_micros if money else None,
        currency=row.currency,
        old_text="" if money else row.now,
        new_text="" if money else row.new,
    )


def _effect(values: dict[str, Any], currency: str) -> Effect | None:
    """The projected ends kept with the proposal; None when neither is known."""
    without, changed = values.get("without") or {}, values.get("with") or {}
    if without.get("p50") is None and changed.get("p50") is None:
        return None
    return Effect(
        label=str(values.get("plan_name") or "the flight"),
        currency=str(values.get("currency") or currency),
        budget_micros=values.get("amount_micros"),
        p10_micros=without.get("p10"),
        p50_micros=without.get("p50"),
        p90_micros=without.get("p90"),
        with_p10_micros=changed.get("p10"),
        with_p50_micros=changed.get("p50"),
        with_p90_micros=changed.get("p90"),
    )


def _data_note(values: dict[str, Any], zone: str) -> str:
    """How old the figures behind the proposal are; empty when not known."""
    parts = []
    if as_of := values.get("data_as_of"):
        local = datetime.fromisoformat(str(as_of)).astimezone(ZoneInfo(zone))
        parts.append(f"Spend as reported at {local:%H:%M %Z} on {local.day} {local:%b}")
    if final := values.get("final_through"):
        day = date.fromisoformat(str(final)[:10])
        parts.append(f"final to {day.day} {day:%b}")
    return f"{', '.join(parts)}." if parts else ""


def _range(low: int | None, high: int | None, currency: str) -> str:
    if low is None or high is None:
        return ""
    symbol = format_money(0, currency, 0)[:-1]
    first, last = (format_money(micros, currency, 0).replace(symbol, "") for micros in (low, high))
    return f"{first}–{last}"
