"""Exceptions: one client shared with a guest, who sees it and nothing else."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from guardian.shortcuts import assign_perm, remove_perm

from lane.accounts import policies
from lane.accounts.models import ClientUserObjectPermission, User
from lane.accounts.services import clients, invitations
from lane.audit.services import record
from lane.core import mail
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible

PERMISSION = "view_client"


class Shared(NamedTuple):
    """A guest, and whether the mail server took the mail that tells them."""

    guest: User
    delivered: bool


def share(client_id: UUID | str, *, email: str, actor: Actor) -> Shared:
    """Let a guest see one client. A new address gets a login without a password; the mail says how to set one.

    The answer is the same whether the address was known, so that nobody can probe for logins.
    """
    address = invitations.clean_email(email)
    with transaction.atomic():
        client = clients.own(client_id, actor)
        policies.require(actor, "manage", client)
        guest = User.objects.filter(email=address).first() or User.objects.create_user(address)
        if guest.memberships.filter(organization_id=client.organization_id, client=None).exists():
            raise InvalidInput(fields={"email": f"{address} is in the team and sees every client already."})
        held = ClientUserObjectPermission.objects.filter(
            user=guest, content_object=client, permission__codename=PERMISSION
        )
        if not held.exists():
            assign_perm(PERMISSION, guest, client)
            record("accounts.client.shared", actor=actor, obj=client, after={"guest": address})
    delivered = mail.send(
        "accounts/shared",
        to=address,
        organization=client.organization,
        context={
            "client": client,
            "sharer": actor.label,
            "sign_in_url": f"{settings.LANE_BASE_URL}/",
            "password_url": f"{settings.LANE_BASE_URL}{reverse('account_reset_password')}",
        },
    )
    return Shared(guest, delivered)


@transaction.atomic
def unshare(client_id: UUID | str, user_id: UUID | str, *, actor: Actor) -> None:
    """Stop sharing a client with a guest; it counts from their next request."""
    client = clients.own(client_id, actor)
    policies.require(actor, "manage", client)
    try:
        guest = User.objects.get(
            public_id=UUID(str(user_id)),
            pk__in=ClientUserObjectPermission.objects.filter(content_object=client).values("user_id"),
        )
    except (User.DoesNotExist, ValueError):
        raise NotVisible from None
    remove_perm(PERMISSION, guest, client)
    record("accounts.client.unshared", actor=actor, obj=client, before={"guest": guest.email})
