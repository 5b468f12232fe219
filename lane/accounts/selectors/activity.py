"""The audit trail as an actor may read it."""

from __future__ import annotations

from django.db.models import QuerySet

from lane.accounts import policies
from lane.accounts.visibility import access_of
from lane.audit.models import AuditEntry
from lane.core.actors import Actor


def entries_for(actor: Actor) -> QuerySet[AuditEntry]:
    """Entries of the actor's organization, newest first. Those of clients they do not see stay hidden,
    and entries of the organization itself are for people with a role on it."""
    entries = AuditEntry.objects.filter(organization_id=actor.organization_id)
    access = access_of(actor)
    if not access.every_client:
        entries = entries.filter(client_id__in=list(access.client_roles))
    if access.allowed_clients is not None:
        entries = entries.filter(client_id__in=list(access.allowed_clients))
    return entries.order_by("-id")


def may_see_origin(actor: Actor) -> bool:
    """Whether addresses and browsers of people are shown: to admins only."""
    return policies.may(actor, "manage", client_id=None)
