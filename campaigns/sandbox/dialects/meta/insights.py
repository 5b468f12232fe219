"""Insights: figures of an account, campaign, ad set or ad, by day and by hour, all numbers as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from campaigns.sandbox.calendar import local_date
from campaigns.sandbox.dialects.meta import money
from campaigns.sandbox.dialects.meta.errors import bad_parameter
from campaigns.sandbox.facts import NOTHING, Fact, days_between
from campaigns.sandbox.market import Account, Ad, Group
from campaigns.sandbox.world import World

HOURLY = "hourly_stats_aggregated_by_advertiser_time_zone"
LEVELS = ("account", "campaign", "adset", "ad")
PURCHASE = "omni_purchase"
_FIGURES = frozenset(
    {
        "spend",
        "impressions",
        "clicks",
        "actions",
        "action_values",
        "cpc",
        "ctr",
        "cpm",
        "purchase_roas",
        "reach",
    }
)
_NAMES = frozenset(
    {f"{level}_{what}" for level in LEVELS for what in ("id", "name")}
    | {"account_currency", "date_start", "date_stop", "objective"}
)

Row = dict[str, Any]
Traffic = list[tuple[Group, Ad | None]]


def check(params: Mapping[str, str]) -> None:
    """Refuse levels, fields and breakdowns that are not offered."""
    level = params.get("level", "account")
    if level not in LEVELS:
        raise bad_parameter("level", f"level must be one of {', '.join(LEVELS)}.")
    for name in _listed(params.get("fields", "")):
        if name not in _FIGURES | _NAMES:
            raise bad_parameter("fields", f"(#100) {name} is not valid for fields param.")
    for name in _listed(params.get("breakdowns", "")):
        if name != HOURLY:
            raise bad_parameter("breakdowns", f"{name} is not offered by the sandbox.")
    if "reach" in _listed(params.get("fields", "")) and HOURLY in _listed(params.get("breakdowns", "")):
        raise bad_parameter("fields", "(#100) reach is not available with this breakdown.")


def rows(
    world: World, account: Account, groups: list[Group], params: Mapping[str, str], now: float
) -> list[Row]:
    """All rows of a request, quiet ones left out."""
    check(params)
    since, until = _range(params, account, now)
    first = max(since, world.begins(account.timezone))
    days = days_between(first, min(until, local_date(now, account.timezone)))
    daily = params.get("time_increment") == "1"
    hourly = HOURLY in _listed(params.get("breakdowns", ""))
    fields = _listed(params.get("fields", "")) or ["impressions", "spend"]
    made: list[Row] = []
    for names, traffic in _units(account, groups, params.get("level", "account")):
        for start, stop, span in [(d, d, [d]) for d in days] if daily else [(since, until, days)]:
            for hour, fact in _figures(world, traffic, span, now, hourly):
                if any(fact):
                    made.append(_row(fact, account, names, fields, start, stop, hour))
    return made


def _units(account: Account, groups: list[Group], level: str) -> Iterator[tuple[Row, Traffic]]:
    base: Row = {"account_id": account.id, "account_name": account.name, "account_currency": account.currency}
    if level == "account":
        yield base, [(group, None) for group in groups]
        return
    by_campaign: dict[str, Traffic] = {}
    for group in groups:
        campaign = group.campaign
        names = base | {
            "campaign_id": campaign.id,
            "campaign_name": campaign.name,
            "objective": campaign.channel,
        }
        if level == "campaign":
            by_campaign.setdefault(campaign.id, []).append((group, None))
            continue
        names |= {"adset_id": group.id, "adset_name": group.name}
        if level == "adset":
            yield names, [(group, None)]
            continue
        for ad in group.ads:
            yield names | {"ad_id": ad.id, "ad_name": ad.name}, [(group, ad)]
    for traffic in by_campaign.values():
        campaign = traffic[0][0].campaign
        yield (
            base
            | {"campaign_id": campaign.id, "campaign_name": campaign.name, "objective": campaign.channel},
            traffic,
        )


def _figures(
    world: World, traffic: Traffic, days: list[date], now: float, hourly: bool
) -> Iterator[tuple[int | None, Fact]]:
    total, hours = NOTHING, dict[int, Fact]()
    for group, ad in traffic:
        for on in days:
            if not hourly:
                total = total.plus(world.day(group, on, now, ad))
                continue
            for hour, fact in world.hours(group, on, now, ad).items():
                hours[hour] = hours.get(hour, NOTHING).plus(fact)
    if hourly:
        yield from sorted(hours.items())
    else:
        yield None, total


def _row(
    fact: Fact, account: Account, names: Row, fields: list[str], start: date, stop: date, hour: int | None
) -> Row:
    spend = fact.spend_micros / 1e6
    sales = [{"action_type": PURCHASE, "value": str(fact.conversions), "7d_click": str(fact.conversions)}]
    value = money.decimal_text(fact.value_micros, account)
    values = [{"action_type": PURCHASE, "value": value, "7d_click": value}]
    figures: Row = {
        "spend": money.decimal_text(fact.spend_micros, account),
        "impressions": str(fact.impressions),
        "clicks": str(fact.clicks),
        "reach": str(round(fact.impressions * 0.71)),
        "ctr": f"{100 * fact.clicks / fact.impressions:.6f}" if fact.impressions else None,
        "cpc": f"{spend / fact.clicks:.6f}" if fact.clicks else None,
        "cpm": f"{1000 * spend / fact.impressions:.6f}" if fact.impressions else None,
        "actions": sales if fact.conversions else None,
        "action_values": values if fact.conversions else None,
        "purchase_roas": [{"action_type": PURCHASE, "value": f"{fact.value_micros / 1e6 / spend:.6f}"}]
        if fact.conversions and spend
        else None,
    } | names
    row = {name: figures[name] for name in fields if figures.get(name) is not None}
    row |= {"date_start": start.isoformat(), "date_stop": stop.isoformat()}
    if hour is not None:
        row[HOURLY] = f"{hour:02d}:00:00 - {hour:02d}:59:59"
    return row


def _range(params: Mapping[str, str], account: Account, now: float) -> tuple[date, date]:
    today = local_date(now, account.timezone)
    preset = params.get("date_preset", "last_30d")
    if "time_range" in params:
        try:
            asked = json.loads(params["time_range"])
            since, until = date.fromisoformat(asked["since"]), date.fromisoformat(asked["until"])
        except (ValueError, KeyError, TypeError):
            raise bad_parameter("time_range", "time_range must have since and until as YYYY-MM-DD.") from None
        if since > until:
            raise bad_parameter("time_range", "(#100) since must not be after until.")
        if (today - since).days > 37 * 31:
            raise bad_parameter(
                "time_range", "The start date cannot be beyond 37 months from the current date.", subcode=3018
            )
        return since, until
    yesterday = today - timedelta(days=1)
    presets = {
        "today": (today, today),
        "yesterday": (yesterday, yesterday),
        "last_7d": (today - timedelta(days=7), yesterday),
        "last_30d": (today - timedelta(days=30), yesterday),
        "this_month": (today.replace(day=1), today),
        "maximum": (today - timedelta(days=37 * 30), today),
    }
    if preset not in presets:
        raise bad_parameter("date_preset", f"{preset} is not offered by the sandbox.")
    return presets[preset]


def _listed(text: str) -> list[str]:
    """A list as Graph takes it: comma-separated, or JSON."""
    if text.startswith("["):
        return [str(item) for item in json.loads(text)]
    return [part.strip() for part in text.split(",") if part.strip()]
