"""Invitations: an e-mailed one-time link is the only way in. The token lives in that mail alone."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from lane.accounts import policies, selectors
from lane.accounts.models import Client, Invitation, Membership, Role, User
from lane.accounts.services import team
from lane.audit.services import record, recording
from lane.core import clock, crypto, mail, realtime
from lane.core.actors import Actor, ActorKind
from lane.core.errors import Gone, InvalidInput, NotAllowed, NotVisible

TOKEN_PREFIX = "lane_invite_"
VALID = timedelta(days=7)


class Sent(NamedTuple):
    """An invitation, and whether the mail server took its mail."""

    invitation: Invitation
    delivered: bool


def invite(
    *, email: str, role: str, actor: Actor, client: Client | None = None, is_approver: bool = False
) -> Sent:
    """Offer a role on the organization or on one client. A newer offer to the same address replaces it."""
    if client is None:
        policies.require_on_organization(actor, "manage")
    else:
        policies.require(actor, "manage", client)
    wanted = team.parse_role(role)
    team.require_grantable(actor, wanted, client.pk if client else None)
    address = clean_email(email)
    if Membership.objects.filter(
        organization_id=actor.organization_id, client=client, user__email=address
    ).exists():
        raise InvalidInput(fields={"email": f"{address} has this access already. Change the role instead."})
    token = crypto.new_token(TOKEN_PREFIX)
    with transaction.atomic():
        Invitation.objects.for_organization(actor.organization_id).filter(
            email=address, client=client, accepted_at__isnull=True, revoked_at__isnull=True
        ).update(revoked_at=clock.now())
        invitation = Invitation.objects.create(
            organization_id=actor.organization_id,
            email=address,
            client=client,
            role=wanted,
            is_approver=is_approver,
            token_digest=crypto.token_digest(token),
            invited_by_id=actor.user_id,
            expires_at=clock.now() + VALID,
        )
        offer = {"email": address, "role": wanted.value, "is_approver": is_approver}
        record("accounts.invitation.sent", actor=actor, obj=invitation, after=offer)
        realtime.changed(actor.organization_id, "team")
    return Sent(invitation, _send(invitation, token))


def resend(invitation_id: UUID | str, *, actor: Actor) -> Sent:
    """Send a new link; the one sent before stops working."""
    token = crypto.new_token(TOKEN_PREFIX)
    with transaction.atomic():
        invitation = _own(invitation_id, actor)
        team.require_grantable(actor, Role(invitation.role), invitation.client_id)
        with recording(invitation, "accounts.invitation.sent_again", actor=actor):
            invitation.token_digest = crypto.token_digest(token)
            invitation.expires_at = clock.now() + VALID
            invitation.invited_by_id = actor.user_id
            invitation.save(update_fields=["token_digest", "expires_at", "invited_by", "updated_at"])
    return Sent(invitation, _send(invitation, token))


@transaction.atomic
def withdraw(invitation_id: UUID | str, *, actor: Actor) -> None:
    """Take an offer back; its link stops working."""
    invitation = _own(invitation_id, actor)
    with recording(invitation, "accounts.invitation.withdrawn", actor=actor):
        invitation.revoked_at = clock.now()
        invitation.save(update_fields=["revoked_at", "updated_at"])
    realtime.changed(actor.organization_id, "team")


def find(token: str) -> Invitation:
    """The usable invitation of a link. Raises ``NotVisible`` or ``Gone``."""
    return by_digest(crypto.token_digest(token))


def by_digest(digest: str, *, lock: bool = False) -> Invitation:
    """The usable invitation a link was opened for. Raises ``NotVisible`` or ``Gone``."""
    rows = (
        Invitation.objects.locked() if lock else Invitation.objects.select_related("organization", "client")
    )
    invitation = rows.filter(token_digest=digest).first()
    if invitation is None:
        raise NotVisible
    if invitation.accepted_at is not None:
        raise Gone("This invitation was used already. Sign in instead.")
    if invitation.revoked_at is not None:
        raise Gone("This invitation was withdrawn. Ask the person who invited you for a new one.")
    if invitation.expires_at <= clock.now():
        raise Gone("This invitation has expired. Ask the person who invited you for a new one.")
    return invitation


def needs_password(invitation: Invitation) -> bool:
    """Whether the invited person has no way to sign in yet."""
    known = User.objects.filter(email=invitation.email).first()
    return known is None or not known.has_usable_password()


@transaction.atomic
def accept(digest: str, *, user: User, ip: str = "") -> Membership:
    """Join with the login one is signed in with; it must be the invited address."""
    invitation = by_digest(digest, lock=True)
    if user.email != invitation.email or not user.is_active:
        raise NotAllowed(
            f"This invitation is for {invitation.email}. Sign in with that address to accept it."
        )
    return _join(invitation, user, ip)


@transaction.atomic
def accept_as_new(digest: str, *, name: str, password: str, ip: str = "") -> User:
    """Join by choosing a name and a password; the link proves the address."""
    invitation = by_digest(digest, lock=True)
    user = User.objects.select_for_update().filter(email=invitation.email).first()
    if user is not None and (user.has_usable_password() or not user.is_active):
        raise NotAllowed(f"{invitation.email} has a login already. Sign in with it to accept.")
    clean_name = " ".join(name.split())[:120]
    if not clean_name:
        raise InvalidInput(fields={"name": "Write your name, so that others see who decides."})
    user = user or User(email=invitation.email)
    user.name = clean_name
    try:
        password_validation.validate_password(password, user)
    except ValidationError as refused:
        raise InvalidInput(fields={"password": " ".join(refused.messages)}) from refused
    user.set_password(password)
    user.save()
    _join(invitation, user, ip)
    return user


def clean_email(text: str) -> str:
    """An address in lower case. Raises ``InvalidInput``."""
    address = text.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidInput(fields={"email": f"“{text}” is not an e-mail address."}) from None
    return address


def _join(invitation: Invitation, user: User, ip: str) -> Membership:
    """Use the invitation up. An existing role on the same thing is raised, never lowered."""
    actor = Actor(ActorKind.PERSON, invitation.organization_id, user.pk, str(user), via="invitation", ip=ip)
    invitation.accepted_at = clock.now()
    invitation.save(update_fields=["accepted_at", "updated_at"])
    membership, _ = Membership.objects.get_or_create(
        organization_id=invitation.organization_id,
        user=user,
        client=invitation.client,
        defaults={"role": invitation.role, "is_approver": invitation.is_approver},
    )
    membership.role = max(Role(membership.role), Role(invitation.role), key=lambda role: role.rank)
    membership.is_approver = membership.is_approver or invitation.is_approver
    membership.save(update_fields=["role", "is_approver", "updated_at"])
    record(
        "accounts.membership.joined",
        actor=actor,
        obj=membership,
        after={"role": membership.role, "is_approver": membership.is_approver},
        links={"invitation": invitation.public_id, "invited_by": str(invitation.invited_by or "")},
    )
    realtime.changed(invitation.organization_id, "team", str(membership.public_id))
    return membership


def _own(invitation_id: UUID | str, actor: Actor) -> Invitation:
    rows = selectors.invitations_for(actor).select_related(None).locked()
    try:
        return rows.get(public_id=UUID(str(invitation_id)))
    except (Invitation.DoesNotExist, ValueError):
        raise NotVisible from None


def join_url(token: str) -> str:
    """The whole address a mail carries."""
    return f"{settings.LANE_BASE_URL}{reverse('join-open', args=[token])}"


def _send(invitation: Invitation, token: str) -> bool:
    context = {"invitation": invitation, "join_url": join_url(token), "inviter": invitation.invited_by}
    return mail.send(
        "accounts/invitation", to=invitation.email, organization=invitation.organization, context=context
    )
