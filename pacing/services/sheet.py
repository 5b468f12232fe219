"""Plans from rows of a spreadsheet: what each row would do, and doing it row by row.

The preview has a digest over everything it showed. Carrying out takes that digest: when anything differs by then,
nothing is done and the new preview is shown instead.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from campaigns.models import Budget
from campaigns.selectors import budgets_for
from lane.accounts.models import Client
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, LaneError, OutOfDate
from pacing.models import BudgetPlan
from pacing.selectors.ledger import waiting_amendment
from pacing.services import plans
from pacing.services.sheet_cells import COLUMNS, Cells, cell_words, read_row, recognise

__all__ = ["COLUMNS", "Done", "Preview", "SheetRow", "carry_out", "preview"]

MOST_ROWS = 200
_APPROVED = {"amount_micros", "starts_on", "ends_on"}  # these may have to wait for approval
_CURRENT = (BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED, BudgetPlan.Status.PAUSED)


@dataclass(slots=True)
class SheetRow:
    """One pasted row. ``action`` is create, change, same or error; ``result`` is filled by carrying out."""

    line: int
    name: str
    client: str = ""
    action: str = "error"
    plan: BudgetPlan | None = None
    changes: list[tuple[str, str, str]] = field(default_factory=list)  # label, now, new
    errors: dict[str, str] = field(default_factory=dict)
    terms: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    result: str = ""

    @property
    def failed(self) -> bool:
        """Whether this row did not, or could not, do what it says."""
        return bool(self.errors)


@dataclass(frozen=True, slots=True)
class Preview:
    """What the pasted rows would do; nothing is written."""

    rows: list[SheetRow]
    unknown_columns: list[str]
    digest: str

    @property
    def counts(self) -> dict[str, int]:
        """Rows by what they would do."""
        return {name: sum(row.action == name for row in self.rows) for name in _ACTIONS}

    @property
    def can_run(self) -> bool:
        """Whether any row would do anything."""
        return any(row.action in ("create", "change") for row in self.rows)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of every row."""

    rows: list[SheetRow]

    @property
    def words(self) -> str:
        """The result in one line."""
        done = sum(bool(row.result) for row in self.rows)
        failed = sum(row.failed for row in self.rows)
        return f"{done} row{'s' if done != 1 else ''} carried out, {failed} refused."


_ACTIONS = ("create", "change", "same", "error")


def preview(text: str, actor: Actor) -> Preview:
    """Say what each pasted row would do, refusals of the plan service included; nothing is kept.

    Raises ``InvalidInput`` when there is no table in the text.
    """
    shown = _judged(text, actor)
    with transaction.atomic():
        _try_all(shown.rows, actor)
        transaction.set_rollback(True)
    for row in shown.rows:
        row.result = ""
        if row.action == "create":
            row.plan = None
        if row.errors:
            row.action = "error"
    return shown


def _judged(text: str, actor: Actor) -> Preview:
    header, lines = _table(text)
    columns, unknown = recognise(header)
    if "plan" not in columns:
        raise InvalidInput(
            fields={
                "rows": "No column is called “Plan”. Paste the header row too; "
                f"Lane knows: {', '.join(COLUMNS.values())}."
            }
        )
    cells = Cells.of(columns, [cells for _, cells in lines])
    known = _Known(actor)
    rows = [_judge(line, read, cells, known) for line, read in lines]
    _refuse_twins(rows)
    return Preview(rows, unknown, _digest(rows))


def carry_out(text: str, *, digest: str, actor: Actor) -> Done:
    """Do what the preview with this digest showed, each row by itself; a refused row stops no other.

    Raises ``OutOfDate`` when the rows would do something else by now.
    """
    shown = _judged(text, actor)
    if shown.digest != digest:
        raise OutOfDate("Plans changed since you looked at these rows. Here is what they would do now.")
    _try_all(shown.rows, actor)
    return Done(shown.rows)


def _try_all(rows: Sequence[SheetRow], actor: Actor) -> None:
    """Do every row by itself, in their order; a refusal stays with its row."""
    for row in rows:
        if row.action not in ("create", "change"):
            continue
        try:
            with transaction.atomic():
                _do(row, actor)
        except LaneError as error:
            row.errors = dict(getattr(error, "fields", {})) or {"row": error.message}


def _do(row: SheetRow, actor: Actor) -> None:
    if row.plan is None:
        terms = dict(row.terms)
        made = plans.create(name=row.name, actor=actor, **terms)
        row.plan, row.result = made, "Made"
        return
    plans.edit(
        row.plan.public_id,
        actor=actor,
        expected_version=row.plan.version,
        reason=row.reason or "Pasted from a spreadsheet.",
        **row.terms,
    )
    waits = _APPROVED & set(row.terms) and waiting_amendment(row.plan) is not None
    row.result = "Asked for approval" if waits else "Changed"


class _Known:
    """The plans, clients and budgets an actor may name, read once for all rows."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.clients = {
            client.name.casefold(): client for client in Client.objects.visible_to(actor).current()
        }
        found = BudgetPlan.objects.visible_to(actor).filter(status__in=_CURRENT).select_related("client")
        self.plans: dict[str, list[BudgetPlan]] = {}
        for plan in found.order_by("pk"):
            self.plans.setdefault(plan.name.casefold(), []).append(plan)
        self._budgets: dict[int, dict[str, list[Budget]]] = {}

    def budgets(self, client: Client) -> dict[str, list[Budget]]:
        """Budgets of a client by their name."""
        if client.pk not in self._budgets:
            by_name: dict[str, list[Budget]] = {}
            for budget in budgets_for(self.actor).filter(client=client, removed_at=None):
                by_name.setdefault(budget.name.casefold(), []).append(budget)
            self._budgets[client.pk] = by_name
        return self._budgets[client.pk]


def _judge(line: int, read: Sequence[str], cells: Cells, known: _Known) -> SheetRow:
    """What one row would do, or what is wrong with it by column."""
    values, errors = read_row(read, cells)
    row = SheetRow(
        line, str(values.pop("plan", "")), str(values.pop("client", "")), reason=str(values.pop("reason", ""))
    )
    row.errors = errors
    if not row.name:
        row.errors.setdefault("plan", "Name the plan.")
        return row
    client = _client_of(row, known)
    plan = _plan_of(row, client, known) if not row.errors else None
    if row.errors:
        return row
    row.plan = plan
    if plan is not None:
        _judge_change(row, plan, values)
    else:
        _judge_new(row, client, values, known)
    if row.errors:
        row.action = "error"
    return row


def _client_of(row: SheetRow, known: _Known) -> Client | None:
    if not row.client:
        return next(iter(known.clients.values())) if len(known.clients) == 1 else None
    client = known.clients.get(row.client.casefold())
    if client is None:
        row.errors["client"] = f"No client of yours is called “{row.client}”."
    return client


def _plan_of(row: SheetRow, client: Client | None, known: _Known) -> BudgetPlan | None:
    found = [
        plan
        for plan in known.plans.get(row.name.casefold(), [])
        if client is None or plan.client_id == client.pk
    ]
    if len(found) > 1:
        row.errors["plan"] = (
            "Several running plans have this name. Add a column “Client”."
            if client is None
            else "Several running plans of this client have this name. Rename one first."
        )
    return found[0] if len(found) == 1 else None


def _judge_change(row: SheetRow, plan: BudgetPlan, values: Mapping[str, Any]) -> None:
    row.client = plan.client.name
    asked = dict(values)
    currency = asked.pop("currency", "")
    if currency and currency != plan.currency:
        row.errors["currency"] = f"This plan is in {plan.currency}; a plan keeps its currency."
    if asked.pop("budgets", None):
        row.errors["budgets"] = "Budgets of a running plan are changed on its page. Leave this cell empty."
    row.terms = {name: value for name, value in asked.items() if value != getattr(plan, name)}
    row.changes = [
        (
            COLUMNS[name],
            cell_words(name, getattr(plan, name), plan.currency),
            cell_words(name, value, plan.currency),
        )
        for name, value in row.terms.items()
    ]
    row.action = "change" if row.terms else "same"


def _judge_new(row: SheetRow, client: Client | None, values: Mapping[str, Any], known: _Known) -> None:
    terms = dict(values)
    if client is None:
        row.errors["client"] = "A new plan needs its client. Name it in a column “Client”."
        return
    for name in ("amount_micros", "starts_on", "ends_on", "budgets"):
        if not terms.get(name):
            row.errors[name] = f"A new plan needs “{COLUMNS[name]}”."
    terms["budgets"] = _budgets_named(row, terms.get("budgets") or [], known.budgets(client))
    row.client, row.terms, row.action = client.name, terms | {"client": client}, "create"
    currency = terms.get("currency") or (terms["budgets"][0].currency if terms["budgets"] else "")
    row.changes = [
        (COLUMNS[name], "", cell_words(name, value, currency))
        for name, value in terms.items()
        if name not in ("client", "currency")
    ]


def _budgets_named(row: SheetRow, names: Sequence[str], by_name: Mapping[str, list[Budget]]) -> list[Budget]:
    budgets = []
    for name in names:
        found = by_name.get(name.casefold(), [])
        if len(found) == 1:
            budgets.append(found[0])
        elif found:
            row.errors["budgets"] = (
                f"The client has {len(found)} budgets called “{name}”. Make this plan by hand."
            )
        else:
            row.errors["budgets"] = f"The client has no budget called “{name}”."
    return budgets


def _refuse_twins(rows: Sequence[SheetRow]) -> None:
    """Two rows about one plan contradict each other, whatever they say."""
    first: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.client.casefold(), row.name.casefold())
        if row.errors or key not in first:
            first.setdefault(key, row.line)
            continue
        row.errors["plan"] = f"Row {first[key]} is about the same plan. Keep one of them."
        row.action = "error"


def _table(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and data lines of pasted text: tabs as spreadsheets copy them, else semicolons or commas."""
    text = text.replace("\0", "").strip("\n\r")
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = "\t" if "\t" in first else ";" if ";" in first else ","
    lines = [
        (number, [cell.strip() for cell in cells])
        for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter), start=1)
        if any(cell.strip() for cell in cells)
    ]
    if len(lines) < 2:
        raise InvalidInput(fields={"rows": "Paste the header row and at least one row under it."})
    if len(lines) - 1 > MOST_ROWS:
        raise InvalidInput(fields={"rows": f"At most {MOST_ROWS} rows at once; these are {len(lines) - 1}."})
    return lines[0][1], lines[1:]


def _digest(rows: Sequence[SheetRow]) -> str:
    shown = [
        (row.line, row.action, row.client, row.name, row.plan and row.plan.version, row.changes, row.errors)
        for row in rows
    ]
    return hashlib.sha256(repr(shown).encode()).hexdigest()
