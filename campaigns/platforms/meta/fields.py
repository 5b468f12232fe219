"""The Graph fields Lane asks for, per level, in one place."""

from __future__ import annotations

from campaigns.platforms.records import Level

ACCOUNT = (
    "account_id,name,currency,timezone_name,account_status,disable_reason,min_daily_budget,amount_spent,"
    "spend_cap,business{id,name}"
)

ENTITIES = {
    Level.CAMPAIGN: (
        "id,name,status,effective_status,objective,bid_strategy,daily_budget,lifetime_budget,spend_cap,"
        "budget_remaining,start_time,stop_time,updated_time,issues_info"
    ),
    Level.GROUP: (
        "id,name,campaign_id,status,effective_status,optimization_goal,daily_budget,lifetime_budget,"
        "budget_remaining,start_time,end_time,updated_time,issues_info,learning_stage_info,bid_strategy,bid_amount,"
        "campaign{bid_strategy}"
    ),
    Level.AD: "id,name,adset_id,campaign_id,status,effective_status,updated_time,issues_info,creative{id}",
}

EDGES = {Level.CAMPAIGN: "campaigns", Level.GROUP: "adsets", Level.AD: "ads"}

# Graph hides archived and deleted entities unless they are asked for.
STATUSES = {
    Level.CAMPAIGN: ["ACTIVE", "PAUSED", "ARCHIVED", "DELETED", "IN_PROCESS", "WITH_ISSUES"],
    Level.GROUP: [
        "ACTIVE",
        "PAUSED",
        "ARCHIVED",
        "DELETED",
        "CAMPAIGN_PAUSED",
        "IN_PROCESS",
        "WITH_ISSUES",
    ],
    Level.AD: [
        "ACTIVE",
        "PAUSED",
        "ARCHIVED",
        "DELETED",
        "CAMPAIGN_PAUSED",
        "ADSET_PAUSED",
        "PENDING_REVIEW",
        "DISAPPROVED",
        "PREAPPROVED",
        "PENDING_BILLING_INFO",
        "IN_PROCESS",
        "WITH_ISSUES",
    ],
}

# A node is asked only for fields its kind has: Graph refuses the whole read otherwise.
STATE = {
    Level.BUDGET: "id,account_id,status,daily_budget,lifetime_budget",
    Level.CAMPAIGN: "id,account_id,status,spend_cap",
    Level.GROUP: "id,account_id,status,bid_strategy,bid_amount,campaign{bid_strategy}",
    Level.AD: "id,account_id,status",
}

INSIGHT_LEVELS = {Level.CAMPAIGN: "campaign", Level.GROUP: "adset", Level.AD: "ad"}
INSIGHT_IDS = {Level.CAMPAIGN: "campaign_id", Level.GROUP: "adset_id", Level.AD: "ad_id"}
INSIGHTS = "spend,impressions,clicks,actions,action_values"
HOURLY = "hourly_stats_aggregated_by_advertiser_time_zone"

# Meta stopped returning 7d_view and 28d_view in January 2026.
ATTRIBUTION_WINDOWS = ["1d_click", "7d_click", "1d_view"]

ACTIVITIES = "event_time,event_type,object_id,object_name,object_type,actor_name,application_name,extra_data"
