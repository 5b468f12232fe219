"""Plans with looks for the tests of pages: stored numbers, no pass needed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.test import Client as Browser

from campaigns.models import AdAccount, Budget
from lane.accounts.models import Client, User
from lane.core import clock
from pacing.models import BudgetPlan, LedgerEntry, PacingRun, PlanBudget, PlanSnapshot, Recommendation
from tests.campaigns.world import World, make_budget, make_world, person

EURO = 1_000_000
_number = itertools.count(1)


@dataclass
class Pages:
    """A tenant with people of each role who can sign in."""

    world: World
    editor: User
    viewer: User

    def browser(self, user: User | None = None) -> Browser:
        """A signed-in browser."""
        browser = Browser()
        browser.force_login(user or self.editor, backend="django.contrib.auth.backends.ModelBackend")
        return browser


def make_pages(**world: Any) -> Pages:
    """An agency, its account, an editor and a viewer."""
    made = make_world(**world)
    AdAccount.objects.update(
        facts_synced_at=clock.now(), final_through=clock.now().date() - timedelta(days=3)
    )
    return Pages(made, person(made.organization, "editor")[0], person(made.organization, "viewer")[0])


def make_plan(
    world: World,
    *,
    budgets: list[Budget] | None = None,
    amount: int = 16_000,
    day: int = 20,
    days: int = 31,
    **values: Any,
) -> BudgetPlan:
    """A running plan on its ``day``-th day, over a budget of its own."""
    today = clock.today(world.account.timezone)
    starts_on = today - timedelta(days=day - 1)
    plan = BudgetPlan.objects.create(
        organization=world.organization,
        client=values.pop("client", world.client),
        name=values.pop("name", f"Plan {next(_number)}"),
        amount_micros=amount * EURO,
        currency=values.pop("currency", "EUR"),
        timezone=world.account.timezone,
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=days - 1),
        status=values.pop("status", "active"),
        tolerance_ratio=Decimal("0.05"),
        **values,
    )
    LedgerEntry.objects.create(
        organization_id=plan.organization_id, client_id=plan.client_id, plan=plan, kind="base",
        amount_micros=plan.amount_micros, currency=plan.currency, effective_on=plan.starts_on,
        starts_on=plan.starts_on, ends_on=plan.ends_on, asked_label="Test", via="direct", at=clock.now(),
    )  # fmt: skip
    for budget in budgets if budgets is not None else [make_budget(world)]:
        PlanBudget.objects.create(
            plan=plan, budget=budget, starts_on=plan.starts_on, ends_on=plan.ends_on, status=plan.status
        )
    return plan


def look(
    plan: BudgetPlan,
    health: str = "on_track",
    *,
    spent: int | None = 8_870,
    expected: int | None = 10_110,
    end: tuple[int, int, int] | None = (15_700, 15_900, 16_100),
    reason: dict[str, Any] | None = None,
    platforms: tuple[str, ...] = ("google_ads",),
    **values: Any,
) -> PlanSnapshot:
    """What the latest look found, in whole units."""
    p10, p50, p90 = (None, None, None) if end is None else (each * EURO for each in end)
    miss = None if p50 is None else p50 - plan.amount_micros
    judged = health in ("ahead", "behind", "cannot_spend")
    defaults: dict[str, Any] = {
        "organization_id": plan.organization_id,
        "client_id": plan.client_id,
        "health": health,
        "reason": reason or {"code": "day_one", "params": {}},
        "spent_micros": None if spent is None else spent * EURO,
        "expected_micros": None if expected is None else expected * EURO,
        "projected_p10_micros": p10,
        "projected_p50_micros": p50,
        "projected_p90_micros": p90,
        "miss_micros": miss,
        "abs_miss_micros": abs(miss) if judged and miss is not None else 0,
        "budget_micros": 455 * EURO,
        "needed_per_day_micros": 625_450_000,
        "days_left": 12,
        "platforms": list(platforms),
        "data_as_of": clock.now() - timedelta(minutes=22),
        "final_through": clock.now().date() - timedelta(days=3),
        "as_of": clock.now(),
    }
    return PlanSnapshot.objects.update_or_create(plan=plan, defaults=defaults | values)[0]


def run_of(plan: BudgetPlan, *, hours_ago: float = 0, **values: Any) -> PacingRun:
    """One stored look."""
    at = clock.now() - timedelta(hours=hours_ago)
    defaults: dict[str, Any] = {
        "organization_id": plan.organization_id,
        "client_id": plan.client_id,
        "slot": at.replace(hour=at.hour // 2 * 2, minute=0, second=0, microsecond=0),
        "at": at,
        "health": "behind",
        "decision": "hold",
        "on_demand": True,
        "reasons": [{"code": "cool_down", "params": {"since_hours": 22.0, "in_hours": 2.0}}],
        "inputs": {"day": 20},
    }
    return PacingRun.objects.create(plan=plan, **(defaults | values))


def advise(plan: BudgetPlan, *, step: float = 1.2, **values: Any) -> Recommendation:
    """An open recommendation to move every budget of a plan by a factor."""
    budgets = list(plan.budgets.order_by("name"))
    rows = [
        {
            "budget_id": str(budget.public_id),
            "name": budget.name,
            "now_micros": budget.amount_micros,
            "new_micros": round((budget.amount_micros or 0) * step / 10_000) * 10_000,
        }
        for budget in budgets
    ]
    defaults: dict[str, Any] = {
        "organization_id": plan.organization_id,
        "client_id": plan.client_id,
        "run": run_of(plan, decision="propose"),
        "kind": "raise" if step > 1 else "lower",
        "rows": rows,
        "now_micros": sum(row["now_micros"] for row in rows),
        "new_micros": sum(row["new_micros"] for row in rows),
        "currency": plan.currency,
        "reasons": [
            {
                "code": "projected_under",
                "params": {"projected_micros": 14_030 * EURO, "error_ratio": 0.123, "trigger_ratio": 0.02},
            },
            {
                "code": "step_capped",
                "params": {"needed_micros": 625_450_000, "limit_ratio": 0.2, "steps_count": 2},
            },
        ],
        "effect": {
            "without": {"p10": 13_420 * EURO, "p50": 14_030 * EURO, "p90": 14_690 * EURO},
            "with": {"p10": 15_420 * EURO, "p50": 15_840 * EURO, "p90": 16_000 * EURO},
        },
        "expires_at": clock.now() + timedelta(hours=24),
    }
    return Recommendation.objects.create(plan=plan, **(defaults | values))


def another_client(world: World, name: str) -> Client:
    """One more client of the same agency."""
    return Client.objects.create(organization=world.organization, name=name)
