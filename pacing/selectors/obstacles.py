"""What keeps the budgets of plans from spending, as the platforms told it and Lane stored it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from campaigns.models import AdCampaign, AdGroup
from campaigns.platforms import hindrances as codes
from campaigns.selectors.obstacles import NO_OBSTACLES, obstacles_for
from pacing.models import PlanBudget

_OUTAGE = {codes.OUTAGE, codes.PAYMENT, codes.ACCOUNT_LIMIT}
_LIMITED = {codes.LIMITED_BY_BID, codes.LIMITED_BY_TARGETING, codes.OTHER}
_ORDER = ("outage", "paused", "disapproved", "limited")


@dataclass(frozen=True, slots=True)
class PlanObstacle:
    """One thing in the way: of what cause, where, in whose words, and since when Lane sees it (ISO day)."""

    cause: str  # outage, paused, disapproved or limited
    code: str
    entity: str
    words: str
    since_on: str = ""

    def as_evidence(self) -> dict[str, str]:
        """As a shortfall keeps it."""
        kept = {"cause": self.cause, "code": self.code, "entity_text": self.entity, "words_text": self.words}
        return kept | {"since_on": self.since_on} if self.since_on else kept


def obstacles_of(plan_ids: Sequence[int]) -> dict[int, list[PlanObstacle]]:
    """Obstacles of each plan, gravest first, each said once; a fixed number of queries."""
    held = list(PlanBudget.objects.filter(plan__in=plan_ids).values_list("plan_id", "budget_id"))
    told = obstacles_for({budget_id for _, budget_id in held})
    found: dict[int, dict[tuple[str, str], PlanObstacle]] = defaultdict(dict)
    for plan_id, budget_id in held:
        for one in told[budget_id]:
            if one.code not in NO_OBSTACLES:
                since = one.since.date().isoformat() if one.since else ""
                words = one.words.rstrip(". ")
                made = PlanObstacle(_cause(one.code), one.code, one.entity, words, since)
                found[plan_id].setdefault((one.entity, one.code), made)
    return {
        plan_id: sorted(rows.values(), key=lambda one: (_ORDER.index(one.cause), one.entity))
        for plan_id, rows in found.items()
    }


def limited_by_bid(plan_ids: Sequence[int]) -> dict[int, list[AdCampaign | AdGroup]]:
    """What the platforms say is held back by its bid target, by plan and name; two queries."""
    said = {"hindrances__contains": [{"code": codes.LIMITED_BY_BID}], "removed_at": None}
    mine = {"budget__plan_budgets__plan__in": plan_ids}
    found: dict[int, list[AdCampaign | AdGroup]] = defaultdict(list)
    plan_of = {"plan_id": F("budget__plan_budgets__plan")}
    campaigns = AdCampaign.objects.filter(**mine, **said).exclude(bid_kind="").annotate(**plan_of)
    groups = AdGroup.objects.filter(**mine, **said).exclude(bid_kind="").annotate(**plan_of)
    rows: list[Any] = [
        *campaigns.select_related("ad_account").order_by("name", "pk"),
        *groups.select_related("ad_account").order_by("name", "pk"),
    ]
    for row in rows:
        found[row.plan_id].append(row)
    return dict(found)


def _cause(code: str) -> str:
    if code in _OUTAGE:
        return "outage"
    if code == codes.PAUSED:
        return "paused"
    return "limited" if code in _LIMITED else "disapproved"
