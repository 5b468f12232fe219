"""Silence never approves: what nobody answered in time ends, and nothing is written."""

from __future__ import annotations

from django.db import transaction

from approvals.models import ApprovalRequest
from approvals.services import closing
from lane.core import clock, subjects
from lane.core.actors import Actor

REASON = "Nobody answered in time."


def expire_due(limit: int = 200) -> int:
    """Expire every open request whose time has passed; any number of sweepers may run at once."""
    due = ApprovalRequest.objects.filter(state=ApprovalRequest.State.OPEN, due_at__lte=clock.now()).order_by(
        "due_at", "id"
    )
    return sum(_expire(pk) for pk in list(due.values_list("pk", flat=True)[:limit]))


@transaction.atomic
def _expire(request_id: int) -> bool:
    request = (
        ApprovalRequest.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(pk=request_id, state=ApprovalRequest.State.OPEN, due_at__lte=clock.now())
        .first()
    )
    if request is None:
        return False
    actor = Actor.system(request.organization_id, "approvals")
    closing.close(request, ApprovalRequest.State.EXPIRED, actor=actor, reason=REASON)
    subjects.get(request.subject_type).turn_down(
        request.subject_id,
        approval_id=str(request.public_id),
        actor=actor,
        reason=REASON,
        outcome="expired",
    )
    return True
