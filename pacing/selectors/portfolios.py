"""Portfolios as pages and the API read them, narrowed to what an actor sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery

from campaigns.models import Budget
from campaigns.selectors import budgets_for
from lane.accounts import policies
from lane.accounts.models import Client
from lane.accounts.visibility import ClientOwnedQuerySet
from lane.audit.models import AuditEntry
from lane.core.actors import Actor
from pacing.models import (
    AllocationLook,
    AllocationMove,
    ArmBudget,
    BudgetPlan,
    Experiment,
    Portfolio,
    PortfolioArm,
)

LOOKS_SHOWN, MOVES_SHOWN, EXPERIMENTS_SHOWN, ACTIVITY_SHOWN = 8, 6, 12, 8
Proposal = AllocationLook.Proposal
_RUNNING_PLANS = (BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED)


@dataclass(frozen=True, slots=True)
class ArmLine:
    """One arm as the page shows it: what is stored of it, and what the latest look found, if it was there."""

    arm: PortfolioArm
    budgets: list[Budget]
    now_micros: int | None
    figures: Mapping[str, Any] | None

    @property
    def key(self) -> str:
        """What forms and live updates call it."""
        return str(self.arm.public_id)

    @property
    def platforms(self) -> str:
        """The platforms its money is at, by name."""
        return ", ".join(sorted({budget.ad_account.get_platform_display() for budget in self.budgets}))


@dataclass(frozen=True, slots=True)
class BudgetOption:
    """One budget to choose for a portfolio, with what speaks against it."""

    budget: Budget
    refusal: str
    plan: BudgetPlan | None

    @property
    def key(self) -> str:
        """What a form sends."""
        return str(self.budget.public_id)


def portfolios_for(actor: Actor) -> ClientOwnedQuerySet[Portfolio]:
    """Portfolios of the clients this actor sees, with client, owner and plan."""
    return Portfolio.objects.visible_to(actor).select_related("client", "owner", "plan")


def portfolios_over(budget_ids: Sequence[int], actor: Actor) -> list[Portfolio]:
    """Portfolios that hold some of these budgets now; one query."""
    holding = Portfolio.objects.visible_to(actor).filter(
        arms__arm_budgets__budget__in=budget_ids, arms__arm_budgets__holds=True
    )
    return list(holding.distinct().order_by("name"))


def looks_for(actor: Actor) -> ClientOwnedQuerySet[AllocationLook]:
    """Looks at portfolios this actor sees, newest first."""
    return AllocationLook.objects.visible_to(actor).select_related(
        "portfolio", "client", "change_set", "decided_by", "undoes"
    )


def experiments_for(actor: Actor) -> ClientOwnedQuerySet[Experiment]:
    """Experiments this actor sees, newest first."""
    return Experiment.objects.visible_to(actor).select_related("arm", "look", "portfolio")


def listed(actor: Actor) -> QuerySet[Portfolio]:
    """Portfolios with what their list shows, in one query; those that wait for an answer first."""
    looks = AllocationLook.objects.filter(portfolio=OuterRef("pk"))
    waiting = looks.filter(proposal=Proposal.OPEN)
    return (
        portfolios_for(actor)
        .annotate(
            arm_count=Count("arms", filter=Q(arms__removed_at=None)),
            looked_at=Subquery(looks.order_by("-at", "-id").values("at")[:1]),
            last_decision=Subquery(looks.order_by("-at", "-id").values("decision")[:1]),
            waiting_gain=Subquery(waiting.values("gain_p50_micros")[:1]),
            waiting_probability=Subquery(waiting.values("probability")[:1]),
            waiting_days=Subquery(waiting.values("horizon_days")[:1]),
            waiting_decision=Subquery(waiting.values("decision")[:1]),
        )
        .order_by(F("waiting_decision").asc(nulls_last=True), "state", "name", "pk")
        .defer("controller_state")
    )


def arm_lines(portfolio: Portfolio) -> list[ArmLine]:
    """The arms of a portfolio with their budgets and figures; three queries."""
    figures = {arm["key"]: arm for arm in portfolio.figures.get("arms", [])}
    arms = (
        portfolio.arms.filter(removed_at=None)
        .select_related("group")
        .prefetch_related(
            Prefetch("budgets", Budget.objects.select_related("ad_account").order_by("name", "pk"))
        )
    )
    lines = []
    for arm in arms:
        arm.portfolio = portfolio
        budgets = list(arm.budgets.all())
        amounts = [budget.amount_micros for budget in budgets]
        now = None if any(amount is None for amount in amounts) else sum(amount or 0 for amount in amounts)
        lines.append(ArmLine(arm, budgets, now, figures.get(str(arm.public_id))))
    return lines


def open_split(portfolio: Portfolio) -> AllocationLook | None:
    """The split that waits for an answer, with its moves."""
    return (
        portfolio.looks.filter(proposal=Proposal.OPEN)
        .select_related("undoes")
        .prefetch_related(_moves())
        .first()
    )


def past_splits(portfolio: Portfolio) -> list[AllocationLook]:
    """The latest splits that were answered, newest first, with their moves."""
    answered = portfolio.looks.exclude(proposal__in=[Proposal.NONE, Proposal.OPEN])
    return list(
        answered.select_related("change_set", "decided_by")
        .prefetch_related(_moves())
        .order_by("-at", "-id")[:MOVES_SHOWN]
    )


def recent_looks(portfolio: Portfolio) -> list[AllocationLook]:
    """The latest looks, newest first, without their large numbers."""
    return list(portfolio.looks.defer("numbers", "inputs").order_by("-at", "-id")[:LOOKS_SHOWN])


def last_look(portfolio: Portfolio) -> AllocationLook | None:
    """The latest look."""
    return portfolio.looks.defer("numbers").order_by("-at", "-id").first()


def recent_experiments(portfolio: Portfolio) -> list[Experiment]:
    """The latest experiments, newest first."""
    return list(portfolio.experiments.select_related("arm").order_by("-id")[:EXPERIMENTS_SHOWN])


def activity_of(portfolio: Portfolio) -> list[AuditEntry]:
    """What people and Lane did to a portfolio, newest first."""
    mine = AuditEntry.objects.filter(organization_id=portfolio.organization_id)
    return list(mine.filter(links__portfolio=str(portfolio.public_id)).order_by("-id")[:ACTIVITY_SHOWN])


def clients_to_make_for(actor: Actor) -> list[Client]:
    """Clients this actor may make portfolios for."""
    visible = Client.objects.visible_to(actor).current().order_by("name")
    return [client for client in visible if policies.may(actor, "change", client_id=client.pk)]


def budget_options(actor: Actor, client: Client | None) -> list[BudgetOption]:
    """Budgets of a client that still exist, with what forbids each, and the plan that holds it; three queries."""
    if client is None:
        return []
    budgets = list(budgets_for(actor).filter(client=client, removed_at=None))
    held = {
        row.budget_id: row.arm.portfolio.name
        for row in ArmBudget.objects.filter(budget__in=budgets, holds=True).select_related("arm__portfolio")
    }
    plans: dict[int, BudgetPlan] = {}
    for plan in BudgetPlan.objects.filter(budgets__in=budgets, status__in=_RUNNING_PLANS).prefetch_related(
        "plan_budgets"
    ):
        for link in plan.plan_budgets.all():
            plans[link.budget_id] = plan
    return [BudgetOption(one, _refusal(one, held.get(one.pk)), plans.get(one.pk)) for one in budgets]


def free_budgets(actor: Actor, portfolio: Portfolio) -> list[BudgetOption]:
    """Budgets that could be one more arm: free, daily, of the same currency and day, and of the plan if there is one."""
    return [
        option
        for option in budget_options(actor, portfolio.client)
        if not option.refusal
        and option.budget.currency == portfolio.currency
        and option.budget.ad_account.timezone == portfolio.timezone
        and (portfolio.plan is None or option.plan == portfolio.plan)
    ]


def plans_over(options: Sequence[BudgetOption]) -> list[BudgetPlan]:
    """The plans that hold at least two of some budgets: a portfolio can take its money from one."""
    counts: dict[int, int] = {}
    found: dict[int, BudgetPlan] = {}
    for option in options:
        if option.plan is not None:
            found[option.plan.pk] = option.plan
            counts[option.plan.pk] = counts.get(option.plan.pk, 0) + 1
    return [plan for pk, plan in found.items() if counts[pk] > 1]


def data_age(portfolio: Portfolio) -> datetime | None:
    """How far the reports behind the latest look reach."""
    text = portfolio.figures.get("data_as_of")
    return datetime.fromisoformat(text) if text else None


def final_through(portfolio: Portfolio) -> date | None:
    """Through which day the spend behind the latest look is final."""
    text = portfolio.figures.get("final_through")
    return date.fromisoformat(text) if text else None


def _moves() -> Prefetch[Any]:
    return Prefetch("moves", AllocationMove.objects.select_related("arm").order_by("pk"))


def _refusal(budget: Budget, held: str | None) -> str:
    if budget.kind != Budget.Kind.DAILY:
        return "No daily amount; a portfolio moves daily budgets"
    if held:
        return f"In the portfolio “{held}”"
    return ""
