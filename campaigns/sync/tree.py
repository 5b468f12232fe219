"""What a platform lists of an account, read level by level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.platforms.base import AdPlatform
from campaigns.platforms.records import BudgetKind, EntityRecord, EntityRef, Level
from lane.core import clock


@dataclass(frozen=True, slots=True)
class Tree:
    """What the platform listed, and when reading began (machine time). A level that was not read is absent."""

    read_at: datetime
    levels: Mapping[Level, Sequence[EntityRecord]]
    lifetime: Mapping[Level, Mapping[EntityRef, int]] = field(default_factory=dict)

    def of(self, level: Level) -> Sequence[EntityRecord]:
        """The records of one level."""
        return self.levels.get(level, ())


def read(connector: AdPlatform, account: Any, levels: Iterable[Level]) -> Tree:
    """List the wanted levels, budgets first: a campaign must not point at a budget Lane has not seen."""
    read_at = clock.machine_now()
    order = (Level.BUDGET, Level.CAMPAIGN, Level.GROUP, Level.AD)
    wanted = set(levels)
    found = {level: connector.list_entities(account, level) for level in order if level in wanted}
    return Tree(read_at, found, _lifetime(connector, account, found))


def _lifetime(
    connector: AdPlatform, account: Any, found: Mapping[Level, Sequence[EntityRecord]]
) -> dict[Level, Mapping[EntityRef, int]]:
    """What spenders ever spent, read only where something is measured by it: spend caps and lifetime totals."""
    totals = [one for one in found.get(Level.BUDGET, ()) if one.budget_kind is BudgetKind.LIFETIME]
    wanted = []
    if Level.CAMPAIGN in found and (connector.capabilities.spend_caps or totals):
        wanted.append(Level.CAMPAIGN)
    if Level.GROUP in found and any(one.parent_ref and one.parent_ref.level is Level.GROUP for one in totals):
        wanted.append(Level.GROUP)
    return {level: connector.lifetime_spend(account, level) for level in wanted}
