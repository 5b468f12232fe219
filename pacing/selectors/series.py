"""Series as people read them: each cycle's plan with what was approved, spent and rolled over."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, Sum

from lane.accounts.visibility import ClientOwnedQuerySet
from lane.core.actors import Actor
from pacing.models import BudgetPlan, LedgerEntry, PlanSeries


@dataclass(frozen=True, slots=True)
class CycleLine:
    """One cycle: its plan, what came over from the cycle before, and whether that is still provisional."""

    plan: BudgetPlan
    rolled_micros: int | None
    is_provisional: bool
    spent_micros: int | None


def series_for(actor: Actor) -> ClientOwnedQuerySet[PlanSeries]:
    """Series of the clients this actor sees, with their client, owner and plans."""
    plans = BudgetPlan.objects.exclude(status=BudgetPlan.Status.ARCHIVED).order_by("-cycle_on")
    found = PlanSeries.objects.visible_to(actor).select_related("client", "owner")
    return found.prefetch_related(Prefetch("plans", plans, to_attr="cycles"), "budgets")


def cycles_of(series: PlanSeries, limit: int = 24) -> list[CycleLine]:
    """The plans of a series, newest cycle first; two queries."""
    plans = list(series.plans.select_related("snapshot").order_by("-cycle_on")[:limit])
    entries = LedgerEntry.objects.filter(plan__in=plans, kind=LedgerEntry.Kind.ROLLOVER)
    rolled = dict(entries.order_by().values_list("plan").annotate(total=Sum("amount_micros")))
    latest = {entry.plan_id: entry.is_provisional for entry in entries.order_by("id")}
    lines = []
    for plan in plans:
        snapshot = getattr(plan, "snapshot", None)
        spent = snapshot.spent_micros if snapshot else None
        lines.append(CycleLine(plan, rolled.get(plan.pk), latest.get(plan.pk, False), spent))
    return lines
