"""Who may do what: one question, asked by every service before it changes anything.

Verbs, only these: view, propose, change, approve, apply, manage.
"""

from __future__ import annotations

from typing import Protocol

from lane.accounts.models import Client, Membership, Role, User
from lane.accounts.visibility import access_of
from lane.core.actors import Actor, ActorKind
from lane.core.errors import NotAllowed, NotVisible

_LEAST_ROLE = {
    "view": Role.VIEWER,
    "propose": Role.EDITOR,
    "change": Role.EDITOR,
    "apply": Role.ADMIN,
    "manage": Role.ADMIN,
}
_SCOPE_FOR = {
    "view": "read",
    "propose": "propose",
    "change": "write",
    "approve": "decide",
    "apply": "write",
    "manage": "manage",
}
_SYSTEM_MAY = frozenset({"view", "propose", "change", "apply"})
_AGENTS_MAY = frozenset({"view", "propose"})


class Owned(Protocol):
    """Anything that belongs to an organization."""

    organization_id: int


def role_on(actor: Actor, client_id: int | None) -> Role | None:
    """The actor's strongest role on a client, or on the organization when ``client_id`` is None."""
    access = access_of(actor)
    held = [access.organization_role] if access.organization_role else []
    if client_id is not None and client_id in access.client_roles:
        held.append(access.client_roles[client_id])
    return max((Role(name) for name in held), key=lambda role: role.rank, default=None)


def may(actor: Actor, verb: str, *, client_id: int | None) -> bool:
    """Whether the actor may do this to things of a client, or of the organization when None."""
    if actor.is_system:
        return verb in _SYSTEM_MAY
    if actor.kind in (ActorKind.AGENT, ActorKind.RULE) and verb not in _AGENTS_MAY:
        return False
    if actor.scopes is not None and _SCOPE_FOR[verb] not in actor.scopes:
        return False
    if actor.client_ids is not None and (client_id is None or client_id not in actor.client_ids):
        return verb == "view" and client_id is None
    if verb == "approve":
        access = access_of(actor)
        return access.approver_everywhere or client_id in access.approver_clients
    role = role_on(actor, client_id)
    return role is not None and role.rank >= _LEAST_ROLE[verb].rank


def require(actor: Actor, verb: str, thing: Owned | Client) -> None:
    """Refuse unless the actor may do this. Raises ``NotVisible`` (404) or ``NotAllowed`` (403)."""
    client_id = thing.pk if isinstance(thing, Client) else getattr(thing, "client_id", None)
    if thing.organization_id != actor.organization_id or not _sees(actor, client_id):
        raise NotVisible
    if not may(actor, verb, client_id=client_id):
        raise NotAllowed(_refusal(actor, verb))


def require_on_organization(actor: Actor, verb: str) -> None:
    """Refuse unless the actor may do this to the organization itself."""
    if not may(actor, verb, client_id=None):
        raise NotAllowed(_refusal(actor, verb))


def holders(verb: str, *, organization_id: int, client_id: int | None) -> list[User]:
    """Active people who may do this to a client's things: whom to tell, whom to ask."""
    held = Membership.objects.filter(organization_id=organization_id, user__is_active=True)
    everywhere = held.filter(client__isnull=True)
    held = everywhere if client_id is None else everywhere | held.filter(client_id=client_id)
    if verb == "approve":
        held = held.filter(is_approver=True)
    else:
        least = _LEAST_ROLE[verb].rank
        held = held.filter(role__in=[role for role in Role if role.rank >= least])
    return list(User.objects.filter(pk__in=held.values("user_id")).order_by("email"))


def _sees(actor: Actor, client_id: int | None) -> bool:
    access = access_of(actor)
    if client_id is None:
        return access.every_client or bool(access.client_roles)
    if access.allowed_clients is not None and client_id not in access.allowed_clients:
        return False
    return access.every_client or client_id in access.client_roles


def _refusal(actor: Actor, verb: str) -> str:
    if actor.scopes is not None and _SCOPE_FOR[verb] not in actor.scopes:
        return f"This API key lacks the scope “{_SCOPE_FOR[verb]}”."
    if verb == "approve":
        return "Only approvers may decide this. Ask an admin for the approver flag."
    return (
        f"You need the role {_LEAST_ROLE[verb].label} or higher for this. Ask an admin of your organization."
    )
