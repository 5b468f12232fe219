"""A ledger row in the words of a connector: what to read, what to write, and what was seen."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.models import Change
from campaigns.platforms import registry
from campaigns.platforms.base import AdPlatform
from campaigns.platforms.records import (
    Bid,
    BidKind,
    BudgetKind,
    EntityRef,
    EntityState,
    EntityStatus,
    Level,
    Money,
    PlatformChange,
    SetBid,
    SetBudget,
    SetSpendCap,
    SetStatus,
)
from campaigns.words import amount_words, ratio_words


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
    return _LOOKS[change.field](change, state)


def ref_of(change: Change) -> EntityRef:
    """The entity a change writes."""
    if change.budget is not None:
        return EntityRef(Level.BUDGET, change.budget.external_id)
    if change.ad_group is not None:
        return EntityRef(Level.GROUP, change.ad_group.external_id)
    assert change.ad_campaign is not None  # a check constraint of the table
    return EntityRef(Level.CAMPAIGN, change.ad_campaign.external_id)


def request_for(change: Change) -> PlatformChange:
    """The one absolute value to send."""
    ref = ref_of(change)
    if change.budget is not None:
        assert change.target_micros is not None and change.base_micros is not None
        return SetBudget(
            ref,
            _budget_kind(change),
            Money(change.target_micros, change.currency),
            Money(change.base_micros, change.currency),
        )
    if change.field == Change.Field.SPEND_CAP:
        return SetSpendCap(
            ref, _money(change.target_micros, change.currency), _money(change.base_micros, change.currency)
        )
    if change.field == Change.Field.BID_TARGET:
        holder = change.ad_group or change.ad_campaign
        assert holder is not None
        target = _bid(change, change.target_micros, change.target_millis)
        assert target is not None  # checked by the table
        base = _bid(change, change.base_micros, change.base_millis)
        return SetBid(ref, target, holder.bid_strategy, base)
    return SetStatus(ref, EntityStatus(change.target_status), EntityStatus(change.base_status))


def _money(micros: int | None, currency: str) -> Money | None:
    return None if micros is None else Money(micros, currency)


def _bid(change: Change, micros: int | None, millis: int | None) -> Bid | None:
    if micros is None and millis is None:
        return None
    kind = BidKind(change.kind)
    return Bid(kind, millis=millis) if kind is BidKind.TARGET_ROAS else Bid(kind, micros, change.currency)


def _budget_kind(change: Change) -> BudgetKind:
    """What was approved, whatever the mirror says by now."""
    return BudgetKind.LIFETIME if change.kind == Change.Kind.LIFETIME else BudgetKind.DAILY


def _budget_look(change: Change, state: EntityState) -> Look:
    if state.budget is None:
        return Look(Seen.OTHER, {"micros": None}, "it has no amount")
    money = state.budget
    record: dict[str, Any] = {"micros": money.micros, "currency": money.currency}
    words = f"it is {amount_words(money.micros, money.currency)}"
    if state.budget_kind is not _budget_kind(change):
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


def _cap_look(change: Change, state: EntityState) -> Look:
    cap = state.spend_cap
    seen = cap.micros if cap else None
    record: dict[str, Any] = {"micros": seen, "currency": cap.currency if cap else change.currency}
    words = f"it is {amount_words(seen, record['currency'])}" if cap else "it has no spend cap"
    if cap is not None and cap.currency != change.currency:
        return Look(Seen.OTHER, record, words)
    if seen == change.target_micros:
        return Look(Seen.TARGET, record, words)
    return Look(Seen.BASE if seen == change.base_micros else Seen.OTHER, record, words)


def _bid_look(change: Change, state: EntityState) -> Look:
    """Another strategy, or another kind of target, is another thing: somebody else's choice stands."""
    bid = state.bid
    record: dict[str, Any] = {"strategy": state.bid_strategy}
    if bid is None:
        return Look(Seen.OTHER, record, "it has no target any more")
    record |= {"kind": str(bid.kind), "micros": bid.micros, "millis": bid.millis}
    words = (
        f"it is {ratio_words(bid.millis)}"
        if bid.micros is None
        else (f"it is {amount_words(bid.micros, bid.currency)}")
    )
    holder = change.ad_group or change.ad_campaign
    if str(bid.kind) != change.kind or (holder is not None and state.bid_strategy != holder.bid_strategy):
        return Look(Seen.OTHER, record, f"it bids by {state.bid_strategy.lower().replace('_', ' ')}")
    if (bid.micros, bid.millis) == (change.target_micros, change.target_millis):
        return Look(Seen.TARGET, record, words)
    is_base = (bid.micros, bid.millis) == (change.base_micros, change.base_millis)
    return Look(Seen.BASE if is_base else Seen.OTHER, record, words)


_LOOKS: Mapping[str, Callable[[Change, EntityState], Look]] = {
    Change.Field.BUDGET: _budget_look,
    Change.Field.STATUS: _status_look,
    Change.Field.SPEND_CAP: _cap_look,
    Change.Field.BID_TARGET: _bid_look,
}
