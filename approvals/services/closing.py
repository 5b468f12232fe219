"""Requests that end without a decision: too late, taken back, or replaced."""

from __future__ import annotations

from approvals import machine
from approvals.events import RequestClosed
from approvals.models import ApprovalRequest
from approvals.services import links
from lane.audit import services as audit
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor

_LINK_SAYS = {
    "expired": "The time to answer has passed; nothing was changed.",
    "withdrawn": "The proposal was taken back; nothing was changed.",
    "superseded": "The proposal was edited after this mail went out. A new mail shows the new version.",
}


def close(request: ApprovalRequest, state: str, *, actor: Actor, reason: str) -> None:
    """End a locked, open request in a transaction of the caller; its links stop working."""
    before = request.state
    request.state = machine.state_without_decision(request.state, state)
    request.decided_at = clock.now()
    request.outcome_reason = reason[:500]
    request.save(update_fields=["state", "decided_at", "outcome_reason", "updated_at"])
    links.revoke_all(request, _LINK_SAYS[state])
    audit.record(
        f"approvals.request.{state}",
        actor=actor,
        obj=request,
        before={"state": before},
        after={"state": state},
        reason=reason,
        links={"subject": request.subject_id},
    )
    outbox.publish(
        RequestClosed(
            organization_id=request.organization_id,
            request_id=str(request.public_id),
            client_id=str(request.client.public_id),
            state=state,
        )
    )
    realtime.changed(request.organization_id, "request", str(request.public_id), client_id=request.client_id)


def close_for_subject(subject_type: str, subject_id: str, state: str, *, actor: Actor, reason: str) -> bool:
    """End the open request of a subject, if there is one. Call it in a transaction."""
    request = (
        ApprovalRequest.objects.locked()
        .filter(subject_type=subject_type, subject_id=subject_id, state=ApprovalRequest.State.OPEN)
        .first()
    )
    if request is None:
        return False
    close(request, state, actor=actor, reason=reason)
    return True
