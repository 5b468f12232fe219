"""The rows behind each Google Ads resource, as plain values by field name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from google.ads.googleads.v26.common.types import simulation

from campaigns.sandbox.delivery import LIFETIME_STARTS
from campaigns.sandbox.market import MICROS, WHOLE_UNIT_CURRENCIES, Account, Ad, Budget, Campaign, Group
from campaigns.sandbox.scenario import GOOGLE
from campaigns.sandbox.simulations import simulate
from campaigns.sandbox.world import World

Values = dict[str, Any]

BIDDING = {
    "TARGET_CPA": "target_cpa.target_cpa_micros",
    "MAXIMIZE_CONVERSIONS": "maximize_conversions.target_cpa_micros",
    "TARGET_ROAS": "target_roas.target_roas",
    "MAXIMIZE_CONVERSION_VALUE": "maximize_conversion_value.target_roas",
}
_CURRENCIES = {
    "EUR": ("Euro", "€"),
    "GBP": ("British Pound", "£"),
    "USD": ("US Dollar", "$"),
    "JPY": ("Yen", "¥"),
}
_AD_TYPES = {"SHOPPING": "SHOPPING_PRODUCT_AD", "VIDEO": "VIDEO_AD", "DISPLAY": "RESPONSIVE_DISPLAY_AD"}
_GROUP_TYPES = {
    "SHOPPING": "SHOPPING_PRODUCT_ADS",
    "VIDEO": "VIDEO_RESPONSIVE",
    "DISPLAY": "DISPLAY_STANDARD",
}


def customers(world: World) -> Iterator[Values]:
    """``customer_client`` rows of the manager: itself and everything below it."""
    manager = world.market.manager
    for level, account in ((0, manager), *((1, account) for account in world.market.of(GOOGLE))):
        yield customer_client(account, level)


def customer_client(account: Account, level: int) -> Values:
    """One account as its manager lists it."""
    name = f"customers/{account.id}"
    return {
        "customer_client.resource_name": f"{name}/customerClients/{account.id}",
        "customer_client.client_customer": name,
        "customer_client.id": int(account.id),
        "customer_client.level": level,
        "customer_client.manager": account.is_manager,
        "customer_client.descriptive_name": account.name,
        "customer_client.currency_code": account.currency,
        "customer_client.time_zone": account.timezone,
        "customer_client.test_account": True,
        "customer_client.hidden": False,
        "customer_client.status": "ENABLED",
    } | customer(account)


def customer(account: Account) -> Values:
    """The account a query runs in."""
    return {
        "customer.resource_name": f"customers/{account.id}",
        "customer.id": int(account.id),
        "customer.descriptive_name": account.name,
        "customer.currency_code": account.currency,
        "customer.time_zone": account.timezone,
        "customer.manager": account.is_manager,
        "customer.test_account": True,
        "customer.auto_tagging_enabled": True,
        "customer.status": "ENABLED",
    }


def budget(world: World, of: Budget) -> Values:
    """One budget with its amount of now."""
    amount = world.amount(of)
    starved = of.spec.role == "behind" and not of.lifetime
    recommended = (amount * 5 // 4) // of.account.unit * of.account.unit
    return {
        "campaign_budget.resource_name": f"customers/{of.account.id}/campaignBudgets/{of.id}",
        "campaign_budget.id": int(of.id),
        "campaign_budget.name": of.name,
        "campaign_budget.status": "ENABLED",
        "campaign_budget.amount_micros": None if of.lifetime else amount,
        "campaign_budget.total_amount_micros": amount if of.lifetime else None,
        "campaign_budget.period": "CUSTOM_PERIOD" if of.lifetime else "DAILY",
        "campaign_budget.delivery_method": "STANDARD",
        "campaign_budget.explicitly_shared": of.spec.shared,
        "campaign_budget.reference_count": len(of.campaigns),
        "campaign_budget.has_recommended_budget": starved,
        "campaign_budget.recommended_budget_amount_micros": recommended if starved else None,
        "campaign_budget.type": "STANDARD",
    } | customer(of.account)


def campaign(world: World, of: Campaign) -> Values:
    """One campaign with its delivery health and its budget."""
    on = world.is_on(of.id)
    refused = any(ad.approval == "DISAPPROVED" for group in of.groups for ad in group.ads)
    short = of.budget is not None and of.budget.spec.role == "behind"
    reasons = ["HAS_ADS_DISAPPROVED"] if refused else ["BUDGET_CONSTRAINED"] if short else []
    reasons += [of.spec.limited] if of.spec.limited else []
    health = "LIMITED" if reasons else "ELIGIBLE"
    values = {
        "campaign.resource_name": f"customers/{of.account.id}/campaigns/{of.id}",
        "campaign.id": int(of.id),
        "campaign.name": of.name,
        "campaign.status": "ENABLED" if on else "PAUSED",
        "campaign.primary_status": health if on else "PAUSED",
        "campaign.primary_status_reasons": reasons if on else ["CAMPAIGN_PAUSED"],
        "campaign.serving_status": "SERVING",
        "campaign.advertising_channel_type": of.channel,
        "campaign.bidding_strategy_type": of.spec.strategy or "MAXIMIZE_CONVERSIONS",
        "campaign.start_date_time": f"{_begins(world, of)} 00:00:00",
    } | customer(of.account)
    bid = world.bid(of.id)
    if bid is not None:
        values[f"campaign.{BIDDING[of.spec.strategy]}"] = bid / 1000 if of.is_roas else bid
    if of.budget is not None and of.budget.lifetime:
        last = _begins(world, of) + timedelta(days=of.budget.spec.lifetime_days - 1)
        values["campaign.end_date_time"] = f"{last} 23:59:59"
    if of.budget is not None:
        values |= budget(world, of.budget)
        values["campaign.campaign_budget"] = values["campaign_budget.resource_name"]
    return values


def _begins(world: World, of: Campaign) -> date:
    """The first day of a campaign: its total's, or the world's."""
    first = world.begins(of.account.timezone)
    return first + timedelta(days=LIFETIME_STARTS) if of.budget and of.budget.lifetime else first


def group(world: World, of: Group) -> Values:
    """One ad group."""
    account = of.campaign.account
    return campaign(world, of.campaign) | {
        "ad_group.resource_name": f"customers/{account.id}/adGroups/{of.id}",
        "ad_group.id": int(of.id),
        "ad_group.name": of.name,
        "ad_group.status": "ENABLED" if world.is_on(of.id) else "PAUSED",
        "ad_group.type": _GROUP_TYPES.get(of.campaign.channel, "SEARCH_STANDARD"),
        "ad_group.campaign": f"customers/{account.id}/campaigns/{of.campaign.id}",
        "ad_group.cpc_bid_micros": int(of.campaign.spec.cost_per_click * MICROS)
        // account.unit
        * account.unit,
    }


def ad(world: World, of: Ad) -> Values:
    """One ad with its policy verdict."""
    account = of.group.campaign.account
    return group(world, of.group) | {
        "ad_group_ad.resource_name": f"customers/{account.id}/adGroupAds/{of.group.id}~{of.id}",
        "ad_group_ad.ad.id": int(of.id),
        "ad_group_ad.ad.name": of.name,
        "ad_group_ad.ad.type": _AD_TYPES.get(of.group.campaign.channel, "RESPONSIVE_SEARCH_AD"),
        "ad_group_ad.ad.final_urls": [f"https://{account.key.rpartition('-')[0]}.example/"],
        "ad_group_ad.status": "ENABLED" if world.is_on(of.id) else "PAUSED",
        "ad_group_ad.policy_summary.approval_status": of.approval,
        "ad_group_ad.policy_summary.review_status": "REVIEWED",
        "ad_group_ad.ad_strength": "GOOD",
    }


def simulations(world: World, account: Account, now: float) -> Iterator[Values]:
    """``campaign_simulation`` rows of type BUDGET: one per campaign that has one."""
    for of in world.market.campaigns.values():
        found = simulate(world, of, now) if of.account is account else None
        if found is None:
            continue
        window = f"{of.id}~BUDGET~UNIFORM~{found.first}~{found.last}"
        yield campaign(world, of) | {
            "campaign_simulation.resource_name": f"customers/{account.id}/campaignSimulations/{window}",
            "campaign_simulation.campaign_id": int(of.id),
            "campaign_simulation.type": "BUDGET",
            "campaign_simulation.modification_method": "UNIFORM",
            "campaign_simulation.start_date": found.first.isoformat(),
            "campaign_simulation.end_date": found.last.isoformat(),
            "campaign_simulation.budget_point_list.points": [
                simulation.BudgetSimulationPoint.pb()(
                    budget_amount_micros=point.budget_micros,
                    cost_micros=point.cost_micros,
                    impressions=point.impressions,
                    clicks=point.clicks,
                    biddable_conversions=point.conversions,
                    biddable_conversions_value=point.value,
                )
                for point in found.points
            ],
        }


def currencies() -> Iterator[Values]:
    """What each currency can be billed in."""
    for code, (name, symbol) in _CURRENCIES.items():
        yield {
            "currency_constant.resource_name": f"currencyConstants/{code}",
            "currency_constant.code": code,
            "currency_constant.name": name,
            "currency_constant.symbol": symbol,
            "currency_constant.billable_unit_micros": MICROS
            if code in WHOLE_UNIT_CURRENCIES
            else MICROS // 100,
        }
