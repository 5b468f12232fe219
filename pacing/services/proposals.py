"""From a decision to a proposal: a recommendation for people, or a guard approved in advance."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import transaction

from campaigns.models import Budget, Change
from campaigns.selectors.guardrails import guardrails_for
from campaigns.services import changes
from lane.core import outbox, realtime
from lane.core.actors import Actor
from lane.core.money import unit_micros
from pacing.controllers import Action, known_or_none, split_total
from pacing.events import RecommendationMade
from pacing.models import BudgetPlan, Recommendation
from pacing.services import plan_explanations, recommendations
from pacing.services.own_money import own_step
from pacing.services.plan_explanations import PlanExplanation
from pacing.services.run_store import Look
from pacing.words import reason_texts

if TYPE_CHECKING:
    from pacing.services.runs import PassResult

VALID_FOR = timedelta(hours=24)
_SAME_WITHIN = 0.02  # a new figure this close to the one already proposed is not a new proposal
_OPEN_CHANGES = (Change.State.PROPOSED, Change.State.APPROVED, Change.State.SENT)
STEP, _LAST_DAY_STEP = 0.2, 0.9


def may_be_outdated(look: Look, row: int) -> bool:
    """Whether an open recommendation could have lost its cause: the end is inside the trigger again."""
    error = float(look.decision.end_error[row])
    return bool(np.isfinite(error) and abs(error) <= float(look.decision.trigger[row]))


def act(look: Look, row: int, run_id: int, result: PassResult) -> None:
    """Do what the decision asks for, as far as the plan's mode lets Lane."""
    plan = BudgetPlan.objects.select_related("client").get(pk=look.seen.plans[row]["pk"])
    action = look.decision.action_of(row)
    if action is Action.PAUSE:
        result.paused += _pause_at_target(plan, look, row)
    elif plan.mode == BudgetPlan.Mode.OBSERVE or action in (Action.NONE, Action.HOLD):
        recommendations.supersede_open(plan)
    elif action is Action.RESUME:
        result.resumed += _recommend_resume(plan, look, row, run_id)
    else:
        result.proposed += _recommend_budget(plan, look, row, run_id)


@transaction.atomic
def _pause_at_target(plan: BudgetPlan, look: Look, row: int) -> int:
    """Pause what still runs: a guard the plan approved in advance, so it needs nobody now."""
    if not plan.pause_at_target or plan.mode == BudgetPlan.Mode.OBSERVE or _has_open_change(plan):
        return 0
    targets = changes.pausing(plan.budgets.all())
    if not targets:
        return 0
    actor = Actor.system(plan.organization_id, "pacing")
    explained = plan_explanations.explain(plan, look, row, "pause")
    change_set = changes.propose(
        client=plan.client,
        title=f"Pause {plan.name} at its target",
        reason="The approved amount is reached; pausing at the target was approved with the plan.",
        targets=targets,
        origin="guard",
        origin_id=str(plan.public_id),
        evidence=_evidence(plan, look, row, explained),
        is_guard=True,
        actor=actor,
    )
    changes.authorise(
        change_set.public_id,
        approval_id=f"plan:{plan.public_id}",
        approved_hash=change_set.content_hash,
        actor=actor,
        automatic=True,
    )
    plan_explanations.keep(plan, look, explained, subject_id=str(change_set.public_id))
    recommendations.supersede_open(plan)
    return 1


def _recommend_budget(plan: BudgetPlan, look: Look, row: int, run_id: int) -> int:
    if _has_open_change(plan):
        return 0
    known = [one for one in look.seen.budgets[row] if one.amount_micros is not None and not one.stuck]
    split = split_total(
        int(look.decision.new_budget_micros[row]),
        [budget.amount_micros or 0 for budget in known],
        minimum_micros=[budget.floor_micros for budget in known],
        unit_micros=unit_micros(plan.currency),
        step_limit=_step_limit(look, row),
    )
    steps = [own_step(budget, new) for budget, new in zip(known, split.amounts_micros, strict=True)]
    rows = [step.as_row() for step in steps if step.moves]
    if not rows:
        return 0
    now = sum(budget.amount_micros or 0 for budget in known)
    new_total = sum(step.in_plan_micros for step in steps)
    kind = "raise" if new_total > now else "lower"
    return _recommend(plan, look, row, run_id, kind, rows, now, new_total)


def _step_limit(look: Look, row: int) -> float:
    """How far one budget may move: as the total does where the controller lets a planned event's own move through."""
    usual = _LAST_DAY_STEP if _is_last_day(look, row) else STEP
    now, new = int(look.seen.observation.budget_micros[row]), int(look.decision.new_budget_micros[row])
    return max(usual, abs(new / now - 1)) if now > 0 else usual


def _recommend_resume(plan: BudgetPlan, look: Look, row: int, run_id: int) -> int:
    """Resuming moves money again, so it is proposed like any other change; only what Lane paused."""
    budgets = {str(one.public_id): one for one in Budget.objects.filter(plans=plan)}
    if _has_open_change(plan) or not changes.resuming(budgets.values()):
        return 0
    rows = [
        {"budget_id": key, "name": one.name, "now_micros": None, "new_micros": None}
        for key, one in budgets.items()
    ]
    total = known_or_none(look.seen.observation.budget_micros[row]) or 0
    return _recommend(plan, look, row, run_id, "resume", rows, total, total)


def _recommend(
    plan: BudgetPlan,
    look: Look,
    row: int,
    run_id: int,
    kind: str,
    rows: list[dict[str, Any]],
    now_micros: int,
    new_micros: int,
) -> int:
    """Open a recommendation, replacing an open one that says something else. Returns how many were made."""
    with transaction.atomic():
        BudgetPlan.objects.select_for_update().get(pk=plan.pk)
        current = Recommendation.objects.filter(plan=plan, state=Recommendation.State.OPEN).first()
        if current is not None and _says_the_same(current, kind, now_micros, new_micros, look):
            _accept_alone(plan, current)
            return 0
        explained = plan_explanations.explain(
            plan,
            look,
            row,
            kind,
            now_micros=now_micros,
            new_micros=new_micros,
            step_limit=_step_limit(look, row),
            blocked=[one.name for one in look.seen.budgets[row] if one.stuck],
        )
        evidence = _evidence(plan, look, row, explained)
        recommendations.supersede_open(plan)
        made = Recommendation.objects.create(
            organization_id=plan.organization_id,
            client_id=plan.client_id,
            plan=plan,
            run_id=run_id,
            kind=kind,
            rows=rows,
            now_micros=now_micros,
            new_micros=new_micros,
            currency=plan.currency,
            reasons=evidence["findings"],
            effect=evidence["effect"],
            expires_at=look.seen.at + VALID_FOR,
        )
        plan_explanations.keep(plan, look, explained, subject_id=str(made.public_id))
        outbox.publish(
            RecommendationMade(
                organization_id=plan.organization_id,
                recommendation_id=str(made.public_id),
                plan_id=str(plan.public_id),
                client_id=str(plan.client.public_id),
            )
        )
        realtime.changed(
            plan.organization_id, "recommendation", str(made.public_id), client_id=plan.client_id
        )
    _accept_alone(plan, made)
    return 1


def _accept_alone(plan: BudgetPlan, advice: Recommendation) -> None:
    """A plan that acts by itself accepts its own step, unless a rail holds automation back: then people decide."""
    if plan.mode == BudgetPlan.Mode.AUTO and guardrails_for(plan.budgets.all()).may_act_alone:
        recommendations.accept(advice.public_id, actor=Actor.system(plan.organization_id, "pacing"))


def _says_the_same(current: Recommendation, kind: str, now_micros: int, new_micros: int, look: Look) -> bool:
    if current.kind != kind or current.now_micros != now_micros or current.expires_at <= look.seen.at:
        return False
    return abs(current.new_micros - new_micros) <= _SAME_WITHIN * max(1, current.new_micros)


def _has_open_change(plan: BudgetPlan) -> bool:
    """Whether a change of the plan's budgets or campaigns waits or is on its way: one step at a time."""
    budgets = plan.budgets.values("pk")
    waiting = Change.objects.filter(state__in=_OPEN_CHANGES)
    return (
        waiting.filter(budget__in=budgets).exists()
        or waiting.filter(ad_campaign__budget__in=budgets).exists()
        or waiting.filter(ad_campaign__ad_groups__budget__in=budgets).exists()
    )


def _evidence(plan: BudgetPlan, look: Look, row: int, explained: PlanExplanation) -> dict[str, Any]:
    """Stored numbers behind a proposal, in micros: reasons, ends with and without, plan and run."""
    decision = look.decision
    findings = [one.as_json() for one in decision.findings(row)[:3]]
    return {
        "plan": str(plan.public_id),
        "plan_name": plan.name,
        "plan_url": f"/pacing/{plan.public_id}/",
        "amount_micros": plan.amount_micros,
        "currency": plan.currency,
        "ends_on": plan.ends_on.isoformat(),
        "last_day": _is_last_day(look, row),
        "remaining_micros": max(0, plan.amount_micros - int(decision.estimated_micros[row])),
        "spent_micros": known_or_none(decision.reported_micros[row]),
        "data_as_of": _text(look.seen.data_as_of[row]),
        "final_through": _text(look.seen.final_through[row]),
        "findings": findings,
        "reasons": [*reason_texts(findings, plan.currency), *explained.texts("flip_")[:1]],
        "explanation": explained.as_evidence(),
        "effect": {
            "plan_name": plan.name,
            "ends_on": plan.ends_on.isoformat(),
            "data_as_of": _text(look.seen.data_as_of[row]),
            "final_through": _text(look.seen.final_through[row]),
            "amount_micros": plan.amount_micros,
            "currency": plan.currency,
            "without": _band(
                decision.projected_p10_micros,
                decision.projected_p50_micros,
                decision.projected_p90_micros,
                row,
            ),
            "with": _band(decision.with_p10_micros, decision.with_p50_micros, decision.with_p90_micros, row),
        },
    }


def _text(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None


def _is_last_day(look: Look, row: int) -> bool:
    return int(look.seen.observation.day[row]) >= int(look.seen.terms.days_total[row])


def _band(p10: Any, p50: Any, p90: Any, row: int) -> dict[str, int | None]:
    return {
        "p10": known_or_none(p10[row]),
        "p50": known_or_none(p50[row]),
        "p90": known_or_none(p90[row]),
    }
