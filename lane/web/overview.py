"""What the overview shows, read from the latest snapshot of each plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, Sum

from approvals.models import ApprovalRequest
from campaigns.models import AdAccount, Change, Connection, Drift, KillSwitch
from lane.accounts.models import Client
from lane.core import clock
from lane.core.actors import Actor
from pacing.models import BudgetPlan, PlanHealth, PlanSnapshot

_AT_RISK = (PlanHealth.AHEAD, PlanHealth.BEHIND, PlanHealth.CANNOT_SPEND)


@dataclass(frozen=True, slots=True)
class CurrencyTotals:
    """Running plans of one currency: amounts in micros, None where no plan has the number."""

    currency: str
    plans: int
    budget_micros: int
    spent_micros: int | None
    projected_micros: int | None
    under_micros: int | None
    over_micros: int | None


def for_actor(actor: Actor) -> dict[str, Any]:
    """Everything the page needs, in a fixed number of queries."""
    plans = BudgetPlan.objects.visible_to(actor).filter(status=BudgetPlan.Status.ACTIVE)
    shown = PlanSnapshot.objects.filter(plan__in=plans)
    health = dict(shown.values_list("health").annotate(n=Count("plan_id")))
    return {
        "totals": _totals(plans),
        "health": [(word, health.get(word.value, 0)) for word in PlanHealth if health.get(word.value)],
        "at_risk": shown.filter(health__in=_AT_RISK)
        .select_related("plan", "plan__client")
        .order_by("-abs_miss_micros", "plan_id")[:8],
        "waiting": _waiting(actor),
        "broken": Connection.objects.visible_to(actor).filter(status=Connection.Status.RECONNECT),
        "drifts": Drift.objects.visible_to(actor)
        .filter(state=Drift.State.OPEN)
        .select_related("budget", "client")[:5],
        "troubled": Change.objects.visible_to(actor)
        .filter(state__in=[Change.State.STUCK, Change.State.CONFLICT], change_set__state="failed")
        .select_related("change_set", "client")
        .order_by("-id")[:5],
        "switches": KillSwitch.objects.filter(resumed_at__isnull=True).filter(
            Q(organization_id=actor.organization_id)
            | Q(organization__isnull=True, client__isnull=True, connection__isnull=True)
            | Q(client__organization_id=actor.organization_id)
        ),
        "accounts": AdAccount.objects.visible_to(actor)
        .select_related("client")
        .order_by("facts_synced_at")[:12],
        "first_run": not AdAccount.objects.visible_to(actor).exists(),
        "clients": Client.objects.visible_to(actor).count(),
        "now": clock.now(),
    }


def _totals(plans: Any) -> list[CurrencyTotals]:
    rows = (
        plans.values("currency")
        .annotate(
            n=Count("pk"),
            amount=Sum("amount_micros"),
            spent=Sum("snapshot__spent_micros"),
            projected=Sum("snapshot__projected_p50_micros"),
            under=Sum("snapshot__miss_micros", filter=Q(snapshot__miss_micros__lt=0)),
            over=Sum("snapshot__miss_micros", filter=Q(snapshot__miss_micros__gt=0)),
        )
        .order_by("-n", "currency")
    )
    return [
        CurrencyTotals(
            row["currency"],
            row["n"],
            row["amount"],
            row["spent"],
            row["projected"],
            row["under"],
            row["over"],
        )
        for row in rows
    ]


def _waiting(actor: Actor) -> Any:
    return (
        ApprovalRequest.objects.visible_to(actor)
        .filter(state=ApprovalRequest.State.OPEN, approvers__user_id=actor.user_id or 0)
        .exclude(barred_user_ids__contains=[actor.user_id])
        .select_related("client")
        .order_by("due_at")[:6]
    )
