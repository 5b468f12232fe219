"""From a yes to the ledger: authorising, turning down and expiring change sets.

``campaigns`` knows nothing of approval requests. Whoever decides calls down with an approval id and the digest
that was shown; both are kept with every row, and the ledger refuses a row without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from campaigns.events import ChangeSetAuthorised, ChangeSetTurnedDown
from campaigns.models import Change, ChangeSet
from campaigns.platforms.currencies import budget_unit_micros
from campaigns.platforms.records import Platform
from campaigns.services import change_set_end, content
from campaigns.services.ledger.limits import MachineNow
from lane.accounts import policies
from lane.accounts.models import Role
from lane.audit import services as audit
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor, ActorKind
from lane.core.errors import InvalidInput, NotAllowed, NotVisible, OutOfDate

PLAN_APPROVAL = "plan:"
_OUTCOMES = {
    "declined": ChangeSet.State.DECLINED,
    "expired": ChangeSet.State.EXPIRED,
    "withdrawn": ChangeSet.State.WITHDRAWN,
}


@transaction.atomic
def authorise(
    change_set_id: UUID | str,
    *,
    approval_id: str,
    approved_hash: str,
    actor: Actor,
    lowered: Mapping[str, int] | None = None,
    automatic: bool = False,
) -> ChangeSet:
    """Let the ledger write exactly what was approved.

    ``lowered`` maps public ids of rows to smaller steps, between base and proposed value. ``automatic`` says
    that a policy or a plan approved, not a person: those rows stay under the automation guard rails.
    """
    change_set = _locked(change_set_id, actor)
    if change_set.state != ChangeSet.State.PROPOSED:
        raise OutOfDate(f"This change set is already {change_set.get_state_display().lower()}.")
    if change_set.expires_at <= clock.now():
        raise OutOfDate("This change set has expired. Propose it again with today's values.")
    if not approval_id:
        raise InvalidInput(fields={"approval_id": "An approval id is needed."})
    if not approved_hash == change_set.content_hash == content.current_digest(change_set):
        raise OutOfDate("This change set was edited after it was shown. Look at it again, then decide.")
    rows = list(
        Change.objects.filter(change_set=change_set, version=change_set.version)
        .select_related("budget", "ad_account", "ad_campaign", "ad_group")
        .locked()
    )
    _require_right(change_set, rows, approval_id=approval_id, actor=actor, automatic=automatic)
    _lower(rows, lowered or {})
    _require_owner_for_doubling(change_set, rows, actor)
    for row in rows:
        Change.objects.filter(pk=row.pk, state=Change.State.PROPOSED).update(
            state=Change.State.APPROVED,
            target_micros=row.target_micros,
            approval_id=approval_id,
            approved_hash=approved_hash,
            is_automatic=automatic,
            next_at=MachineNow(),
        )
    change_set.state = ChangeSet.State.APPROVED
    change_set.approval_id = approval_id
    change_set.approved_hash = approved_hash
    change_set.authorised_at = clock.now()
    change_set.save(update_fields=["state", "approval_id", "approved_hash", "authorised_at", "updated_at"])
    audit.record(
        "campaigns.change_set.authorised",
        actor=actor,
        obj=change_set,
        before={"state": ChangeSet.State.PROPOSED},
        after={"state": change_set.state, "lowered": dict(lowered or {}), "automatic": automatic},
        links={"approval": approval_id, "hash": approved_hash},
    )
    outbox.publish(
        ChangeSetAuthorised(
            organization_id=change_set.organization_id,
            change_set_id=str(change_set.public_id),
            client_id=str(change_set.client.public_id),
        )
    )
    _tell_pages(change_set)
    return change_set


@transaction.atomic
def turn_down(
    change_set_id: UUID | str, *, approval_id: str, actor: Actor, reason: str, outcome: str
) -> ChangeSet:
    """Note that nobody said yes. ``changes`` (asked for) leaves it open for an edit."""
    change_set = _locked(change_set_id, actor)
    ended = _OUTCOMES.get(outcome)
    if ended is None and outcome != "changes":
        raise InvalidInput(fields={"outcome": "Use declined, expired, withdrawn or changes."})
    if change_set.state != ChangeSet.State.PROPOSED:
        if change_set.state == ended:
            return change_set
        raise OutOfDate(f"This change set is already {change_set.get_state_display().lower()}.")
    if ended is not None:
        _close(change_set, ended, reason)
    audit.record(
        "campaigns.change_set.turned_down",
        actor=actor,
        obj=change_set,
        after={"state": change_set.state, "outcome": outcome},
        reason=reason,
        links={"approval": approval_id},
    )
    outbox.publish(
        ChangeSetTurnedDown(
            organization_id=change_set.organization_id,
            change_set_id=str(change_set.public_id),
            client_id=str(change_set.client.public_id),
            outcome=outcome,
            reason=reason,
        )
    )
    _tell_pages(change_set)
    return change_set


def expire_due(limit: int = 200) -> int:
    """Close what nobody decided in time, and what was approved but could not be sent in time.

    Old values must not be written days later: a change that is at the platform already is settled instead.
    """
    unsent = Change.objects.filter(change_set=OuterRef("pk"), state=Change.State.APPROVED)
    late = ChangeSet.objects.filter(
        Q(state=ChangeSet.State.PROPOSED) | Q(Exists(unsent), state=ChangeSet.State.APPROVED),
        expires_at__lte=clock.now(),
    )
    return sum(_expire(pk) for pk in late.order_by("expires_at").values_list("pk", flat=True)[:limit])


@transaction.atomic
def _expire(pk: int) -> bool:
    change_set = (
        ChangeSet.objects.select_related("client").locked().filter(pk=pk, expires_at__lte=clock.now()).first()
    )
    if change_set is None:
        return False
    actor = Actor.system(change_set.organization_id, "expiry")
    if change_set.state == ChangeSet.State.PROPOSED:
        turn_down(
            change_set.public_id,
            approval_id="",
            actor=actor,
            reason="Nobody decided in time.",
            outcome="expired",
        )
        return True
    if change_set.state != ChangeSet.State.APPROVED:
        return False
    ended = (
        change_set.changes.filter(state=Change.State.APPROVED)
        .filter(Q(lease_until=None) | Q(lease_until__lte=MachineNow()))
        .update(
            state=Change.State.EXPIRED,
            outcome="It could not be sent before it expired. Propose it again with today's values.",
            finished_at=clock.now(),
            next_at=None,
            fence=F("fence") + 1,
        )
    )
    if ended:
        audit.record(
            "campaigns.change.expired", actor=actor, obj=change_set, after={"changes_expired": ended}
        )
        change_set_end.settle(change_set)
    return bool(ended)


def _close(change_set: ChangeSet, state: str, reason: str) -> None:
    row_state = Change.State.EXPIRED if state == ChangeSet.State.EXPIRED else Change.State.CANCELLED
    change_set.changes.filter(version=change_set.version).update(
        state=row_state, outcome=reason[:400], finished_at=clock.now()
    )
    change_set.state = state
    change_set.save(update_fields=["state", "updated_at"])


def _require_right(
    change_set: ChangeSet, rows: list[Change], *, approval_id: str, actor: Actor, automatic: bool
) -> None:
    """People decide about what others asked for; Lane itself only by policy or for guards of a plan."""
    if approval_id.startswith(PLAN_APPROVAL) and not (automatic and all(row.is_guard for row in rows)):
        raise NotAllowed("A plan approves only its own guards in advance.")
    if automatic:
        if not actor.is_system:
            raise NotAllowed("Only Lane itself authorises by policy.")
        return
    if actor.kind not in (ActorKind.PERSON, ActorKind.LINK, ActorKind.API_KEY) or actor.user_id is None:
        raise NotAllowed("Only a person may approve a change set.")
    if actor.user_id in (change_set.proposed_by_id, change_set.last_edited_by_id):
        raise NotAllowed("You asked for this yourself; somebody else has to approve it.")


def _lower(rows: list[Change], lowered: Mapping[str, int]) -> None:
    by_key = {str(row.public_id): row for row in rows}
    for key, micros in lowered.items():
        row = by_key.get(key)
        if row is None or not row.is_daily_amount or row.base_micros is None or row.proposed_micros is None:
            raise InvalidInput(fields={f"lowered.{key}": "This row has no amount to lower."})
        low, high = sorted((row.base_micros, row.proposed_micros))
        if not low <= micros <= high or micros == row.base_micros:
            raise InvalidInput(
                fields={f"lowered.{key}": "Choose an amount between the present and the proposed one."}
            )
        if micros % budget_unit_micros(Platform(row.ad_account.platform), row.currency):
            raise InvalidInput(fields={f"lowered.{key}": f"{row.currency} budgets cannot have this amount."})
        row.target_micros = micros


def _require_owner_for_doubling(change_set: ChangeSet, rows: list[Change], actor: Actor) -> None:
    doubled = [
        row
        for row in rows
        if row.field in (Change.Field.BUDGET, Change.Field.BID_TARGET)
        and row.base_micros is not None
        and row.target_micros is not None
        and row.target_micros > row.base_micros
        and row.target_micros >= 2 * row.base_micros
    ]
    if doubled and policies.role_on(actor, change_set.client_id) != Role.OWNER:
        raise NotAllowed(f"{doubled[0].entity} would at least double: only an owner may approve that.")


def _locked(change_set_id: UUID | str, actor: Actor) -> ChangeSet:
    found = (
        ChangeSet.objects.for_organization(actor.organization_id)
        .select_related("client")
        .locked()
        .filter(public_id=change_set_id)
        .first()
    )
    if found is None:
        raise NotVisible
    return found


def _tell_pages(change_set: ChangeSet) -> None:
    realtime.changed(
        change_set.organization_id, "change_set", str(change_set.public_id), client_id=change_set.client_id
    )
