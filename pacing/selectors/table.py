"""The pacing table: plans in the order of money at risk, served from the snapshot of each plan's latest look.

Every question is a fixed number of queries whatever the number of plans: totals and view counts, one page of
rows, the proposals of those rows, and the requests that wait for a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Min, OuterRef, Q, QuerySet, Subquery

from campaigns.models import AdAccount, Connection
from lane.accounts import policies
from lane.accounts.models import Client
from lane.core import clock
from lane.core.actors import Actor
from pacing.models import BudgetPlan, PlanHealth, PlanSnapshot
from pacing.selectors.proposals import Proposal, Waiting, proposals_of
from pacing.selectors.table_groups import COLUMN_OF, Group, groups_of
from pacing.selectors.totals import NEEDS_ATTENTION, Summary, Totals, summary
from pacing.words import brief

PAGE = 40
LANDING_DAYS = 7
CURRENT = (BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED, BudgetPlan.Status.PAUSED)
PLATFORMS = dict(Connection._meta.get_field("platform").flatchoices)
_SILENT = (PlanHealth.UNKNOWN, PlanHealth.PAUSED, PlanHealth.SCHEDULED)

# name of a sort -> the column that leads; ties go by primary key, so that a page has one successor
SORTS = {
    "risk": "-snapshot__abs_miss_micros",
    "name": "name",
    "ends": "ends_on",
    "amount": "-amount_micros",
}
COLUMNS = {
    "status": "Status and reason",
    "spent": "Spent against plan",
    "end": "Projected end",
    "risk": "At risk",
    "days": "Days left",
    "proposal": "Proposed change",
    "flight": "Flight",
    "budget": "Budget per day",
    "needed": "Needed per day",
    "strategy": "Strategy",
    "mode": "What Lane may do",
    "owner": "Owner",
}
USUAL_COLUMNS = ("status", "spent", "end", "risk", "days", "proposal")
VIEWS = {
    "all": "All plans",
    "attention": "Needs attention",
    "cannot_spend": "Cannot spend",
    "landing": "Landing this week",
}


@dataclass(frozen=True, slots=True)
class TableQuery:
    """What a person asked the table for; it lives in the address of the page."""

    view: str = "all"
    client: UUID | None = None
    platform: str = ""
    health: str = ""
    owner: str = ""
    currency: str = ""
    search: str = ""
    sort: str = "risk"
    group: str = ""
    columns: tuple[str, ...] = USUAL_COLUMNS
    after: tuple[Any, int] | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set beyond the view."""
        chosen = (self.client, self.platform, self.health, self.owner, self.currency, self.search)
        return any(chosen)


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One plan as the table shows it; money in micros of the plan's currency, None where unknown."""

    plan: BudgetPlan
    snapshot: PlanSnapshot | None
    health: str
    reason: str
    platforms: str
    days_left: int
    proposal: Proposal
    may_edit: bool = False

    @property
    def key(self) -> str:
        """Names the cells of this row for live updates; text, so that templates need not format a number."""
        return str(self.plan.pk)

    @property
    def figures(self) -> PlanSnapshot:
        """The stored numbers; all of them unknown before the first look."""
        return self.snapshot or PlanSnapshot()

    @property
    def shows_end(self) -> bool:
        """Whether a projected end may be shown: paused, scheduled and day-one plans are silent."""
        return self.snapshot is not None and self.health not in _SILENT

    @property
    def miss_micros(self) -> int | None:
        """Projected end minus amount."""
        return self.snapshot.miss_micros if self.snapshot and self.shows_end else None

    @property
    def miss_ratio(self) -> Decimal | None:
        """The miss as a share of the amount."""
        return None if self.miss_micros is None else Decimal(self.miss_micros) / self.plan.amount_micros

    @property
    def end(self) -> tuple[int | None, int | None, int | None]:
        """P10, P50 and P90 of the projected end."""
        shown = self.snapshot
        if shown is None or not self.shows_end:
            return (None, None, None)
        return (shown.projected_p10_micros, shown.projected_p50_micros, shown.projected_p90_micros)


@dataclass(frozen=True, slots=True)
class Table:
    """One page of the pacing table."""

    rows: list[PlanRow]
    totals: list[Totals]
    counts: dict[str, int]
    waiting: Waiting
    after: tuple[Any, int] | None
    first_page: bool = True
    final_through: date | None = None
    groups: list[Group] = field(default_factory=list)


def table(actor: Actor, query: TableQuery) -> Table:
    """One page of plans with everything around it."""
    today = clock.today("UTC")
    matching = _matching(actor, query, today)
    figures = _summary(actor, query, today)
    if query.group:
        return _grouped(actor, query, matching, figures)
    plans = list(_page(matching, query, actor))
    more = len(plans) > PAGE
    plans = plans[:PAGE]
    if figures.unseen and query.after is None:
        plans = [*matching.filter(snapshot=None).order_by("-pk")[:PAGE], *plans]
    proposals, waiting = proposals_of([plan.pk for plan in plans], actor)
    rows = [_row(plan, proposals.get(plan.pk), actor) for plan in plans]
    return Table(
        rows=rows,
        totals=figures.totals,
        counts=figures.counts,
        waiting=waiting,
        after=_place(plans[-1], query.sort) if more else None,
        first_page=query.after is None,
        final_through=_final_through(rows),
    )


def _grouped(actor: Actor, query: TableQuery, matching: QuerySet[BudgetPlan], figures: Summary) -> Table:
    """The table cut into groups, each with its figures and its first plans."""
    found = groups_of(matching, figures, query.group, SORTS[query.sort])
    plans = [plan for group in found for plan in group.plans]
    proposals, waiting = proposals_of([plan.pk for plan in plans], actor)
    rows = {plan.pk: _row(plan, proposals.get(plan.pk), actor) for plan in plans}
    for group in found:
        group.rows.extend(rows[plan.pk] for plan in group.plans)
    return Table(
        rows=list(rows.values()),
        totals=figures.totals,
        counts=figures.counts,
        waiting=waiting,
        after=None,
        groups=found,
        final_through=_final_through(rows.values()),
    )


def one_row(actor: Actor, plan_id: UUID) -> PlanRow | None:
    """One plan as the table shows it; None when the actor sees no such plan."""
    plans = BudgetPlan.objects.visible_to(actor).select_related("client", "snapshot", "owner")
    plan = plans.defer("controller_state").filter(public_id=plan_id).first()
    if plan is None:
        return None
    proposals, _ = proposals_of([plan.pk], actor)
    return _row(plan, proposals.get(plan.pk), actor)


def clients_and_freshness(actor: Actor) -> tuple[list[Client], dict[str, datetime]]:
    """Clients to filter by, and per platform the oldest read among their connected accounts; one query."""
    oldest = (
        AdAccount.objects.filter(client=OuterRef("pk"), sync_enabled=True, source=AdAccount.Source.API)
        .order_by()
        .values("client")
        .annotate(read=Min("facts_synced_at"))
        .values("read")
    )
    clients = Client.objects.visible_to(actor).current()
    reads = {f"read_{name}": Subquery(oldest.filter(platform=name)) for name in PLATFORMS}
    found = list(clients.annotate(**reads).order_by("name"))
    fresh = {}
    for name, label in PLATFORMS.items():
        known = [value for client in found if (value := getattr(client, f"read_{name}")) is not None]
        if known:
            fresh[label] = min(known)
    return found, fresh


def _matching(actor: Actor, query: TableQuery, today: date) -> QuerySet[BudgetPlan]:
    owner = ["owner"] if "owner" in query.columns or query.group == "owner" else []
    visible = BudgetPlan.objects.visible_to(actor).select_related("client", "snapshot", *owner)
    return visible.defer("controller_state").filter(_statuses(query), _condition(query, actor, today))


def _statuses(query: TableQuery) -> Q:
    if query.health == "archived":
        return Q(status=BudgetPlan.Status.ARCHIVED)
    if query.health == PlanHealth.ENDED:
        return Q(status=BudgetPlan.Status.ENDED)
    return Q(status__in=CURRENT)


def _condition(query: TableQuery, actor: Actor, today: date) -> Q:
    """The filters as one condition, used for the rows and inside the totals."""
    condition = _view(query.view, today)
    if query.client:
        condition &= Q(client__public_id=query.client)
    if query.platform:
        condition &= Q(snapshot__platforms__contains=[query.platform])
    if query.health == PlanHealth.PAUSED:
        condition &= Q(status=BudgetPlan.Status.PAUSED) | Q(snapshot__health=PlanHealth.PAUSED)
    elif query.health and query.health not in ("archived", PlanHealth.ENDED):
        condition &= Q(snapshot__health=query.health) & ~Q(status=BudgetPlan.Status.PAUSED)
    if query.owner:
        condition &= Q(owner_id=actor.user_id) if query.owner == "me" else Q(owner__public_id=query.owner)
    if query.currency:
        condition &= Q(currency=query.currency)
    if query.search:
        condition &= Q(name__icontains=query.search) | Q(client__name__icontains=query.search)
    return condition


def _view(name: str, today: date) -> Q:
    running = ~Q(status=BudgetPlan.Status.PAUSED)
    if name == "attention":
        return running & Q(snapshot__health__in=NEEDS_ATTENTION)
    if name == "cannot_spend":
        return running & Q(snapshot__health=PlanHealth.CANNOT_SPEND)
    if name == "landing":
        return Q(status=BudgetPlan.Status.ACTIVE, ends_on__lt=today + timedelta(days=LANDING_DAYS))
    return Q(pk__isnull=False)


def _page(matching: QuerySet[BudgetPlan], query: TableQuery, actor: Actor) -> QuerySet[BudgetPlan]:
    """One row more than a page, from where the last page ended. Plans not looked at yet are added apart."""
    leading = SORTS[query.sort]
    column, falling = leading.lstrip("-"), leading.startswith("-")
    found = matching.filter(snapshot__organization_id=actor.organization_id)
    if query.after is not None:
        value, pk = query.after
        beyond, bound = ("lt", "lte") if falling else ("gt", "gte")
        # The bound alone lets the index start in the right place; the OR only breaks ties.
        found = found.filter(
            Q(**{f"{column}__{beyond}": value}) | Q(**{column: value}, snapshot__plan_id__gt=pk),
            **{f"{column}__{bound}": value},
        )
    return found.order_by(leading, "snapshot__plan_id")[: PAGE + 1]


def _place(plan: BudgetPlan, sort: str) -> tuple[Any, int]:
    value: Any = plan
    for step in SORTS[sort].lstrip("-").split("__"):
        value = getattr(value, step)
    return (value.isoformat() if isinstance(value, date) else value), plan.pk


def _summary(actor: Actor, query: TableQuery, today: date) -> Summary:
    """Figures of what matches; the counts of the views stay those of all plans of these statuses."""
    ended = query.health in ("archived", PlanHealth.ENDED)
    plans = BudgetPlan.objects.visible_to(actor)
    plans = plans.filter(_statuses(query) if ended else Q(status__in=CURRENT))
    narrowed = query.is_narrowed or query.view != "all"
    here = _condition(query, actor, today) if narrowed else None
    return summary(plans, here, _view("landing", today), group=COLUMN_OF.get(query.group, ""))


def _final_through(rows: Iterable[PlanRow]) -> date | None:
    """The day to which the spend of every shown plan is final."""
    finals = [row.snapshot.final_through for row in rows if row.snapshot and row.snapshot.final_through]
    return min(finals, default=None)


def _row(plan: BudgetPlan, proposal: Proposal | None, actor: Actor) -> PlanRow:
    snapshot: PlanSnapshot | None = getattr(plan, "snapshot", None)
    health = shown_health(plan, snapshot)
    return PlanRow(
        plan=plan,
        snapshot=snapshot,
        health=health,
        reason=shown_reason(plan, snapshot),
        platforms=platform_words(snapshot.platforms if snapshot else []),
        days_left=days_left(plan),
        proposal=proposal or Proposal.none(plan, health),
        may_edit=policies.may(actor, "change", client_id=plan.client_id),
    )


def shown_health(plan: BudgetPlan, snapshot: PlanSnapshot | None) -> str:
    """The status word: what a person did to the plan goes before what the last look found."""
    if plan.status in (BudgetPlan.Status.PAUSED, BudgetPlan.Status.ENDED):
        return str(plan.status)
    if snapshot is None:
        scheduled = plan.status == BudgetPlan.Status.SCHEDULED
        return str(PlanHealth.SCHEDULED if scheduled else PlanHealth.UNKNOWN)
    return str(snapshot.health)


def shown_reason(plan: BudgetPlan, snapshot: PlanSnapshot | None) -> str:
    """The strongest reason in a few words."""
    if plan.status == BudgetPlan.Status.PAUSED and plan.paused_reason:
        return plan.paused_reason
    if snapshot is None:
        return "Not looked at yet"
    return brief(snapshot.reason, plan.currency, timezone=plan.timezone, at=snapshot.as_of)


def platform_words(platforms: list[str]) -> str:
    """Platforms by the names people use."""
    return ", ".join(PLATFORMS.get(name, name) for name in platforms)


def days_left(plan: BudgetPlan) -> int:
    """Days of the flight from today on, today included; the whole flight before it starts."""
    today = clock.today(plan.timezone)
    return max(0, (plan.ends_on - max(today, plan.starts_on)).days + 1)
