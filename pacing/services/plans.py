"""Budget plans: made, changed, paused, ended. Every refusal names the field and the fix."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum

from campaigns.models import Budget
from lane.accounts import policies
from lane.accounts.models import Client
from lane.audit.services import record, recording
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate
from lane.core.money import format_money, unit_micros
from pacing.events import PlanChanged, PlanCreated
from pacing.models import BudgetPlan, PlanBudget
from pacing.services.calendar import require_days_to_spend_on

LONGEST_FLIGHT_DAYS = 366
_OVERLAP = "pacing_budget_one_plan_at_a_time"
Status = BudgetPlan.Status
_TERMS = (
    "name",
    "amount_micros",
    "starts_on",
    "ends_on",
    "strategy",
    "landing",
    "tolerance_ratio",
    "mode",
    "pause_at_target",
)


@transaction.atomic
def create(
    *,
    client: Client,
    name: str,
    amount_micros: int,
    starts_on: date,
    ends_on: date,
    budgets: Sequence[Budget],
    strategy: str = BudgetPlan.Strategy.ADAPTIVE,
    landing: str | None = None,
    tolerance_ratio: Decimal = Decimal("0.05"),
    mode: str = BudgetPlan.Mode.RECOMMEND,
    pause_at_target: bool = True,
    currency: str | None = None,
    timezone: str | None = None,
    actor: Actor,
) -> BudgetPlan:
    """Make a plan over budgets of one client. A flight may have begun already; it may not be over.

    Without a ``landing``, plans that Lane steers itself land precisely, and plans on which people approve each
    step keep an even pace: a precise landing front-loads and tapers, which takes about eleven changes a flight.
    Raises ``InvalidInput`` with every field that is wrong.
    """
    policies.require(actor, "change", client)
    _require_budgets(client, budgets)
    plan = BudgetPlan(
        organization_id=client.organization_id,
        client=client,
        name=name.strip(),
        amount_micros=amount_micros,
        currency=currency or budgets[0].currency,
        timezone=timezone or budgets[0].ad_account.timezone,
        starts_on=starts_on,
        ends_on=ends_on,
        strategy=strategy,
        landing=landing or usual_landing(mode),
        tolerance_ratio=tolerance_ratio,
        mode=mode,
        pause_at_target=pause_at_target,
        owner_id=actor.user_id,
    )
    plan.status = _status_on(plan, clock.today(plan.timezone))
    _require_terms(plan, budgets, new=True)
    _save_with_budgets(plan, budgets)
    record(
        "pacing.plan.created",
        actor=actor,
        obj=plan,
        after={field: getattr(plan, field) for field in _TERMS} | {"budgets": [str(b) for b in budgets]},
        links={"plan": plan.public_id},
    )
    outbox.publish(
        PlanCreated(
            organization_id=plan.organization_id,
            plan_id=str(plan.public_id),
            client_id=str(client.public_id),
        )
    )
    return plan


@transaction.atomic
def edit(
    plan_id: UUID | str,
    *,
    actor: Actor,
    expected_version: int | None = None,
    reason: str = "",
    budgets: Sequence[Budget] | None = None,
    **changes: Any,
) -> BudgetPlan:
    """Change terms or budgets of a plan; pacing re-plans from now, what was spent stays spent."""
    unknown = set(changes) - set(_TERMS)
    if unknown:
        raise InvalidInput(fields=dict.fromkeys(sorted(unknown), "This cannot be changed."))
    plan = _locked(plan_id, actor)
    policies.require(actor, "change", plan)
    if plan.status == Status.ARCHIVED:
        raise InvalidInput("An archived plan cannot be changed. Make a new one.")
    if expected_version is not None and expected_version != plan.version:
        raise OutOfDate("Somebody changed this plan since you opened it. Reload it and edit again.")
    kept = list(plan.budgets.select_related("ad_account"))
    wanted = list(budgets) if budgets is not None else kept
    if budgets is not None:
        _require_budgets(plan.client, wanted)
    with recording(plan, "pacing.plan.changed", actor=actor, reason=reason, links={"plan": plan.public_id}):
        for field, value in changes.items():
            setattr(plan, field, value.strip() if field == "name" else value)
        if plan.status != Status.PAUSED:
            plan.status = _status_on(plan, clock.today(plan.timezone))
        plan.version += 1
        _require_terms(plan, wanted, new=False)
        _save_with_budgets(plan, wanted)
    if {b.pk for b in wanted} != {b.pk for b in kept}:
        record(
            "pacing.plan.budgets_changed",
            actor=actor,
            obj=plan,
            before={"budgets": sorted(map(str, kept))},
            after={"budgets": sorted(map(str, wanted))},
            reason=reason,
            links={"plan": plan.public_id},
        )
    _tell(plan)
    return plan


@transaction.atomic
def pause(plan_id: UUID | str, *, actor: Actor, reason: str) -> BudgetPlan:
    """Stop pacing a plan. Its campaigns keep running as they are; Lane says nothing until it is resumed."""
    plan = _locked(plan_id, actor)
    policies.require(actor, "change", plan)
    if len(reason.strip()) < 3:
        raise InvalidInput(fields={"reason": "Say why in a few words; it is shown on the plan."})
    if plan.status == Status.PAUSED:
        return plan
    if plan.status not in (Status.ACTIVE, Status.SCHEDULED):
        raise InvalidInput(f"A plan that is {plan.get_status_display().lower()} cannot be paused.")
    with recording(plan, "pacing.plan.paused", actor=actor, reason=reason, links={"plan": plan.public_id}):
        plan.status, plan.paused_reason = Status.PAUSED, f"{actor.label}: {reason.strip()}"[:300]
        plan.save()
    PlanBudget.objects.filter(plan=plan).update(status=plan.status)
    _tell(plan)
    return plan


@transaction.atomic
def resume(plan_id: UUID | str, *, actor: Actor) -> BudgetPlan:
    """Pace a plan again from now on."""
    plan = _locked(plan_id, actor)
    policies.require(actor, "change", plan)
    if plan.status != Status.PAUSED:
        return plan
    with recording(plan, "pacing.plan.resumed", actor=actor, links={"plan": plan.public_id}):
        plan.paused_reason = ""
        plan.status = _status_on(plan, clock.today(plan.timezone))
        plan.save()
    PlanBudget.objects.filter(plan=plan).update(status=plan.status)
    _tell(plan)
    return plan


@transaction.atomic
def archive(plan_id: UUID | str, *, actor: Actor, reason: str = "") -> BudgetPlan:
    """Put a plan away; its budgets are free for another plan."""
    plan = _locked(plan_id, actor)
    policies.require(actor, "change", plan)
    with recording(plan, "pacing.plan.archived", actor=actor, reason=reason, links={"plan": plan.public_id}):
        plan.status = Status.ARCHIVED
        plan.save()
    PlanBudget.objects.filter(plan=plan).update(status=plan.status)
    _tell(plan)
    return plan


def usual_landing(mode: str) -> str:
    """The landing that fits who decides about each step."""
    return BudgetPlan.Landing.PRECISE if mode == BudgetPlan.Mode.AUTO else BudgetPlan.Landing.NONE


def roll_over_days() -> int:
    """Start plans whose first day has come and end those whose last day is over, each in its own zone."""
    moved = 0
    current = BudgetPlan.objects.filter(status__in=[Status.SCHEDULED, Status.ACTIVE])
    for zone in current.order_by().values_list("timezone", flat=True).distinct():
        today = clock.today(zone)
        here = current.filter(timezone=zone)
        moved += _move(here.filter(status=Status.SCHEDULED, starts_on__lte=today), Status.ACTIVE)
        moved += _move(here.filter(ends_on__lt=today), Status.ENDED)
    return moved


@transaction.atomic
def _move(plans: Any, status: str) -> int:
    ids = list(plans.locked().values_list("pk", flat=True))
    PlanBudget.objects.filter(plan_id__in=ids).update(status=status)
    return int(BudgetPlan.objects.filter(pk__in=ids).update(status=status))


def _locked(plan_id: UUID | str, actor: Actor) -> BudgetPlan:
    found = (
        BudgetPlan.objects.visible_to(actor).filter(public_id=plan_id).values_list("pk", flat=True).first()
    )
    if found is None:
        raise NotVisible
    return BudgetPlan.objects.locked().select_related("client").get(pk=found)


def _status_on(plan: BudgetPlan, today: date) -> str:
    if plan.ends_on and today > plan.ends_on:
        return Status.ENDED
    return Status.SCHEDULED if plan.starts_on and today < plan.starts_on else Status.ACTIVE


def _require_budgets(client: Client, budgets: Sequence[Budget]) -> None:
    """Budgets of one plan belong to its client, are daily, and share currency and time zone."""
    if not budgets:
        raise InvalidInput(fields={"budgets": "Choose at least one budget."})
    if any(budget.client_id != client.pk for budget in budgets):
        raise InvalidInput(fields={"budgets": "Every budget must belong to the plan's client."})
    if len({budget.pk for budget in budgets}) != len(budgets):
        raise InvalidInput(fields={"budgets": "A budget is chosen twice."})
    lifetime = [budget.name for budget in budgets if budget.kind == Budget.Kind.LIFETIME]
    if lifetime:
        raise InvalidInput(
            fields={"budgets": f"“{lifetime[0]}” has a lifetime amount; a plan paces daily budgets only."}
        )
    if len({budget.currency for budget in budgets}) > 1:
        raise InvalidInput(
            fields={"budgets": "These budgets have different currencies. Make one plan per currency."}
        )
    if len({budget.ad_account.timezone for budget in budgets}) > 1:
        raise InvalidInput(
            fields={
                "budgets": "These accounts have different time zones, so their days differ. Split the plan."
            }
        )


def _require_terms(plan: BudgetPlan, budgets: Sequence[Budget], *, new: bool) -> None:
    fields: dict[str, str] = {}
    if not plan.name:
        fields["name"] = "Give the plan a name."
    elif len(plan.name) > 120:
        fields["name"] = "At most 120 characters."
    if plan.amount_micros <= 0:
        fields["amount"] = "The amount must be more than zero."
    elif plan.amount_micros % unit_micros(plan.currency):
        fields["amount"] = f"{plan.currency} has no such fraction. Round the amount."
    if plan.ends_on < plan.starts_on:
        fields["ends_on"] = "The last day is before the first. Swap the dates."
    elif plan.days_total > LONGEST_FLIGHT_DAYS:
        fields["ends_on"] = f"A flight has at most {LONGEST_FLIGHT_DAYS} days."
    elif new and plan.ends_on < clock.today(plan.timezone):
        fields["ends_on"] = "The flight is over already. Choose a last day from today on."
    if not 0 < plan.tolerance_ratio <= Decimal("0.5"):
        fields["tolerance"] = "Choose a tolerance above 0 % and at most 50 %."
    for field, choices in (
        ("strategy", BudgetPlan.Strategy),
        ("landing", BudgetPlan.Landing),
        ("mode", BudgetPlan.Mode),
    ):
        if getattr(plan, field) not in choices.values:
            fields[field] = f"Choose one of: {', '.join(choices.values)}."
    if plan.currency != budgets[0].currency:
        fields["budgets"] = f"The plan is in {plan.currency}, these budgets are in {budgets[0].currency}."
    if fields:
        raise InvalidInput(fields=fields)
    _require_within_limit(plan)
    require_days_to_spend_on(plan, budgets)


def _require_within_limit(plan: BudgetPlan) -> None:
    """Plans of one client that run at the same time stay under its limit, where there is one."""
    limit = plan.client.budget_limit_micros
    if limit is None or plan.currency != plan.client.currency:
        return
    others = BudgetPlan.objects.filter(
        client=plan.client,
        currency=plan.currency,
        status__in=[Status.ACTIVE, Status.SCHEDULED, Status.PAUSED],
        starts_on__lte=plan.ends_on,
        ends_on__gte=plan.starts_on,
    ).exclude(pk=plan.pk)
    held = others.aggregate(total=Sum("amount_micros"))["total"] or 0
    if held + plan.amount_micros > limit:
        free = format_money(max(0, limit - held), plan.currency)
        raise InvalidInput(fields={"amount": f"The client's limit leaves {free} for these dates."})


def _save_with_budgets(plan: BudgetPlan, budgets: Sequence[Budget]) -> None:
    """Save the plan and its budget links; the database refuses a budget that another plan holds then."""
    try:
        with transaction.atomic():
            plan.save()
            PlanBudget.objects.filter(plan=plan).exclude(budget__in=budgets).delete()
            for budget in sorted(budgets, key=lambda one: one.pk):
                PlanBudget.objects.update_or_create(
                    plan=plan,
                    budget=budget,
                    defaults={"starts_on": plan.starts_on, "ends_on": plan.ends_on, "status": plan.status},
                )
    except IntegrityError as error:
        if _OVERLAP not in str(error):
            raise
        raise InvalidInput(fields={"budgets": _overlap_words(plan, budgets)}) from error


def refusals(plan: BudgetPlan, budgets: Sequence[Budget]) -> dict[str, str]:
    """What saving the plan as it stands in memory would refuse, by field; nothing is written."""
    try:
        _require_terms(plan, budgets, new=False)
    except InvalidInput as error:
        return dict(error.fields) or {"": error.message}
    return {"budgets": _overlap_words(plan, budgets)} if _taken(plan, budgets) is not None else {}


def _taken(plan: BudgetPlan, budgets: Sequence[Budget]) -> PlanBudget | None:
    """A budget that another plan holds during this plan's flight."""
    return (
        PlanBudget.objects.filter(
            budget__in=budgets,
            status__in=[Status.ACTIVE, Status.SCHEDULED, Status.PAUSED],
            starts_on__lte=plan.ends_on,
            ends_on__gte=plan.starts_on,
        )
        .exclude(plan_id=plan.pk)
        .select_related("plan", "budget")
        .first()
    )


def _overlap_words(plan: BudgetPlan, budgets: Sequence[Budget]) -> str:
    taken = _taken(plan, budgets)
    if taken is None:
        return "Another plan took one of these budgets at the same moment. Reload and choose again."
    return (
        f"“{taken.budget.name}” is in the plan “{taken.plan.name}” from {taken.starts_on:%-d %b %Y} to "
        f"{taken.ends_on:%-d %b %Y}. Choose other dates or take it out of that plan."
    )


def _tell(plan: BudgetPlan) -> None:
    outbox.publish(
        PlanChanged(
            organization_id=plan.organization_id,
            plan_id=str(plan.public_id),
            client_id=str(plan.client.public_id),
        )
    )
    realtime.changed(plan.organization_id, "plan", str(plan.public_id), client_id=plan.client_id)
