"""Graph nodes as plain values (a dear one as a function of nothing), and the selection of their fields."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.sandbox.calendar import local_date
from campaigns.sandbox.delivery import LIFETIME_STARTS
from campaigns.sandbox.dialects.meta import money
from campaigns.sandbox.dialects.meta.errors import GraphError
from campaigns.sandbox.market import Account, Ad, Budget, Campaign, Group
from campaigns.sandbox.scenario import AGENCY
from campaigns.sandbox.world import World

Node = dict[str, Any]


def account(world: World, of: Account) -> Node:
    """An ad account."""
    now = datetime.fromtimestamp(world.clock.now(), ZoneInfo(of.timezone))
    offset = now.utcoffset() or timedelta()
    return {
        "id": f"act_{of.id}",
        "account_id": of.id,
        "name": of.name,
        "currency": of.currency,
        "timezone_name": of.timezone,
        "timezone_offset_hours_utc": offset.total_seconds() / 3600,
        "account_status": 1,
        "disable_reason": 0,
        "amount_spent": lambda: str(_spent_so_far(world, of)),
        "balance": "0",
        "spend_cap": "0",
        "min_daily_budget": money.minimum_daily(of),
        "business": {"id": world.market.business_id, "name": AGENCY},
    }


def campaign(world: World, of: Campaign) -> Node:
    """A campaign, with a budget when it carries one."""
    status = "ACTIVE" if world.is_on(of.id) else "PAUSED"
    own = of.budget if of.budget is not None and of.budget.id == of.id else None
    node: Node = {
        "id": of.id,
        "account_id": of.account.id,
        "name": of.name,
        "objective": of.channel,
        "status": status,
        "configured_status": status,
        "effective_status": status,
        "buying_type": "AUCTION",
        "is_adset_budget_sharing_enabled": False,
        "can_use_spend_cap": True,
    } | _times(world, of.account, own, "stop_time", of.id)
    cap = world.spend_cap(of)
    if cap is not None:
        node["spend_cap"] = str(money.minor(cap, of.account))
    if own is not None:  # otherwise each ad set has a strategy of its own
        node["bid_strategy"] = _strategy(of)
    if of.spec.issue:
        node["effective_status"] = "WITH_ISSUES" if status == "ACTIVE" else status
        node["issues_info"] = [
            {"level": "CAMPAIGN", "error_code": 1, "error_summary": of.spec.issue, "error_type": "SOFT_ERROR"}
        ]
    return node | (_budget(world, own) if own else {})


def adset(world: World, of: Group) -> Node:
    """An ad set, with a budget when its campaign carries none."""
    account_of = of.campaign.account
    status = "ACTIVE" if world.is_on(of.id) else "PAUSED"
    running = world.is_on(of.campaign.id)
    own = of.budget if of.budget.id == of.id else None
    node: Node = {
        "id": of.id,
        "account_id": account_of.id,
        "campaign_id": of.campaign.id,
        "name": of.name,
        "status": status,
        "configured_status": status,
        "effective_status": status if running or status == "PAUSED" else "CAMPAIGN_PAUSED",
        "optimization_goal": "OFFSITE_CONVERSIONS",
        "billing_event": "IMPRESSIONS",
        "attribution_spec": [
            {"event_type": "CLICK_THROUGH", "window_days": 7},
            {"event_type": "VIEW_THROUGH", "window_days": 1},
        ],
        "learning_stage_info": {"status": "SUCCESS"},
    } | _times(world, account_of, own, "end_time", of.id)
    node["campaign"] = {"id": of.campaign.id}
    if own is None:
        node["campaign"]["bid_strategy"] = _strategy(of.campaign)
    else:
        node["bid_strategy"] = _strategy(of.campaign)
    bid = world.bid(of.id)
    if bid is not None:
        node["bid_amount"] = money.minor(bid, account_of)
    return node | (_budget(world, own) if own else {})


def ad(world: World, of: Ad) -> Node:
    """An ad; its parents' switches show in its effective status."""
    group = of.group
    status = "ACTIVE" if world.is_on(of.id) else "PAUSED"
    effective = status
    if of.approval == "DISAPPROVED":
        effective = "DISAPPROVED"
    elif not world.is_on(group.campaign.id):
        effective = "CAMPAIGN_PAUSED"
    elif not world.is_on(group.id):
        effective = "ADSET_PAUSED"
    return {
        "id": of.id,
        "account_id": group.campaign.account.id,
        "campaign_id": group.campaign.id,
        "adset_id": group.id,
        "name": of.name,
        "status": status,
        "configured_status": status,
        "effective_status": effective,
        "creative": {"id": str(int(of.id) + 1)},
    } | _times(world, group.campaign.account, None, "", of.id)


def select(node: Node, fields: str) -> Node:
    """The fields asked for, sub-fields included; ``id`` always, absent values left out."""
    picked: Node = {}
    for name, inner in parse_fields(fields):
        if name in node:
            value = node[name]() if callable(node[name]) else node[name]
            picked[name] = select(value, inner) if inner and isinstance(value, dict) else value
    return {**picked, "id": node["id"]} if "id" in node else picked


def parse_fields(fields: str) -> list[tuple[str, str]]:
    """``a,b{c,d}`` as names with the text of their sub-fields."""
    found: list[tuple[str, str]] = []
    depth, start, name = 0, 0, ""
    for at, sign in enumerate(f"{fields},"):
        if sign == "{":
            depth += 1
            if depth == 1:
                name, start = fields[start:at].strip(), at + 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                found.append((name, fields[start:at]))
                name, start = "", at + 1
        elif sign == "," and depth == 0:
            plain = fields[start:at].strip()
            if plain:
                found.append((plain, ""))
            start = at + 1
    if depth:
        raise GraphError(2500, f"Syntax error in fields: {fields}")
    return found


def _strategy(of: Campaign) -> str:
    return of.spec.strategy or "LOWEST_COST_WITHOUT_CAP"


def _budget(world: World, of: Budget) -> Node:
    amount = str(money.minor(world.amount(of), of.account))
    return {
        "daily_budget": "0" if of.lifetime else amount,
        "lifetime_budget": amount if of.lifetime else "0",
        "budget_remaining": lambda: str(
            max(money.minor(world.amount(of) - _spent(world, of), of.account), 0)
        ),
    }


def _spent(world: World, of: Budget) -> int:
    """Reported spend that counts against a budget: today's, or a lifetime's."""
    now, zone = world.clock.now(), of.account.timezone
    today = local_date(now, zone)
    first = world.begins(zone) + timedelta(days=LIFETIME_STARTS) if of.lifetime else today
    days = [first + timedelta(days=k) for k in range((today - first).days + 1)]
    return sum(world.day(group, on, now).spend_micros for group in of.groups for on in days)


def _spent_so_far(world: World, of: Account) -> int:
    """All spend of an account in minor units."""
    now = world.clock.now()
    first, today = world.begins(of.timezone), local_date(now, of.timezone)
    days = [first + timedelta(days=k) for k in range((today - first).days + 1)]
    groups = [group for group in world.market.groups.values() if group.campaign.account is of]
    return money.minor(sum(world.day(g, on, now).spend_micros for g in groups for on in days), of)


def _times(world: World, of: Account, budget: Budget | None, end_name: str, entity: str) -> Node:
    zone = ZoneInfo(of.timezone)
    begins = world.begins(of.timezone)
    times: Node = {}
    first = begins + timedelta(days=LIFETIME_STARTS) if budget is not None and budget.lifetime else begins
    start = datetime(first.year, first.month, first.day, tzinfo=zone)
    if end_name:
        times["start_time"] = _graph_time(start)
    if budget is not None and budget.lifetime:
        end = first + timedelta(days=budget.spec.lifetime_days)
        times[end_name] = _graph_time(datetime(end.year, end.month, end.day, tzinfo=zone))
    touched = world.last_edit(entity)
    updated = datetime.fromtimestamp(touched, zone) if touched else start
    return times | {"created_time": _graph_time(start), "updated_time": _graph_time(updated)}


def _graph_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S%z")
