"""What a person does about a budget that somebody changed at the platform: adopt, set back, or leave it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from campaigns.models import Budget, ChangeSet, Drift
from campaigns.services import changes
from lane.accounts import policies
from lane.audit.services import record
from lane.core import clock, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate
from lane.core.money import format_money


def adopt(drift_id: UUID | str, *, actor: Actor, reason: str = "") -> Drift:
    """Accept the platform's amount as the one that counts from now on."""
    with transaction.atomic():
        drift = _open(drift_id, actor)
        budget = drift.budget
        Budget.objects.filter(pk=budget.pk).update(verified_micros=drift.observed_micros)
        return _settle(drift, Drift.State.ADOPTED, actor, reason)


def leave(drift_id: UUID | str, *, actor: Actor, reason: str = "") -> Drift:
    """Close the drift without doing anything; the same amount is not reported again."""
    with transaction.atomic():
        return _settle(_open(drift_id, actor), Drift.State.LEFT, actor, reason)


def reapply(drift_id: UUID | str, *, actor: Actor, reason: str = "") -> ChangeSet:
    """Propose to set the budget back to what Lane wrote; like any change it needs its approval."""
    with transaction.atomic():
        drift = _open(drift_id, actor, verb="propose")
        budget = drift.budget
        change_set = changes.propose(
            client=budget.client,
            title=f"Set {budget.name} back to {format_money(drift.expected_micros, budget.currency)}",
            reason=reason or f"The budget was changed at the platform. {_said(drift)}".strip(),
            targets=[changes.BudgetTarget(budget, drift.expected_micros)],
            origin="drift",
            origin_id=str(drift.public_id),
            actor=actor,
        )
        _settle(drift, Drift.State.REAPPLIED, actor, reason)
        return change_set


def _open(drift_id: UUID | str, actor: Actor, *, verb: str = "change") -> Drift:
    rows = Drift.objects.visible_to(actor).locked().select_related("budget__client")
    try:
        drift = rows.get(public_id=drift_id)
    except (Drift.DoesNotExist, ValueError):
        raise NotVisible from None
    policies.require(actor, verb, drift)
    if drift.state != Drift.State.OPEN:
        raise OutOfDate(f"This difference was already settled: {drift.get_state_display().lower()}.")
    if drift.budget.removed_at is not None:
        raise InvalidInput("This budget no longer exists at the platform.")
    return drift


def _settle(drift: Drift, state: Drift.State, actor: Actor, reason: str) -> Drift:
    drift.state, drift.settled_at, drift.settled_by_id = state, clock.now(), actor.user_id
    drift.save(update_fields=["state", "settled_at", "settled_by", "updated_at"])
    record(
        "campaigns.drift.settled",
        actor=actor,
        obj=drift.budget,
        before={"expected_micros": drift.expected_micros, "observed_micros": drift.observed_micros},
        after={"state": state},
        reason=reason,
        links={"drift": drift.public_id},
    )
    realtime.changed(drift.organization_id, "budget", str(drift.budget.public_id), client_id=drift.client_id)
    return drift


def _said(drift: Drift) -> str:
    return f"It was {drift.edited_by} who changed it." if drift.edited_by else ""
