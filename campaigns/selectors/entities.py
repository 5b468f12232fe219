"""Budgets and ad campaigns a person sees."""

from __future__ import annotations

from campaigns.models import AdCampaign, AdGroup, Budget
from lane.accounts.visibility import ClientOwnedQuerySet
from lane.core.actors import Actor


def budgets_for(actor: Actor) -> ClientOwnedQuerySet[Budget]:
    """Budgets of the clients this actor sees, with their account; removed ones included."""
    return (
        Budget.objects.visible_to(actor)
        .select_related("client", "ad_account", "ad_account__connection")
        .order_by("name", "pk")
    )


def ad_campaigns_for(actor: Actor) -> ClientOwnedQuerySet[AdCampaign]:
    """Ad campaigns of the clients this actor sees, with account and budget; removed ones included."""
    return (
        AdCampaign.objects.visible_to(actor)
        .select_related("client", "ad_account", "ad_account__connection", "budget")
        .order_by("name", "pk")
    )


def ad_groups_for(actor: Actor) -> ClientOwnedQuerySet[AdGroup]:
    """Ad groups and ad sets of the clients this actor sees; removed ones included."""
    return (
        AdGroup.objects.visible_to(actor)
        .select_related("client", "ad_account", "ad_account__connection", "ad_campaign", "budget")
        .order_by("name", "pk")
    )
