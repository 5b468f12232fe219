"""Amendments of an approved amount: asked for, approved as an approval request, entered in the ledger.

Who may change a plan directly says its ``amount_rule``: with "policy" admins may, and what the client's approval
policy lets through takes effect at once; everybody else's change becomes an amendment that asks for a yes.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import transaction

from approvals.models import ApprovalRequest
from approvals.services import closing, submit
from lane.accounts import policies
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate
from pacing.events import AmendmentProposed
from pacing.models import BudgetPlan, LedgerEntry, PlanAmendment
from pacing.models.ledger import AMENDMENT_VALID_FOR
from pacing.services.amendment_effects import agree, end
from pacing.services.amendment_locks import locked, locked_plan
from pacing.services.amendment_rules import require_open, require_sense
from pacing.services.amendment_trail import digest, note, tell, values_of
from pacing.services.ledger import Consent

SUBJECT = "pacing.amendment"
State = PlanAmendment.State
Status = BudgetPlan.Status


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
    require_sense(amendment, new=True)
    amendment.content_hash = digest(amendment)
    amendment.save()
    note("proposed", amendment, actor, reason=amendment.reason)
    if not always_ask and may_change_directly(actor, plan):
        agree(amendment, amendment.new_amount_micros, Consent.direct(), actor)
        return amendment
    tell(amendment, AmendmentProposed)
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
    require_open(amendment)
    if expected_version != amendment.version:
        raise OutOfDate("Somebody revised this amendment first. Look at the new version, then edit again.")
    before = values_of(amendment)
    plan = amendment.plan
    amendment.base_amount_micros = plan.amount_micros
    amendment.base_starts_on, amendment.base_ends_on = plan.starts_on, plan.ends_on
    amendment.new_amount_micros, amendment.new_starts_on = amount_micros, starts_on
    amendment.new_ends_on, amendment.effective_on = ends_on, effective_on
    amendment.reverts_at_cycle_end = reverts_at_cycle_end or plan.series_id is None
    amendment.reason, amendment.edited_by_id = reason.strip()[:500], actor.user_id
    amendment.expires_at = clock.now() + AMENDMENT_VALID_FOR
    amendment.version += 1
    require_sense(amendment, new=True)
    amendment.content_hash = digest(amendment)
    amendment.save()
    note("revised", amendment, actor, reason=amendment.reason, before=before)
    tell(amendment, AmendmentProposed)
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
    require_open(amendment)
    end(amendment, State.WITHDRAWN, actor, reason=reason)
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
    require_open(amendment)
    if approved_hash != amendment.content_hash:
        raise OutOfDate("The amendment was revised after this approval was asked for.")
    amount = amendment.new_amount_micros if lowered_micros is None else lowered_micros
    amendment.approval_id = approval_id
    agree(amendment, amount, Consent.of_request(approval_id), actor)


@transaction.atomic
def turn_down(amendment_id: UUID | str, *, approval_id: str, actor: Actor, reason: str, outcome: str) -> None:
    """Note that nobody said yes; the plan stays as it is."""
    amendment = locked(amendment_id, actor)
    if amendment.state != State.PROPOSED:
        return
    amendment.approval_id = approval_id
    ends = {"declined": State.DECLINED, "expired": State.EXPIRED}
    end(amendment, ends.get(outcome, State.WITHDRAWN), actor, reason=reason)


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
