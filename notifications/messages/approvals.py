"""Who is told what about approval requests."""

from __future__ import annotations

from django.urls import reverse

from approvals.events import RequestClosed, RequestDecided, RequestOpened
from approvals.models import ApprovalRequest, Decision
from notifications.events import MailUndelivered
from notifications.messages.notice import Notice, Severity, people_who_may
from notifications.models import EmailDelivery

_SAYS = {
    Decision.Kind.APPROVE: "Approved",
    Decision.Kind.APPROVE_LOWER: "Approved, lower",
    Decision.Kind.CHANGES: "Changes requested",
    Decision.Kind.DECLINE: "Declined",
}


def opened(event: RequestOpened) -> list[Notice]:
    """Ask every approver; where nobody can approve, say so to the admins."""
    request = _request(event.organization_id, event.request_id)
    if request is None or request.state != ApprovalRequest.State.OPEN:
        return []
    asked = [row.user for row in request.approvers.select_related("user") if row.user.is_active]
    if not asked:
        return [
            _notice(
                request, user, event.name, f"Nobody can approve: {request.title}", "nobody",
                severity=Severity.HIGH,
                body="Give somebody the approver flag, or change the approval policy.",
            )
            for user in people_who_may(
                "manage", organization_id=request.organization_id, client_id=request.client_id
            )
        ]  # fmt: skip
    return [
        _notice(
            request, user, event.name, f"Approve? {request.title}", "opened",
            severity=Severity.HIGH,
            body=f"{request.requested_by_label} asks, {request.client.name}.",
            mail="request_opened",
        )
        for user in asked
    ]  # fmt: skip


def decided(event: RequestDecided) -> list[Notice]:
    """Tell the requester what was decided, and confirm it to the person who decided."""
    request = _request(event.organization_id, event.request_id)
    decision = request.decisions.select_related("user").first() if request else None
    if request is None or decision is None:
        return []
    title = f"{_SAYS[Decision.Kind(decision.kind)]}: {request.title}"
    body = f"By {decision.user_label}." + (f" “{decision.comment}”" if decision.comment else "")
    mail = "" if request.was_automatic else "request_decided"
    people = {user.pk: user for user in (request.requested_by, decision.user) if user and user.is_active}
    return [
        _notice(
            request, user, event.name, title, "decided", body=body, mail=mail,
            severity=Severity.LOW if user == decision.user else Severity.NORMAL,
        )
        for user in people.values()
    ]  # fmt: skip


def closed(event: RequestClosed) -> list[Notice]:
    """Tell the requester that nobody answered, or the approvers that nothing is left to answer."""
    request = _request(event.organization_id, event.request_id)
    if request is None:
        return []
    if event.state == ApprovalRequest.State.EXPIRED:
        person = request.requested_by
        if person is None or not person.is_active:
            return []
        title = f"Nobody answered: {request.title}"
        return [
            _notice(
                request, person, event.name, title, "expired", severity=Severity.HIGH,
                body="Nothing was changed. Propose it again if it still makes sense.",
                mail="request_expired",
            )
        ]  # fmt: skip
    if event.state == ApprovalRequest.State.WITHDRAWN:
        return [
            _notice(
                request, row.user, event.name, f"No longer needed: {request.title}", "withdrawn",
                severity=Severity.LOW, body=request.outcome_reason,
            )
            for row in request.approvers.select_related("user")
            if row.user.is_active
        ]  # fmt: skip
    return []  # replaced by a newer version, which asks for itself


def undelivered(event: MailUndelivered) -> list[Notice]:
    """Tell the requester that an approver could not be asked by e-mail."""
    request = _request(event.organization_id, event.request_id) if event.request_id else None
    delivery = EmailDelivery.objects.filter(public_id=event.delivery_id).first()
    if request is None or delivery is None or delivery.message != "request_opened":
        return []
    person = request.requested_by
    if person is None or not person.is_active or request.state != ApprovalRequest.State.OPEN:
        return []
    return [
        _notice(
            request, person, event.name, f"Mail not delivered to {delivery.email}",
            f"undelivered:{event.delivery_id}", severity=Severity.HIGH,
            body="Check the address, or ask this approver to sign in and decide in Lane.",
        )
    ]  # fmt: skip


def _request(organization_id: int, request_id: str) -> ApprovalRequest | None:
    return (
        ApprovalRequest.objects.for_organization(organization_id)
        .select_related("client", "requested_by")
        .filter(public_id=request_id)
        .first()
    )


def _notice(
    request: ApprovalRequest,
    user: object,
    kind: str,
    title: str,
    what: str,
    *,
    severity: Severity = Severity.NORMAL,
    body: str = "",
    mail: str = "",
) -> Notice:
    return Notice(
        user=user,  # type: ignore[arg-type]
        organization_id=request.organization_id,
        client_id=request.client_id,
        kind=kind,
        severity=severity,
        title=title,
        body=body,
        url=reverse("request-detail", args=[request.public_id]),
        dedupe_key=f"request:{request.public_id}:{what}",
        mail=mail,
        params={"request_id": str(request.public_id)} if mail else {},
    )
