"""Who is told what about plans."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from lane.core import clock
from notifications.messages.notice import Notice, Severity, people_who_may
from pacing.events import PlanHealthChanged, RecommendationMade
from pacing.models import BudgetPlan, PlanHealth, Recommendation

_WORTH_TELLING = (PlanHealth.AHEAD, PlanHealth.BEHIND, PlanHealth.CANNOT_SPEND, PlanHealth.STALE)


def health_changed(event: PlanHealthChanged) -> list[Notice]:
    """Tell those who work on the client when a plan leaves its track, at most once a day and status."""
    if event.now not in _WORTH_TELLING:
        return []
    plan = BudgetPlan.objects.filter(organization_id=event.organization_id, public_id=event.plan_id).first()
    if plan is None:
        return []
    word = PlanHealth(event.now).label
    people = people_who_may("propose", organization_id=event.organization_id, client_id=plan.client_id)
    return [
        Notice(
            user=user,
            organization_id=event.organization_id,
            client_id=plan.client_id,
            kind=event.name,
            severity=Severity.HIGH if event.now == PlanHealth.CANNOT_SPEND else Severity.NORMAL,
            title=f"{word}: {plan.name}",
            url=_plan_url(event.plan_id),
            dedupe_key=f"plan:{event.plan_id}:{event.now}:{clock.now():%Y-%m-%d}",
        )
        for user in people
    ]


def recommended(event: RecommendationMade) -> list[Notice]:
    """Tell those who may propose it that Lane recommends a change."""
    found = (
        Recommendation.objects.filter(
            organization_id=event.organization_id, public_id=event.recommendation_id
        )
        .select_related("plan")
        .first()
    )
    if found is None or found.state != Recommendation.State.OPEN:
        return []
    people = people_who_may("propose", organization_id=event.organization_id, client_id=found.client_id)
    return [
        Notice(
            user=user,
            organization_id=event.organization_id,
            client_id=found.client_id,
            kind=event.name,
            title=f"Lane recommends: {found.kind} {found.plan.name}",
            url=_plan_url(event.plan_id),
            dedupe_key=f"recommendation:{event.recommendation_id}",
        )
        for user in people
    ]


def _plan_url(plan_id: str) -> str:
    try:
        return reverse("plan-detail", args=[plan_id])
    except NoReverseMatch:
        return ""
