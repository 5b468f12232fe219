"""Google's rows in Lane's words. Rows are raw protobuf messages (five times faster than proto-plus)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from campaigns.platforms.currencies import micros_of
from campaigns.platforms.google_ads import bidding, health
from campaigns.platforms.records import (
    AccountRecord,
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

ATTRIBUTION = "account conversion settings, by click date"

SWITCHES = {
    "ENABLED": EntityStatus.ACTIVE,
    "PAUSED": EntityStatus.PAUSED,
    "REMOVED": EntityStatus.REMOVED,
}
_HEALTH = {
    "ENDED": EntityStatus.ENDED,
    "LIMITED": EntityStatus.LIMITED,
    "MISCONFIGURED": EntityStatus.LIMITED,
    "NOT_ELIGIBLE": EntityStatus.LIMITED,
}
_ACCOUNT_STATUSES = {
    "ENABLED": EntityStatus.ACTIVE,
    "SUSPENDED": EntityStatus.LIMITED,
    "CANCELED": EntityStatus.REMOVED,
    "CLOSED": EntityStatus.REMOVED,
}
_AD_TROUBLE = frozenset({"DISAPPROVED", "AREA_OF_INTEREST_ONLY"})


def enum_name(message: Any, field: str) -> str:
    """The name of an enum value; a value newer than the SDK reads as UNKNOWN instead of failing."""
    found = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number.get(getattr(message, field))
    return found.name if found is not None else "UNKNOWN"


def id_of(resource_name: str) -> str:
    """``customers/1/campaignBudgets/22`` is budget 22."""
    return resource_name.rsplit("/", 1)[-1]


def account(row: Any, root: str) -> AccountRecord:
    """A client of a manager. The parent is known for direct clients only: Google lists the tree flat."""
    client = row.customer_client
    external_id = str(client.id)
    return AccountRecord(
        external_id=external_id,
        name=client.descriptive_name or external_id,
        currency=client.currency_code,
        timezone=client.time_zone,
        status=_ACCOUNT_STATUSES.get(enum_name(client, "status"), EntityStatus.UNKNOWN),
        hindrances=health.of_account(enum_name(client, "status")),
        is_manager=client.manager,
        parent_external_id=root if client.level == 1 else "",
        access_path=root,
        is_test=client.test_account,
    )


def entity(row: Any, level: Level, of: AccountRecord) -> EntityRecord:
    """Any mirrored entity."""
    return _ENTITIES[level](row, of)


def _campaign(row: Any, of: AccountRecord) -> EntityRecord:
    campaign = row.campaign
    raw, status = enum_name(campaign, "status"), enum_name(campaign, "primary_status")
    switch = SWITCHES.get(raw, EntityStatus.UNKNOWN)
    known = campaign.DESCRIPTOR.fields_by_name["primary_status_reasons"].enum_type.values_by_number
    reasons = tuple(
        known[number].name if number in known else "UNKNOWN" for number in campaign.primary_status_reasons
    )
    strategy = enum_name(campaign, "bidding_strategy_type")
    return EntityRecord(
        ref=EntityRef(Level.CAMPAIGN, str(campaign.id)),
        name=campaign.name,
        status=_HEALTH.get(status, switch) if switch is EntityStatus.ACTIVE else switch,
        raw_status=raw,
        budget_ref=_budget_ref(campaign.campaign_budget),
        channel=enum_name(campaign, "advertising_channel_type"),
        limited_reasons=reasons,
        starts_on=_day(campaign.start_date_time),
        ends_on=_day(campaign.end_date_time),
        hindrances=health.of_campaign(raw, status, enum_name(campaign, "serving_status"), reasons),
        bid=bidding.of(campaign, strategy, of.currency),
        bid_strategy=strategy,
        raw={
            "primary_status": status,
            "serving_status": enum_name(campaign, "serving_status"),
            "bidding_strategy_type": strategy,
            "budget_resource_name": campaign.campaign_budget,
        },
    )


def _group(row: Any, of: AccountRecord) -> EntityRecord:
    group = row.ad_group
    raw = enum_name(group, "status")
    return EntityRecord(
        ref=EntityRef(Level.GROUP, str(group.id)),
        name=group.name,
        status=SWITCHES.get(raw, EntityStatus.UNKNOWN),
        raw_status=raw,
        parent_ref=EntityRef(Level.CAMPAIGN, str(row.campaign.id)),
        budget_ref=_budget_ref(row.campaign.campaign_budget),
        hindrances=health.of_group(raw),
    )


def _ad(row: Any, of: AccountRecord) -> EntityRecord:
    ad = row.ad_group_ad
    raw, approval = enum_name(ad, "status"), enum_name(ad.policy_summary, "approval_status")
    switch = SWITCHES.get(raw, EntityStatus.UNKNOWN)
    refused = approval in _AD_TROUBLE
    review = enum_name(ad.policy_summary, "review_status")
    return EntityRecord(
        ref=EntityRef(Level.AD, str(ad.ad.id)),
        name=ad.ad.name or f"Ad {ad.ad.id}",
        status=EntityStatus.LIMITED if refused and switch is EntityStatus.ACTIVE else switch,
        raw_status=raw,
        parent_ref=EntityRef(Level.GROUP, str(row.ad_group.id)),
        limited_reasons=(approval,) if refused else (),
        hindrances=health.of_ad(raw, approval if refused else "", review),
        raw={"approval_status": approval},
    )


def _budget(row: Any, of: AccountRecord) -> EntityRecord:
    budget = row.campaign_budget
    raw = enum_name(budget, "status")
    kind, amount = budget_amount(budget, of.currency)
    return EntityRecord(
        ref=EntityRef(Level.BUDGET, str(budget.id)),
        name=budget.name,
        status=SWITCHES.get(raw, EntityStatus.UNKNOWN),
        raw_status=raw,
        budget_kind=kind,
        budget=amount,
        shared=budget.explicitly_shared,
        raw={
            "reference_count": budget.reference_count,
            "delivery_method": enum_name(budget, "delivery_method"),
            "period": enum_name(budget, "period"),
            "recommended_micros": budget.recommended_budget_amount_micros
            if budget.has_recommended_budget
            else None,
        },
    )


_ENTITIES: Mapping[Level, Callable[[Any, AccountRecord], EntityRecord]] = {
    Level.CAMPAIGN: _campaign,
    Level.GROUP: _group,
    Level.AD: _ad,
    Level.BUDGET: _budget,
}


def budget_amount(budget: Any, currency: str) -> tuple[BudgetKind, Money | None]:
    """A budget has a daily average or, with a custom period, one total; an unset amount is unknown, not 0."""
    if enum_name(budget, "period") == "CUSTOM_PERIOD":
        kind, micros = BudgetKind.LIFETIME, budget.total_amount_micros
    else:
        kind, micros = BudgetKind.DAILY, budget.amount_micros
    return kind, Money(micros, currency) if micros else None


def state(row: Any, ref: EntityRef, of: AccountRecord) -> EntityState:
    """The switch of an entity as it is set, whatever its delivery health, and a budget's amount."""
    message = _state_message(row, ref.level)
    raw = enum_name(message, "status")
    kind, amount = BudgetKind.NONE, None
    if ref.level is Level.BUDGET:
        kind, amount = budget_amount(message, of.currency)
    strategy = enum_name(message, "bidding_strategy_type") if ref.level is Level.CAMPAIGN else ""
    return EntityState(
        ref,
        SWITCHES.get(raw, EntityStatus.UNKNOWN),
        raw,
        amount,
        kind,
        bid=bidding.of(message, strategy, of.currency) if strategy else None,
        bid_strategy=strategy,
    )


def state_ref(row: Any, level: Level) -> EntityRef:
    """Which entity a row of a state query is about."""
    message = _state_message(row, level)
    return EntityRef(level, str(message.ad.id if level is Level.AD else message.id))


def _state_message(row: Any, level: Level) -> Any:
    if level is Level.CAMPAIGN:
        return row.campaign
    if level is Level.GROUP:
        return row.ad_group
    return row.ad_group_ad if level is Level.AD else row.campaign_budget


def metric(
    row: Any,
    level: Level,
    grain: Grain,
    *,
    fetched_at: datetime,
    final_until: date,
    conversions: bool = True,
) -> MetricRow:
    """One fact; days up to ``final_until`` no longer move in spend. Conversions not asked for are unknown."""
    metrics = row.metrics
    on = date.fromisoformat(row.segments.date)
    return MetricRow(
        ref=state_ref(row, level),
        on=on,
        hour=row.segments.hour if grain is Grain.HOUR else None,
        spend_micros=metrics.cost_micros,
        impressions=metrics.impressions,
        clicks=metrics.clicks,
        conversions=Decimal(str(metrics.conversions)) if conversions else None,
        conversion_value_micros=micros_of(metrics.conversions_value) if conversions else None,
        fetched_at=fetched_at,
        is_final=on <= final_until,
        attribution=ATTRIBUTION,
    )


_CHANGED = {
    "amount_micros": "budget_micros",
    "total_amount_micros": "budget_micros",
    "status": "status",
}


def change(row: Any, timezone: ZoneInfo) -> ExternalChange | None:
    """One edit in Lane's field names; None for a resource Lane does not mirror."""
    event = row.change_event
    kind = enum_name(event, "change_resource_type")
    if kind == "CAMPAIGN":
        level, old, new = Level.CAMPAIGN, event.old_resource.campaign, event.new_resource.campaign
    elif kind == "CAMPAIGN_BUDGET":
        level, old, new = (
            Level.BUDGET,
            event.old_resource.campaign_budget,
            event.new_resource.campaign_budget,
        )
    else:
        return None
    paths = tuple(event.changed_fields.paths)
    return ExternalChange(
        ref=EntityRef(level, id_of(event.change_resource_name)),
        at=datetime.fromisoformat(event.change_date_time).replace(tzinfo=timezone).astimezone(UTC),
        actor=event.user_email,
        client=enum_name(event, "client_type"),
        fields=tuple(dict.fromkeys(_CHANGED.get(path, path) for path in paths)),
        old=_values(old, paths),
        new=_values(new, paths),
    )


def _values(message: Any, paths: tuple[str, ...]) -> dict[str, Any]:
    """The named plain fields of a changed resource; nested messages are left out."""
    values: dict[str, Any] = {}
    for path in paths:
        field = message.DESCRIPTOR.fields_by_name.get(path)
        if field is None or field.message_type is not None:
            continue
        values[_CHANGED.get(path, path)] = (
            enum_name(message, path) if field.enum_type is not None else getattr(message, path)
        )
    return values


def _budget_ref(resource_name: str) -> EntityRef | None:
    return EntityRef(Level.BUDGET, id_of(resource_name)) if resource_name else None


def _day(wall_clock: str) -> date | None:
    """The day of Google's ``yyyy-MM-dd HH:mm:ss``; the far-future default end means none."""
    if not wall_clock or wall_clock.startswith("2037-12-30"):
        return None
    return date.fromisoformat(wall_clock[:10])
