"""An amendment that was agreed: entered in the ledger at once or on its day, or ended without effect."""

from __future__ import annotations

from django.db import transaction

from lane.audit.services import record
from lane.core import clock, outbox
from lane.core.actors import Actor
from lane.core.errors import LaneError
from pacing.events import AmendmentEnded, PlanAmended, PlanChanged
from pacing.filtering.memory import moved_memory
from pacing.models import BudgetPlan, PlanAmendment
from pacing.services import ledger, plan_terms
from pacing.services.amendment_locks import locked
from pacing.services.amendment_rules import amended, require_enough, require_same_base
from pacing.services.amendment_trail import note, refresh, tell
from pacing.services.ledger import Consent

State = PlanAmendment.State
Status = BudgetPlan.Status


def agree(amendment: PlanAmendment, amount_micros: int, consent: Consent, actor: Actor) -> None:
    """Everybody needed has said yes: enter it now, or on its day."""
    amendment.state, amendment.decided_at = State.APPROVED, clock.now()
    amendment.approved_amount_micros = amount_micros
    if amendment.effective_on <= clock.today(amendment.plan.timezone):
        enter(amendment, amount_micros, consent, actor)
        return
    amendment.save()
    note("approved", amendment, actor, reason=amendment.reason)
    tell(amendment, AmendmentEnded, outcome=State.APPROVED)


def enter(amendment: PlanAmendment, amount_micros: int, consent: Consent, actor: Actor) -> None:
    """Change the plan and write the entry; both stand or fall with the caller's transaction."""
    require_same_base(amendment)
    started_on = amendment.plan.starts_on
    plan = amended(amendment, amount_micros)
    plan.controller_state = moved_memory(plan.controller_state, (started_on - plan.starts_on).days)
    budgets = list(plan.budgets.select_related("ad_account"))
    plan_terms.require_terms(plan, budgets, new=False)
    require_enough(plan)
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
    refresh(amendment)


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


def end(amendment: PlanAmendment, state: str, actor: Actor, *, reason: str) -> None:
    """Close an amendment without effect."""
    amendment.state, amendment.decided_at = state, clock.now()
    amendment.outcome_reason = reason[:500]
    amendment.save()
    note(state, amendment, actor, reason=reason)
    tell(amendment, AmendmentEnded, outcome=state)


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
            enter(amendment, amendment.approved_amount_micros or amendment.new_amount_micros, consent, actor)
    except LaneError as error:
        end(amendment, State.LAPSED, actor, reason=error.message)
        return False
    return True
