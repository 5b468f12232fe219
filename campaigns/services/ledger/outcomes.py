"""T2, T3 and every other end: each is one short transaction that only the holder of the fence can make."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from campaigns.events import ChangeFinished
from campaigns.models import Change, ChangeSet, WriteCall
from campaigns.services import automation, change_set_end, guards, mirror
from campaigns.services.ledger import crash
from campaigns.services.ledger.claims import Claim
from campaigns.services.ledger.limits import MachineNow, from_now, limits
from lane.audit import services as audit
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor


class LostClaim(Exception):
    """Somebody else holds this change now, or the lease is too short to send safely: stop at once."""


class WritesAreStopped(Exception):
    """A kill switch was turned on after the claim; the text says which."""


def mark_sent(claim: Claim, *, quiet_seconds: float) -> WriteCall:
    """T2: say that a call is about to be sent, before it is. Raises ``LostClaim`` or ``WritesAreStopped``.

    The condition on the lease makes sure that since the claim nobody else can have touched the entity.
    """
    bounds, change = limits(), claim.change
    again = change.state == Change.State.SENT
    try:
        with transaction.atomic():
            updated = Change.objects.filter(
                pk=change.pk,
                fence=claim.fence,
                state=change.state,
                lease_until__gt=from_now(bounds.call + bounds.margin),
            ).update(
                state=Change.State.SENT,
                sent_at=MachineNow(),
                attempts=F("attempts") + 1,
                rounds=F("rounds") + (1 if again else 0),
                quiet_until=from_now(bounds.call + quiet_seconds),
                # Where this process dies now, the next look is due as soon as the lease has ended.
                next_at=from_now(0),
                outcome="",
                updated_at=MachineNow(),
            )
            if not updated:
                raise LostClaim
            stopped = guards.stopped(change)
            if stopped:
                raise WritesAreStopped(stopped)
            call = WriteCall.objects.create(change=change, fence=claim.fence, sent_at=clock.now())
    except IntegrityError as error:  # another change of the entity is at the platform
        raise LostClaim from error
    change.state = Change.State.SENT
    change.attempts += 1
    change.rounds += 1 if again else 0
    return call


def answered(call: WriteCall, answer: str, *, message: str = "", request_id: str = "") -> None:
    """Keep what the platform said to a call."""
    WriteCall.objects.filter(pk=call.pk).update(
        answered_at=clock.now(), answer=answer, message=message[:400], request_id=request_id[:120]
    )
    if request_id:
        Change.objects.filter(pk=call.change_id).update(platform_request_id=request_id[:120])


def later(
    claim: Claim,
    words: str,
    *,
    seconds: float,
    state: str = "",
    quiet_seconds: float | None = None,
    observed: dict[str, Any] | None = None,
    gives_back_round: bool = False,
) -> str:
    """Let go of the change until it is due again; by default it stays in its state."""
    values: dict[str, Any] = {
        "owner": "",
        "lease_until": None,
        "next_at": from_now(seconds),
        "outcome": words[:400],
    }
    if state:
        values["state"] = state
    if quiet_seconds is not None:
        values["quiet_until"] = from_now(quiet_seconds)
    if observed is not None:
        values["observed"] = observed
    if gives_back_round and claim.change.rounds:
        values["rounds"] = claim.change.rounds - 1
    Change.objects.filter(pk=claim.change.pk, fence=claim.fence).update(**values)
    realtime.changed(
        claim.change.organization_id,
        "change_set",
        str(claim.change.change_set.public_id),
        client_id=claim.change.client_id,
    )
    return state or claim.change.state


def finish(claim: Claim, state: str, words: str, *, observed: dict[str, Any] | None = None) -> str:
    """T3: the end of a change, with its audit entry, mirror and events in one transaction."""
    if state == Change.State.VERIFIED:
        crash.point("before_t3")
    with transaction.atomic():
        change_set = ChangeSet.objects.locked().get(pk=claim.change.change_set_id)
        ended = Change.objects.filter(pk=claim.change.pk, fence=claim.fence, state=claim.change.state).update(
            state=state,
            outcome=words[:400],
            observed=claim.change.observed if observed is None else observed,
            finished_at=clock.now(),
            next_at=None,
            lease_until=None,
            owner="",
            updated_at=MachineNow(),
        )
        if not ended:
            raise LostClaim
        change = Change.objects.select_related("budget", "ad_campaign", "ad_group", "ad_account").get(
            pk=claim.change.pk
        )
        if state in (Change.State.VERIFIED, Change.State.NOOP):
            mirror.reflect(change)
        tell(change, change_set, actor=Actor.system(change.organization_id, "ledger"))
        change_set_end.settle(change_set)
        if state == Change.State.CONFLICT:
            automation.trip(change.ad_account)
    return state


def tell(change: Change, change_set: ChangeSet, *, actor: Actor) -> None:
    """Record the end of a change and let the layers above know."""
    seen = change.observed or {}
    audit.record(
        f"campaigns.change.{change.state}",
        actor=actor,
        obj=change,
        object_label=mirror.label(change),
        before=mirror.as_value(change, "base"),
        after=mirror.as_value(change, "target") if change.state == Change.State.VERIFIED else {"seen": seen},
        reason=change.outcome if change.state != Change.State.VERIFIED else change_set.reason,
        links={
            "change_set": str(change_set.public_id),
            "approval": change.approval_id,
            "origin": change_set.origin,
            "origin_id": change_set.origin_id,
            "platform_request_id": change.platform_request_id,
        },
    )
    outbox.publish(
        ChangeFinished(
            organization_id=change.organization_id,
            change_id=str(change.public_id),
            change_set_id=str(change_set.public_id),
            state=change.state,
        )
    )
    realtime.changed(
        change.organization_id, "change_set", str(change_set.public_id), client_id=change.client_id
    )
