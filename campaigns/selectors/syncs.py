"""Syncs and what they found that Lane did not do."""

from __future__ import annotations

from campaigns.models import Drift, SyncRun
from lane.accounts.visibility import ClientOwnedQuerySet
from lane.core.actors import Actor


def sync_runs_for(actor: Actor) -> ClientOwnedQuerySet[SyncRun]:
    """Sync runs of the accounts this actor sees, latest first."""
    return SyncRun.objects.visible_to(actor).select_related("ad_account").order_by("-id")


def drifts_for(actor: Actor) -> ClientOwnedQuerySet[Drift]:
    """Budgets found to differ from what Lane wrote, latest first."""
    return (
        Drift.objects.visible_to(actor)
        .select_related("budget__ad_account", "ad_campaign", "settled_by")
        .order_by("-id")
    )
