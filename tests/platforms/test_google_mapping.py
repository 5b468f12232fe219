"""Google's rows in Lane's words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.platforms.errors import Invalid
from campaigns.platforms.google_ads import mapping, queries
from campaigns.platforms.records import (
    AccountRecord,
    BudgetKind,
    EntityRef,
    EntityStatus,
    Grain,
    Level,
    Money,
)

ACCOUNT = AccountRecord("111", "Pinewick Coffee", "EUR", "Europe/Berlin", EntityStatus.ACTIVE)


@pytest.fixture
def row() -> Any:
    from google.ads.googleads.v26.services.types.google_ads_service import GoogleAdsRow

    return GoogleAdsRow.pb()()


def test_a_limited_campaign_tells_why_and_keeps_its_switch(row: Any) -> None:
    row.campaign.id = 5
    row.campaign.status = 2
    row.campaign.primary_status = 8
    row.campaign.primary_status_reasons.append(12)
    row.campaign.campaign_budget = "customers/111/campaignBudgets/9"
    row.campaign.start_date_time = "2026-11-01 00:00:00"
    row.campaign.end_date_time = "2037-12-30 23:59:59"
    campaign = mapping.entity(row, Level.CAMPAIGN, ACCOUNT)
    assert (campaign.status, campaign.raw_status) == (EntityStatus.LIMITED, "ENABLED")
    assert campaign.limited_reasons
    assert campaign.budget_ref == EntityRef(Level.BUDGET, "9")
    assert (campaign.starts_on, campaign.ends_on) == (date(2026, 11, 1), None)


def test_a_paused_campaign_is_paused_whatever_its_health(row: Any) -> None:
    row.campaign.status = 3
    row.campaign.primary_status = 8
    assert mapping.entity(row, Level.CAMPAIGN, ACCOUNT).status is EntityStatus.PAUSED


def test_an_enum_value_newer_than_the_sdk_is_unknown(row: Any) -> None:
    row.campaign.status = 9_999
    assert mapping.entity(row, Level.CAMPAIGN, ACCOUNT).status is EntityStatus.UNKNOWN


def test_a_budget_without_an_amount_is_unknown_and_not_zero(row: Any) -> None:
    row.campaign_budget.id = 9
    assert mapping.entity(row, Level.BUDGET, ACCOUNT).budget is None


def test_a_custom_period_budget_has_one_total(row: Any) -> None:
    row.campaign_budget.period = (
        row.campaign_budget.DESCRIPTOR.fields_by_name["period"]
        .enum_type.values_by_name["CUSTOM_PERIOD"]
        .number
    )
    row.campaign_budget.total_amount_micros = 70_000_000
    budget = mapping.entity(row, Level.BUDGET, ACCOUNT)
    assert (budget.budget_kind, budget.budget) == (BudgetKind.LIFETIME, Money(70_000_000, "EUR"))


def test_a_fact_is_final_once_its_day_has_settled(row: Any) -> None:
    row.campaign.id = 5
    row.segments.date = "2026-11-16"
    row.metrics.cost_micros = 12_340_000
    row.metrics.conversions = 0.1 + 0.2
    row.metrics.conversions_value = 19.99
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    fact = mapping.metric(row, Level.CAMPAIGN, Grain.DAY, fetched_at=at, final_until=date(2026, 11, 16))
    assert fact.is_final
    assert fact.hour is None
    assert abs(fact.conversions - Decimal("0.3")) < Decimal("1e-9")
    assert fact.conversion_value_micros == 19_990_000
    later = mapping.metric(row, Level.CAMPAIGN, Grain.DAY, fetched_at=at, final_until=date(2026, 11, 15))
    assert not later.is_final


def test_an_edit_is_told_in_lanes_field_names_and_in_utc(row: Any) -> None:
    event = row.change_event
    event.change_resource_type = (
        event.DESCRIPTOR.fields_by_name["change_resource_type"]
        .enum_type.values_by_name["CAMPAIGN_BUDGET"]
        .number
    )
    event.change_resource_name = "customers/111/campaignBudgets/9"
    event.change_date_time = "2026-11-20 10:00:00.5"
    event.user_email = "anna@example.com"
    event.changed_fields.paths.append("amount_micros")
    event.old_resource.campaign_budget.amount_micros = 10_000_000
    event.new_resource.campaign_budget.amount_micros = 25_000_000
    change = mapping.change(row, ZoneInfo("Europe/Berlin"))
    assert change is not None
    assert change.at == datetime(2026, 11, 20, 9, 0, 0, 500_000, tzinfo=UTC)
    assert (change.old, change.new) == ({"budget_micros": 10_000_000}, {"budget_micros": 25_000_000})
    assert change.fields == ("budget_micros",)


@pytest.mark.parametrize("hostile", ["1) OR (1", "1; DROP", "", "١"])
def test_nothing_but_numbers_enters_a_query(hostile: str) -> None:
    with pytest.raises(Invalid):
        queries.states(Level.CAMPAIGN, [hostile])


def test_figures_are_not_asked_for_where_google_has_none() -> None:
    day = date(2026, 11, 20)
    with pytest.raises(Invalid):
        queries.metrics(Level.BUDGET, Grain.DAY, day, day)
    with pytest.raises(Invalid):
        queries.metrics(Level.AD, Grain.HOUR, day, day)


def test_conversions_that_google_does_not_give_by_the_hour_are_unknown_and_not_zero(row: Any) -> None:
    day = date(2026, 11, 20)
    assert "conversions" not in queries.metrics(Level.CAMPAIGN, Grain.HOUR, day, day, conversions=False)
    row.campaign.id = 5
    row.segments.date = "2026-11-20"
    fact = mapping.metric(
        row,
        Level.CAMPAIGN,
        Grain.HOUR,
        fetched_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        final_until=date(2026, 11, 16),
        conversions=False,
    )
    assert (fact.conversions, fact.conversion_value_micros) == (None, None)
