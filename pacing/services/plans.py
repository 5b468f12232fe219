"""Budget plans: made, changed, paused, ended. Every refusal names the field and the fix."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from campaigns.models import Budget
from lane.accounts import policies
from lane.accounts.models import Client
from lane.audit.services import record, recording
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, OutOfDate
from pacing.events import PlanChanged, PlanCreated
from pacing.models import BudgetPlan, LedgerEntry, PlanBudget, PlanSeries
from pacing.services import amendment_locks, amendments, ledger, plan_terms

LONGEST_FLIGHT_DAYS = plan_terms.LONGEST_FLIGHT_DAYS
Status = BudgetPlan.Status
# Terms that were approved: they change through the ledger alone.
_APPROVED = ("amount_micros", "starts_on", "ends_on")
_TERMS = (
    "name",
    *_APPROVED,
    "strategy",
    "landing",
    "tolerance_ratio",
    "mode",
    "pause_at_target",
    "amount_rule",
    "rollover",
    "rollover_cap_ratio",
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
    amount_rule: str = BudgetPlan.AmountRule.POLICY,
    rollover: str = BudgetPlan.Rollover.NONE,
    rollover_cap_ratio: Decimal = Decimal("0.10"),
    series: PlanSeries | None = None,
    cycle_on: date | None = None,
    reason: str = "",
    actor: Actor,
) -> BudgetPlan:
    """Make a plan over budgets of one client. A flight may have begun already; it may not be over.

    Its amount is the first entry of its ledger. Budgets in other currencies need an exchange rate.

    Without a ``landing``, plans that Lane steers itself land precisely, and plans on which people approve each
    step keep an even pace: a precise landing front-loads and tapers, which takes about eleven changes a flight.
    Raises ``InvalidInput`` with every field that is wrong.
    """
    policies.require(actor, "change", client)
    client = plan_terms.lock_client(client)
    if not budgets:
        raise InvalidInput(fields={"budgets": "Choose at least one budget."})
    currency = currency or plan_terms.usual_currency(client, budgets)
    plan_terms.require_budgets(client, budgets, currency)
    if amount_rule != BudgetPlan.AmountRule.POLICY and series is None:
        _require_may_set_rule(actor, client)
    plan = BudgetPlan(
        organization_id=client.organization_id,
        client=client,
        name=name.strip(),
        amount_micros=amount_micros,
        currency=currency,
        timezone=timezone or plan_terms.usual_timezone(budgets),
        starts_on=starts_on,
        ends_on=ends_on,
        strategy=strategy,
        landing=landing or usual_landing(mode),
        tolerance_ratio=tolerance_ratio,
        mode=mode,
        pause_at_target=pause_at_target,
        amount_rule=amount_rule,
        rollover=rollover,
        rollover_cap_ratio=rollover_cap_ratio,
        series=series,
        cycle_on=cycle_on,
        owner_id=series.owner_id if series else actor.user_id,
    )
    plan.status = plan_terms.status_on(plan, clock.today(plan.timezone))
    plan_terms.require_terms(plan, budgets, new=True)
    plan_terms.save_with_budgets(plan, budgets)
    via = LedgerEntry.Via.SERIES if series else LedgerEntry.Via.DIRECT
    ledger.begin(plan, actor=actor, reason=reason, via=via)
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
    """Change terms or budgets of a plan; pacing re-plans from now, what was spent stays spent.

    Another amount or other dates go through the ledger: entered at once where the actor may change them directly
    or the approval policy lets them through; otherwise the rest is saved, and they wait for approval as the plan's
    open amendment.
    """
    unknown = set(changes) - set(_TERMS)
    if unknown:
        raise InvalidInput(fields=dict.fromkeys(sorted(unknown), "This cannot be changed."))
    plan = _locked(plan_id, actor)
    policies.require(actor, "change", plan)
    if plan.status == Status.ARCHIVED:
        raise InvalidInput("An archived plan cannot be changed. Make a new one.")
    if expected_version is not None and expected_version != plan.version:
        raise OutOfDate("Somebody changed this plan since you opened it. Reload it and edit again.")
    approved = {name: changes.pop(name) for name in _APPROVED if name in changes}
    approved = {name: value for name, value in approved.items() if value != getattr(plan, name)}
    if changes.get("amount_rule", plan.amount_rule) != plan.amount_rule:
        _require_may_set_rule(actor, plan.client)
    kept = list(plan.budgets.select_related("ad_account"))
    wanted = list(budgets) if budgets is not None else kept
    if budgets is not None:
        plan_terms.require_budgets(plan.client, wanted, plan.currency)
    _require_all_terms(plan, wanted, approved, changes)
    _save_terms(plan, changes, kept, wanted, actor, reason, whole=not approved)
    if approved:
        amendments.propose(
            plan.public_id, actor=actor, reason=reason.strip() or "Changed on the plan's page", **approved
        )
        plan.refresh_from_db()
    _tell(plan)
    return plan


def _require_all_terms(
    plan: BudgetPlan, budgets: Sequence[Budget], approved: dict[str, Any], changes: dict[str, Any]
) -> None:
    """Refuse every wrong field at once, before anything is saved or asked."""
    before = {name: getattr(plan, name) for name in (*approved, *changes)}
    for name, value in (approved | changes).items():
        setattr(plan, name, value.strip() if name == "name" else value)
    try:
        plan_terms.require_terms(plan, budgets, new=False)
    finally:
        for name, value in before.items():
            setattr(plan, name, value)


def _save_terms(
    plan: BudgetPlan,
    changes: dict[str, Any],
    kept: list[Budget],
    wanted: list[Budget],
    actor: Actor,
    reason: str,
    *,
    whole: bool,
) -> None:
    """Save what needs no approval. ``whole``: nothing else follows, so even an empty edit is a new version."""
    moved = {budget.pk for budget in wanted} != {budget.pk for budget in kept}
    if not (whole or moved or any(getattr(plan, name) != value for name, value in changes.items())):
        return
    with recording(plan, "pacing.plan.changed", actor=actor, reason=reason, links={"plan": plan.public_id}):
        for name, value in changes.items():
            setattr(plan, name, value.strip() if name == "name" else value)
        if plan.status != Status.PAUSED:
            plan.status = plan_terms.status_on(plan, clock.today(plan.timezone))
        plan.version += 1
        plan_terms.save_with_budgets(plan, wanted)
    if moved:
        record(
            "pacing.plan.budgets_changed",
            actor=actor,
            obj=plan,
            before={"budgets": sorted(map(str, kept))},
            after={"budgets": sorted(map(str, wanted))},
            reason=reason,
            links={"plan": plan.public_id},
        )


def _require_may_set_rule(actor: Actor, client: Client) -> None:
    """Who may change the amount is an admin's choice: otherwise the rule would bind nobody."""
    if not policies.may(actor, "manage", client_id=client.pk):
        raise InvalidInput(
            fields={"amount_rule": "Only an admin chooses who may change the approved amount. Ask one."}
        )


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
        plan.status = plan_terms.status_on(plan, clock.today(plan.timezone))
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


def refusals(plan: BudgetPlan, budgets: Sequence[Budget]) -> dict[str, str]:
    """What saving the plan as it stands in memory would refuse, by field; nothing is written."""
    return plan_terms.refusals(plan, budgets)


def _locked(plan_id: UUID | str, actor: Actor) -> BudgetPlan:
    return amendment_locks.locked_plan(plan_id, actor)


def _tell(plan: BudgetPlan) -> None:
    outbox.publish(
        PlanChanged(
            organization_id=plan.organization_id,
            plan_id=str(plan.public_id),
            client_id=str(plan.client.public_id),
        )
    )
    realtime.changed(plan.organization_id, "plan", str(plan.public_id), client_id=plan.client_id)
