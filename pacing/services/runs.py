"""The pacing pass: look at every plan once per two-hour slot, store what was seen, act on what was decided."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from lane.core import clock, outbox, realtime
from pacing.controllers import Action, decide
from pacing.events import PlanHealthChanged
from pacing.models import BudgetPlan, PacingRun, Recommendation
from pacing.services import handover, observation, offers, plans, proposals, run_store, shortfalls
from pacing.services.run_store import Look

logger = logging.getLogger(__name__)
CHUNK = 2_500
_LOOKED_AT = (BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED, BudgetPlan.Status.PAUSED)


@dataclass(slots=True)
class PassResult:
    """What one pass did, counted in plans."""

    looked: int = 0
    proposed: int = 0
    paused: int = 0
    resumed: int = 0
    failed: int = 0


def run_pass(
    *,
    organization_id: int | None = None,
    plan_ids: Sequence[int] | None = None,
    on_demand: bool = False,
) -> PassResult:
    """Pace plans that were not looked at in this slot yet, or the named ones on demand.

    Two passes at once share the work: a plan belongs to whoever stores its run of the slot first.
    """
    plans.roll_over_days()
    shortfalls.close_over()
    at = clock.now()
    slot = observation.current_slot(at)
    result = PassResult()
    due = _due(slot, organization_id, plan_ids, on_demand)
    for start in range(0, len(due), CHUNK):
        _pace(due[start : start + CHUNK], slot, at, on_demand, result)
    return result


def _due(
    slot: datetime, organization_id: int | None, plan_ids: Sequence[int] | None, on_demand: bool
) -> list[int]:
    looked_at = BudgetPlan.objects.filter(status__in=_LOOKED_AT)
    if organization_id is not None:
        looked_at = looked_at.filter(organization_id=organization_id)
    if plan_ids is not None:
        looked_at = looked_at.filter(pk__in=plan_ids)
    if not on_demand:
        done = PacingRun.objects.filter(plan=OuterRef("pk"), slot=slot, on_demand=False)
        looked_at = looked_at.filter(~Exists(done))
    return list(looked_at.order_by("pk").values_list("pk", flat=True))


def _pace(plan_ids: Sequence[int], slot: datetime, at: datetime, on_demand: bool, result: PassResult) -> None:
    """Look at some plans: read, decide, store in one transaction, then propose plan by plan."""
    seen = handover.handed_over(observation.observe(plan_ids, at))
    if not seen.plans:
        return
    decision, state = decide(seen.terms, seen.observation, seen.state)
    decision, declared = shortfalls.declare(seen, decision)
    look = Look(seen, decision, state, slot, on_demand)
    with transaction.atomic():
        run_ids = run_store.save(look)
        _tell_changes(look, run_ids)
    _offer_ways_out(look, run_ids, declared)
    result.looked += len(run_ids)
    advised = _advised(plan_ids)
    for row, run_id in run_ids.items():
        action = decision.action_of(row)
        overtaken = seen.plans[row]["pk"] in advised and proposals.may_be_outdated(look, row)
        # Most plans end here: where nothing is to be done, only an open recommendation is looked at again.
        if action in (Action.NONE, Action.HOLD) and not overtaken:
            continue
        try:
            proposals.act(look, row, run_id, result)
        except Exception:
            result.failed += 1
            logger.exception("plan %s: the decision could not be acted on", seen.plans[row]["public_id"])


def _offer_ways_out(look: Look, run_ids: dict[int, int], declared: shortfalls.Declared) -> None:
    """Declare what cannot be spent, with offers. A failure here never keeps a plan from being paced."""
    try:
        with transaction.atomic():
            short = shortfalls.review(look, run_ids, declared)
            offers.refresh([one for one, _ in short])
    except Exception:
        logger.exception("shortfalls could not be brought up to date")


def _advised(plan_ids: Sequence[int]) -> set[int]:
    """Plans with an open recommendation."""
    waiting = Recommendation.objects.filter(plan__in=plan_ids, state=Recommendation.State.OPEN)
    return set(waiting.values_list("plan_id", flat=True))


def _tell_changes(look: Look, run_ids: dict[int, int]) -> None:
    """Publish status words that changed, and hint open pages once per organization."""
    organizations = set()
    for row in run_ids:
        plan = look.seen.plans[row]
        organizations.add(plan["organization_id"])
        was, now = plan["snapshot__health"] or "", look.decision.status_of(row).word
        if was and was != now:
            outbox.publish(
                PlanHealthChanged(
                    organization_id=plan["organization_id"],
                    plan_id=str(plan["public_id"]),
                    client_id=str(plan["client__public_id"]),
                    was=was,
                    now=now,
                )
            )
    for organization_id in organizations:
        realtime.changed(organization_id, "pacing")
