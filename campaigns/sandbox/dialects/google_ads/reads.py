"""Answers to queries: rows of a resource, with metrics summed or cut by day and hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import partial
from typing import Any

from campaigns.sandbox.calendar import local_date
from campaigns.sandbox.dialects.google_ads import changes, resources
from campaigns.sandbox.dialects.google_ads.gaql import Condition, Query, bad
from campaigns.sandbox.facts import NOTHING, Fact, days_between
from campaigns.sandbox.market import Account, Ad, Group
from campaigns.sandbox.world import World

Values = dict[str, Any]
Traffic = list[tuple[Group, Ad | None]]

_SEGMENTS = {"segments.date", "segments.hour"}


def run(world: World, account: Account, query: Query, now: float) -> list[Values]:
    """All rows of a query in the order asked for."""
    rows = list(_rows(world, account, query, now))
    for name, descending in reversed(query.order):
        rows.sort(key=partial(_sortable, name), reverse=descending)
    return rows[: query.limit] if query.limit is not None else rows


def _rows(world: World, account: Account, query: Query, now: float) -> Iterable[Values]:
    if query.source == "change_event":
        return _passing(changes.rows(world, account, query, now), query.where)
    if query.source == "customer_client":
        clients = (
            resources.customers(world)
            if account.is_manager
            else iter([resources.customer_client(account, 0)])
        )
        return _passing(clients, query.where)
    if query.source == "currency_constant":
        return _passing(resources.currencies(), query.where)
    if query.source == "campaign_simulation":
        return _passing(resources.simulations(world, account, now), query.where)
    plain = [c for c in query.where if c.name.split(".")[0] not in {"metrics", "segments"}]
    entities = [
        (values, traffic)
        for values, traffic in _entities(world, account, query.source)
        if all(condition.holds(values.get(condition.name)) for condition in plain)
    ]
    if not any(name.split(".")[0] in {"metrics", "segments"} for name in query.fields):
        return [values for values, _ in entities]
    return _passing(_measured(world, account, query, entities, now), query.where)


def _passing(rows: Iterable[Values], where: Iterable[Condition]) -> Iterator[Values]:
    conditions = [condition for condition in where if condition.name not in {"change_event.change_date_time"}]
    return (row for row in rows if all(c.holds(row.get(c.name)) for c in conditions if c.name in row))


def _entities(world: World, account: Account, source: str) -> Iterator[tuple[Values, Traffic]]:
    """Each entity of a resource with the groups or ads whose figures are its own."""
    market = world.market
    if source == "customer":
        groups = [group for group in market.groups.values() if group.campaign.account is account]
        yield resources.customer(account), [(group, None) for group in groups]
    elif source == "campaign_budget":
        for budget in market.budgets.values():
            if budget.account is account:
                yield resources.budget(world, budget), [(group, None) for group in budget.groups]
    elif source == "campaign":
        for campaign in market.campaigns.values():
            if campaign.account is account:
                yield resources.campaign(world, campaign), [(group, None) for group in campaign.groups]
    elif source == "ad_group":
        for group in market.groups.values():
            if group.campaign.account is account:
                yield resources.group(world, group), [(group, None)]
    else:
        for ad in market.ads.values():
            if ad.group.campaign.account is account:
                yield resources.ad(world, ad), [(ad.group, ad)]


def _measured(
    world: World, account: Account, query: Query, entities: list[tuple[Values, Traffic]], now: float
) -> Iterator[Values]:
    cut = {name for name in query.fields if name.startswith("segments.")}
    if unknown := cut - _SEGMENTS:
        raise bad("PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE", f"{min(unknown)} is not offered here.")
    days = _days(world, account, query, now)
    by_day, by_hour = "segments.date" in query.select, "segments.hour" in query.fields
    for values, traffic in entities:
        total = NOTHING
        for on in days:
            for hour, fact in _cuts(world, traffic, on, now, by_hour):
                if not by_day and not by_hour:
                    total = total.plus(fact)
                elif any(fact):
                    segments = {"segments.date": on.isoformat(), "segments.hour": hour}
                    yield values | _metrics(fact) | segments
        if not by_day and not by_hour:
            yield values | _metrics(total)


def _cuts(
    world: World, traffic: Traffic, on: date, now: float, by_hour: bool
) -> Iterator[tuple[int | None, Fact]]:
    if not by_hour:
        total = NOTHING
        for group, ad in traffic:
            total = total.plus(world.day(group, on, now, ad))
        yield None, total
        return
    hours: dict[int, Fact] = {}
    for group, ad in traffic:
        for hour, fact in world.hours(group, on, now, ad).items():
            hours[hour] = hours.get(hour, NOTHING).plus(fact)
    yield from sorted(hours.items())


def _days(world: World, account: Account, query: Query, now: float) -> list[date]:
    """Days of the world that the date filter lets through."""
    conditions = query.on("segments.date")
    for condition in conditions:
        for value in condition.values:
            try:
                datetime.strptime(str(value), "%Y-%m-%d")  # noqa: DTZ007 - a day has no zone
            except ValueError:
                raise bad("INVALID_DATE_FORMAT", f"{value} is not a date.") from None
    days = days_between(world.begins(account.timezone), local_date(now, account.timezone))
    return [on for on in days if all(condition.holds(on.isoformat()) for condition in conditions)]


def _metrics(fact: Fact) -> Values:
    clicks, views = fact.clicks, fact.impressions
    return {
        "metrics.cost_micros": fact.spend_micros,
        "metrics.impressions": views,
        "metrics.clicks": clicks,
        "metrics.conversions": float(fact.conversions),
        "metrics.conversions_value": fact.value_micros / 1e6,
        "metrics.all_conversions": float(fact.conversions),
        "metrics.all_conversions_value": fact.value_micros / 1e6,
        "metrics.ctr": clicks / views if views else 0.0,
        "metrics.average_cpc": fact.spend_micros / clicks if clicks else 0.0,
    }


def _sortable(name: str, row: Values) -> tuple[bool, Any]:
    """Unset values before all others."""
    value = row.get(name)
    return (value is not None, value)
