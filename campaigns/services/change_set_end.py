"""When a change set is over."""

from __future__ import annotations

from campaigns.events import ChangeSetFinished
from campaigns.models import Change, ChangeSet
from lane.audit import services as audit
from lane.core import outbox, realtime
from lane.core.actors import Actor

_DONE = {Change.State.VERIFIED, Change.State.NOOP}


def settle(change_set: ChangeSet) -> None:
    """Close an approved set once every row has ended. The caller holds the set's lock."""
    if change_set.state != ChangeSet.State.APPROVED:
        return
    states = set(
        change_set.changes.filter(version=change_set.version).values_list("state", flat=True).distinct()
    )
    if states & {Change.State.PROPOSED, *Change.OPEN}:
        return
    if states <= _DONE:
        change_set.state = ChangeSet.State.APPLIED
    elif states == {Change.State.EXPIRED}:
        change_set.state = ChangeSet.State.EXPIRED
    else:
        change_set.state = ChangeSet.State.FAILED
    change_set.save(update_fields=["state", "updated_at"])
    audit.record(
        f"campaigns.change_set.{change_set.state}",
        actor=Actor.system(change_set.organization_id, "ledger"),
        obj=change_set,
        before={"state": ChangeSet.State.APPROVED},
        after={"state": change_set.state},
        links={"approval": change_set.approval_id, "origin_id": change_set.origin_id},
    )
    outbox.publish(
        ChangeSetFinished(
            organization_id=change_set.organization_id,
            change_set_id=str(change_set.public_id),
            client_id=str(change_set.client.public_id),
            state=change_set.state,
        )
    )
    realtime.changed(
        change_set.organization_id, "change_set", str(change_set.public_id), client_id=change_set.client_id
    )
