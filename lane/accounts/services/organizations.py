"""Organizations: founded by the operator, renamed by an owner or admin."""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction

from lane.accounts import policies
from lane.accounts.models import Invitation, Organization, Role
from lane.accounts.services import invitations
from lane.audit.services import record, recording
from lane.core import clock, crypto
from lane.core.actors import Actor
from lane.core.errors import InvalidInput


class Founded(NamedTuple):
    """A new organization and the address at which its first owner joins."""

    organization: Organization
    join_url: str


@transaction.atomic
def found(*, name: str, owner_email: str) -> Founded:
    """Make an organization whose first owner joins by a one-time link, which the operator hands over."""
    address = invitations.clean_email(owner_email)
    organization = Organization.objects.create(name=_clean(name))
    actor = Actor.system(organization.pk, "set-up")
    token = crypto.new_token(invitations.TOKEN_PREFIX)
    Invitation.objects.create(
        organization=organization,
        email=address,
        role=Role.OWNER,
        is_approver=True,
        token_digest=crypto.token_digest(token),
        expires_at=clock.now() + invitations.VALID,
    )
    record("accounts.organization.created", actor=actor, obj=organization, after={"owner": address})
    return Founded(organization, invitations.join_url(token))


@transaction.atomic
def rename(*, name: str, actor: Actor) -> Organization:
    """Change the name every page and mail shows."""
    policies.require_on_organization(actor, "manage")
    organization = Organization.objects.select_for_update().get(pk=actor.organization_id)
    with recording(organization, "accounts.organization.renamed", actor=actor):
        organization.name = _clean(name)
        organization.save(update_fields=["name", "updated_at"])
    return organization


def _clean(name: str) -> str:
    clean = " ".join(name.split())
    if not 0 < len(clean) <= 120:
        raise InvalidInput(fields={"name": "Write a name of at most 120 characters."})
    return clean
