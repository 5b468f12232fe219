"""Change sets: the only way in to the write ledger.

Page, API, pacing and people all propose the same object; nothing is written before it is authorised under an
approval id and exactly the content that was shown. A guard (pausing at a plan's target) is approved in advance
by its plan: pacing proposes it with ``is_guard=True`` and authorises it with ``approval_id="plan:<public id>"``
and ``automatic=True`` in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

from campaigns.events import ChangeSetEdited, ChangeSetProposed, ChangeSetWithdrawn
from campaigns.models import Change, ChangeSet
from campaigns.selectors import changes as selectors
from campaigns.services import content
from campaigns.services.approval import authorise, expire_due, turn_down
from campaigns.services.ledger.limits import MachineNow
from campaigns.services.targets import (
    BidTarget,
    BudgetTarget,
    SpendCapTarget,
    StatusTarget,
    Target,
    pausing,
    resuming,
    rows_for,
)
from lane.accounts import policies
from lane.accounts.models import Client
from lane.audit import services as audit
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate

__all__ = [
    "BidTarget",
    "BudgetTarget",
    "SpendCapTarget",
    "StatusTarget",
    "Target",
    "authorise",
    "edit",
    "expire_due",
    "pausing",
    "propose",
    "resuming",
    "turn_down",
    "undo",
    "withdraw",
]

VALID_FOR = timedelta(hours=72)
GUARD_VALID_FOR = timedelta(hours=24)


@transaction.atomic
def propose(
    *,
    client: Client,
    title: str,
    reason: str,
    targets: Sequence[Target],
    origin: str,
    origin_id: str = "",
    evidence: Mapping[str, Any] | None = None,
    is_guard: bool = False,
    expires_at: datetime | None = None,
    actor: Actor,
    undoes: ChangeSet | None = None,
) -> ChangeSet:
    """Ask for changes: absolute values from the mirrored present ones. Nothing is written by asking."""
    policies.require(actor, "propose", client)
    now = clock.now()
    expires_at = expires_at or now + (GUARD_VALID_FOR if is_guard else VALID_FOR)
    _require_words(title, reason)
    if expires_at <= now:
        raise InvalidInput(fields={"expires_at": "Choose a moment in the future."})
    change_set = ChangeSet(
        organization_id=client.organization_id,
        client=client,
        title=title.strip()[:200],
        reason=reason.strip(),
        evidence=audit.plain(evidence or {}),
        origin=origin,
        origin_id=origin_id,
        proposed_by_kind=str(actor.kind),
        proposed_by_id=actor.user_id,
        proposed_by_label=actor.label[:200],
        expires_at=expires_at,
        undoes=undoes,
    )
    rows = rows_for(change_set, targets, is_guard=is_guard)
    change_set.content_hash = content.set_digest(change_set, [row.content_hash for row in rows])
    change_set.save()
    Change.objects.bulk_create(rows)
    audit.record(
        "campaigns.change_set.proposed",
        actor=actor,
        obj=change_set,
        after={"changes": [_as_record(row) for row in rows], "hash": change_set.content_hash},
        reason=change_set.reason,
        links={"origin": origin, "origin_id": origin_id},
    )
    outbox.publish(
        ChangeSetProposed(
            organization_id=change_set.organization_id,
            change_set_id=str(change_set.public_id),
            client_id=str(client.public_id),
        )
    )
    _tell_pages(change_set)
    return change_set


@transaction.atomic
def edit(
    change_set_id: UUID | str,
    *,
    targets: Sequence[Target],
    reason: str,
    actor: Actor,
    expected_version: int,
) -> ChangeSet:
    """Replace what is asked for. Earlier decisions and links no longer hold: it is a new version."""
    change_set = locked(change_set_id, actor)
    policies.require(actor, "propose", change_set)
    if change_set.state != ChangeSet.State.PROPOSED:
        raise OutOfDate(f"This change set is {change_set.get_state_display().lower()}; propose a new one.")
    if change_set.version != expected_version:
        raise OutOfDate("Somebody edited this change set first. Look at the new version, then edit again.")
    _require_words(change_set.title, reason)
    old = change_set.changes.filter(version=change_set.version)
    was_guard = old.filter(is_guard=True).exists()
    before = [_as_record(row) for row in old]
    old.update(state=Change.State.CANCELLED, outcome="Replaced by a newer version.", finished_at=clock.now())
    change_set.version += 1
    change_set.reason = reason.strip()
    change_set.last_edited_by_id = actor.user_id
    rows = rows_for(change_set, targets, is_guard=was_guard)
    change_set.content_hash = content.set_digest(change_set, [row.content_hash for row in rows])
    change_set.save(update_fields=["version", "reason", "last_edited_by", "content_hash", "updated_at"])
    Change.objects.bulk_create(rows)
    audit.record(
        "campaigns.change_set.edited",
        actor=actor,
        obj=change_set,
        before={"changes": before},
        after={"changes": [_as_record(row) for row in rows], "hash": change_set.content_hash},
        reason=change_set.reason,
        links={"version": change_set.version},
    )
    outbox.publish(
        ChangeSetEdited(
            organization_id=change_set.organization_id,
            change_set_id=str(change_set.public_id),
            client_id=str(change_set.client.public_id),
            version=change_set.version,
        )
    )
    _tell_pages(change_set)
    return change_set


@transaction.atomic
def withdraw(change_set_id: UUID | str, *, actor: Actor, reason: str = "") -> ChangeSet:
    """Take a change set back before anything was sent. What was sent can only be undone."""
    change_set = locked(change_set_id, actor)
    policies.require(actor, "propose", change_set)
    if change_set.state == ChangeSet.State.WITHDRAWN:
        return change_set
    if change_set.state not in (ChangeSet.State.PROPOSED, ChangeSet.State.APPROVED):
        raise OutOfDate(f"This change set is already {change_set.get_state_display().lower()}.")
    rows = Change.objects.filter(change_set=change_set, version=change_set.version).locked()
    free = {Change.State.PROPOSED, Change.State.APPROVED}
    held = Change.objects.filter(change_set=change_set, lease_until__gt=MachineNow()).exists()
    if held or any(row.state not in free or row.attempts for row in rows):
        raise OutOfDate("Lane is already writing this. Wait a moment, then undo it.")
    change_set.changes.filter(pk__in=[row.pk for row in rows]).update(
        state=Change.State.CANCELLED,
        outcome="Withdrawn before anything was sent.",
        finished_at=clock.now(),
        next_at=None,
        fence=F("fence") + 1,
    )
    was = change_set.state
    change_set.state = ChangeSet.State.WITHDRAWN
    change_set.save(update_fields=["state", "updated_at"])
    audit.record(
        "campaigns.change_set.withdrawn",
        actor=actor,
        obj=change_set,
        before={"state": was},
        after={"state": change_set.state},
        reason=reason,
    )
    outbox.publish(
        ChangeSetWithdrawn(
            organization_id=change_set.organization_id,
            change_set_id=str(change_set.public_id),
            client_id=str(change_set.client.public_id),
        )
    )
    _tell_pages(change_set)
    return change_set


def undo(change_set_id: UUID | str, *, actor: Actor, reason: str) -> ChangeSet:
    """Ask for the values from before, for every applied change that still stands. It needs approval too."""
    found = selectors.change_sets_for(actor).filter(public_id=change_set_id).first()
    if found is None:
        raise NotVisible
    policies.require(actor, "propose", found)
    rows = selectors.undoable(found)
    if not rows:
        raise OutOfDate("Nothing is left to undo: the values have changed since, or nothing was applied.")
    return propose(
        client=found.client,
        title=f"Undo: {found.title}"[:200],
        reason=reason,
        targets=[_back(row) for row in rows],
        origin="undo",
        origin_id=str(found.public_id),
        evidence={"undoes": str(found.public_id)},
        actor=actor,
        undoes=found,
    )


def locked(change_set_id: UUID | str, actor: Actor) -> ChangeSet:
    """The change set under its lock, when the actor sees it."""
    found = (
        ChangeSet.objects.visible_to(actor)
        .select_related("client")
        .locked()
        .filter(public_id=change_set_id)
        .first()
    )
    if found is None:
        raise NotVisible
    return found


def _back(change: Change) -> Target:
    if change.budget is not None:
        assert change.base_micros is not None
        return BudgetTarget(change.budget, change.base_micros)
    if change.field == Change.Field.BID_TARGET:
        before = change.base_millis if change.base_micros is None else change.base_micros
        holder = change.ad_group or change.ad_campaign
        assert before is not None and holder is not None
        return BidTarget(holder, change.kind, before)
    assert change.ad_campaign is not None
    if change.field == Change.Field.SPEND_CAP:
        return SpendCapTarget(change.ad_campaign, change.base_micros)
    return StatusTarget(change.ad_campaign, change.base_status)


def _require_words(title: str, reason: str) -> None:
    problems = {}
    if not title.strip():
        problems["title"] = "Give the change set a title."
    if len(reason.strip()) < 3:
        problems["reason"] = "Say why, in a few words: the approver reads it."
    if problems:
        raise InvalidInput(fields=problems)


def _as_record(row: Change) -> dict[str, Any]:
    if row.field == Change.Field.STATUS:
        values: dict[str, Any] = {"base_status": row.base_status, "target_status": row.target_status}
    elif row.kind == Change.Kind.TARGET_ROAS:
        values = {"base_millis": row.base_millis, "target_millis": row.target_millis}
    else:
        values = {
            "base_micros": row.base_micros,
            "target_micros": row.target_micros,
            "currency": row.currency,
        }
    if row.field != Change.Field.STATUS and not row.is_daily_amount:
        values["what"] = row.what
    return {"change": str(row.public_id), "entity": str(row.entity), "key": row.entity_key, **values}


def _tell_pages(change_set: ChangeSet) -> None:
    realtime.changed(
        change_set.organization_id, "change_set", str(change_set.public_id), client_id=change_set.client_id
    )
