"""Holes and conflicts between plans, series, portfolios and rates, each with its fix, found before they cost money.

Overlaps of two plans over one budget need no check: the database refuses them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Prefetch, Q
from django.urls import NoReverseMatch, reverse

from campaigns.models import AdCampaign, AdGroup, Budget
from campaigns.selectors import facts
from lane.accounts.models import Client
from lane.core import clock
from lane.core.actors import Actor
from lane.core.money import format_money
from pacing.exchange import RateBook, convert
from pacing.models import ArmBudget, BudgetPlan, PlanAmendment, PlanBudget, PlanSeries
from pacing.selectors import fx
from pacing.selectors.limits import limit_ahead
from pacing.services import amendment_rules
from pacing.services.series import cycles_due

RECENT_DAYS = 7
RATE_NOTICE_DAYS = 7
Status = BudgetPlan.Status
_CURRENT = (Status.ACTIVE, Status.SCHEDULED, Status.PAUSED)
_FLOOR_MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not fit together. ``severity`` is high where money moves wrongly already."""

    code: str
    severity: str  # high, medium
    title: str
    detail: str
    fix: str
    url: str
    client_id: str
    client: str
    about: str  # public id of the plan, series or budget

    @property
    def tone(self) -> str:
        """The colour of its severity."""
        return "cannot_spend" if self.severity == "high" else "behind"


@dataclass(slots=True)
class _World:
    """Everything the checks read, fetched once."""

    actor: Actor
    clients: dict[int, Client]
    plans: list[BudgetPlan]
    books: dict[int, RateBook]
    today: date


def problems(actor: Actor, *, client: Client | None = None) -> list[Problem]:
    """Every hole and conflict among what this actor sees, the costly ones first."""
    clients = Client.objects.visible_to(actor).current()
    if client is not None:
        clients = clients.filter(pk=client.pk)
    links = PlanBudget.objects.select_related("budget__ad_account")
    plans = list(
        BudgetPlan.objects.visible_to(actor)
        .filter(status__in=_CURRENT, client__in=clients)
        .select_related("client", "snapshot", "series")
        .prefetch_related(Prefetch("plan_budgets", links))
        .order_by("name", "pk")
    )
    world = _World(
        actor,
        {one.pk: one for one in clients},
        plans,
        fx.books([actor.organization_id]),
        clock.today("UTC"),
    )
    found = [problem for check in _CHECKS for problem in check(world)]
    return sorted(found, key=lambda one: (one.severity != "high", one.client, one.code, one.title))


def _series_without_next(world: _World) -> Iterable[Problem]:
    """A series whose running or due cycle has no plan."""
    running = PlanSeries.objects.visible_to(world.actor).filter(is_active=True, client__in=world.clients)
    for series in running.select_related("client").prefetch_related("plans"):
        existing = {plan.cycle_on: plan for plan in series.plans.all()}
        for one in cycles_due(series, clock.today(series.timezone)):
            plan = existing.get(one.starts_on)
            if plan is None:
                yield _problem(
                    "series_next_missing", "high", series.client, series.public_id,
                    f"{series.name} has no plan from {one.starts_on:%-d %b}",
                    series.problem or "The next plan is made within a quarter of an hour.",
                    "Mend what stops it; Lane then makes the plan by itself.",
                    _url("series-detail", series.public_id),
                )  # fmt: skip
            elif plan.status == Status.ARCHIVED:
                yield _problem(
                    "series_hole", "medium", series.client, series.public_id,
                    f"{series.name} has a hole from {one.starts_on:%-d %b} to {one.ends_on:%-d %b}",
                    f"“{plan.name}” was archived, so nothing paces these days.",
                    "Make a plan for these days, or end the series.",
                    _url("series-detail", series.public_id),
                )  # fmt: skip


def _budgets_without_plan(world: _World) -> Iterable[Problem]:
    """A budget that spends while no plan of its client covers today."""
    paced = {plan.client_id for plan in world.plans}
    if not paced:
        return
    held = {
        link.budget_id
        for plan in world.plans
        for link in plan.plan_budgets.all()
        if link.starts_on <= clock.today(plan.timezone) <= link.ends_on
    }
    free = list(
        Budget.objects.filter(client__in=paced, removed_at=None, kind=Budget.Kind.DAILY)
        .exclude(pk__in=held)
        .select_related("ad_account")
        .order_by("name", "pk")
    )
    since = world.today - timedelta(days=RECENT_DAYS)
    read = facts.budget_day_spend([(place, one.pk, since, world.today) for place, one in enumerate(free)])
    spent: dict[int, int] = defaultdict(int)
    for place, micros in zip(read.keys.tolist(), read.spend_micros.tolist(), strict=True):
        spent[place] += micros
    for place, budget in enumerate(free):
        if spent[place] > 0 and budget.client_id in world.clients:
            client = world.clients[budget.client_id]
            shown = format_money(spent[place], budget.currency)
            yield _problem(
                "budget_without_plan", "medium", client, budget.public_id,
                f"{budget.name} spends without a plan",
                f"{shown} in the last {RECENT_DAYS} days, {budget.ad_account.get_platform_display()} · "
                f"{budget.ad_account.name}. No plan covers today.",
                "Put it into a plan, or pause it at the platform.",
                f"{_url('plan-create')}?client={client.public_id}",
            )  # fmt: skip


def _floors_above_rest(world: _World) -> Iterable[Problem]:
    """The platforms' smallest budgets alone would spend more than is left."""
    for plan in world.plans:
        snapshot = getattr(plan, "snapshot", None)
        if plan.status != Status.ACTIVE or snapshot is None or snapshot.spent_micros is None:
            continue
        left = plan.amount_micros - snapshot.spent_micros
        days = (plan.ends_on - clock.today(plan.timezone)).days + 1
        floors = [_floor(world, plan, link.budget) for link in plan.plan_budgets.all()]
        if left <= 0 or any(floor is None for floor in floors):
            continue
        needed = sum(floor or 0 for floor in floors) * days
        if needed > left:
            cur = plan.currency
            yield _problem(
                "floors_above_rest", "high", plan.client, plan.public_id,
                f"{plan.name} cannot go low enough",
                f"The smallest budgets its platforms accept add up to {format_money(needed, cur)} over {days} days; "
                f"{format_money(left, cur)} is left.",
                "Take a budget out of the plan, end it earlier, or let Lane pause at the target.",
                _url("plan-detail", plan.public_id),
            )  # fmt: skip


def _past_the_campaigns_end(world: _World) -> Iterable[Problem]:
    """A plan that goes on after every campaign of one of its budgets has ended at the platform."""
    ids = [link.budget_id for plan in world.plans for link in plan.plan_budgets.all()]
    ends: dict[int, list[date | None]] = defaultdict(list)
    rows = AdCampaign.objects.filter(
        Q(budget__in=ids) | Q(ad_groups__budget__in=ids), removed_at=None
    ).values_list("budget_id", "ad_groups__budget_id", "ends_on")
    for budget_id, group_budget_id, ends_on in rows.distinct():
        for one in {budget_id, group_budget_id} - {None}:
            ends[one].append(ends_on)
    for plan in world.plans:
        for link in plan.plan_budgets.all():
            known = ends.get(link.budget_id, [])
            last = max((day for day in known if day is not None), default=None)
            if last is None or any(day is None for day in known) or last >= plan.ends_on:
                continue
            yield _problem(
                "ends_before_plan", "high", plan.client, plan.public_id,
                f"{plan.name} runs longer than its campaigns",
                f"The campaigns of “{link.budget.name}” end on {last:%-d %b %Y} at the platform, the plan on "
                f"{plan.ends_on:%-d %b %Y}.",
                "Extend the campaigns at the platform, or shorten the plan.",
                _url("plan-amend", plan.public_id),
            )  # fmt: skip


def _two_plans_on_one_campaign(world: _World) -> Iterable[Problem]:
    """A campaign's own budget in one plan, and an ad set's budget of the same campaign in another."""
    plan_of: dict[int, list[tuple[BudgetPlan, PlanBudget]]] = defaultdict(list)
    for plan in world.plans:
        for link in plan.plan_budgets.all():
            plan_of[link.budget_id].append((plan, link))
    groups = AdGroup.objects.filter(
        budget__in=plan_of, ad_campaign__budget__in=plan_of, removed_at=None
    ).select_related("ad_campaign")
    told = set()
    for group in groups:
        assert group.budget_id is not None and group.ad_campaign.budget_id is not None
        for plan, link in plan_of[group.budget_id]:
            for other, their in plan_of[group.ad_campaign.budget_id]:
                days_meet = link.starts_on <= their.ends_on and their.starts_on <= link.ends_on
                key = (plan.pk, other.pk, group.ad_campaign_id)
                if plan.pk == other.pk or not days_meet or key in told:
                    continue
                told.add(key)
                yield _problem(
                    "two_plans_one_campaign", "high", plan.client, plan.public_id,
                    f"{plan.name} and {other.name} both pace {group.ad_campaign.name}",
                    "One has the campaign's budget, the other the budget of an ad set in it: each would undo the other.",
                    "Take one of the two budgets out of its plan.",
                    _url("plan-edit", plan.public_id),
                )  # fmt: skip


def _held_by_a_portfolio(world: _World) -> Iterable[Problem]:
    """A budget whose split a portfolio decides while another plan paces it."""
    plan_of = {
        link.budget_id: plan
        for plan in world.plans
        for link in plan.plan_budgets.all()
        if plan.mode != BudgetPlan.Mode.OBSERVE and plan.status == Status.ACTIVE
    }
    held = (
        ArmBudget.objects.filter(budget__in=plan_of, holds=True)
        .exclude(arm__portfolio__state="stopped")
        .select_related("arm__portfolio", "budget")
    )
    for one in held:
        plan, portfolio = plan_of[one.budget_id], one.arm.portfolio
        if portfolio.plan_id == plan.pk:
            continue
        yield _problem(
            "portfolio_holds_budget", "high", plan.client, plan.public_id,
            f"{plan.name} and the portfolio {portfolio.name} both set {one.budget.name}",
            "The portfolio splits money it does not take from this plan, so the two pull in different directions.",
            "Let the portfolio take its money from this plan, or set one of them to observe.",
            _url("plan-edit", plan.public_id),
        )  # fmt: skip


def _above_the_limit(world: _World) -> Iterable[Problem]:
    for client in world.clients.values():
        use = limit_ahead(client)
        if use is None:
            continue
        if use.unknown_pair:
            yield _problem(
                "limit_unknown", "medium", client, client.public_id,
                f"The limit of {client.name} cannot be checked",
                f"A plan counts in another currency, and there is no {use.unknown_pair} rate young enough.",
                "Enter the rate.", _url("fx-list"),
            )  # fmt: skip
        elif use.free_micros < 0:
            cur = client.currency
            yield _problem(
                "above_limit", "high", client, client.public_id,
                f"The plans of {client.name} exceed its limit",
                f"On {use.fullest_on:%-d %b %Y} they add up to {format_money(use.held_micros, cur)}, the limit is "
                f"{format_money(use.limit_micros, cur)}.",
                "Cut a plan, or raise the limit with the client.", f"{_url('plan-list')}?client={client.public_id}",
            )  # fmt: skip


def _old_rates(world: _World) -> Iterable[Problem]:
    """Rates that plans need and that are too old, or soon will be."""
    book = world.books[world.actor.organization_id]
    pairs: dict[tuple[str, str], BudgetPlan] = {}
    for plan in world.plans:
        for link in plan.plan_budgets.all():
            if link.budget.currency != plan.currency:
                pairs.setdefault((link.budget.currency, plan.currency), plan)
    for (source, target), plan in sorted(pairs.items(), key=lambda item: item[0]):
        last = book.latest_on(source, target)
        age = None if last is None else (world.today - last).days
        left = None if age is None else book.max_age_days - age
        if left is not None and left > RATE_NOTICE_DAYS:
            continue
        gone = left is None or left < 0
        yield _problem(
            "rate_too_old" if gone else "rate_ageing", "high" if gone else "medium", plan.client, plan.public_id,
            f"The {source}→{target} rate is {'missing' if last is None else 'too old' if gone else 'getting old'}",
            (
                f"The latest is of {last:%-d %b %Y} and counts for {book.max_age_days} days. "
                if last is not None
                else ""
            )
            + f"“{plan.name}” needs it; without it its spend is unknown and writes are frozen.",
            "Enter a newer rate.", _url("fx-list"),
        )  # fmt: skip


def _stale_amendments(world: _World) -> Iterable[Problem]:
    """Amendments that wait for a yes and can no longer get one as they are."""
    waiting = PlanAmendment.objects.visible_to(world.actor).filter(
        state=PlanAmendment.State.PROPOSED, plan__in=[plan.pk for plan in world.plans]
    )
    for one in waiting.select_related("plan__client", "client"):
        if why := amendment_rules.problem_with(one):
            yield _problem(
                "amendment_outdated", "medium", one.client, one.plan.public_id,
                f"The amendment of {one.plan.name} can no longer be approved", why,
                "Revise it or take it back.", _url("plan-ledger", one.plan.public_id),
            )  # fmt: skip


_CHECKS: Sequence[Callable[[_World], Iterable[Problem]]] = (
    _series_without_next,
    _budgets_without_plan,
    _floors_above_rest,
    _past_the_campaigns_end,
    _two_plans_on_one_campaign,
    _held_by_a_portfolio,
    _above_the_limit,
    _old_rates,
    _stale_amendments,
)


def _floor(world: _World, plan: BudgetPlan, budget: Budget) -> int | None:
    floor = budget.floor_micros or _FLOOR_MICROS
    quote = world.books[world.actor.organization_id].quote(
        budget.currency, plan.currency, clock.today(plan.timezone)
    )
    return None if quote is None else convert(floor, quote.rate)


def _problem(
    code: str, severity: str, client: Client, about: Any, title: str, detail: str, fix: str, url: str
) -> Problem:
    return Problem(code, severity, title, detail, fix, url, str(client.public_id), client.name, str(about))


def _url(name: str, *args: Any) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
