"""Opening requests: which policy rules, who is asked, and what needs nobody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction

from approvals.amounts import rows_of
from approvals.events import RequestDecided, RequestOpened
from approvals.models import ApprovalRequest, Decision, RequestApprover
from approvals.selectors import may_decide, policy_of, snapshot
from approvals.services import closing, limits
from lane.accounts.models import Client
from lane.audit import services as audit
from lane.core import clock, outbox, realtime, subjects, trust
from lane.core.actors import Actor

EDITED = "The proposal was edited, so it needs a new decision."


@transaction.atomic
def open_request(
    subject_type: str,
    subject_id: str,
    *,
    client: Client,
    actor_label: str,
    requested_by_id: int | None,
    barred_user_ids: Iterable[int],
    version: int = 1,
    proposer_kind: str = "person",
    expires_at: datetime | None = None,
) -> ApprovalRequest:
    """Ask for a yes to one subject as it stands now; asking twice for the same content gives one request.

    An open request for older content is replaced. What the policy's automatic limits cover is approved here
    and recorded as such; every other request waits for a person.
    """
    subject = subjects.get(subject_type)
    actor = Actor.system(client.organization_id, "approvals")
    content_hash = subject.content_hash(subject_id)
    current = (
        ApprovalRequest.objects.locked()
        .filter(subject_type=subject_type, subject_id=subject_id, state=ApprovalRequest.State.OPEN)
        .first()
    )
    if current is not None and current.content_hash == content_hash and current.version == version:
        return current
    if current is not None:
        closing.close(current, ApprovalRequest.State.SUPERSEDED, actor=actor, reason=EDITED)

    diff = subject.diff(subject_id)
    policy = snapshot(policy_of(client))
    due_at = clock.now() + timedelta(hours=policy["sla_hours"])
    stored = audit.plain(asdict(diff))
    rows = rows_of(stored)
    limits.hold(rows)
    request = ApprovalRequest.objects.create(
        organization_id=client.organization_id,
        client=client,
        subject_type=subject_type,
        subject_id=subject_id,
        version=version,
        title=diff.title[:300],
        diff=stored,
        content_hash=content_hash,
        policy_snapshot=policy,
        needs_sign_in=limits.above_link_cap(rows, policy, client_currency=client.currency),
        requested_by_id=requested_by_id,
        requested_by_label=actor_label[:200],
        barred_user_ids=sorted(set(barred_user_ids)),
        opened_at=clock.now(),
        due_at=min(due_at, expires_at) if expires_at else due_at,
    )
    reason = limits.automatic_reason(
        rows,
        policy,
        proposer_kind=proposer_kind,
        client_currency=client.currency,
        earned=trust.trust(client.pk),
    )
    if reason:
        _approve_by_policy(request, reason, actor=actor)
    else:
        _ask(request, actor=actor)
    realtime.changed(request.organization_id, "request", str(request.public_id), client_id=request.client_id)
    return request


def _ask(request: ApprovalRequest, *, actor: Actor) -> None:
    asked_at = clock.now()
    asked = may_decide(request)
    RequestApprover.objects.bulk_create(
        [RequestApprover(request=request, user=user, asked_at=asked_at) for user in asked]
    )
    audit.record(
        "approvals.request.opened",
        actor=actor,
        obj=request,
        after={
            "asked": [user.email for user in asked],
            "due_at": request.due_at,
            "needs_sign_in": request.needs_sign_in,
            "policy": request.policy_snapshot,
            "content_hash": request.content_hash,
        },
        links={"subject": request.subject_id},
    )
    outbox.publish(
        RequestOpened(
            organization_id=request.organization_id,
            request_id=str(request.public_id),
            client_id=str(request.client.public_id),
        )
    )


def _approve_by_policy(request: ApprovalRequest, reason: str, *, actor: Actor) -> None:
    """Record the policy's own yes and carry it out."""
    now = clock.now()
    request.state = ApprovalRequest.State.APPROVED
    request.was_automatic, request.decided_at, request.outcome_reason = True, now, reason
    request.save(update_fields=["state", "was_automatic", "decided_at", "outcome_reason", "updated_at"])
    Decision.objects.create(
        request=request,
        user=None,
        user_label=f"Policy “{request.policy_snapshot['name']}”",
        kind=Decision.Kind.APPROVE,
        comment=reason,
        content_hash=request.content_hash,
        via="policy",
        at=now,
    )
    audit.record(
        "approvals.request.approved",
        actor=actor,
        obj=request,
        after={"state": request.state, "automatic": True, "policy": request.policy_snapshot},
        reason=reason,
        links={"subject": request.subject_id},
    )
    subjects.get(request.subject_type).carry_out(
        request.subject_id,
        approval_id=str(request.public_id),
        approved_hash=request.content_hash,
        actor=actor,
        lowered=None,
    )
    outbox.publish(
        RequestDecided(
            organization_id=request.organization_id,
            request_id=str(request.public_id),
            client_id=str(request.client.public_id),
            kind=Decision.Kind.APPROVE,
        )
    )
