"""What a person does about a value that somebody changed at the platform.

Adopt it, propose Lane's again, leave the difference, or pause automation there.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from campaigns.models import AdCampaign, Budget, ChangeSet, Drift
from campaigns.services import automation, changes
from campaigns.words import amount_words
from lane.accounts import policies
from lane.audit.services import record
from lane.core import clock, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate


def adopt(drift_id: UUID | str, *, actor: Actor, reason: str = "") -> Drift:
    """Accept the platform's amount as the one that counts from now on."""
    with transaction.atomic():
        drift = _open(drift_id, actor)
        budget = drift.budget
        if drift.ad_campaign is not None:
            AdCampaign.objects.filter(pk=drift.ad_campaign.pk).update(
                verified_cap_micros=drift.observed_micros
            )
        else:
            Budget.objects.filter(pk=budget.pk).update(verified_micros=drift.observed_micros)
        return _settle(drift, Drift.State.ADOPTED, actor, reason)


def leave(drift_id: UUID | str, *, actor: Actor, reason: str = "") -> Drift:
    """Close the drift without doing anything; the same amount is not reported again."""
    with transaction.atomic():
        return _settle(_open(drift_id, actor), Drift.State.LEFT, actor, reason)


def reapply(drift_id: UUID | str, *, actor: Actor, reason: str = "") -> ChangeSet:
    """Propose to set the value back to what Lane wrote; like any change it needs its approval."""
    with transaction.atomic():
        drift = _open(drift_id, actor, verb="propose")
        budget = drift.budget
        change_set = changes.propose(
            client=budget.client,
            title=f"Set {drift.thing} back to {amount_words(drift.expected_micros, budget.currency)}"[:200],
            reason=reason or f"It was changed at the platform. {_said(drift)}".strip(),
            targets=[_back(drift)],
            origin="drift",
            origin_id=str(drift.public_id),
            actor=actor,
        )
        _settle(drift, Drift.State.REAPPLIED, actor, reason)
        return change_set


def pause_automation(drift_id: UUID | str, *, actor: Actor, reason: str = "") -> Drift:
    """Let people alone decide about this budget until somebody resumes automation; the value stays as it is."""
    with transaction.atomic():
        drift = _open(drift_id, actor)
        why = reason.strip() or f"{drift.thing} was changed outside Lane. {_said(drift)}".strip()
        automation.pause_budget(drift.budget, actor=actor, reason=why)
        return _settle(drift, Drift.State.PAUSED, actor, why)


def _back(drift: Drift) -> changes.Target:
    if drift.ad_campaign is not None:
        return changes.SpendCapTarget(drift.ad_campaign, drift.expected_micros)
    assert drift.expected_micros is not None  # a check constraint of the table
    return changes.BudgetTarget(drift.budget, drift.expected_micros)


def _open(drift_id: UUID | str, actor: Actor, *, verb: str = "change") -> Drift:
    rows = Drift.objects.visible_to(actor).locked().select_related("budget__client", "ad_campaign")
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
        links={"drift": drift.public_id, "field": drift.field},
    )
    realtime.changed(drift.organization_id, "budget", str(drift.budget.public_id), client_id=drift.client_id)
    return drift


def _said(drift: Drift) -> str:
    return f"It was {drift.edited_by} who changed it." if drift.edited_by else ""
