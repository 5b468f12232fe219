"""Recommendations: accepted into a change set, declined with a reason, or overtaken by events."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from campaigns.models import Budget, ChangeSet
from campaigns.services import backstops, changes
from lane.accounts import policies
from lane.audit.services import record
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate
from lane.core.money import MINUS, format_money
from pacing.events import RecommendationDecided
from pacing.exchange import convert
from pacing.models import BudgetPlan, Explanation, PlanSnapshot, Recommendation
from pacing.services import explanations
from pacing.words import reason_texts

State = Recommendation.State
_EXPLAINED = (Explanation.Kind.RECOMMENDATION, Explanation.Kind.RESUME)


@transaction.atomic
def accept(
    recommendation_id: UUID | str, *, actor: Actor, rows: Mapping[str, int] | None = None
) -> ChangeSet:
    """Turn a recommendation into a change set that asks for approval.

    ``rows`` gives other new amounts in micros by budget id; a budget set to its present amount is left out.
    Raises ``OutOfDate`` when the recommendation is no longer open.
    """
    recommendation = _locked(recommendation_id, actor)
    policies.require(actor, "propose", recommendation)
    _require_open(recommendation)
    plan = recommendation.plan
    change_set = changes.propose(
        client=plan.client,
        title=_title(recommendation, rows),
        reason=_reason(recommendation),
        targets=[*_targets(recommendation, rows), *_backstops(recommendation)],
        origin="recommendation",
        origin_id=str(recommendation.public_id),
        evidence=_evidence(recommendation),
        actor=actor,
    )
    recommendation.change_set = change_set
    _decide(recommendation, State.ACCEPTED, actor)
    return change_set


@transaction.atomic
def decline(recommendation_id: UUID | str, *, actor: Actor, reason: str) -> Recommendation:
    """Say no, and why; the reason is kept with the plan. Nothing changes at the platform."""
    recommendation = _locked(recommendation_id, actor)
    policies.require(actor, "propose", recommendation)
    _require_open(recommendation)
    if len(reason.strip()) < 3:
        raise InvalidInput(
            fields={"reason": "Say why in a few words, so that the next proposal can be better."}
        )
    recommendation.decline_reason = reason.strip()[:300]
    _decide(recommendation, State.DECLINED, actor, reason=reason.strip())
    return recommendation


@transaction.atomic
def expire_due() -> int:
    """Close recommendations nobody answered in time."""
    due = Recommendation.objects.filter(state=State.OPEN, expires_at__lte=clock.now())
    closed = 0
    for one in due.locked():
        one.state = State.EXPIRED
        one.save(update_fields=["state", "updated_at"])
        realtime.changed(one.organization_id, "recommendation", str(one.public_id), client_id=one.client_id)
        closed += 1
    return closed


def supersede_open(plan: BudgetPlan) -> int:
    """Take back what is no longer what Lane would propose."""
    open_ones = Recommendation.objects.filter(plan=plan, state=State.OPEN)
    taken_back = open_ones.update(state=State.SUPERSEDED, updated_at=clock.machine_now())
    if taken_back:
        realtime.changed(plan.organization_id, "recommendation", "", client_id=plan.client_id)
    return taken_back


def _locked(recommendation_id: UUID | str, actor: Actor) -> Recommendation:
    visible = Recommendation.objects.visible_to(actor).filter(public_id=recommendation_id)
    found = visible.values_list("pk", flat=True).first()
    if found is None:
        raise NotVisible
    return Recommendation.objects.locked().select_related("plan__client").get(pk=found)


def _require_open(recommendation: Recommendation) -> None:
    if recommendation.state != State.OPEN:
        words = recommendation.get_state_display().lower()
        raise OutOfDate(
            f"This recommendation is {words} already. Reload the plan to see what Lane proposes now."
        )
    if recommendation.expires_at <= clock.now():
        raise OutOfDate("This recommendation has expired; the numbers moved on. Look at the plan again.")


def _targets(recommendation: Recommendation, rows: Mapping[str, int] | None) -> list[changes.Target]:
    budgets = {str(one.public_id): one for one in Budget.objects.filter(plans=recommendation.plan)}
    if recommendation.kind == "resume":
        return list(changes.resuming(budgets.values()))
    if rows is not None:
        return _edited_targets(recommendation, budgets, rows)
    return [
        changes.BudgetTarget(budgets[row["budget_id"]], row["new_micros"])
        for row in recommendation.rows
        if row["budget_id"] in budgets
    ]


def _backstops(recommendation: Recommendation) -> list[changes.Target]:
    """The platform's own limits that belong to the plan, in the same change set as the step."""
    plan = recommendation.plan
    left = _remaining_micros(plan)
    if left is None or not backstops.wanted_for(automatic=plan.mode == BudgetPlan.Mode.AUTO):
        return []
    return backstops.targets_for(plan.budgets.all(), left, plan.ends_on, currency=plan.currency)


def _remaining_micros(plan: BudgetPlan) -> int | None:
    """What the plan's reports leave of its amount; None while nothing is known."""
    spent = PlanSnapshot.objects.filter(plan=plan).values_list("spent_micros", flat=True).first()
    return None if spent is None else max(0, plan.amount_micros - spent)


def _edited_targets(
    recommendation: Recommendation, budgets: Mapping[str, Budget], rows: Mapping[str, int]
) -> list[changes.Target]:
    proposed = {row["budget_id"] for row in recommendation.rows}
    unknown = [key for key in rows if key not in budgets or key not in proposed]
    if unknown:
        raise InvalidInput(fields={"rows": "A row names a budget that is not part of this recommendation."})
    targets: list[changes.Target] = [
        changes.BudgetTarget(budgets[key], micros)
        for key, micros in rows.items()
        if micros != budgets[key].amount_micros
    ]
    if not targets:
        raise InvalidInput(fields={"rows": "Every row keeps its present amount. Change one, or decline."})
    return targets


def _title(recommendation: Recommendation, rows: Mapping[str, int] | None) -> str:
    name, currency = recommendation.plan.name, recommendation.currency
    if recommendation.kind == "resume":
        return f"Resume {name}"
    new = recommendation.new_micros
    if rows is not None:
        proposed = {row["budget_id"]: row for row in recommendation.rows}
        new += sum(_beyond(micros, proposed[key]) for key, micros in rows.items() if key in proposed)
    step = new - recommendation.now_micros
    verb = "Raise" if step >= 0 else "Lower"
    return f"{verb} {name} by {format_money(abs(step), currency).lstrip(MINUS)} a day"


def _beyond(micros: int, row: Mapping[str, Any]) -> int:
    """How much more than proposed an edited row asks for, in the plan's currency."""
    more = micros - int(row["new_micros"])
    return convert(more, Decimal(row["rate"])) if row.get("rate") else more


def _reason(recommendation: Recommendation) -> str:
    texts = reason_texts(recommendation.reasons, recommendation.plan.currency)
    return str(texts[0]) if texts else "Proposed by the pacing of this plan."


def _evidence(recommendation: Recommendation) -> dict[str, Any]:
    """What approvers are shown: the stored numbers of the run, and the sentences made of them."""
    plan = recommendation.plan
    explanation = Explanation.objects.filter(
        plan=plan, subject_id=str(recommendation.public_id), kind__in=_EXPLAINED
    ).first()
    would_change = [] if explanation is None else _would_change(explanation)
    return {
        "plan": str(plan.public_id),
        "plan_name": plan.name,
        "plan_url": f"/pacing/{plan.public_id}/",
        "amount_micros": plan.amount_micros,
        "currency": plan.currency,
        "ends_on": plan.ends_on.isoformat(),
        "last_day": clock.today(plan.timezone) == plan.ends_on,
        "remaining_micros": _remaining_micros(plan),
        "findings": recommendation.reasons,
        "reasons": [*reason_texts(recommendation.reasons, plan.currency), *would_change],
        "effect": recommendation.effect,
        "explanation": None if explanation is None else explanations.evidence_of(explanation),
    }


def _would_change(explanation: Explanation) -> list[str]:
    """The first thing that would have changed the decision: what an approver most wants to know besides why."""
    flips = (str(one["text"]) for one in explanation.sentences if str(one["code"]).startswith("flip_"))
    return list(flips)[:1]


def _decide(recommendation: Recommendation, state: str, actor: Actor, *, reason: str = "") -> None:
    recommendation.state = state
    recommendation.decided_at = clock.now()
    recommendation.decided_by_id = actor.user_id
    recommendation.save()
    record(
        f"pacing.recommendation.{state}",
        actor=actor,
        obj=recommendation,
        object_label=f"{recommendation.plan.name}: {recommendation.kind}",
        before={"state": State.OPEN},
        after={"state": state, "new_micros": recommendation.new_micros},
        reason=reason,
        links={
            "plan": recommendation.plan.public_id,
            "change_set": recommendation.change_set.public_id if recommendation.change_set else None,
        },
    )
    outbox.publish(
        RecommendationDecided(
            organization_id=recommendation.organization_id,
            recommendation_id=str(recommendation.public_id),
            client_id=str(recommendation.plan.client.public_id),
            state=state,
        )
    )
    plan = recommendation.plan
    realtime.changed(
        plan.organization_id, "recommendation", str(recommendation.public_id), client_id=plan.client_id
    )
    realtime.changed(plan.organization_id, "plan", str(plan.public_id), client_id=plan.client_id)
