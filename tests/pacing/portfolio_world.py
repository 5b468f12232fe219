"""A portfolio over three arms whose results are told day by day along known curves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from campaigns.models import AccountDayFreshness, AdCampaign, Budget
from lane.core import clock
from pacing.models import AllocationLook, Portfolio
from pacing.services.portfolios import looks, setup
from pacing.services.portfolios.terms import ArmTerms
from tests.campaigns.world import World, fact, make_budget, make_world, put

EURO = 1_000_000
# Value a day = a * log(1 + spend / kappa): the first arm is rich and far from full, the last is nearly full.
CURVES = {"Rich": (400.0, 120.0), "Fair": (150.0, 60.0), "Full": (40.0, 5.0)}


@dataclass
class Shop:
    """A tenant with three budgets of 50 a day and two months of known days."""

    world: World
    budgets: dict[str, Budget]
    portfolio: Portfolio | None = None
    values: dict[str, Any] = field(default_factory=dict)


def make_shop(*, days: int = 60, curves: dict[str, tuple[float, float]] | None = None, **world: Any) -> Shop:
    """Budgets with history; nothing looks at them yet."""
    made = make_world(**world)
    budgets = {}
    for name in curves or CURVES:
        budget = make_budget(made)
        Budget.objects.filter(pk=budget.pk).update(name=name, currency=made.account.currency)
        budgets[name] = Budget.objects.select_related("ad_account").get(pk=budget.pk)
    shop = Shop(made, budgets)
    tell_history(shop, days=days, curves=curves)
    return shop


def tell_history(
    shop: Shop,
    *,
    days: int = 60,
    curves: dict[str, tuple[float, float]] | None = None,
    hours_ago: float = 0.2,
) -> None:
    """Report each past day: spend swings around 50 by a fixed pattern, value follows the arm's curve."""
    today = clock.today(shop.world.account.timezone)
    facts = []
    for place, (name, (a, kappa)) in enumerate((curves or CURVES).items()):
        campaign = AdCampaign.objects.get(budget=shop.budgets[name])
        for age in range(1, days + 1):
            swing = 1 + 0.25 * math.sin(age * (1.3 + 0.4 * place))
            noise = 1 + 0.08 * math.sin(age * 2.7 + place)
            spend = 50 * swing
            value = a * math.log1p(spend / kappa) * noise
            facts.append(
                fact(
                    shop.world,
                    campaign.pk,
                    today - timedelta(days=age),
                    round(spend * 100) * 10_000,
                    conversion_value_micros=round(value * 100) * 10_000,
                    conversions_milli=round(value * 20),
                )
            )
    put(facts)
    read_at = clock.now() - timedelta(hours=hours_ago)
    AccountDayFreshness.objects.bulk_create(
        [
            AccountDayFreshness(
                ad_account=shop.world.account, on=today - timedelta(days=age), fetched_at=read_at
            )
            for age in range(days + 1)
        ],
        update_conflicts=True,
        unique_fields=["ad_account", "on"],
        update_fields=["fetched_at"],
    )
    account = shop.world.account
    account.facts_synced_at = read_at
    account.final_through = today - timedelta(days=4)
    account.save(update_fields=["facts_synced_at", "final_through"])


def make_portfolio(shop: Shop, **values: Any) -> Portfolio:
    """One arm per budget; the day's money is what they have together."""
    arms = values.pop("arms", None) or [ArmTerms(name, (budget,)) for name, budget in shop.budgets.items()]
    if "plan" not in values:
        total = sum(budget.amount_micros or 0 for arm in arms for budget in arm.budgets)
        values.setdefault("daily_micros", total)
    shop.portfolio = setup.create(
        client=shop.world.client,
        name=values.pop("name", "All shops"),
        arms=arms,
        actor=values.pop("actor", shop.world.admin),
        **values,
    )
    return shop.portfolio


def look(portfolio: Portfolio) -> AllocationLook:
    """Look now and give back what was written down."""
    looks.look_now(portfolio.pk)
    found = AllocationLook.objects.filter(portfolio=portfolio).order_by("-id").first()
    assert found is not None
    return found
