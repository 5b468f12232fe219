"""A spend cap outlives its plan: when the plan is over, taking Lane's own cap away is proposed, once."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from campaigns.models import ChangeSet
from campaigns.services import backstops, changes
from lane.core import clock
from lane.core.actors import Actor
from pacing.models import BudgetPlan, PlanBudget

logger = logging.getLogger(__name__)
ORIGIN = "plan_end"
_LOOKED_BACK = timedelta(days=14)
_OVER = (BudgetPlan.Status.ENDED, BudgetPlan.Status.ARCHIVED)
_HELD = (BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED, BudgetPlan.Status.PAUSED)


def propose_due() -> int:
    """Propose it for every plan that ended lately and still has a cap of Lane's; returns how many were proposed."""
    capped = Q(budgets__ad_campaigns__cap_verified_at__isnull=False) | Q(
        budgets__ad_groups__ad_campaign__cap_verified_at__isnull=False
    )
    since = clock.now() - _LOOKED_BACK
    over = BudgetPlan.objects.filter(capped, status__in=_OVER, ends_on__gte=since.date()).distinct()
    count = 0
    for plan in over.select_related("client"):
        try:
            count += _propose(plan)
        except Exception:
            logger.exception("plan %s: its spend caps could not be released", plan.public_id)
    return count


@transaction.atomic
def _propose(plan: BudgetPlan) -> bool:
    """Nothing is proposed twice, nor while another plan goes on with the same budgets."""
    if ChangeSet.objects.filter(origin=ORIGIN, origin_id=str(plan.public_id)).exists():
        return False
    budgets = list(plan.budgets.all())
    if PlanBudget.objects.filter(budget__in=budgets, status__in=_HELD).exists():
        return False
    targets = backstops.release_targets(budgets)
    if not targets:
        return False
    changes.propose(
        client=plan.client,
        title=f"Take away the spend cap of {plan.name}",
        reason=f"The plan is over since {plan.ends_on:%-d %b %Y}; the cap Lane set for it would stop what comes next.",
        targets=targets,
        origin=ORIGIN,
        origin_id=str(plan.public_id),
        evidence={"plan": str(plan.public_id), "plan_name": plan.name},
        actor=Actor.system(plan.organization_id, "pacing"),
    )
    return True
