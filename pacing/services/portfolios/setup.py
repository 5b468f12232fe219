"""Portfolios made and changed. Making one moves no money: it starts to look."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from campaigns.models import Budget
from lane.accounts import policies
from lane.accounts.models import Client
from lane.audit.services import record, recording
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate
from pacing.events import PortfolioChanged, PortfolioCreated
from pacing.models import ArmBudget, BudgetPlan, GroupLimit, Portfolio, PortfolioArm
from pacing.services.portfolios.terms import (
    ArmTerms,
    GroupTerms,
    require_arms,
    require_groups,
    require_portfolio,
    usual_rest,
)

HELD_ELSEWHERE = "pacing_budget_one_portfolio_at_a_time"
TERMS = (
    "name",
    "goal",
    "mode",
    "plan",
    "daily_micros",
    "look_every_minutes",
    "min_days_between_moves",
    "step_ratio",
    "blend_ratio",
    "exploration",
    "exploration_ratio",
    "roas_floor",
)


@transaction.atomic
def create(
    *,
    client: Client,
    name: str,
    arms: Sequence[ArmTerms],
    actor: Actor,
    plan: BudgetPlan | None = None,
    daily_micros: int | None = None,
    goal: str = Portfolio.Goal.VALUE,
    mode: str = Portfolio.Mode.RECOMMEND,
    look_every_minutes: int = 30,
    min_days_between_moves: int | None = None,
    step_ratio: Decimal = Decimal("0.2"),
    blend_ratio: Decimal = Decimal("0.4"),
    exploration: str = Portfolio.Exploration.NONE,
    exploration_ratio: Decimal = Decimal(0),
    roas_floor: Decimal | None = None,
    groups: Sequence[GroupTerms] = (),
) -> Portfolio:
    """Make a portfolio over arms of one client; its first look is due at once.

    Raises ``InvalidInput`` with every field that is wrong.
    """
    policies.require(actor, "change", client)
    require_arms(client, arms)
    require_groups(groups)
    budget = arms[0].budgets[0]
    portfolio = Portfolio(
        organization_id=client.organization_id,
        client=client,
        name=name.strip(),
        currency=budget.currency,
        timezone=budget.ad_account.timezone,
        goal=goal,
        mode=mode,
        plan=plan,
        daily_micros=daily_micros,
        look_every_minutes=look_every_minutes,
        min_days_between_moves=min_days_between_moves or usual_rest(mode),
        step_ratio=step_ratio,
        blend_ratio=blend_ratio,
        exploration=exploration,
        exploration_ratio=exploration_ratio,
        roas_floor=roas_floor,
        next_look_at=clock.now(),
        owner_id=actor.user_id,
    )
    require_portfolio(portfolio, arms)
    portfolio.save()
    made = save_groups(portfolio, groups)
    for arm in arms:
        add_arm(portfolio, arm, made)
    record(
        "pacing.portfolio.created",
        actor=actor,
        obj=portfolio,
        after={field: plain(getattr(portfolio, field)) for field in TERMS}
        | {"arms": [arm.label for arm in arms]},
        links={"portfolio": portfolio.public_id},
    )
    outbox.publish(
        PortfolioCreated(
            organization_id=portfolio.organization_id,
            portfolio_id=str(portfolio.public_id),
            client_id=str(client.public_id),
        )
    )
    return portfolio


@transaction.atomic
def edit(
    portfolio_id: UUID | str,
    *,
    actor: Actor,
    expected_version: int | None = None,
    reason: str = "",
    **changes: Any,
) -> Portfolio:
    """Change terms of a portfolio; the next look uses them. A waiting proposal made under the old ones is kept."""
    unknown = set(changes) - set(TERMS)
    if unknown:
        raise InvalidInput(fields=dict.fromkeys(sorted(unknown), "This cannot be changed."))
    portfolio = locked(portfolio_id, actor)
    policies.require(actor, "change", portfolio)
    require_version(portfolio, expected_version)
    with recording(
        portfolio, "pacing.portfolio.changed", actor=actor, reason=reason, links=_links(portfolio)
    ):
        for field, value in changes.items():
            setattr(portfolio, field, value.strip() if field == "name" else value)
        portfolio.version += 1
        require_portfolio(portfolio, terms_of(portfolio))
        portfolio.save()
    tell(portfolio)
    return portfolio


def terms_of(portfolio: Portfolio) -> list[ArmTerms]:
    """The arms a portfolio has now, as they would be typed."""
    arms = (
        portfolio.arms.filter(removed_at=None).select_related("group").prefetch_related("budgets__ad_account")
    )
    return [
        ArmTerms(
            arm.label,
            tuple(arm.budgets.all()),
            arm.kind,
            arm.group.name if arm.group else "",
            arm.locked,
            arm.floor_micros,
            arm.cap_micros,
            arm.learning_until,
        )
        for arm in arms
    ]


def save_groups(portfolio: Portfolio, groups: Sequence[GroupTerms]) -> dict[str, GroupLimit]:
    """Store groups by name; one that is no longer named is removed and its arms belong to none."""
    portfolio.groups.exclude(name__in=[group.name for group in groups]).delete()
    made = {}
    for group in groups:
        made[group.name], _ = GroupLimit.objects.update_or_create(
            portfolio=portfolio,
            name=group.name,
            defaults={
                "organization_id": portfolio.organization_id,
                "client_id": portfolio.client_id,
                "min_ratio": group.min_ratio,
                "max_ratio": group.max_ratio,
            },
        )
    return made


def add_arm(portfolio: Portfolio, terms: ArmTerms, groups: dict[str, GroupLimit]) -> PortfolioArm:
    """Store one arm and take hold of its budgets; the database refuses one that another portfolio holds."""
    if terms.group and terms.group not in groups:
        raise InvalidInput(fields={"group": f"There is no group “{terms.group}”. Add it, or choose another."})
    owned = {"organization_id": portfolio.organization_id, "client_id": portfolio.client_id}
    arm = PortfolioArm.objects.create(
        portfolio=portfolio,
        label=terms.label.strip()[:120] or terms.budgets[0].name[:120],
        kind=terms.kind,
        group=groups.get(terms.group),
        locked=terms.locked,
        floor_micros=terms.floor_micros,
        cap_micros=terms.cap_micros,
        learning_until=terms.learning_until,
        **owned,
    )
    holds = portfolio.state != Portfolio.State.STOPPED
    try:
        with transaction.atomic():
            ArmBudget.objects.bulk_create(
                [ArmBudget(arm=arm, budget=budget, holds=holds, **owned) for budget in terms.budgets]
            )
    except IntegrityError as error:
        if HELD_ELSEWHERE not in str(error):
            raise
        raise InvalidInput(fields={"budgets": held_words([b.pk for b in terms.budgets])}) from error
    return arm


def held_words(budget_ids: Sequence[int]) -> str:
    """Which portfolio holds one of these budgets already, and what to do."""
    taken = (
        ArmBudget.objects.filter(budget__in=budget_ids, holds=True)
        .select_related("budget", "arm__portfolio")
        .first()
    )
    if taken is None:
        return "Another portfolio took one of these budgets at the same moment. Reload and choose again."
    held: Budget = taken.budget
    return f"“{held.name}” is in the portfolio “{taken.arm.portfolio.name}”. Stop that one or leave this budget out."


def locked(portfolio_id: UUID | str, actor: Actor) -> Portfolio:
    """The portfolio under its lock, when the actor sees it."""
    visible = Portfolio.objects.visible_to(actor).filter(public_id=portfolio_id)
    found = visible.values_list("pk", flat=True).first()
    if found is None:
        raise NotVisible
    return Portfolio.objects.locked().select_related("client").get(pk=found)


def require_version(portfolio: Portfolio, expected: int | None) -> None:
    """Refuse an edit of what somebody else changed since."""
    if expected is not None and expected != portfolio.version:
        raise OutOfDate("Somebody changed this portfolio since you opened it. Reload it and edit again.")


def tell(portfolio: Portfolio) -> None:
    """Publish that a portfolio changed, and hint open pages."""
    outbox.publish(
        PortfolioChanged(
            organization_id=portfolio.organization_id,
            portfolio_id=str(portfolio.public_id),
            client_id=str(portfolio.client.public_id),
        )
    )
    hint(portfolio)


def hint(portfolio: Portfolio) -> None:
    """Open pages of a portfolio look again."""
    realtime.changed(
        portfolio.organization_id, "portfolio", str(portfolio.public_id), client_id=portfolio.client_id
    )


def plain(value: Any) -> Any:
    """A term as the trail keeps it: plans by name."""
    return str(value) if isinstance(value, BudgetPlan) else value


def _links(portfolio: Portfolio) -> dict[str, Any]:
    return {"portfolio": portfolio.public_id}
