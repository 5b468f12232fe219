"""Logins a person sees."""

from __future__ import annotations

from django.db.models import Count, Q

from campaigns.models import AdAccount, Connection
from lane.accounts.visibility import OrganizationOwnedQuerySet
from lane.core.actors import Actor


def connections_for(actor: Actor) -> OrganizationOwnedQuerySet[Connection]:
    """The organization's logins with how many of their accounts this actor sees (``accounts_seen``)."""
    seen = AdAccount.objects.visible_to(actor)
    return (
        Connection.objects.visible_to(actor)
        .annotate(accounts_seen=Count("ad_accounts", filter=Q(ad_accounts__in=seen), distinct=True))
        .order_by("platform", "label", "pk")
    )
