"""Which rows an actor sees: the one place where tenancy meets querysets.

A person sees a client through a membership on the organization, a membership on the client, or a guardian
exception. Everything a client owns is seen with the client. An API key sees what its owner sees, narrowed to
its clients. The system sees its organization.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import Q, Value

from lane.core.actors import Actor
from lane.core.querysets import LaneQuerySet

M = TypeVar("M", bound=models.Model, covariant=True)
_CACHE_KEY = "access"
_GUEST = "guest"  # not a role: a client shared outside any membership


@dataclass(frozen=True, slots=True)
class Access:
    """What one actor holds: a role on the organization and roles on single clients.

    ``client_roles`` has the rank of the role per client; guests by exception hold "viewer" there.
    ``approver_everywhere`` and ``approver_clients`` carry the separate approver flag.
    """

    organization_role: str
    client_roles: dict[int, str]
    approver_everywhere: bool
    approver_clients: frozenset[int]
    every_client: bool
    allowed_clients: frozenset[int] | None


_NOBODY = Access("", {}, False, frozenset(), False, frozenset())


def access_of(actor: Actor) -> Access:
    """The actor's rights, read once per request or task."""
    found = actor.cache.get(_CACHE_KEY)
    if found is None:
        found = actor.cache[_CACHE_KEY] = _read_access(actor)
    return found  # type: ignore[no-any-return]


def _read_access(actor: Actor) -> Access:
    if actor.is_system:
        return Access("", {}, False, frozenset(), True, None)
    if actor.user_id is None:
        return _NOBODY
    organization_role, everywhere = "", False
    roles: dict[int, str] = {}
    shared: list[int] = []
    approver_clients = set()
    for client_id, role, is_approver in _held(actor, actor.user_id):
        if client_id is None:
            organization_role, everywhere = role, is_approver
        elif role == _GUEST:
            shared.append(client_id)
        else:
            roles[client_id] = role
            if is_approver:
                approver_clients.add(client_id)
    for client_id in shared:
        roles.setdefault(client_id, "viewer")
    return Access(
        organization_role,
        roles,
        everywhere,
        frozenset(approver_clients),
        bool(organization_role),
        actor.client_ids,
    )


def _held(actor: Actor, user_id: int) -> list[tuple[int | None, str, bool]]:
    """Memberships of this person, and clients shared with them or one of their groups; one query."""
    memberships = (
        apps.get_model("accounts", "Membership")
        .objects.filter(organization_id=actor.organization_id, user_id=user_id, user__is_active=True)
        .order_by()
        .values_list("client_id", "role", "is_approver")
    )
    shared = {"permission__codename": "view_client", "content_object__organization_id": actor.organization_id}
    guest = (Value(_GUEST), Value(False))
    mine = (
        apps.get_model("accounts", "ClientUserObjectPermission")
        .objects.filter(user_id=user_id, **shared)
        .values_list("content_object_id", *guest)
    )
    ours = (
        apps.get_model("accounts", "ClientGroupObjectPermission")
        .objects.filter(group__user=user_id, **shared)
        .values_list("content_object_id", *guest)
    )
    return list(memberships.union(mine, ours, all=True))


def _clients_filter(actor: Actor, column: str) -> Q:
    """The condition that leaves only rows of clients the actor sees."""
    access = access_of(actor)
    condition = Q() if access.every_client else Q(**{f"{column}__in": list(access.client_roles)})
    if access.allowed_clients is not None:
        condition &= Q(**{f"{column}__in": list(access.allowed_clients)})
    return condition


class OrganizationOwnedQuerySet(LaneQuerySet[M]):
    """Rows of an organization as a whole."""

    def visible_to(self, actor: Actor) -> Self:
        """Rows of the actor's organization, for anybody who holds any role there."""
        access = access_of(actor)
        if not (access.every_client or access.client_roles):
            return self.none()
        return self.filter(organization_id=actor.organization_id)


class ClientOwnedQuerySet(LaneQuerySet[M]):
    """Rows that belong to clients."""

    def visible_to(self, actor: Actor) -> Self:
        """Rows of the clients this actor may see."""
        return self.filter(_clients_filter(actor, "client_id"), organization_id=actor.organization_id)


class ClientQuerySet(LaneQuerySet[M]):
    """Clients themselves."""

    def visible_to(self, actor: Actor) -> Self:
        """The clients this actor may see."""
        return self.filter(_clients_filter(actor, "id"), organization_id=actor.organization_id)

    def current(self) -> Self:
        """Clients that are not archived."""
        return self.filter(archived_at__isnull=True)
