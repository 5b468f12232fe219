"""The newest budget simulation behind each budget: only where the budget is one campaign's alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from campaigns.models import AdCampaign, BudgetSimulation, EntityStatus


def newest_of(budget_ids: Iterable[int], first: date, last: date) -> dict[int, BudgetSimulation]:
    """Per budget the newest simulation whose window ends in ``first``..``last``.

    A budget that several campaigns spend from has none: a simulation tells of one campaign.
    """
    campaigns: dict[int, list[int]] = {}
    spending = AdCampaign.objects.filter(budget__in=list(budget_ids)).exclude(status=EntityStatus.REMOVED)
    for budget_id, campaign_id in spending.values_list("budget_id", "pk"):
        if budget_id is not None:
            campaigns.setdefault(budget_id, []).append(campaign_id)
    budget_of = {held[0]: budget_id for budget_id, held in campaigns.items() if len(held) == 1}
    found = BudgetSimulation.objects.filter(
        ad_campaign__in=list(budget_of), ends_on__gte=first, ends_on__lte=last
    ).order_by("ends_on", "starts_on", "pk")
    return {budget_of[one.ad_campaign_id]: one for one in found}
