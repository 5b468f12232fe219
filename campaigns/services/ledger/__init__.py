"""The write ledger: every approved change reaches its platform exactly once in effect.

PostgreSQL owns each intent; a broker message is only a hint to look at one. A change goes APPROVED -> SENT ->
VERIFIED in three short transactions with the network between them, never inside them:

T1 claims it (lease by the database's clock, growing fence, kill switches and caps read under a lock); the
platform is read and must still show what people saw; T2 commits SENT before the call; T3 commits VERIFIED with
the audit entry once the platform shows the new value. Whatever dies in between is found by the sweep, and what
may have landed is settled by reading, never by sending blindly.

What no ad platform lets anybody prevent: a worker frozen in the instant between the lease check and the send,
and thawed after the next change of the same budget was verified, can still write the older value. The drift
check of the next sync shows it.
"""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import transaction

from campaigns.models import Change, ChangeSet, Connection, WriteCall
from campaigns.platforms import registry
from campaigns.platforms.errors import PlatformError, RateLimited
from campaigns.services import connections
from campaigns.services.ledger import claims, outcomes, writing
from campaigns.services.ledger.claims import Claim
from campaigns.services.ledger.limits import MachineNow, backoff, from_now
from lane.accounts import policies
from lane.audit import services as audit
from lane.core import realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate

__all__ = ["apply", "drain", "due", "retry", "seconds_until_due", "sweep"]

logger = logging.getLogger(__name__)
RECONNECT_SECONDS = 60
due = claims.due


def apply(change_id: int) -> str:
    """Bring one change as far as it can get now; safe to call any number of times, from anywhere."""
    registry.require_no_transaction()
    claim = claims.take(change_id)
    if claim is not None:
        try:
            return _work(claim)
        except outcomes.LostClaim:
            pass
    return str(Change.objects.values_list("state", flat=True).get(pk=change_id))


def _work(claim: Claim) -> str:
    if claim.refusal:
        return outcomes.finish(claim, Change.State.BLOCKED, claim.refusal)
    connection = claim.change.ad_account.connection
    if connection is None:
        return outcomes.finish(claim, Change.State.BLOCKED, "The ad account is not connected.")
    if connection.status == Connection.Status.RECONNECT:
        return outcomes.later(
            claim, f"Waiting: {connection} must be connected again.", seconds=RECONNECT_SECONDS
        )
    try:
        with connections.open_line(connection) as platform:
            return writing.carry_on(claim, platform)
    except PlatformError as error:  # before anything was sent: reading failed
        asked = error.retry_after if isinstance(error, RateLimited) else None
        wait = writing.scaled(backoff(min(claim.fence, 6), asked), asked)
        return outcomes.later(claim, f"Could not read the platform: {error.message}", seconds=wait)
    except outcomes.LostClaim:
        raise
    except Exception as error:
        outcomes.later(claim, f"Failed unexpectedly: {type(error).__name__}.", seconds=backoff(4))
        raise


def sweep(limit: int = 50) -> int:
    """Apply everything due, here and now; needs no broker. Returns how many changes were looked at."""
    found = due(limit)
    for change_id in found:
        try:
            apply(change_id)
        except Exception:  # one broken change must not hold up the others
            logger.exception("change %s could not be applied", change_id)
    return len(found)


def drain(rounds: int = 200) -> int:
    """Apply until nothing is due; what waits for a later look stays for the sweep."""
    done = 0
    for _ in range(rounds):
        now = sweep()
        if not now:
            break
        done += now
    return done


def seconds_until_due(change_id: int) -> float | None:
    """How long until a change is worth another look; None when it is over."""
    row = (
        Change.objects.filter(pk=change_id, state__in=Change.OPEN).annotate(machine_now=MachineNow()).first()
    )
    if row is None or row.next_at is None:
        return None
    now = row.machine_now  # type: ignore[attr-defined]
    return max(0.0, (row.next_at - now).total_seconds())


@transaction.atomic
def retry(change_id: UUID | str, *, actor: Actor, reason: str) -> Change:
    """A person looked at a stuck change and wants Lane to settle it: read back first, then one more round."""
    found = Change.objects.visible_to(actor).filter(public_id=change_id).first()
    if found is None:
        raise NotVisible
    policies.require(actor, "apply", found)
    if len(reason.strip()) < 3:
        raise InvalidInput(fields={"reason": "Say what you found at the platform, in a few words."})
    change_set = ChangeSet.objects.locked().get(pk=found.change_set_id)
    change = Change.objects.locked().get(pk=found.pk)
    if change.state != Change.State.STUCK:
        raise OutOfDate("This change is no longer stuck.")
    if Change.objects.filter(entity_key=change.entity_key, state=Change.State.SENT).exists():
        raise OutOfDate("A newer change of the same budget is being written. Try again when it is done.")
    Change.objects.filter(pk=change.pk).update(
        state=Change.State.SENT, rounds=0, next_at=from_now(0), finished_at=None, outcome="Trying again."
    )
    change_set.state = ChangeSet.State.APPROVED
    change_set.save(update_fields=["state", "updated_at"])
    audit.record(
        "campaigns.change.retried",
        actor=actor,
        obj=change,
        reason=reason,
        links={
            "change_set": str(change_set.public_id),
            "calls": WriteCall.objects.filter(change=change).count(),
        },
    )
    realtime.changed(
        change.organization_id, "change_set", str(change_set.public_id), client_id=change.client_id
    )
    change.refresh_from_db()
    return change
