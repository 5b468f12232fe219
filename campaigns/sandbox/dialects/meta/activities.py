"""The activity log of an ad account: who changed which budget or switch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.sandbox.dialects.meta import money
from campaigns.sandbox.market import Account
from campaigns.sandbox.world import BID, BUDGET, CAP, Edit, World

_DEFAULT_SECONDS = 7 * 86400


def rows(world: World, account: Account, params: Mapping[str, str], now: float) -> list[dict[str, Any]]:
    """Events between ``since`` and ``until`` (unix seconds), newest first as in Graph."""
    until = min(float(params.get("until") or now), now)
    since = float(params.get("since") or until - _DEFAULT_SECONDS)
    events = [_event(world, account, edit) for edit in world.edits(since, until)]
    return [event for event in reversed(events) if event is not None]


def _event(world: World, account: Account, edit: Edit) -> dict[str, Any] | None:
    market = world.market
    campaign, group = market.campaigns.get(edit.entity), market.groups.get(edit.entity)
    owner = campaign.account if campaign else group.campaign.account if group else None
    if owner is not account:
        return None
    thing = "campaign" if campaign else "ad_set"
    if edit.field in (BUDGET, CAP, BID):
        kind = {
            BUDGET: f"update_{thing}_budget",
            CAP: "update_campaign_group_spend_cap",
            BID: "update_ad_set_bidding",
        }[edit.field]
        old, new = (
            None if value is None else money.minor(value, account) for value in (edit.before, edit.after)
        )
        extra: dict[str, Any] = {
            "type": "payment_amount",
            "currency": account.currency,
            "old_value": {"old_value": old},
            "new_value": {"new_value": new},
        }
    else:
        kind = f"update_{thing}_run_status"
        extra = {"old_value": edit.before.upper(), "new_value": edit.after.upper(), "run_status": True}
    by_lane = edit.client == "api"
    return {
        "event_time": datetime.fromtimestamp(edit.at, ZoneInfo(account.timezone)).strftime(
            "%Y-%m-%dT%H:%M:%S%z"
        ),
        "event_type": kind,
        "object_id": edit.entity,
        "object_name": (campaign or group).name,  # type: ignore[union-attr]
        "object_type": "CAMPAIGN" if campaign else "AD_SET",
        "actor_id": str(1000 + edit.seq),
        "actor_name": edit.actor,
        "application_id": "100000000000007" if by_lane else "119211728144504",
        "application_name": "Lane (sandbox)" if by_lane else "Ads Manager",
        "extra_data": json.dumps(extra),
    }
