"""``change_event``: who changed what, three minutes late, for thirty days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from google.ads.googleads.v26.resources.types import change_event
from google.protobuf.field_mask_pb2 import FieldMask

from campaigns.sandbox.calendar import local_date, local_text
from campaigns.sandbox.dialects.google_ads.errors import Refusal
from campaigns.sandbox.dialects.google_ads.gaql import Query
from campaigns.sandbox.dialects.google_ads.resources import BIDDING
from campaigns.sandbox.market import Account
from campaigns.sandbox.world import BID, BUDGET, Edit, World

LATE_SECONDS = 180
LOOKBACK_DAYS = 30
LARGEST_LIMIT = 10_000
WHEN = "change_event.change_date_time"

_RESOURCE = (
    change_event.ChangeEvent.pb().DESCRIPTOR.fields_by_name["old_resource"].message_type._concrete_class
)
_CLIENTS = {"api": "GOOGLE_ADS_API", "web": "GOOGLE_ADS_WEB_CLIENT"}


def _bad(code: str, message: str) -> Refusal:
    return Refusal("change_event_error", code, message)


def rows(world: World, account: Account, query: Query, now: float) -> Iterator[dict[str, Any]]:
    """Events of an account between the two instants the query must name."""
    if query.limit is None:
        raise _bad("LIMIT_NOT_SPECIFIED", "A limit must be given.")
    if query.limit > LARGEST_LIMIT:
        raise _bad("INVALID_LIMIT_CLAUSE", "The limit must be at most 10000.")
    since, until = _window(query, account, now)
    for edit in world.edits(since, min(until, now - LATE_SECONDS)):
        values = _event(world, account, edit)
        if values is not None:
            yield values


def _window(query: Query, account: Account, now: float) -> tuple[float, float]:
    lows: list[float] = []
    highs: list[float] = []
    for condition in query.on(WHEN):
        instants = [_instant(str(value), account, end=k == 1) for k, value in enumerate(condition.values)]
        if condition.operator in {">", ">=", "BETWEEN", "="}:
            lows.append(instants[0])
        if condition.operator in {"<", "<=", "BETWEEN", "="}:
            highs.append(instants[-1])
    if not lows or not highs:
        raise _bad("CHANGE_DATE_RANGE_INFINITE", "The change date range must be finite.")
    since, until = max(lows), min(highs)
    if since > until:
        raise _bad("CHANGE_DATE_RANGE_NEGATIVE", "The change date range is negative.")
    oldest = local_date(now, account.timezone) - timedelta(days=LOOKBACK_DAYS)
    if local_date(since, account.timezone) < oldest:
        raise _bad("START_DATE_TOO_OLD", "The start date is more than 30 days ago.")
    return since, until


def _instant(text: str, account: Account, *, end: bool) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("query_error", "INVALID_DATE_FORMAT", f"{text} is not a date.") from None
    if end and len(text) == 10:
        moment += timedelta(days=1)
    return moment.replace(tzinfo=ZoneInfo(account.timezone)).timestamp()


def _event(world: World, account: Account, edit: Edit) -> dict[str, Any] | None:
    market, name = world.market, f"customers/{account.id}"
    old, new = _RESOURCE(), _RESOURCE()
    if edit.field == BUDGET and edit.entity in market.budgets:
        budget = market.budgets[edit.entity]
        owner, kind = budget.account, "CAMPAIGN_BUDGET"
        path = "total_amount_micros" if budget.lifetime else "amount_micros"
        resource = f"{name}/campaignBudgets/{edit.entity}"
        setattr(old.campaign_budget, path, edit.before)
        setattr(new.campaign_budget, path, edit.after)
    elif edit.field == BID and edit.entity in market.campaigns:
        campaign = market.campaigns[edit.entity]
        owner, kind, path = campaign.account, "CAMPAIGN", BIDDING[campaign.spec.strategy]
        resource = f"{name}/campaigns/{edit.entity}"
        holder, _, field = path.partition(".")
        for side, value in ((old, edit.before), (new, edit.after)):
            setattr(getattr(side.campaign, holder), field, value / 1000 if campaign.is_roas else value)
    elif edit.entity in market.campaigns:
        owner, kind, path = market.campaigns[edit.entity].account, "CAMPAIGN", "status"
        resource = f"{name}/campaigns/{edit.entity}"
        old.campaign.status, new.campaign.status = (
            2 if s == "active" else 3 for s in (edit.before, edit.after)
        )
    else:
        return None
    if owner is not account:
        return None
    return {
        "change_event.resource_name": f"{name}/changeEvents/{int(edit.at * 1e6)}~{edit.seq}~0",
        WHEN: local_text(edit.at, account.timezone),
        "change_event.change_resource_type": kind,
        "change_event.change_resource_name": resource,
        "change_event.client_type": _CLIENTS.get(edit.client, "OTHER"),
        "change_event.user_email": edit.actor,
        "change_event.resource_change_operation": "UPDATE",
        "change_event.changed_fields": FieldMask(paths=[path]),
        "change_event.old_resource": old,
        "change_event.new_resource": new,
    }
