"""Plans and amendments under their locks, client first, so that no two can wait for each other."""

from __future__ import annotations

from uuid import UUID

from lane.core.actors import Actor
from lane.core.errors import NotVisible
from pacing.models import BudgetPlan, PlanAmendment
from pacing.services import plan_terms


def locked_plan(plan_id: UUID | str, actor: Actor) -> BudgetPlan:
    """The plan and its client under their locks, client first, when the actor sees it."""
    found = BudgetPlan.objects.visible_to(actor).filter(public_id=plan_id).select_related("client").first()
    if found is None:
        raise NotVisible
    client = plan_terms.lock_client(found.client)
    plan = BudgetPlan.objects.locked().get(pk=found.pk)
    plan.client = client
    return plan


def locked(amendment_id: UUID | str, actor: Actor) -> PlanAmendment:
    """The amendment with its plan and client under their locks, when the actor sees it."""
    found = (
        PlanAmendment.objects.visible_to(actor)
        .filter(public_id=amendment_id)
        .values_list("pk", "plan__public_id")
        .first()
    )
    if found is None:
        raise NotVisible
    plan = locked_plan(found[1], actor)
    amendment = PlanAmendment.objects.locked().get(pk=found[0])
    amendment.plan, amendment.client = plan, plan.client
    return amendment
