"""A ledger row in the words of a connector: what to read, what to write, and what was seen."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from campaigns.models import Change
from campaigns.platforms import registry
from campaigns.platforms.base import AdPlatform
from campaigns.platforms.records import (
    BudgetKind,
    EntityRef,
    EntityState,
    EntityStatus,
    Level,
    Money,
    PlatformChange,
    SetBudget,
    SetStatus,
)
from lane.core.money import format_money


class Seen(enum.Enum):
    """What the platform holds, compared with the change."""

    BASE = "base"
    TARGET = "target"
    OTHER = "other"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Look:
    """One reading of the entity; ``record`` is kept with the change, ``words`` shown to people."""

    seen: Seen
    record: dict[str, Any]
    words: str


def look(platform: AdPlatform, change: Change) -> Look:
    """Read the entity as it is now. Raises the errors of the platform layer."""
    ref = ref_of(change)
    state = platform.read_state(registry.account_record(change.ad_account), [ref]).get(ref)
    if state is None or state.status is EntityStatus.REMOVED:
        return Look(Seen.GONE, {"gone": True}, "it no longer exists")
    return _budget_look(change, state) if change.field == Change.Field.BUDGET else _status_look(change, state)


def ref_of(change: Change) -> EntityRef:
    """The entity a change writes."""
    if change.budget is not None:
        return EntityRef(Level.BUDGET, change.budget.external_id)
    assert change.ad_campaign is not None  # a check constraint of the table
    return EntityRef(Level.CAMPAIGN, change.ad_campaign.external_id)


def request_for(change: Change) -> PlatformChange:
    """The one absolute value to send."""
    ref = ref_of(change)
    if change.budget is not None:
        assert change.target_micros is not None and change.base_micros is not None
        return SetBudget(
            ref,
            BudgetKind(change.budget.kind),
            Money(change.target_micros, change.currency),
            Money(change.base_micros, change.currency),
        )
    return SetStatus(ref, EntityStatus(change.target_status), EntityStatus(change.base_status))


def _budget_look(change: Change, state: EntityState) -> Look:
    if state.budget is None:
        return Look(Seen.OTHER, {"micros": None}, "it has no amount")
    money = state.budget
    record: dict[str, Any] = {"micros": money.micros, "currency": money.currency}
    words = f"it is {format_money(money.micros, money.currency)}"
    if change.budget is not None and str(state.budget_kind) != change.budget.kind:
        return Look(
            Seen.OTHER, {**record, "kind": str(state.budget_kind)}, f"it is a {state.budget_kind} budget"
        )
    if money.currency != change.currency:
        return Look(Seen.OTHER, record, words)
    # The target first: where a change goes back to what a stale reading shows, the caller looks again.
    if money.micros == change.target_micros:
        return Look(Seen.TARGET, record, words)
    return Look(Seen.BASE if money.micros == change.base_micros else Seen.OTHER, record, words)


def _status_look(change: Change, state: EntityState) -> Look:
    record: dict[str, Any] = {"status": str(state.status), "raw": state.raw_status}
    words = f"it is {state.status}"
    if str(state.status) == change.target_status:
        return Look(Seen.TARGET, record, words)
    return Look(Seen.BASE if str(state.status) == change.base_status else Seen.OTHER, record, words)
