"""The pacing table cut into groups: by client, platform or owner, each with sums per currency and first plans."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from campaigns.models import Connection
from pacing.models import BudgetPlan
from pacing.selectors.totals import Summary, Totals, group_key

SHOWN = 8  # plans of one group before its own page is the better place
MOST_GROUPS = 40
GROUPS = {"client": "Client", "platform": "Platform", "owner": "Owner"}
COLUMN_OF = {"client": "client_id", "platform": "snapshot__platforms", "owner": "owner_id"}
_PLATFORMS: dict[Any, str] = dict(Connection._meta.get_field("platform").flatchoices)


@dataclass(slots=True)
class Group:
    """One block of the table. ``rows`` are its plans as the table shows them, filled by the table."""

    label: str
    filters: str  # query string that shows this group alone, empty when no filter can say it
    totals: list[Totals]
    plans: list[BudgetPlan]
    rows: list[Any] = field(default_factory=list)

    @property
    def count(self) -> int:
        """Plans of the group, shown or not."""
        return sum(total.plans for total in self.totals)

    @property
    def hidden(self) -> int:
        """Plans that are not shown here."""
        return self.count - len(self.plans)


def groups_of(matching: QuerySet[BudgetPlan], figures: Summary, group: str, leading: str) -> list[Group]:
    """Groups with the most plans at risk first; of each the first plans in the table's own order. One query."""
    column = COLUMN_OF[group]
    order = F(leading.lstrip("-"))
    ranked = matching.annotate(
        place=Window(
            RowNumber(),
            partition_by=F(column),
            order_by=[
                order.desc(nulls_last=True) if leading.startswith("-") else order.asc(nulls_last=True),
                F("pk").asc(),
            ],
        )
    )
    chosen = sorted(figures.groups, key=lambda key: _place(figures.groups[key]))[:MOST_GROUPS]
    plans: dict[Hashable, list[BudgetPlan]] = {key: [] for key in chosen}
    for plan in ranked.filter(place__lte=SHOWN).order_by("place"):
        key = _key_of(plan, group)
        if key in plans:
            plans[key].append(plan)
    return [
        Group(
            _label(group, key, plans[key]), _filters(group, key, plans[key]), figures.groups[key], plans[key]
        )
        for key in chosen
        if plans[key]
    ]


def _place(totals: list[Totals]) -> tuple[int, int]:
    risky = sum(total.under_plans + total.over_plans for total in totals)
    return -risky, -sum(total.plans for total in totals)


def _key_of(plan: BudgetPlan, group: str) -> Hashable:
    if group == "client":
        return plan.client_id
    if group == "owner":
        return plan.owner_id
    snapshot = getattr(plan, "snapshot", None)
    return group_key(snapshot.platforms) if snapshot is not None else None


def _label(group: str, key: Hashable, plans: list[BudgetPlan]) -> str:
    first = plans[0] if plans else None
    if group == "client":
        return first.client.name if first else ""
    if group == "owner":
        return str(first.owner) if first and first.owner else "No owner"
    if not isinstance(key, tuple):
        return "Not looked at yet"
    return ", ".join(_PLATFORMS.get(name, str(name)) for name in key) or "No platform"


def _filters(group: str, key: Hashable, plans: list[BudgetPlan]) -> str:
    first = plans[0] if plans else None
    if first is None:
        return ""
    if group == "client":
        return urlencode({"client": str(first.client.public_id)})
    if group == "owner":
        return urlencode({"owner": str(first.owner.public_id)}) if first.owner else ""
    return urlencode({"platform": key[0]}) if isinstance(key, tuple) and len(key) == 1 else ""
