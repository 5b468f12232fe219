"""Who works here: roles changed and ended. Nobody grants, changes or ends a role above their own."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from lane.accounts import policies, selectors
from lane.accounts.events import MembershipChanged
from lane.accounts.models import ApiKey, Invitation, Membership, Role
from lane.audit.services import record, recording, snapshot
from lane.core import clock, realtime
from lane.core.actors import Actor, ActorKind
from lane.core.errors import InvalidInput, NotAllowed, NotVisible
from lane.core.outbox import publish

_LAST_OWNER = "An organization keeps at least one owner. Make somebody else an owner first."


def parse_role(text: str) -> Role:
    """The role of that name. Raises ``InvalidInput`` for any other word."""
    try:
        return Role(text)
    except ValueError:
        known = ", ".join(role.value for role in Role)
        raise InvalidInput(fields={"role": f"“{text}” is not a role. Use one of: {known}."}) from None


def grantable_roles(actor: Actor, client_id: int | None) -> list[Role]:
    """The roles this actor may give on a client, or on the organization when None."""
    held = policies.role_on(actor, client_id)
    if held is None or not policies.may(actor, "manage", client_id=client_id):
        return []
    return [role for role in Role if role.rank <= held.rank]


def require_grantable(actor: Actor, role: Role, client_id: int | None) -> None:
    """Refuse to give a role above the actor's own."""
    if role not in grantable_roles(actor, client_id):
        raise NotAllowed(f"You cannot give the role {role.label}: it is above your own. Ask an owner.")


@transaction.atomic
def change(
    membership_id: UUID | str,
    *,
    actor: Actor,
    role: str | None = None,
    is_approver: bool | None = None,
    reason: str = "",
) -> Membership:
    """Change a role or the approver flag; it counts from the person's next request."""
    membership = _own(membership_id, actor)
    policies.require(actor, "manage", membership)
    require_grantable(actor, Role(membership.role), membership.client_id)
    wanted = parse_role(role) if role is not None else Role(membership.role)
    require_grantable(actor, wanted, membership.client_id)
    if wanted is not Role.OWNER:
        _require_other_owner(membership)
    with recording(membership, "accounts.membership.changed", actor=actor, reason=reason):
        membership.role = wanted
        membership.is_approver = membership.is_approver if is_approver is None else is_approver
        membership.save(update_fields=["role", "is_approver", "updated_at"])
    _withdraw_invitations(membership, above=wanted.rank)
    _tell(membership, removed=False)
    return membership


@transaction.atomic
def remove(membership_id: UUID | str, *, actor: Actor, reason: str = "") -> None:
    """End a membership: by somebody who manages the team, or by the person who leaves."""
    membership = _own(membership_id, actor)
    leaves = actor.kind is ActorKind.PERSON and membership.user_id == actor.user_id
    if not leaves:
        policies.require(actor, "manage", membership)
        require_grantable(actor, Role(membership.role), membership.client_id)
    _require_other_owner(membership)
    record(
        "accounts.membership.left" if leaves else "accounts.membership.removed",
        actor=actor,
        obj=membership,
        before=snapshot(membership),
        reason=reason,
    )
    _withdraw_invitations(membership, above=-1)
    _tell(membership, removed=True)
    user_id, organization_id = membership.user_id, membership.organization_id
    membership.delete()
    if not Membership.objects.filter(organization_id=organization_id, user_id=user_id).exists():
        ApiKey.objects.filter(
            organization_id=organization_id, user_id=user_id, revoked_at__isnull=True
        ).update(revoked_at=clock.machine_now())


def _own(membership_id: UUID | str, actor: Actor) -> Membership:
    """The membership, locked together with every owner, so that two owners cannot remove each other."""
    owners = Membership.objects.for_organization(actor.organization_id).filter(role=Role.OWNER, client=None)
    list(owners.locked().values_list("pk", flat=True))
    try:
        return (
            selectors.memberships_for(actor)
            .select_related(None)
            .locked()
            .get(public_id=UUID(str(membership_id)))
        )
    except (Membership.DoesNotExist, ValueError):
        raise NotVisible from None


def _require_other_owner(membership: Membership) -> None:
    if membership.role != Role.OWNER or membership.client_id is not None:
        return
    others = Membership.objects.filter(
        organization_id=membership.organization_id,
        role=Role.OWNER,
        client=None,
        user__is_active=True,
    ).exclude(pk=membership.pk)
    if not others.exists():
        raise InvalidInput(_LAST_OWNER, fields={"role": _LAST_OWNER}, code="last_owner")


def _withdraw_invitations(membership: Membership, *, above: int) -> None:
    """Offers this person could no longer make themselves do not outlive the right to make them."""
    # Below admin nobody invites at all, so then every offer goes.
    lost = [role for role in Role if role.rank > above or above < Role.ADMIN.rank]
    withdrawn = Invitation.objects.filter(
        organization_id=membership.organization_id,
        invited_by_id=membership.user_id,
        accepted_at__isnull=True,
        revoked_at__isnull=True,
        role__in=lost,
    )
    if membership.client_id is not None:
        withdrawn = withdrawn.filter(client_id=membership.client_id)
    withdrawn.update(revoked_at=clock.now())


def _tell(membership: Membership, *, removed: bool) -> None:
    publish(
        MembershipChanged(
            organization_id=membership.organization_id,
            user_id=str(membership.user.public_id),
            removed=removed,
        )
    )
    realtime.changed(membership.organization_id, "team", str(membership.public_id))
