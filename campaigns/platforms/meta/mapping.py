"""Graph's objects in Lane's words. Every number arrives as text, budgets in Meta's own minor units."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from campaigns.platforms.currencies import from_minor, micros_of
from campaigns.platforms.days import zone_of
from campaigns.platforms.meta import fields, health
from campaigns.platforms.meta.writes import NO_SPEND_CAP, STRATEGIES
from campaigns.platforms.records import (
    AccountRecord,
    Bid,
    BudgetKind,
    EntityRecord,
    EntityRef,
    EntityState,
    EntityStatus,
    ExternalChange,
    Grain,
    Level,
    MetricRow,
    Money,
)

ATTRIBUTION = "ad set attribution setting (" + ", ".join(fields.ATTRIBUTION_WINDOWS) + ")"

SWITCHES = {
    "ACTIVE": EntityStatus.ACTIVE,
    "PAUSED": EntityStatus.PAUSED,
    "ARCHIVED": EntityStatus.REMOVED,
    "DELETED": EntityStatus.REMOVED,
}
_EFFECTIVE = {
    "ACTIVE": EntityStatus.ACTIVE,
    "IN_PROCESS": EntityStatus.ACTIVE,
    "PREAPPROVED": EntityStatus.ACTIVE,
    "CAMPAIGN_PAUSED": EntityStatus.PAUSED,
    "ADSET_PAUSED": EntityStatus.PAUSED,
    "PAUSED": EntityStatus.PAUSED,
    "ARCHIVED": EntityStatus.REMOVED,
    "DELETED": EntityStatus.REMOVED,
    "WITH_ISSUES": EntityStatus.LIMITED,
    "DISAPPROVED": EntityStatus.LIMITED,
    "PENDING_REVIEW": EntityStatus.LIMITED,
    "PENDING_BILLING_INFO": EntityStatus.LIMITED,
}
_ACCOUNT_STATUSES = {
    1: EntityStatus.ACTIVE,
    9: EntityStatus.ACTIVE,  # in grace period
    201: EntityStatus.ACTIVE,
    2: EntityStatus.LIMITED,  # disabled
    3: EntityStatus.LIMITED,  # unsettled
    7: EntityStatus.LIMITED,  # pending risk review
    8: EntityStatus.LIMITED,  # pending settlement
    100: EntityStatus.LIMITED,  # pending closure
    101: EntityStatus.REMOVED,
    202: EntityStatus.REMOVED,
}


def account(node: Mapping[str, Any]) -> AccountRecord:
    """An ad account; its parent is the business that owns it, when Graph shows it."""
    external_id = str(node["account_id"])
    return AccountRecord(
        external_id=external_id,
        name=str(node.get("name") or external_id),
        currency=str(node["currency"]),
        timezone=str(node["timezone_name"]),
        status=_ACCOUNT_STATUSES.get(int(node.get("account_status", 0)), EntityStatus.UNKNOWN),
        hindrances=health.of_account(node),
        parent_external_id=str((node.get("business") or {}).get("id", "")),
    )


def entity(node: Mapping[str, Any], level: Level, of: AccountRecord, now: datetime) -> EntityRecord:
    """A campaign, ad set or ad. A budget at the campaign excludes one at its ad sets, and the reverse."""
    kind, amount = budget_amount(node, of.currency)
    own = EntityRef(Level.BUDGET, str(node["id"])) if amount is not None else None
    parent: EntityRef | None = None
    if level is Level.GROUP:
        parent = EntityRef(Level.CAMPAIGN, str(node["campaign_id"]))
        own = own or EntityRef(Level.BUDGET, parent.external_id)
    elif level is Level.AD:
        parent = EntityRef(Level.GROUP, str(node["adset_id"]))
    effective, status = str(node.get("effective_status", "")), _status(node, now)
    return EntityRecord(
        ref=EntityRef(level, str(node["id"])),
        name=str(node.get("name", "")),
        status=status,
        raw_status=str(node.get("status", "")),
        parent_ref=parent,
        budget_ref=None if level is Level.AD else own,
        budget_kind=kind,
        budget=amount,
        channel=str(node.get("objective", "")),
        limited_reasons=_reasons(node),
        starts_on=_local_day(node.get("start_time"), of),
        ends_on=_local_day(node.get("stop_time") or node.get("end_time"), of),
        updated_at=_instant(node.get("updated_time")),
        hindrances=health.of_entity(node, level, status),
        spend_cap=spend_cap(node, of.currency),
        bid=bid(node, of.currency),
        bid_strategy=_strategy(node),
        raw={"effective_status": effective}
        | {key: node[key] for key in ("bid_strategy", "learning_stage_info") if key in node},
    )


def budget(node: Mapping[str, Any], carrier: Level, of: AccountRecord, now: datetime) -> EntityRecord | None:
    """The budget a campaign or ad set carries under its own id; None when it carries none."""
    kind, amount = budget_amount(node, of.currency)
    if amount is None:
        return None
    external_id = str(node["id"])
    return EntityRecord(
        ref=EntityRef(Level.BUDGET, external_id),
        name=str(node.get("name", "")),
        status=_status(node, now),
        raw_status=str(node.get("status", "")),
        parent_ref=EntityRef(carrier, external_id),
        budget_kind=kind,
        budget=amount,
        starts_on=_local_day(node.get("start_time"), of),
        ends_on=_local_day(node.get("stop_time") or node.get("end_time"), of),
        updated_at=_instant(node.get("updated_time")),
        raw={
            "carrier": "campaign" if carrier is Level.CAMPAIGN else "adset",
            "campaign_id": external_id if carrier is Level.CAMPAIGN else str(node.get("campaign_id", "")),
        },
    )


def budget_amount(node: Mapping[str, Any], currency: str) -> tuple[BudgetKind, Money | None]:
    """Meta writes "0" for the kind of budget that is not used: zero means none, never an amount."""
    for name, kind in (("daily_budget", BudgetKind.DAILY), ("lifetime_budget", BudgetKind.LIFETIME)):
        minor = int(node.get(name) or 0)
        if minor > 0:
            return kind, Money(from_minor(minor, currency), currency)
    return BudgetKind.NONE, None


def state(node: Mapping[str, Any], ref: EntityRef, of: AccountRecord) -> EntityState:
    """The switch of an entity as it is set, whatever its delivery health, and a budget's amount."""
    raw = str(node.get("status", ""))
    kind, amount = BudgetKind.NONE, None
    if ref.level is Level.BUDGET:
        kind, amount = budget_amount(node, of.currency)
    return EntityState(
        ref,
        SWITCHES.get(raw, EntityStatus.UNKNOWN),
        raw,
        amount,
        kind,
        spend_cap=spend_cap(node, of.currency),
        bid=bid(node, of.currency),
        bid_strategy=_strategy(node),
    )


def spend_cap(node: Mapping[str, Any], currency: str) -> Money | None:
    """The most a campaign may ever spend; absent, zero and Meta's largest number all mean no cap."""
    minor = int(node.get("spend_cap") or 0)
    return Money(from_minor(minor, currency), currency) if 0 < minor < NO_SPEND_CAP else None


def bid(node: Mapping[str, Any], currency: str) -> Bid | None:
    """What an ad set bids towards; its campaign's strategy counts where the campaign carries the budget."""
    kind, minor = STRATEGIES.get(_strategy(node)), int(node.get("bid_amount") or 0)
    if kind is None or not minor:
        return None
    return Bid(kind, micros=from_minor(minor, currency), currency=currency)


def _strategy(node: Mapping[str, Any]) -> str:
    return str(node.get("bid_strategy") or (node.get("campaign") or {}).get("bid_strategy") or "")


def metric(
    row: Mapping[str, Any],
    level: Level,
    grain: Grain,
    *,
    conversion_actions: Sequence[str],
    fetched_at: datetime,
    final_until: date,
) -> MetricRow:
    """One fact. Meta leaves out empty action lists that were asked for, so absent is a true zero there."""
    on = date.fromisoformat(row["date_start"])
    return MetricRow(
        ref=EntityRef(level, str(row[fields.INSIGHT_IDS[level]])),
        on=on,
        hour=int(row[fields.HOURLY][:2]) if grain is Grain.HOUR else None,
        spend_micros=micros_of(row.get("spend", "0")),
        impressions=int(row.get("impressions", 0)),
        clicks=int(row.get("clicks", 0)),
        conversions=_action(row.get("actions", ()), conversion_actions),
        conversion_value_micros=micros_of(_action(row.get("action_values", ()), conversion_actions)),
        fetched_at=fetched_at,
        is_final=on <= final_until,
        attribution=ATTRIBUTION,
    )


def _action(actions: Iterable[Mapping[str, Any]], wanted: Sequence[str]) -> Decimal:
    """The first wanted action type reported; types overlap, so they are never added up."""
    values = {str(action.get("action_type")): action.get("value", "0") for action in actions}
    return next((Decimal(str(values[name])) for name in wanted if name in values), Decimal(0))


_CHANGES = {
    "update_campaign_budget": (Level.BUDGET, "budget_micros"),
    "update_campaign_group_spend_cap": (Level.CAMPAIGN, "spend_cap_micros"),
    "update_ad_set_budget": (Level.BUDGET, "budget_micros"),
    "update_campaign_run_status": (Level.CAMPAIGN, "status"),
    "update_ad_set_run_status": (Level.GROUP, "status"),
}


def change(row: Mapping[str, Any], of: AccountRecord) -> ExternalChange | None:
    """One edit from the activity log; None for what Lane does not mirror."""
    known = _CHANGES.get(str(row.get("event_type")))
    at = _instant(row.get("event_time"))
    if known is None or at is None:
        return None
    level, field = known
    old, new = _old_and_new(row.get("extra_data"))
    if field.endswith("_micros"):
        old, new = (_budget_micros(value, of.currency) for value in (old, new))
    return ExternalChange(
        ref=EntityRef(level, str(row.get("object_id", ""))),
        at=at,
        actor=str(row.get("actor_name", "")),
        client=str(row.get("application_name", "")),
        fields=(field,),
        old={} if old is None else {field: old},
        new={} if new is None else {field: new},
    )


def _old_and_new(extra: Any) -> tuple[Any, Any]:
    """``extra_data`` is JSON text; values are plain, or objects that repeat their own name inside."""
    if isinstance(extra, str):
        try:
            extra = json.loads(extra)
        except ValueError:
            return None, None
    if not isinstance(extra, Mapping):
        return None, None
    found = []
    for name in ("old_value", "new_value"):
        value = extra.get(name)
        found.append(value.get(name) if isinstance(value, Mapping) else value)
    return found[0], found[1]


def _budget_micros(minor: Any, currency: str) -> int | None:
    text = str(minor) if minor is not None else ""
    return from_minor(int(text), currency) if text.isdigit() else None


def _status(node: Mapping[str, Any], now: datetime) -> EntityStatus:
    switch = SWITCHES.get(str(node.get("status", "")), EntityStatus.UNKNOWN)
    if switch is not EntityStatus.ACTIVE:
        return switch
    ends_at = _instant(node.get("stop_time") or node.get("end_time"))
    if ends_at is not None and ends_at <= now:
        return EntityStatus.ENDED
    return _EFFECTIVE.get(str(node.get("effective_status", "")), switch)


def _reasons(node: Mapping[str, Any]) -> tuple[str, ...]:
    effective = str(node.get("effective_status", ""))
    reasons = [effective] if _EFFECTIVE.get(effective) is EntityStatus.LIMITED else []
    reasons += [
        str(issue.get("error_summary") or issue.get("error_message") or issue.get("error_code") or "")
        for issue in node.get("issues_info") or ()
    ]
    return tuple(reason for reason in reasons if reason)


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text)).astimezone(UTC) if text else None


def _local_day(text: Any, of: AccountRecord) -> date | None:
    instant = _instant(text)
    return instant.astimezone(zone_of(of)).date() if instant else None
