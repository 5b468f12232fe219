"""Plans, their looks and what Lane recommended, narrowed to what an actor sees."""

from __future__ import annotations

from django.db.models import QuerySet

from lane.accounts.visibility import ClientOwnedQuerySet
from lane.core.actors import Actor
from pacing.models import BudgetPlan, PacingRun, Recommendation


def plans_for(actor: Actor) -> ClientOwnedQuerySet[BudgetPlan]:
    """Plans of the clients this actor sees, archived ones included, with client and owner."""
    return BudgetPlan.objects.visible_to(actor).select_related("client", "owner")


def recommendations_for(actor: Actor) -> ClientOwnedQuerySet[Recommendation]:
    """Recommendations of the clients this actor sees, newest first, with plan and change set."""
    return Recommendation.objects.visible_to(actor).select_related(
        "plan", "client", "change_set", "decided_by"
    )


def runs_for(actor: Actor) -> QuerySet[PacingRun]:
    """Looks at plans this actor sees, newest first."""
    return PacingRun.objects.filter(plan__in=BudgetPlan.objects.visible_to(actor)).select_related("plan")
