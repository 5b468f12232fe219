"""Amendments of an approved amount: asked for, approved as an approval request, entered in the ledger.

Who may change a plan directly says its ``amount_rule``: with "policy" admins may, and what the client's approval
policy lets through takes effect at once; everybody else's change becomes an amendment that asks for a yes.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from approvals.models import ApprovalRequest
from approvals.services import closing, submit
from lane.accounts import policies
from lane.audit.services import record
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, LaneError, NotVisible, OutOfDate
from lane.core.money import format_money
from pacing.events import AmendmentEnded, AmendmentProposed, PlanAmended, PlanChanged
from pacing.filtering.memory import moved_memory
from pacing.models import BudgetPlan, LedgerEntry, PlanAmendment
from pacing.models.ledger import AMENDMENT_VALID_FOR
from pacing.selectors.spending import spent_so_far
from pacing.services import ledger, plan_terms
from pacing.services.ledger import Consent

SUBJECT = "pacing.amendment"
State = PlanAmendment.State
Status = BudgetPlan.Status
_RUNS = (Status.ACTIVE, Status.PAUSED)


def may_change_directly(actor: Actor, plan: BudgetPlan) -> bool:
    """Whether this actor's change of amount or dates needs nobody else's yes, whatever the approval policy says.

    A plan that has not begun and was never approved by anybody is still a draft of whoever may edit it.
    """
    if plan.amount_rule == BudgetPlan.AmountRule.APPROVAL:
        return False
    if plan.status == Status.SCHEDULED and not plan.entries.exclude(approval_id="").exists():
        return policies.may(actor, "change", client_id=plan.client_id)
    verb = "change" if plan.amount_rule == BudgetPlan.AmountRule.OPEN else "manage"
    return policies.may(actor, verb, client_id=plan.client_id)


@transaction.atomic
def propose(
    plan_id: UUID | str,
    *,
    actor: Actor,
    reason: str,
    amount_micros: int | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
    effective_on: date | None = None,
    reverts_at_cycle_end: bool = True,
    expected_version: int | None = None,
    always_ask: bool = False,
    reverses: LedgerEntry | None = None,
) -> PlanAmendment:
    """Ask for another amount or other dates. What needs nobody's yes takes effect at once.

    Raises ``InvalidInput`` with every field that is wrong; then nothing was changed and nobody asked.
    """
    plan = locked_plan(plan_id, actor)
    policies.require(actor, "propose", plan)
    if expected_version is not None and expected_version != plan.version:
        raise OutOfDate("Somebody changed this plan since you opened it. Reload it and edit again.")
    open_one = PlanAmendment.objects.filter(plan=plan, state=State.PROPOSED).first()
    if open_one is not None:
        raise OutOfDate(
            f"An amendment by {open_one.asked_label} already waits for approval. Withdraw or revise that one."
        )
    amendment = PlanAmendment(
        organization_id=plan.organization_id,
        client=plan.client,
        plan=plan,
        base_amount_micros=plan.amount_micros,
        base_starts_on=plan.starts_on,
        base_ends_on=plan.ends_on,
        new_amount_micros=plan.amount_micros if amount_micros is None else amount_micros,
        new_starts_on=starts_on or plan.starts_on,
        new_ends_on=ends_on or plan.ends_on,
        currency=plan.currency,
        effective_on=effective_on or clock.today(plan.timezone),
        reverts_at_cycle_end=reverts_at_cycle_end or plan.series_id is None,
        reason=reason.strip()[:500],
        reverses=reverses,
        asked_by_id=actor.user_id,
        asked_kind=str(actor.kind),
        asked_label=actor.label[:200],
        expires_at=clock.now() + AMENDMENT_VALID_FOR,
    )
    _require_sense(amendment, new=True)
    amendment.content_hash = digest(amendment)
    amendment.save()
    _record("proposed", amendment, actor, reason=amendment.reason)
    if not always_ask and may_change_directly(actor, plan):
        _agree(amendment, amendment.new_amount_micros, Consent.direct(), actor)
        return amendment
    _tell(amendment, AmendmentProposed)
    _ask(amendment)
    amendment.refresh_from_db()
    return amendment


@transaction.atomic
def revise(
    amendment_id: UUID | str,
    *,
    actor: Actor,
    expected_version: int,
    reason: str,
    amount_micros: int,
    starts_on: date,
    ends_on: date,
    effective_on: date,
    reverts_at_cycle_end: bool = True,
) -> PlanAmendment:
    """Ask for something else instead: a new version, for which every earlier decision and link is void."""
    _hold_request(amendment_id)
    amendment = locked(amendment_id, actor)
    policies.require(actor, "propose", amendment)
    _require_open(amendment)
    if expected_version != amendment.version:
        raise OutOfDate("Somebody revised this amendment first. Look at the new version, then edit again.")
    before = _values(amendment)
    plan = amendment.plan
    amendment.base_amount_micros = plan.amount_micros
    amendment.base_starts_on, amendment.base_ends_on = plan.starts_on, plan.ends_on
    amendment.new_amount_micros, amendment.new_starts_on = amount_micros, starts_on
    amendment.new_ends_on, amendment.effective_on = ends_on, effective_on
    amendment.reverts_at_cycle_end = reverts_at_cycle_end or plan.series_id is None
    amendment.reason, amendment.edited_by_id = reason.strip()[:500], actor.user_id
    amendment.expires_at = clock.now() + AMENDMENT_VALID_FOR
    amendment.version += 1
    _require_sense(amendment, new=True)
    amendment.content_hash = digest(amendment)
    amendment.save()
    _record("revised", amendment, actor, reason=amendment.reason, before=before)
    _tell(amendment, AmendmentProposed)
    _ask(amendment)
    amendment.refresh_from_db()
    return amendment


@transaction.atomic
def withdraw(amendment_id: UUID | str, *, actor: Actor, reason: str = "") -> PlanAmendment:
    """Take an amendment back before anybody decided. The plan stays as it is."""
    _hold_request(amendment_id)
    amendment = locked(amendment_id, actor)
    policies.require(actor, "propose", amendment)
    if amendment.state == State.WITHDRAWN:
        return amendment
    _require_open(amendment)
    _end(amendment, State.WITHDRAWN, actor, reason=reason)
    closing.close_for_subject(
        SUBJECT,
        str(amendment.public_id),
        ApprovalRequest.State.WITHDRAWN,
        actor=actor,
        reason=reason or "The amendment was taken back.",
    )
    return amendment


def reverse(entry_id: UUID | str, *, actor: Actor, reason: str) -> PlanAmendment:
    """Ask for the amount and dates from before one amendment; the ledger keeps both entries."""
    entry = (
        LedgerEntry.objects.visible_to(actor).filter(public_id=entry_id).select_related("amendment").first()
    )
    if entry is None:
        raise NotVisible
    if entry.kind != LedgerEntry.Kind.AMENDMENT or entry.amendment is None:
        raise InvalidInput("Only an amendment can be reversed. Amend the plan instead.")
    if entry.reversed_by.exists():
        raise OutOfDate("This amendment was reversed already.")
    plan, was = entry.plan, entry.amendment
    return propose(
        plan.public_id,
        actor=actor,
        reason=reason,
        amount_micros=plan.amount_micros - entry.amount_micros,
        starts_on=was.base_starts_on if plan.starts_on == was.new_starts_on else plan.starts_on,
        ends_on=was.base_ends_on if plan.ends_on == was.new_ends_on else plan.ends_on,
        reverses=entry,
    )


def approve(
    amendment_id: UUID | str,
    *,
    approval_id: str,
    approved_hash: str,
    actor: Actor,
    lowered_micros: int | None,
) -> None:
    """Carry out an approval, in its transaction: the entry says who said yes and by which link."""
    amendment = locked(amendment_id, actor)
    _require_open(amendment)
    if approved_hash != amendment.content_hash:
        raise OutOfDate("The amendment was revised after this approval was asked for.")
    amount = amendment.new_amount_micros if lowered_micros is None else lowered_micros
    amendment.approval_id = approval_id
    _agree(amendment, amount, Consent.of_request(approval_id), actor)


@transaction.atomic
def turn_down(amendment_id: UUID | str, *, approval_id: str, actor: Actor, reason: str, outcome: str) -> None:
    """Note that nobody said yes; the plan stays as it is."""
    amendment = locked(amendment_id, actor)
    if amendment.state != State.PROPOSED:
        return
    amendment.approval_id = approval_id
    ends = {"declined": State.DECLINED, "expired": State.EXPIRED}
    _end(amendment, ends.get(outcome, State.WITHDRAWN), actor, reason=reason)


def take_effect_due() -> int:
    """Let approved amendments take effect whose day has come, each in its plan's zone."""
    waiting = PlanAmendment.objects.filter(state=State.APPROVED, took_effect_at=None).select_related("plan")
    due = [one.pk for one in waiting if one.effective_on <= clock.today(one.plan.timezone)]
    return sum(_take_effect(pk) for pk in due)


@transaction.atomic
def _take_effect(pk: int) -> bool:
    found = PlanAmendment.objects.get(pk=pk)
    actor = Actor.system(found.organization_id, "ledger")
    amendment = locked(found.public_id, actor)
    if amendment.state != State.APPROVED or amendment.took_effect_at is not None:
        return False
    consent = Consent.of_request(amendment.approval_id) if amendment.approval_id else Consent.direct()
    try:
        with transaction.atomic():
            _enter(amendment, amendment.approved_amount_micros or amendment.new_amount_micros, consent, actor)
    except LaneError as error:
        _end(amendment, State.LAPSED, actor, reason=error.message)
        return False
    return True


def problem_with(amendment: PlanAmendment) -> str:
    """Why an amendment makes no sense any more; empty while it does."""
    if amendment.state != State.PROPOSED:
        return f"This amendment is already {amendment.get_state_display().lower()}."
    if amendment.expires_at <= clock.now():
        return "This amendment has expired."
    try:
        _require_same_base(amendment)
        _require_sense(amendment, new=False)
    except LaneError as error:
        return error.message
    return ""


def digest(amendment: PlanAmendment) -> str:
    """A digest of everything an approver says yes to."""
    content = json.dumps(
        {"plan": str(amendment.plan.public_id), "version": amendment.version} | _values(amendment),
        sort_keys=True,
    )
    return hashlib.sha256(content.encode()).hexdigest()


def locked_plan(plan_id: UUID | str, actor: Actor) -> BudgetPlan:
    """The plan and its client under their locks, client first, when the actor sees it."""
    found = BudgetPlan.objects.visible_to(actor).filter(public_id=plan_id).select_related("client").first()
    if found is None:
        raise NotVisible
    client = plan_terms.lock_client(found.client)
    plan = BudgetPlan.objects.locked().get(pk=found.pk)
    plan.client = client
    return plan


def locked(amendment_id: UUID | str, actor: Actor) -> PlanAmendment:
    """The amendment with its plan and client under their locks, when the actor sees it."""
    found = (
        PlanAmendment.objects.visible_to(actor)
        .filter(public_id=amendment_id)
        .values_list("pk", "plan__public_id")
        .first()
    )
    if found is None:
        raise NotVisible
    plan = locked_plan(found[1], actor)
    amendment = PlanAmendment.objects.locked().get(pk=found[0])
    amendment.plan, amendment.client = plan, plan.client
    return amendment


def _hold_request(amendment_id: UUID | str) -> None:
    """Lock the open request before the plan, as deciding does, so that the two cannot wait for each other."""
    held = ApprovalRequest.objects.locked().filter(
        subject_type=SUBJECT, subject_id=str(amendment_id), state=ApprovalRequest.State.OPEN
    )
    list(held.values_list("pk", flat=True))


def _ask(amendment: PlanAmendment) -> None:
    barred = {amendment.asked_by_id, amendment.edited_by_id} - {None}
    submit.open_request(
        SUBJECT,
        str(amendment.public_id),
        client=amendment.client,
        actor_label=amendment.asked_label,
        requested_by_id=amendment.asked_by_id,
        barred_user_ids=[user_id for user_id in barred if user_id is not None],
        version=amendment.version,
        proposer_kind=amendment.asked_kind,
        expires_at=amendment.expires_at,
    )


def _agree(amendment: PlanAmendment, amount_micros: int, consent: Consent, actor: Actor) -> None:
    """Everybody needed has said yes: enter it now, or on its day."""
    amendment.state, amendment.decided_at = State.APPROVED, clock.now()
    amendment.approved_amount_micros = amount_micros
    if amendment.effective_on <= clock.today(amendment.plan.timezone):
        _enter(amendment, amount_micros, consent, actor)
        return
    amendment.save()
    _record("approved", amendment, actor, reason=amendment.reason)
    _tell(amendment, AmendmentEnded, outcome=State.APPROVED)


def _enter(amendment: PlanAmendment, amount_micros: int, consent: Consent, actor: Actor) -> None:
    """Change the plan and write the entry; both stand or fall with the caller's transaction."""
    _require_same_base(amendment)
    started_on = amendment.plan.starts_on
    plan = _amended(amendment, amount_micros)
    plan.controller_state = moved_memory(plan.controller_state, (started_on - plan.starts_on).days)
    budgets = list(plan.budgets.select_related("ad_account"))
    plan_terms.require_terms(plan, budgets, new=False)
    _require_enough(plan)
    if plan.status != Status.PAUSED:
        plan.status = plan_terms.status_on(plan, clock.today(plan.timezone))
    plan.version += 1
    plan_terms.save_with_budgets(plan, budgets)
    entry = ledger.amend(
        plan,
        amount_micros - amendment.base_amount_micros,
        effective_on=amendment.effective_on,
        reason=amendment.reason,
        asked_by_id=amendment.asked_by_id,
        asked_label=amendment.asked_label,
        consent=consent,
        amendment=amendment,
    )
    amendment.took_effect_at = clock.now()
    amendment.save()
    if not amendment.reverts_at_cycle_end and plan.series is not None:
        _go_on_with(amendment, amount_micros, actor)
    record(
        "pacing.plan.amended",
        actor=actor,
        obj=plan,
        before={
            "amount_micros": amendment.base_amount_micros,
            "starts_on": amendment.base_starts_on,
            "ends_on": amendment.base_ends_on,
        },
        after={"amount_micros": amount_micros, "starts_on": plan.starts_on, "ends_on": plan.ends_on},
        reason=amendment.reason,
        links={
            "plan": plan.public_id,
            "amendment": amendment.public_id,
            "entry": entry.public_id,
            "approval": consent.approval_id,
            "link": consent.link_id,
        },
    )
    outbox.publish(
        PlanAmended(
            organization_id=plan.organization_id,
            plan_id=str(plan.public_id),
            client_id=str(plan.client.public_id),
            entry_id=str(entry.public_id),
        )
    )
    outbox.publish(
        PlanChanged(
            organization_id=plan.organization_id,
            plan_id=str(plan.public_id),
            client_id=str(plan.client.public_id),
        )
    )
    _refresh(amendment)


def _go_on_with(amendment: PlanAmendment, amount_micros: int, actor: Actor) -> None:
    """A change for good: later cycles of the series have the new amount too."""
    series = amendment.plan.series
    assert series is not None
    was, series.amount_micros = series.amount_micros, amount_micros
    series.save(update_fields=["amount_micros", "updated_at"])
    record(
        "pacing.series.amended",
        actor=actor,
        obj=series,
        before={"amount_micros": was},
        after={"amount_micros": amount_micros},
        reason=amendment.reason,
        links={"plan": amendment.plan.public_id, "amendment": amendment.public_id},
    )


def _amended(amendment: PlanAmendment, amount_micros: int) -> BudgetPlan:
    """The plan as it would be; not saved."""
    plan = amendment.plan
    plan.amount_micros = amount_micros
    plan.starts_on, plan.ends_on = amendment.new_starts_on, amendment.new_ends_on
    return plan


def _require_sense(amendment: PlanAmendment, *, new: bool) -> None:
    """Refuse what changes nothing, is out of bounds, or takes back money that is spent."""
    plan = amendment.plan
    fields: dict[str, str] = {}
    if plan.status == Status.ARCHIVED:
        raise InvalidInput("An archived plan cannot be amended. Make a new one.")
    if plan.status == Status.ENDED and amendment.new_ends_on <= plan.ends_on:
        raise InvalidInput("This plan is over. Choose a later last day to go on with it, or make a new one.")
    if len(amendment.reason) < 3:
        fields["reason"] = "Say why in a few words; the approver reads it and the ledger keeps it."
    today = clock.today(plan.timezone)
    if amendment.effective_on > max(amendment.new_ends_on, amendment.base_ends_on):
        fields["effective_on"] = "Choose a day before the plan ends."
    elif new and amendment.effective_on < today:
        fields["effective_on"] = "Choose today or a later day: the past is settled."
    if amendment.new_ends_on < today and amendment.new_ends_on != amendment.base_ends_on:
        fields["ends_on"] = "Choose a last day from today on."
    unchanged = (amendment.new_amount_micros, amendment.new_starts_on, amendment.new_ends_on) == (
        plan.amount_micros,
        plan.starts_on,
        plan.ends_on,
    )
    if unchanged:
        fields["amount"] = "This is the plan as it stands. Change the amount or a date."
    if fields:
        raise InvalidInput(fields=fields)
    kept = (plan.amount_micros, plan.starts_on, plan.ends_on)
    try:
        changed = _amended(amendment, amendment.new_amount_micros)
        budgets = list(changed.budgets.select_related("ad_account"))
        plan_terms.require_terms(changed, budgets, new=False)
        _require_enough(changed)
        if plan_terms.overlap(changed, budgets) is not None:
            raise InvalidInput(fields={"ends_on": plan_terms.overlap_words(changed, budgets)})
    finally:
        plan.amount_micros, plan.starts_on, plan.ends_on = kept


def _require_enough(plan: BudgetPlan) -> None:
    """What is spent cannot be taken back, so the amount cannot fall below it."""
    spent = spent_so_far(plan)
    if spent is not None and plan.amount_micros < spent:
        shown = format_money(spent, plan.currency)
        raise InvalidInput(
            fields={
                "amount": f"{shown} is spent already and cannot be taken back. Choose at least {shown}; at that "
                "amount Lane pauses what spends."
            }
        )


def _require_same_base(amendment: PlanAmendment) -> None:
    plan = amendment.plan
    if plan.amount_micros != amendment.base_amount_micros:
        raise OutOfDate(
            f"{plan.name} is now {format_money(plan.amount_micros, plan.currency)}, no longer "
            f"{format_money(amendment.base_amount_micros, plan.currency)}. Ask again from there."
        )
    if (plan.starts_on, plan.ends_on) != (amendment.base_starts_on, amendment.base_ends_on):
        raise OutOfDate(
            f"{plan.name} now runs {plan.starts_on:%-d %b} to {plan.ends_on:%-d %b}. Ask again from there."
        )


def _require_open(amendment: PlanAmendment) -> None:
    if amendment.state != State.PROPOSED:
        raise OutOfDate(f"This amendment is already {amendment.get_state_display().lower()}.")


def _end(amendment: PlanAmendment, state: str, actor: Actor, *, reason: str) -> None:
    amendment.state, amendment.decided_at = state, clock.now()
    amendment.outcome_reason = reason[:500]
    amendment.save()
    _record(state, amendment, actor, reason=reason)
    _tell(amendment, AmendmentEnded, outcome=state)


def _values(amendment: PlanAmendment) -> dict[str, Any]:
    return {
        "base_amount_micros": amendment.base_amount_micros,
        "base_starts_on": amendment.base_starts_on.isoformat(),
        "base_ends_on": amendment.base_ends_on.isoformat(),
        "new_amount_micros": amendment.new_amount_micros,
        "new_starts_on": amendment.new_starts_on.isoformat(),
        "new_ends_on": amendment.new_ends_on.isoformat(),
        "effective_on": amendment.effective_on.isoformat(),
        "reverts_at_cycle_end": amendment.reverts_at_cycle_end,
        "currency": amendment.currency,
    }


def _record(
    what: str,
    amendment: PlanAmendment,
    actor: Actor,
    *,
    reason: str = "",
    before: dict[str, Any] | None = None,
) -> None:
    record(
        f"pacing.amendment.{what}",
        actor=actor,
        obj=amendment,
        object_label=f"{amendment.plan.name}: amendment",
        before=before,
        after=_values(amendment) | {"state": amendment.state, "hash": amendment.content_hash},
        reason=reason,
        links={"plan": amendment.plan.public_id},
    )


def _tell(amendment: PlanAmendment, event: Any, **more: Any) -> None:
    outbox.publish(
        event(
            organization_id=amendment.organization_id,
            amendment_id=str(amendment.public_id),
            plan_id=str(amendment.plan.public_id),
            client_id=str(amendment.client.public_id),
            **more,
        )
    )
    _refresh(amendment)


def _refresh(amendment: PlanAmendment) -> None:
    plan = amendment.plan
    realtime.changed(plan.organization_id, "plan", str(plan.public_id), client_id=plan.client_id)
