"""What a portfolio and its arms may be: every refusal names the field and the fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from campaigns.models import Budget
from lane.accounts.models import Client
from lane.core.errors import InvalidInput
from lane.core.money import format_money, unit_micros
from pacing.models import BudgetPlan, Portfolio, PortfolioArm
from pacing.models.portfolio import MOST_EXPLORATION

MOST_ARMS = 60
SHORTEST_LOOK, LONGEST_LOOK = 15, 60
_CHOICES = (("goal", Portfolio.Goal), ("mode", Portfolio.Mode), ("exploration", Portfolio.Exploration))


@dataclass(frozen=True, slots=True)
class ArmTerms:
    """One arm as somebody describes it; amounts are micros a day."""

    label: str
    budgets: tuple[Budget, ...]
    kind: str = PortfolioArm.Kind.CAMPAIGN
    group: str = ""
    locked: bool = False
    floor_micros: int | None = None
    cap_micros: int | None = None
    learning_until: date | None = None


@dataclass(frozen=True, slots=True)
class GroupTerms:
    """The share of the day's money that a group may get together."""

    name: str
    min_ratio: Decimal = Decimal(0)
    max_ratio: Decimal = Decimal(1)


def require_portfolio(portfolio: Portfolio, arms: Sequence[ArmTerms]) -> None:
    """Refuse terms that cannot work, all of them at once."""
    fields: dict[str, str] = {}
    if not portfolio.name:
        fields["name"] = "Give the portfolio a name."
    elif len(portfolio.name) > 120:
        fields["name"] = "At most 120 characters."
    for field, choices in _CHOICES:
        if getattr(portfolio, field) not in choices.values:
            fields[field] = f"Choose one of: {', '.join(choices.values)}."
    if not SHORTEST_LOOK <= portfolio.look_every_minutes <= LONGEST_LOOK:
        fields["look_every_minutes"] = f"Choose {SHORTEST_LOOK} to {LONGEST_LOOK} minutes."
    if not 1 <= portfolio.min_days_between_moves <= 60:
        fields["min_days_between_moves"] = "Choose 1 to 60 days."
    if not 0 < portfolio.step_ratio <= Decimal("0.5"):
        fields["step_ratio"] = "Choose a step above 0 % and at most 50 %."
    if not 0 <= portfolio.blend_ratio <= 1:
        fields["blend_ratio"] = "Choose 0 % to 100 %."
    fields |= _exploration(portfolio) | _roas_floor(portfolio) | _money(portfolio, arms)
    if fields:
        raise InvalidInput(fields=fields)


def require_arms(client: Client, arms: Sequence[ArmTerms]) -> None:
    """Arms of one portfolio belong to its client, share currency and day, and no budget is in two of them."""
    budgets = [budget for arm in arms for budget in arm.budgets]
    if len(arms) < 2:
        raise InvalidInput(fields={"budgets": "Choose at least two arms: money moves between them."})
    if len(arms) > MOST_ARMS:
        raise InvalidInput(fields={"budgets": f"At most {MOST_ARMS} arms. Make two portfolios."})
    if any(not arm.budgets for arm in arms):
        raise InvalidInput(fields={"budgets": "Every arm needs at least one budget."})
    if any(budget.client_id != client.pk for budget in budgets):
        raise InvalidInput(fields={"budgets": "Every budget must belong to the portfolio's client."})
    if len({budget.pk for budget in budgets}) != len(budgets):
        raise InvalidInput(fields={"budgets": "A budget is in two arms. Leave it in one."})
    undaily = [budget.name for budget in budgets if budget.kind != Budget.Kind.DAILY]
    if undaily:
        raise InvalidInput(
            fields={"budgets": f"“{undaily[0]}” has no daily amount; a portfolio moves daily budgets only."}
        )
    removed = [budget.name for budget in budgets if budget.removed_at is not None]
    if removed:
        raise InvalidInput(fields={"budgets": f"“{removed[0]}” was removed at the platform. Leave it out."})
    if len({budget.currency for budget in budgets}) > 1:
        raise InvalidInput(
            fields={"budgets": "These budgets have different currencies. Make one portfolio per currency."}
        )
    if len({budget.ad_account.timezone for budget in budgets}) > 1:
        raise InvalidInput(
            fields={"budgets": "These accounts have different time zones, so their days differ. Split it."}
        )
    labels = [arm.label for arm in arms]
    if len(set(labels)) != len(labels):
        raise InvalidInput(fields={"budgets": "Two arms have the same name. Rename one."})
    for arm in arms:
        require_limits(arm.floor_micros, arm.cap_micros, budgets[0].currency, arm.label, arm.kind)


def require_limits(
    floor: int | None, cap: int | None, currency: str, label: str = "", kind: str = PortfolioArm.Kind.CAMPAIGN
) -> None:
    """A floor stands below its cap, and both can be expressed in the currency."""
    unit, of = unit_micros(currency), f" of {label}" if label else ""
    fields: dict[str, str] = {}
    if kind not in PortfolioArm.Kind.values:
        fields["kind"] = f"Choose one of: {', '.join(PortfolioArm.Kind.values)}."
    if floor is not None and (floor < 0 or floor % unit):
        fields["floor"] = f"The floor{of} must be zero or more, in {currency} as it is paid."
    if cap is not None and (cap <= 0 or cap % unit):
        fields["cap"] = f"The cap{of} must be more than zero, in {currency} as it is paid."
    if not fields and floor is not None and cap is not None and cap < floor:
        low, high = format_money(floor, currency), format_money(cap, currency)
        fields["cap"] = f"The cap{of} ({high}) is below its floor ({low}). Raise the cap or lower the floor."
    if fields:
        raise InvalidInput(fields=fields)


def require_groups(groups: Sequence[GroupTerms]) -> None:
    """Shares lie between 0 and 1, in order, and the least shares of all groups leave room."""
    fields: dict[str, str] = {}
    for number, group in enumerate(groups):
        if not group.name or len(group.name) > 80:
            fields[f"groups.{number}"] = "Give the group a name of at most 80 characters."
        elif not 0 <= group.min_ratio <= group.max_ratio <= 1 or group.max_ratio <= 0:
            fields[f"groups.{number}"] = (
                f"“{group.name}”: the least share must be below the most, both from 0 % to 100 %."
            )
    if len({group.name for group in groups}) != len(groups):
        fields["groups"] = "Two groups have the same name. Rename one."
    if sum(group.min_ratio for group in groups) > 1:
        fields["groups"] = "The least shares of all groups come to more than 100 %. Lower one."
    if fields:
        raise InvalidInput(fields=fields)


def usual_rest(mode: str) -> int:
    """Days between two moves of an arm: fewer where a person looks at each move."""
    return 7 if mode == Portfolio.Mode.AUTO else 3


def _exploration(portfolio: Portfolio) -> dict[str, str]:
    share, none = portfolio.exploration_ratio, portfolio.exploration == Portfolio.Exploration.NONE
    if none and share:
        return {"exploration_ratio": "Without exploration its share is 0. Choose a way of exploring, or 0 %."}
    if not none and not 0 < share <= MOST_EXPLORATION:
        return {"exploration_ratio": f"Choose a share above 0 % and at most {MOST_EXPLORATION:.0%}."}
    return {}


def _roas_floor(portfolio: Portfolio) -> dict[str, str]:
    floor = portfolio.roas_floor
    if floor is None:
        return {}
    if portfolio.goal != Portfolio.Goal.VALUE:
        return {"roas_floor": "A least return needs conversion value as the goal. Leave it empty."}
    return {} if floor > 0 else {"roas_floor": "The least return must be more than zero, or empty."}


def _money(portfolio: Portfolio, arms: Sequence[ArmTerms]) -> dict[str, str]:
    """One source of the day's money; a plan must hold all the budgets it is to give money to."""
    plan, amount = portfolio.plan, portfolio.daily_micros
    if (plan is None) == (amount is None):
        return {"daily": "Give a plan or a fixed amount a day, one of the two."}
    if plan is None:
        assert amount is not None
        if amount <= 0:
            return {"daily": "The amount a day must be more than zero."}
        if amount % unit_micros(portfolio.currency):
            return {"daily": f"{portfolio.currency} has no such fraction. Round the amount."}
        return _held_by_plans(arms)
    if plan.client_id != portfolio.client_id:
        return {"plan": "The plan belongs to another client."}
    if plan.status in (BudgetPlan.Status.ENDED, BudgetPlan.Status.ARCHIVED):
        return {"plan": f"“{plan.name}” is over. Choose another plan, or a fixed amount a day."}
    held = set(plan.plan_budgets.values_list("budget_id", flat=True))
    missing = [budget.name for arm in arms for budget in arm.budgets if budget.pk not in held]
    if missing:
        return {
            "plan": f"“{missing[0]}” is not in the plan “{plan.name}”. Take it out, or add it to the plan."
        }
    return {}


def _held_by_plans(arms: Sequence[ArmTerms]) -> dict[str, Any]:
    """A fixed amount and a plan cannot both say what the same budgets get together."""
    budgets = [budget.pk for arm in arms for budget in arm.budgets]
    running = [BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED, BudgetPlan.Status.PAUSED]
    plan = (
        BudgetPlan.objects.filter(
            plan_budgets__budget__in=budgets,
            status__in=running,
            mode__in=[BudgetPlan.Mode.RECOMMEND, BudgetPlan.Mode.AUTO],
        )
        .order_by("pk")
        .first()
    )
    if plan is None:
        return {}
    return {
        "daily": f"The plan “{plan.name}” decides what these budgets get together. Take the money from that plan."
    }
