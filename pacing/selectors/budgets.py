"""Which budgets a plan may be made of, and which plan holds them already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.models import Budget
from campaigns.selectors import budgets_for
from lane.accounts.models import Client
from lane.core.actors import Actor
from pacing.models import BudgetPlan, PlanBudget

_HOLDING = (BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED, BudgetPlan.Status.PAUSED)


@dataclass(frozen=True, slots=True)
class BudgetChoice:
    """One budget to choose: ``refusal`` says why it cannot be paced, ``taken`` which plan has it when."""

    budget: Budget
    refusal: str
    taken: str

    @property
    def key(self) -> str:
        """What a form sends."""
        return str(self.budget.public_id)


def budget_choices(
    actor: Actor, client: Client | None, *, plan: BudgetPlan | None = None
) -> list[BudgetChoice]:
    """Budgets of a client that still exist, with what speaks against each; two queries."""
    if client is None:
        return []
    budgets = list(budgets_for(actor).filter(client=client, removed_at=None))
    taken = _taken(budgets, plan)
    return [BudgetChoice(budget, _refusal(budget), taken.get(budget.pk, "")) for budget in budgets]


def budgets_of(plan: BudgetPlan) -> list[Budget]:
    """The budgets of a plan with their accounts."""
    return list(plan.budgets.select_related("ad_account").order_by("name", "pk"))


def _taken(budgets: Sequence[Budget], plan: BudgetPlan | None) -> dict[int, str]:
    holding = PlanBudget.objects.filter(budget__in=budgets, status__in=_HOLDING).select_related("plan")
    if plan is not None:
        holding = holding.exclude(plan=plan)
    found: dict[int, str] = {}
    for each in holding.order_by("starts_on"):
        words = f"In “{each.plan.name}”, {each.starts_on:%-d %b} to {each.ends_on:%-d %b}"
        found[each.budget_id] = f"{found[each.budget_id]}; {words}" if each.budget_id in found else words
    return found


def _refusal(budget: Budget) -> str:
    if budget.kind == Budget.Kind.LIFETIME:
        return "Lifetime amount; a plan paces daily budgets"
    return ""
