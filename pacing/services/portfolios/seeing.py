"""From stored facts to what the allocator is told: one portfolio at one instant, in a bounded number of queries.

A day that was not read, or whose results a platform does not tell, is unknown and never 0. Whether an arm may
move is said with the reason that forbids it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from campaigns.models import AdAccount, AdCampaign, Budget, Change, Drift, KillSwitch
from campaigns.platforms.currencies import budget_unit_micros
from campaigns.platforms.records import Platform
from campaigns.platforms.registry import capabilities_of
from campaigns.rails import learning_days
from campaigns.selectors import arm_facts, kill_switches
from lane.core.dates import local_date
from lane.core.money import unit_micros
from pacing.allocation import Arm, ArmDay, Maturation
from pacing.models import BudgetPlan, Portfolio, PortfolioArm
from pacing.services.portfolios import history
from pacing.services.portfolios.simulated import Simulated, simulated

STALE_AFTER_LAG_HOURS = 4
_CSV_STALE_HOURS = 72.0
_OPEN_CHANGES = (Change.State.PROPOSED, Change.State.APPROVED, Change.State.SENT)


@dataclass(frozen=True, slots=True)
class SeenArm:
    """One arm as it stands: its budgets, what forbids it to move, and what the allocator is told of it."""

    arm: PortfolioArm
    budgets: tuple[Budget, ...]
    told: Arm
    held_by: str  # a code of ``HELD_BY``; empty when it may move
    simulated: Simulated | None = None  # what the platform itself estimates of it

    @property
    def key(self) -> str:
        """Its public id as text: the allocator's name for it."""
        return str(self.arm.public_id)


@dataclass(frozen=True, slots=True)
class Seen:
    """A portfolio at one instant."""

    portfolio: Portfolio
    at: datetime
    today: date
    arms: tuple[SeenArm, ...]
    maturation: Maturation
    budget_micros: int  # the day's money
    unit_micros: int
    witnessed_days: int
    final_through: date | None
    data_as_of: datetime | None
    skip: str = ""  # a code of ``SKIPS``: nothing can be decided now
    skip_numbers: dict[str, int | float | str] = field(default_factory=dict)


def see(portfolio: Portfolio, at: datetime) -> Seen:
    """Everything a look needs, read fresh."""
    today = local_date(at, portfolio.timezone)
    arms = list(
        portfolio.arms.filter(removed_at=None)
        .select_related("group")
        .prefetch_related("budgets__ad_account__connection")
        .order_by("pk")
    )
    for arm in arms:
        arm.portfolio = portfolio
    budgets = {arm.pk: tuple(sorted(arm.budgets.all(), key=lambda one: one.pk)) for arm in arms}
    every = [budget for held in budgets.values() for budget in held]
    accounts = {budget.ad_account_id: budget.ad_account for budget in every}
    histories = history.histories(portfolio, arms, budgets, today)
    maturation, witnessed = history.maturation_of(portfolio, every, accounts, today)
    running = arm_facts.running_budgets([budget.pk for budget in every])
    drifting = set(
        Drift.objects.filter(budget__in=every, state=Drift.State.OPEN).values_list("budget_id", flat=True)
    )
    jumps = history.learning_until(every, portfolio.timezone)
    pools = _pools(every)
    switches = list(kill_switches.on())
    estimates = simulated(portfolio, budgets, today)
    seen = tuple(
        _seen_arm(
            arm,
            budgets[arm.pk],
            histories[arm.pk],
            running=running,
            drifting=drifting,
            jumps=jumps,
            pools=pools,
            stopped=_stopped(portfolio, budgets[arm.pk], switches),
            estimate=estimates.get(arm.pk),
        )
        for arm in arms
    )
    skip, numbers = _skip(portfolio, every, accounts, at)
    known = [budget.amount_micros for budget in every]
    total = sum(amount or 0 for amount in known)
    return Seen(
        portfolio=portfolio,
        at=at,
        today=today,
        arms=seen,
        maturation=maturation,
        budget_micros=portfolio.daily_micros if portfolio.daily_micros is not None else total,
        unit_micros=_unit(portfolio, accounts),
        witnessed_days=witnessed,
        final_through=_oldest([account.final_through for account in accounts.values()]),
        data_as_of=_oldest([account.facts_synced_at for account in accounts.values()]),
        skip=skip,
        skip_numbers=numbers,
    )


def _seen_arm(
    arm: PortfolioArm,
    budgets: tuple[Budget, ...],
    days: tuple[ArmDay, ...],
    *,
    running: set[int],
    drifting: set[int],
    jumps: dict[int, date],
    pools: dict[int, str],
    stopped: bool,
    estimate: Simulated | None,
) -> SeenArm:
    held_by = _held_by(arm, budgets, running, stopped)
    first_spend = next((day.day for day in days if day.spend_micros), None)
    learning = [day for day in (arm.learning_until, *(jumps.get(b.pk) for b in budgets)) if day is not None]
    if first_spend is not None and first_spend > days[0].day and learning_days():
        learning.append(first_spend + timedelta(days=learning_days() - 1))
    ceilings = [budget.ceiling_micros for budget in budgets]
    caps = [arm.cap_micros] if arm.cap_micros is not None else []
    if all(ceiling is not None for ceiling in ceilings):
        caps.append(sum(ceiling or 0 for ceiling in ceilings))
    told = Arm(
        key=str(arm.public_id),
        name=arm.label,
        daily_micros=sum(budget.amount_micros or 0 for budget in budgets),
        history=days,
        pool=pools.get(budgets[0].pk, ""),
        groups={"group": arm.group.name} if arm.group else {},
        minimum_micros=max(sum(_floor(budget) for budget in budgets), arm.floor_micros or 0),
        maximum_micros=min(caps) if caps else None,
        locked=bool(held_by),
        last_moved_on=local_date(arm.last_moved_at, arm.portfolio.timezone) if arm.last_moved_at else None,
        learning_until=max(learning) if learning else None,
        anomaly=any(budget.pk in drifting for budget in budgets),
        points=estimate.points if estimate else (),
    )
    return SeenArm(arm, budgets, told, held_by, estimate)


def _held_by(arm: PortfolioArm, budgets: Sequence[Budget], running: set[int], stopped: bool) -> str:
    """Why an arm may not move at all; first reason first."""
    if arm.locked:
        return "locked"
    if any(budget.ad_account.source == AdAccount.Source.CSV for budget in budgets):
        return "from_files"
    if any(budget.removed_at is not None for budget in budgets):
        return "removed"
    if stopped:
        return "stopped"
    if not any(budget.pk in running for budget in budgets):
        return "not_running"
    return ""


def _stopped(portfolio: Portfolio, budgets: Sequence[Budget], switches: Sequence[KillSwitch]) -> bool:
    """Whether a kill switch holds one of the budgets; everything a switch names must match."""
    return any(
        switch.organization_id in (None, portfolio.organization_id)
        and switch.client_id in (None, portfolio.client_id)
        and switch.platform in ("", budget.ad_account.platform)
        and switch.connection_id in (None, budget.ad_account.connection_id)
        for switch in switches
        for budget in budgets
    )


def _floor(budget: Budget) -> int:
    return budget.floor_micros or capabilities_of(budget.ad_account.platform).budget_floor_micros


def _unit(portfolio: Portfolio, accounts: dict[int, AdAccount]) -> int:
    """The coarsest step any platform of the arms takes; every amount is a multiple of it."""
    steps = [budget_unit_micros(Platform(a.platform), portfolio.currency) for a in accounts.values()]
    return max([unit_micros(portfolio.currency), *steps])


def _pools(budgets: Sequence[Budget]) -> dict[int, str]:
    """Per budget what its arm resembles: platform and channel of its first campaign."""
    pools = {budget.pk: f"{budget.ad_account.platform}/" for budget in budgets}
    campaigns = AdCampaign.objects.filter(Q(budget__in=budgets) | Q(ad_groups__budget__in=budgets))
    for own, group, channel in campaigns.order_by("-pk").values_list(
        "budget_id", "ad_groups__budget_id", "channel"
    ):
        for budget_id in (own, group):
            if budget_id in pools:
                pools[budget_id] = f"{pools[budget_id].partition('/')[0]}/{channel.lower()}"
    return pools


def _skip(
    portfolio: Portfolio, budgets: Sequence[Budget], accounts: dict[int, AdAccount], at: datetime
) -> tuple[str, dict[str, int | float | str]]:
    """Why nothing can be decided now; empty when something can."""
    unknown = [budget.name for budget in budgets if budget.amount_micros is None]
    if unknown:
        return "budget_unknown", {"budget": unknown[0]}
    if has_open_change(budgets):
        return "change_waits", {}
    for account in accounts.values():
        synced = account.facts_synced_at
        if synced is None:
            return "never_read", {"account": account.name}
        limit = (
            _CSV_STALE_HOURS
            if account.source == AdAccount.Source.CSV
            else capabilities_of(account.platform).report_lag_hours + STALE_AFTER_LAG_HOURS
        )
        age = (at - synced).total_seconds() / 3600
        if age > limit:
            return "stale", {"account": account.name, "age_hours": round(age, 1), "limit_hours": limit}
    if portfolio.plan is not None:
        if portfolio.plan.status != BudgetPlan.Status.ACTIVE:
            words = portfolio.plan.get_status_display().lower()
            return "plan_not_active", {"plan": portfolio.plan.name, "status": words}
        held = set(portfolio.plan.plan_budgets.values_list("budget_id", flat=True))
        strange = [budget.name for budget in budgets if budget.pk not in held]
        if strange:
            return "not_in_plan", {"budget": strange[0], "plan": portfolio.plan.name}
    elif (taken := _taken_over(budgets)) is not None:
        return "plan_decides", {"plan": taken.name}
    return "", {}


def has_open_change(budgets: Sequence[Budget]) -> bool:
    """Whether a change of a budget or of a campaign that spends from one waits or is on its way."""
    waiting = Change.objects.filter(state__in=_OPEN_CHANGES)
    return waiting.filter(
        Q(budget__in=budgets)
        | Q(ad_campaign__budget__in=budgets)
        | Q(ad_campaign__ad_groups__budget__in=budgets)
    ).exists()


def _taken_over(budgets: Sequence[Budget]) -> BudgetPlan | None:
    """A plan that acts on the budgets of a portfolio with a fixed amount: two would decide one sum."""
    acting = [BudgetPlan.Mode.RECOMMEND, BudgetPlan.Mode.AUTO]
    return (
        BudgetPlan.objects.filter(budgets__in=budgets, status=BudgetPlan.Status.ACTIVE, mode__in=acting)
        .order_by("pk")
        .first()
    )


def _oldest(values: Sequence[Any]) -> Any:
    """The smallest value; None as soon as one is missing."""
    known = [value for value in values if value is not None]
    return min(known) if known and len(known) == len(values) else None
