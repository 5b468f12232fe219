"""Plans over small worlds with spend that is told day by day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from campaigns.models import AccountDayFreshness, AdCampaign, Budget
from lane.core import clock
from pacing.models import BudgetPlan
from pacing.services import plans
from tests.campaigns.world import World, fact, put

MICROS = 1_000_000


def make_plan(
    world: World,
    budgets: list[Budget],
    *,
    per_day: int = 50,
    days: int = 30,
    day: int = 15,
    **values: Any,
) -> BudgetPlan:
    """A plan of ``per_day`` units times ``days`` that is on its ``day``-th day today."""
    starts_on = clock.today(world.account.timezone) - timedelta(days=day - 1)
    return plans.create(
        client=world.client,
        name=values.pop("name", "Spring sale"),
        amount_micros=values.pop("amount_micros", per_day * days * MICROS),
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=days - 1),
        budgets=budgets,
        actor=values.pop("actor", world.admin),
        **values,
    )


def tell_spend(world: World, budget: Budget, *, per_day: int, days: int = 40, hours_ago: float = 0.2) -> None:
    """Report the same spend for each of the last days, today's part left out, read a moment ago."""
    today = clock.today(world.account.timezone)
    campaign = AdCampaign.objects.filter(budget=budget).order_by("pk").first()
    assert campaign is not None
    put([fact(world, campaign.pk, today - timedelta(days=n), per_day * MICROS) for n in range(1, days)])
    read_at = clock.now() - timedelta(hours=hours_ago)
    AccountDayFreshness.objects.bulk_create(
        [
            AccountDayFreshness(ad_account=world.account, on=today - timedelta(days=n), fetched_at=read_at)
            for n in range(days)
        ],
        ignore_conflicts=True,
    )
    world.account.facts_synced_at = read_at
    world.account.save(update_fields=["facts_synced_at"])
