"""Planned events: entered, changed, removed and pasted. Every plan they touch is looked at again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from campaigns.models import PLATFORM_CHOICES, Budget
from lane.accounts import policies
from lane.accounts.models import Client
from lane.audit.services import record, recording
from lane.audit.services.trail import snapshot
from lane.core import outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible
from pacing.events import PlanChanged
from pacing.models import BudgetPlan, PlannedEvent
from pacing.models.calendar import HIGHEST_FACTOR
from pacing.selectors.calendar import PlanDays, day_factors, events_between, plans_touched, shares_of

LONGEST_DAYS = 366
LARGEST_PASTE = 400
PLATFORMS = {str(value): label for value, label in PLATFORM_CHOICES}
_TERMS = (
    "name",
    "kind",
    "starts_on",
    "ends_on",
    "factor",
    "platform",
    "plan",
    "recurs_yearly",
    "note",
)


@dataclass(frozen=True, slots=True)
class PastedRow:
    """One line of a paste: what it says, or why it cannot be used."""

    line: int
    values: dict[str, Any]
    problem: str = ""


@transaction.atomic
def create(*, client: Client, actor: Actor, **terms: Any) -> PlannedEvent:
    """Put an event into a client's calendar. Raises ``InvalidInput`` with every field that is wrong."""
    policies.require(actor, "change", client)
    event = PlannedEvent(organization_id=client.organization_id, client=client)
    _set(event, {"factor": None} | terms)
    _require_sound(event)
    event.save()
    _require_days_left(event)
    record(
        "pacing.event.created",
        actor=actor,
        obj=event,
        after={field: str(getattr(event, field) or "") for field in _TERMS},
    )
    _tell(event.organization_id, event.client, _touched(event))
    return event


@transaction.atomic
def edit(event_id: UUID | str, *, actor: Actor, reason: str = "", **changes: Any) -> PlannedEvent:
    """Change an event; plans it touched before and plans it touches now are looked at again."""
    event = _locked(event_id, actor)
    policies.require(actor, "change", event)
    touched = _touched(event)
    with recording(event, "pacing.event.changed", actor=actor, reason=reason):
        _set(event, changes)
        _require_sound(event)
        event.save()
    _require_days_left(event)
    _tell(event.organization_id, event.client, {**touched, **_touched(event)})
    return event


@transaction.atomic
def remove(event_id: UUID | str, *, actor: Actor, reason: str = "") -> None:
    """Take an event out of the calendar; the plans it touched follow their own curve again."""
    event = _locked(event_id, actor)
    policies.require(actor, "change", event)
    touched, client = _touched(event), event.client
    record("pacing.event.removed", actor=actor, obj=event, before=snapshot(event), reason=reason)
    event.delete()
    _tell(client.organization_id, client, touched)


def paste(*, client: Client, actor: Actor, rows: Iterable[PastedRow]) -> tuple[int, list[PastedRow]]:
    """Store the rows that can be used, one by one; returns how many, and the rows that were refused with why.

    A row that is in the calendar already, with the same name and first day, is refused rather than doubled.
    """
    policies.require(actor, "change", client)
    stored, refused = 0, []
    for row in rows:
        problem = row.problem
        if not problem:
            same = PlannedEvent.objects.filter(
                client=client, name=row.values["name"], starts_on=row.values["starts_on"]
            )
            problem = f"“{row.values['name']}” is in the calendar already." if same.exists() else ""
        if not problem:
            try:
                create(client=client, actor=actor, **row.values)
            except InvalidInput as error:
                problem = error.message
        if problem:
            refused.append(PastedRow(row.line, row.values, problem))
        else:
            stored += 1
    return stored, refused


def require_days_to_spend_on(plan: BudgetPlan, budgets: Iterable[Budget]) -> None:
    """Refuse a flight that lies in blackouts altogether; for services that set or move a plan's dates."""
    events = events_between([plan.client_id], plan.starts_on, plan.ends_on).get(plan.client_id, [])
    if not any(event.factor == 0 for event in events):
        return
    amounts: dict[str, int | None] = dict.fromkeys((budget.ad_account.platform for budget in budgets), 0)
    days = PlanDays(plan.pk or 0, plan.starts_on, plan.days_total, shares_of(amounts))
    factors = day_factors(events, days)
    if factors is not None and not any(factors):
        raise InvalidInput(
            fields={"ends_on": "Every day of this flight is a blackout in the client's calendar. Move it."}
        )


def _set(event: PlannedEvent, terms: dict[str, Any]) -> None:
    unknown = set(terms) - set(_TERMS)
    if unknown:
        raise InvalidInput(fields=dict.fromkeys(sorted(unknown), "An event has no such field."))
    for field, value in terms.items():
        setattr(event, field, value.strip() if isinstance(value, str) else value)
    if event.kind == PlannedEvent.Kind.BLACKOUT and event.factor is None:
        event.factor = Decimal(0)


def _require_sound(event: PlannedEvent) -> None:
    fields: dict[str, str] = {}
    if not event.name:
        fields["name"] = "Give the event a name."
    elif len(event.name) > 120:
        fields["name"] = "At most 120 characters."
    if event.kind not in PlannedEvent.Kind.values:
        fields["kind"] = f"Choose one of: {', '.join(PlannedEvent.Kind.values)}."
    if event.starts_on is None:
        fields["starts_on"] = "Choose the first day."
    if event.ends_on is None:
        fields["ends_on"] = "Choose the last day."
    if not fields.keys() & {"starts_on", "ends_on"}:
        if event.ends_on < event.starts_on:
            fields["ends_on"] = "The last day is before the first. Swap the dates."
        elif (event.ends_on - event.starts_on).days >= LONGEST_DAYS - int(event.recurs_yearly):
            fields["ends_on"] = "An event lasts at most a year."
    fields |= _factor_problem(event)
    if event.platform and event.platform not in PLATFORMS:
        fields["platform"] = f"Choose one of: {', '.join(PLATFORMS)}, or leave it empty for all."
    if event.plan is not None:
        if event.platform:
            fields["platform"] = "An event of one plan is not limited to a platform too. Leave one empty."
        if event.plan.client_id != event.client_id:
            fields["plan"] = "The plan belongs to another client."
    if len(event.note) > 300:
        fields["note"] = "At most 300 characters."
    if fields:
        raise InvalidInput(fields=fields)


def _factor_problem(event: PlannedEvent) -> dict[str, str]:
    is_blackout = event.kind == PlannedEvent.Kind.BLACKOUT
    if event.factor is None:
        return {"factor": "Say how many times a usual day, like 1.5 for half as much again."}
    if is_blackout and event.factor != 0:
        return {"factor": "A blackout has the factor 0: nothing is planned. Choose another kind for less."}
    if not is_blackout and not 0 < event.factor <= HIGHEST_FACTOR:
        return {"factor": f"Choose a factor above 0 and at most {HIGHEST_FACTOR}; for 0 choose Blackout."}
    if event.factor != round(Decimal(event.factor), 2):
        return {"factor": "At most two decimals."}
    return {}


def _require_days_left(event: PlannedEvent) -> None:
    """No plan may be left without a single day to spend on."""
    if event.factor != 0:
        return
    for plan, days in plans_touched(event):
        events = events_between([event.client_id], plan.starts_on, plan.ends_on)[event.client_id]
        factors = day_factors(events, days)
        if factors is not None and not any(factors):
            raise InvalidInput(
                fields={
                    "ends_on": (
                        f"Nothing would be left to spend “{plan.name}” on: every day from "
                        f"{plan.starts_on:%-d %b} to {plan.ends_on:%-d %b %Y} would be a blackout. "
                        "Shorten the event, or archive the plan."
                    )
                }
            )


def _touched(event: PlannedEvent) -> dict[int, BudgetPlan]:
    return {plan.pk: plan for plan, _ in plans_touched(event)}


def _tell(organization_id: int, client: Client, plans: dict[int, BudgetPlan]) -> None:
    for plan in plans.values():
        outbox.publish(
            PlanChanged(
                organization_id=organization_id,
                plan_id=str(plan.public_id),
                client_id=str(client.public_id),
            )
        )
        realtime.changed(organization_id, "plan", str(plan.public_id), client_id=client.pk)
    realtime.changed(organization_id, "calendar", client_id=client.pk)


def _locked(event_id: UUID | str, actor: Actor) -> PlannedEvent:
    found = (
        PlannedEvent.objects.visible_to(actor).filter(public_id=event_id).values_list("pk", flat=True).first()
    )
    if found is None:
        raise NotVisible
    return PlannedEvent.objects.locked().select_related("client", "plan").get(pk=found)
