"""One-time links: only a digest is stored, and one link belongs to one approver and one content."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import F

from approvals.models import ApprovalLink, ApprovalRequest
from lane.accounts.models import User
from lane.core import clock
from lane.core.crypto import new_token, token_digest
from lane.core.errors import Gone, NotVisible

PREFIX = "lane_link_"
LIFETIME = timedelta(hours=72)


def issue(request: ApprovalRequest, user: User) -> tuple[ApprovalLink, str]:
    """A new link for one approver and its token; earlier ones of this approver stop working.

    The token exists only in the caller's memory. Store, log and enqueue the link's id, never the token.
    """
    _revoke(request, "A newer link was sent.", user_id=user.pk)
    token = new_token(PREFIX)
    link = ApprovalLink.objects.create(
        request=request,
        user=user,
        email=user.email,
        digest=token_digest(token),
        content_hash=request.content_hash,
        expires_at=min(clock.now() + LIFETIME, request.due_at),
    )
    return link, token


def find(token: str) -> ApprovalLink:
    """The link of a token. Raises ``NotVisible`` for an unknown token and ``Gone`` for a dead link."""
    if not token.startswith(PREFIX):
        raise NotVisible
    link = (
        ApprovalLink.objects.select_related("request", "request__client", "user")
        .filter(digest=token_digest(token))
        .first()
    )
    if link is None:
        raise NotVisible
    require_alive(link)
    return link


def by_id(link_id: UUID | str) -> ApprovalLink | None:
    """The link with that public id, alive or not."""
    return (
        ApprovalLink.objects.select_related("request", "request__client", "user")
        .filter(public_id=link_id)
        .first()
    )


def require_alive(link: ApprovalLink) -> None:
    """Refuse a link that was used, revoked, is too old, or whose person changed. Raises ``Gone``."""
    if link.used_at:
        raise Gone("This link was used. A link decides once.", code="link_used")
    if link.revoked_at:
        raise Gone(link.revoked_reason or "This link was withdrawn.", code="link_revoked")
    if link.expires_at <= clock.now():
        raise Gone("This link has ended. Ask for a new one, or sign in to decide.", code="link_expired")
    if not link.user.is_active or link.email != link.user.email:
        raise Gone("This link belongs to an address that is no longer in use.", code="link_revoked")


def note_opened(link: ApprovalLink) -> None:
    """Remember when a link was first opened; later openings change nothing."""
    ApprovalLink.objects.filter(pk=link.pk, opened_at=None).update(opened_at=clock.now())


def consume(link: ApprovalLink, *, content_hash: str) -> bool:
    """Use a link up: true for exactly one caller. Call it in the transaction that records the decision."""
    now = clock.now()
    used = ApprovalLink.objects.filter(
        pk=link.pk,
        used_at=None,
        revoked_at=None,
        expires_at__gt=now,
        content_hash=content_hash,
        user__is_active=True,
        user__email=F("email"),
    ).update(used_at=now)
    return used == 1


def revoke_all(request: ApprovalRequest, reason: str) -> int:
    """Every open link of a request stops working."""
    return _revoke(request, reason)


def revoke_for_person(request: ApprovalRequest, user_id: int, reason: str) -> int:
    """Every open link of one person to one request stops working."""
    return _revoke(request, reason, user_id=user_id)


def revoke_for_user(user_id: int, reason: str, *, organization_id: int) -> int:
    """Every open link of a person in one organization stops working."""
    open_links = ApprovalLink.objects.filter(
        user_id=user_id, request__organization_id=organization_id, used_at=None, revoked_at=None
    )
    return open_links.update(revoked_at=clock.now(), revoked_reason=reason[:120])


def _revoke(request: ApprovalRequest, reason: str, *, user_id: int | None = None) -> int:
    open_links = ApprovalLink.objects.filter(request=request, used_at=None, revoked_at=None)
    if user_id is not None:
        open_links = open_links.filter(user_id=user_id)
    return open_links.update(revoked_at=clock.now(), revoked_reason=reason[:120])
