"""Every GAQL text Lane sends, in one place, with declared fields.

Metrics are asked for with ``segments.date`` (account-local days). Fields that Google refuses together with
``segments.hour`` (``all_conversions``, impression share, ``*_by_conversion_date``) are in no query here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from campaigns.platforms.errors import Invalid
from campaigns.platforms.records import Grain, Level

ACCOUNTS = (
    "SELECT customer_client.client_customer, customer_client.id, customer_client.level, "
    "customer_client.manager, customer_client.descriptive_name, customer_client.currency_code, "
    "customer_client.time_zone, customer_client.test_account, customer_client.hidden, "
    "customer_client.status FROM customer_client"
)

BUDGET_SIMULATIONS = (
    "SELECT campaign_simulation.campaign_id, campaign_simulation.type, campaign_simulation.modification_method, "
    "campaign_simulation.start_date, campaign_simulation.end_date, "
    "campaign_simulation.budget_point_list.points FROM campaign_simulation "
    "WHERE campaign_simulation.type = BUDGET"
)

_BUDGET_FIELDS = (
    "campaign_budget.id, campaign_budget.name, campaign_budget.status, campaign_budget.amount_micros, "
    "campaign_budget.total_amount_micros, campaign_budget.period, campaign_budget.explicitly_shared, "
    "campaign_budget.reference_count, campaign_budget.delivery_method, "
    "campaign_budget.has_recommended_budget, campaign_budget.recommended_budget_amount_micros"
)

_BIDDING = (
    "campaign.bidding_strategy_type, campaign.bidding_strategy, campaign.target_cpa.target_cpa_micros, "
    "campaign.maximize_conversions.target_cpa_micros, campaign.target_roas.target_roas, "
    "campaign.maximize_conversion_value.target_roas"
)

_ENTITIES = {
    Level.CAMPAIGN: (
        "SELECT campaign.id, campaign.name, campaign.status, campaign.primary_status, "
        "campaign.primary_status_reasons, campaign.serving_status, campaign.advertising_channel_type, "
        f"{_BIDDING}, campaign.campaign_budget, campaign.start_date_time, "
        "campaign.end_date_time FROM campaign"
    ),
    Level.GROUP: (
        "SELECT ad_group.id, ad_group.name, ad_group.status, ad_group.type, campaign.id, "
        "campaign.campaign_budget FROM ad_group"
    ),
    Level.AD: (
        "SELECT ad_group_ad.ad.id, ad_group_ad.ad.name, ad_group_ad.ad.type, ad_group_ad.status, "
        "ad_group_ad.policy_summary.approval_status, ad_group_ad.policy_summary.review_status, ad_group.id "
        "FROM ad_group_ad"
    ),
    Level.BUDGET: f"SELECT {_BUDGET_FIELDS} FROM campaign_budget",
}

_STATES = {
    Level.CAMPAIGN: (
        f"SELECT campaign.id, campaign.status, {_BIDDING} FROM campaign WHERE campaign.id IN ({{ids}})"
    ),
    Level.GROUP: "SELECT ad_group.id, ad_group.status FROM ad_group WHERE ad_group.id IN ({ids})",
    Level.AD: (
        "SELECT ad_group_ad.ad.id, ad_group_ad.status FROM ad_group_ad WHERE ad_group_ad.ad.id IN ({ids})"
    ),
    Level.BUDGET: (
        "SELECT campaign_budget.id, campaign_budget.status, campaign_budget.amount_micros, "
        "campaign_budget.total_amount_micros, campaign_budget.period FROM campaign_budget "
        "WHERE campaign_budget.id IN ({ids})"
    ),
}

_METRICS = "metrics.cost_micros, metrics.impressions, metrics.clicks"
_CONVERSIONS = "metrics.conversions, metrics.conversions_value"

_METRIC_SOURCES = {
    Level.CAMPAIGN: ("campaign", "campaign.id"),
    Level.GROUP: ("ad_group", "ad_group.id"),
    Level.AD: ("ad_group_ad", "ad_group_ad.ad.id"),
}

CHANGE_LIMIT = 10_000  # Google refuses a larger LIMIT on change_event
CHANGE_LOOKBACK_DAYS = 29  # Google allows 30; one day of margin for time zones
_CHANGES = (
    "SELECT change_event.change_date_time, change_event.change_resource_type, "
    "change_event.change_resource_name, change_event.client_type, change_event.user_email, "
    "change_event.resource_change_operation, change_event.changed_fields, change_event.old_resource, "
    "change_event.new_resource FROM change_event "
    "WHERE change_event.change_date_time >= '{start}' AND change_event.change_date_time <= '{end}' "
    "AND change_event.change_resource_type IN ('CAMPAIGN', 'CAMPAIGN_BUDGET') "
    "ORDER BY change_event.change_date_time LIMIT {limit}"
)


def entities(level: Level) -> str:
    """All entities of a level, removed ones included."""
    return _ENTITIES[level]


def states(level: Level, ids: Sequence[str]) -> str:
    """The live state of named entities."""
    return _STATES[level].format(ids=", ".join(str(number) for number in numeric(ids)))


def metrics(level: Level, grain: Grain, start: date, end: date, *, conversions: bool = True) -> str:
    """Facts of the account-local days ``start``..``end`` inclusive."""
    if level not in _METRIC_SOURCES:
        raise Invalid("Google reports no spend per budget; read its campaigns.", field="level")
    if grain is Grain.HOUR and level is not Level.CAMPAIGN:
        raise Invalid("Hourly figures are read per campaign only.", field="grain")
    source, key = _METRIC_SOURCES[level]
    segments = "segments.date, segments.hour" if grain is Grain.HOUR else "segments.date"
    figures = f"{_METRICS}, {_CONVERSIONS}" if conversions else _METRICS
    return (
        f"SELECT {key}, {segments}, {figures} FROM {source} "
        f"WHERE segments.date BETWEEN '{start:%Y-%m-%d}' AND '{end:%Y-%m-%d}'"
    )


def lifetime(level: Level) -> str:
    """What entities ever spent."""
    if level not in (Level.CAMPAIGN, Level.GROUP):
        raise Invalid("Lifetime spend is read per campaign or group.", field="level")
    source, key = _METRIC_SOURCES[level]
    return f"SELECT {key}, metrics.cost_micros FROM {source}"


def account_spend(start: date, end: date) -> str:
    """The account's own total per day."""
    return (
        "SELECT customer.id, segments.date, metrics.cost_micros FROM customer "
        f"WHERE segments.date BETWEEN '{start:%Y-%m-%d}' AND '{end:%Y-%m-%d}'"
    )


def changes(start: datetime, end: datetime) -> str:
    """Edits of campaigns and budgets between two account-local wall-clock times."""
    return _CHANGES.format(
        start=f"{start:%Y-%m-%d %H:%M:%S.%f}", end=f"{end:%Y-%m-%d %H:%M:%S.%f}", limit=CHANGE_LIMIT
    )


def numeric(ids: Sequence[str]) -> list[int]:
    """Ids as numbers: nothing else may enter a query."""
    if bad := [value for value in ids if not (value.isascii() and value.isdigit())]:
        raise Invalid(f"“{bad[0]}” is not a Google Ads id.", field="external_id")
    return [int(value) for value in ids]
