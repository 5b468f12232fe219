"""What an actor sees of organizations, clients, people, invitations and keys."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from lane.accounts import policies
from lane.accounts.models import (
    ApiKey,
    Client,
    ClientUserObjectPermission,
    Invitation,
    Membership,
    Organization,
    SavedView,
    User,
)
from lane.accounts.visibility import ClientQuerySet, OrganizationOwnedQuerySet, access_of
from lane.core import clock
from lane.core.actors import Actor


def organizations_of(user: User) -> QuerySet[Organization]:
    """Where a person may sign in to: by membership, or by a client shared with them."""
    member = user.memberships.values("organization_id")
    shared = ClientUserObjectPermission.objects.filter(user=user).values("content_object__organization_id")
    return Organization.objects.filter(Q(pk__in=member) | Q(pk__in=shared)).order_by("id")


def clients_for(actor: Actor) -> ClientQuerySet[Client]:
    """Every client the actor sees, archived ones too."""
    return Client.objects.visible_to(actor)


def memberships_for(actor: Actor) -> OrganizationOwnedQuerySet[Membership]:
    """The team. Who holds a role on single clients only sees the people of those clients."""
    team = Membership.objects.visible_to(actor).select_related("user", "client")
    access = access_of(actor)
    if access.allowed_clients is not None:
        team = team.filter(Q(client_id=None) | Q(client_id__in=access.allowed_clients))
    if access.every_client:
        return team
    return team.filter(Q(client_id__in=list(access.client_roles)) | Q(user_id=actor.user_id))


def invitations_for(actor: Actor) -> OrganizationOwnedQuerySet[Invitation]:
    """Invitations that can still be accepted, for those who may manage what they lead to."""
    waiting = Invitation.objects.visible_to(actor).filter(
        accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=clock.now()
    )
    if not policies.may(actor, "manage", client_id=None):
        managed = [pk for pk in access_of(actor).client_roles if policies.may(actor, "manage", client_id=pk)]
        waiting = waiting.filter(client_id__in=managed)
    return waiting.select_related("client", "invited_by")


def api_keys_for(actor: Actor) -> OrganizationOwnedQuerySet[ApiKey]:
    """A person's own keys; for admins every key of the organization."""
    keys = ApiKey.objects.visible_to(actor).select_related("user").prefetch_related("clients")
    if policies.may(actor, "manage", client_id=None):
        return keys
    return keys.filter(user_id=actor.user_id) if actor.user_id else keys.none()


def guests_of(client: Client) -> QuerySet[ClientUserObjectPermission]:
    """People with whom one client is shared outside any membership."""
    shared: QuerySet[ClientUserObjectPermission] = ClientUserObjectPermission.objects.filter(
        content_object=client
    )
    return shared.select_related("user").order_by("user__email")


def saved_views_for(actor: Actor) -> OrganizationOwnedQuerySet[SavedView]:
    """A person's own views, and for those who see the whole organization the ones the team shares."""
    views = SavedView.objects.visible_to(actor).select_related("user")
    mine = Q(user_id=actor.user_id) if actor.user_id else Q(pk__in=[])
    access = access_of(actor)
    whole = access.every_client and access.allowed_clients is None
    return views.filter(mine | Q(is_shared=True) if whole else mine)
