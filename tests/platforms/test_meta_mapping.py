"""Graph's objects in Lane's words."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

from campaigns.platforms.meta import mapping
from campaigns.platforms.records import (
    AccountRecord,
    BudgetKind,
    EntityRef,
    EntityStatus,
    Grain,
    Level,
    Money,
)

EURO = AccountRecord("111", "Tervo Kitchens", "EUR", "Europe/Berlin", EntityStatus.ACTIVE)
YEN = AccountRecord("222", "Lindqvist Eyewear", "JPY", "Asia/Tokyo", EntityStatus.ACTIVE)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_campaign_budget_belongs_to_the_campaign_and_its_ad_sets_spend_from_it() -> None:
    campaign = mapping.entity(
        {
            "id": "5",
            "status": "ACTIVE",
            "effective_status": "ACTIVE",
            "daily_budget": "9900",
            "lifetime_budget": "0",
        },
        Level.CAMPAIGN,
        EURO,
        NOW,
    )
    group = mapping.entity(
        {"id": "6", "campaign_id": "5", "status": "ACTIVE", "effective_status": "ACTIVE"},
        Level.GROUP,
        EURO,
        NOW,
    )
    assert campaign.budget_ref == group.budget_ref == EntityRef(Level.BUDGET, "5")
    assert campaign.budget == Money(99_000_000, "EUR")


def test_an_ad_set_budget_leaves_its_campaign_without_one() -> None:
    campaign = mapping.entity({"id": "5", "status": "ACTIVE"}, Level.CAMPAIGN, EURO, NOW)
    group = mapping.entity(
        {"id": "6", "campaign_id": "5", "status": "ACTIVE", "lifetime_budget": "70000"},
        Level.GROUP,
        EURO,
        NOW,
    )
    assert campaign.budget_ref is None
    assert group.budget_ref == EntityRef(Level.BUDGET, "6")
    assert (group.budget_kind, group.parent_ref) == (BudgetKind.LIFETIME, EntityRef(Level.CAMPAIGN, "5"))


def test_a_budget_record_names_its_carrier_and_yen_have_no_minor_unit() -> None:
    budget = mapping.budget({"id": "6", "campaign_id": "5", "daily_budget": "5000"}, Level.GROUP, YEN, NOW)
    assert budget is not None
    assert budget.budget == Money(5_000_000_000, "JPY")
    assert (budget.parent_ref, budget.raw["carrier"]) == (EntityRef(Level.GROUP, "6"), "adset")
    assert mapping.budget({"id": "5", "daily_budget": "0"}, Level.CAMPAIGN, YEN, NOW) is None


def test_status_tells_health_while_the_raw_switch_is_kept() -> None:
    def status(**node: str) -> tuple[EntityStatus, str]:
        record = mapping.entity({"id": "5"} | node, Level.CAMPAIGN, EURO, NOW)
        return record.status, record.raw_status

    assert status(status="ACTIVE", effective_status="WITH_ISSUES") == (EntityStatus.LIMITED, "ACTIVE")
    assert status(status="PAUSED", effective_status="WITH_ISSUES") == (EntityStatus.PAUSED, "PAUSED")
    assert status(status="ARCHIVED") == (EntityStatus.REMOVED, "ARCHIVED")
    assert status(status="ACTIVE", stop_time="2026-11-19T00:00:00+0100")[0] is EntityStatus.ENDED
    assert status(status="SOMETHING_NEW")[0] is EntityStatus.UNKNOWN


def test_a_fact_is_read_from_text_and_overlapping_actions_are_not_added() -> None:
    row = {
        "campaign_id": "5",
        "date_start": "2026-11-19",
        "spend": "12.34",
        "impressions": "1000",
        "clicks": "17",
        "actions": [
            {"action_type": "purchase", "value": "3"},
            {"action_type": "omni_purchase", "value": "4"},
        ],
        "action_values": [{"action_type": "omni_purchase", "value": "99.90"}],
        "hourly_stats_aggregated_by_advertiser_time_zone": "13:00:00 - 13:59:59",
    }
    fact = mapping.metric(
        row,
        Level.CAMPAIGN,
        Grain.HOUR,
        conversion_actions=("omni_purchase", "purchase"),
        fetched_at=NOW,
        final_until=date(2026, 11, 16),
    )
    assert (fact.spend_micros, fact.hour, fact.conversions) == (12_340_000, 13, Decimal(4))
    assert fact.conversion_value_micros == 99_900_000
    assert not fact.is_final


def test_an_edit_of_a_budget_is_told_in_micros() -> None:
    change = mapping.change(
        {
            "event_type": "update_ad_set_budget",
            "event_time": "2026-11-20T10:00:00+0000",
            "object_id": "6",
            "actor_name": "Anna",
            "application_name": "Ads Manager",
            "extra_data": json.dumps({"old_value": {"old_value": 500}, "new_value": {"new_value": 600}}),
        },
        EURO,
    )
    assert change is not None
    assert change.ref == EntityRef(Level.BUDGET, "6")
    assert (change.old, change.new) == ({"budget_micros": 5_000_000}, {"budget_micros": 6_000_000})


def test_an_unreadable_edit_is_told_without_values_and_an_unknown_one_is_left_out() -> None:
    base = {"event_time": "2026-11-20T10:00:00+0000", "object_id": "6"}
    unreadable = mapping.change(base | {"event_type": "update_campaign_budget", "extra_data": "{"}, EURO)
    assert unreadable is not None
    assert (unreadable.old, unreadable.new) == ({}, {})
    assert mapping.change(base | {"event_type": "create_ad"}, EURO) is None
