"""Flights that are over, with what was projected on each of their days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from campaigns.models import AccountDayFreshness, AdAccount, AdCampaign
from lane.core import clock
from pacing.models import BudgetPlan, PacingRun
from tests.campaigns.world import World, fact, make_budget, put
from tests.pacing.pages_world import EURO, make_plan, run_of

AGO = 6  # days since the flight ended: longer than spend takes to settle


def ended_plan(
    world: World,
    *,
    spends: Sequence[int] = (100,) * 5,
    amount: int | None = None,
    ago: int = AGO,
    **values: Any,
) -> BudgetPlan:
    """A plan whose flight is over and whose spend is final, in whole units a day."""
    days = len(spends)
    plan = make_plan(world, amount=amount or sum(spends), days=days, day=days + ago, status="ended", **values)
    tell(world, plan, spends)
    AdAccount.objects.filter(pk=world.account.pk).update(
        facts_synced_at=clock.now(), final_through=clock.today(world.account.timezone) - timedelta(days=4)
    )
    return plan


def tell(world: World, plan: BudgetPlan, spends: Sequence[int]) -> None:
    """What each day of a flight spent, as known now."""
    campaign = AdCampaign.objects.get(budget__plans=plan)
    days = [plan.starts_on + timedelta(days=n) for n in range(len(spends))]
    now = clock.now()
    put(
        [
            fact(world, campaign.pk, on, one * EURO, fetched_at=now)
            for on, one in zip(days, spends, strict=True)
        ]
    )
    AccountDayFreshness.objects.bulk_create(
        [AccountDayFreshness(ad_account=world.account, on=on, fetched_at=now) for on in days],
        ignore_conflicts=True,
    )


def projected(
    plan: BudgetPlan, day: int, end: tuple[int, int, int], *, hour: int = 9, changed: tuple[int, int, int] | None = None,
    **values: Any,
) -> PacingRun:  # fmt: skip
    """A scheduled look on the n-th day of a flight that projected an end."""
    at = clock.now().replace(hour=hour, minute=0) - (
        clock.today(plan.timezone) - plan.starts_on - timedelta(days=day - 1)
    )
    p10, p50, p90 = (one * EURO for one in end)
    w10, w50, w90 = (one * EURO for one in changed or end)
    defaults: dict[str, Any] = {
        "on_demand": False, "at": at, "slot": at.replace(hour=hour // 2 * 2), "health": "on_track",
        "projected_p10_micros": p10, "projected_p50_micros": p50, "projected_p90_micros": p90,
        "with_p10_micros": w10, "with_p50_micros": w50, "with_p90_micros": w90,
        "inputs": {"day": day, "days_total": plan.days_total, "amount_micros": plan.amount_micros},
    }  # fmt: skip
    return run_of(plan, **(defaults | values))


def many_scores(world: World, *, plans: int = 4, error: float = 0.0, half: int = 30, days: int = 6) -> None:
    """Ended plans of 600 whose every day projected an end that was ``error`` off, give or take ``half``."""
    for number in range(plans):
        plan = ended_plan(world, spends=(100,) * days, name=f"Past {number}", budgets=[make_budget(world)])
        said = round(100 * days * (1 + error))
        for day in range(1, days + 1):
            projected(plan, day, (said - half, said, said + half))
