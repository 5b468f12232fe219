"""A platform's records as the columns they are mirrored into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from campaigns.models import AdAccount, Budget
from campaigns.models.ad_campaign import MirroredEntity
from campaigns.platforms.records import EntityRecord, EntityStatus, Hindrance, Level
from campaigns.sync.tree import Tree

_CARRIERS = {
    None: Budget.Carrier.BUDGET,
    Level.CAMPAIGN: Budget.Carrier.CAMPAIGN,
    Level.GROUP: Budget.Carrier.GROUP,
}


def budget_values(
    account: AdAccount, found: EntityRecord, row: Budget | None, now: datetime
) -> dict[str, Any]:
    """A budget as it is mirrored."""
    gone = found.status is EntityStatus.REMOVED
    return {
        "name": found.name[:400] or found.ref.external_id,
        "kind": found.budget_kind.value,
        "carrier": _CARRIERS[found.parent_ref.level if found.parent_ref else None],
        "amount_micros": found.budget.micros if found.budget else None,
        "currency": account.currency,
        "shared": found.shared,
        "raw_status": found.raw_status[:60],
        "removed_at": (row.removed_at if row and row.removed_at else now) if gone else None,
    }


def entity_values(found: EntityRecord, row: MirroredEntity | None, now: datetime) -> dict[str, Any]:
    """What campaigns, groups and ads have in common."""
    gone = found.status is EntityStatus.REMOVED
    return {
        "name": found.name[:400] or found.ref.external_id,
        "status": found.status.value,
        "raw_status": found.raw_status[:60],
        "limited_reasons": list(found.limited_reasons),
        "hindrances": noted(found.hindrances, row.hindrances if row else [], now),
        "removed_at": (row.removed_at if row and row.removed_at else now) if gone else None,
    }


def noted(
    found: Sequence[Hindrance], before: Sequence[Mapping[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    """Hindrances as they are kept: one that was there before keeps the moment Lane first saw it."""
    since = {one.get("code"): one.get("since") for one in before}
    return [
        {
            "code": one.code,
            "words": one.words[:200],
            "raw": one.raw[:100],
            "since": since.get(one.code) or now.isoformat(),
        }
        for one in found
    ]


def bidding(found: EntityRecord) -> dict[str, Any]:
    """What a campaign or group bids towards."""
    bid = found.bid
    return {
        "bid_strategy": found.bid_strategy[:40],
        "bid_kind": str(bid.kind) if bid else "",
        "bid_micros": bid.micros if bid else None,
        "bid_millis": bid.millis if bid else None,
    }


def lifetime_values(tree: Tree, found: EntityRecord, now: datetime) -> dict[str, Any]:
    """Left alone where it was not read; an entity that is absent from what was read has spent nothing."""
    spent = tree.lifetime.get(found.ref.level)
    if spent is None:
        return {}
    return {"lifetime_spend_micros": spent.get(found.ref, 0), "lifetime_spend_at": now}


def owner(account: AdAccount) -> dict[str, int]:
    """Whose an account's rows are."""
    return {"organization_id": account.organization_id, "client_id": account.client_id}


def assign(row: Any, values: Mapping[str, Any]) -> bool:
    """Set values; whether any of them was different."""
    changed = False
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
            changed = True
    return changed
