"""What Lane proposes for a plan right now, in which state that is, and who must say yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, F, OuterRef, Q, When

from approvals.models import ApprovalRequest, RequestApprover
from campaigns.models import ChangeSet
from lane.core import clock
from lane.core.actors import Actor
from pacing.models import BudgetPlan, PlanHealth, Recommendation

SUBJECT = "campaigns.change_set"
SHOWN_FOR = timedelta(hours=24)  # how long the outcome of a proposal stays beside its plan


@dataclass(frozen=True, slots=True)
class Request:
    """An open approval request: who was asked, until when, and whether this reader can decide it."""

    public_id: str
    subject_id: str
    names: list[str]
    mine: bool
    due_at: datetime

    @property
    def who(self) -> str:
        """Who decides, the reader first."""
        others = len(self.names) - 1
        if self.mine:
            return "You" if others < 1 else f"You or {others} other{'s' if others > 1 else ''}"
        if not self.names:
            return "Nobody can decide this yet"
        return (
            self.names[0] if others < 1 else f"{self.names[0]} or {others} other{'s' if others > 1 else ''}"
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for this reader."""

    count: int
    first_due: datetime | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """The last column of the table. ``old`` and ``new`` are daily micros, None where nothing changes."""

    words: str
    kind: str = ""
    old: int | None = None
    new: int | None = None
    shape: str = ""
    tone: str = ""
    until: datetime | None = None
    at: datetime | None = None
    recommendation: Recommendation | None = None
    request: Request | None = None
    review: str = ""  # "recommendation" or "request": where a button leads

    @classmethod
    def none(cls, plan: BudgetPlan, health: str) -> Proposal:
        """Nothing is proposed; the words say what happens instead."""
        if health == PlanHealth.STALE:
            return cls("Held until data is fresh", shape="stale")
        if health == PlanHealth.PAUSED:
            by_person = plan.status == BudgetPlan.Status.PAUSED
            return cls("Resume it from the plan" if by_person else "Nothing is delivering")
        if health == PlanHealth.SCHEDULED:
            return cls(f"Starts {plan.starts_on:%-d %b}")
        if health == PlanHealth.ENDED:
            return cls(f"Ended {plan.ends_on:%-d %b}")
        if health == PlanHealth.UNKNOWN:
            return cls("First look within 2 h")
        if health == PlanHealth.ON_TRACK:
            return cls("Nothing needed")
        if health == PlanHealth.CANNOT_SPEND:
            return cls("No budget can spend it all")
        if plan.mode == BudgetPlan.Mode.OBSERVE:
            return cls("Observed only")
        return cls("Held, see the reasons")


def proposals_of(plan_ids: Sequence[int], actor: Actor) -> tuple[dict[int, Proposal], Waiting]:
    """The latest live proposal of each plan, and what waits for the reader; two queries."""
    now = clock.now()
    recommendations = (
        Recommendation.objects.filter(
            Q(state=Recommendation.State.OPEN)
            | Q(state=Recommendation.State.ACCEPTED, decided_at__gt=now - 2 * SHOWN_FOR),
            plan_id__in=plan_ids,
        )
        .select_related("change_set")
        .order_by("plan_id", "-id")
        .distinct("plan_id")
    )
    found = {each.plan_id: each for each in recommendations}
    subjects = [str(each.change_set.public_id) for each in found.values() if each.change_set is not None]
    requests = open_requests(actor, subjects, mine_too=True)
    mine = [request for request in requests if request.mine]
    by_subject = {request.subject_id: request for request in requests}
    proposals = {
        plan_id: shown for plan_id, each in found.items() if (shown := _shown(each, by_subject, now))
    }
    waiting = Waiting(len(mine), min((request.due_at for request in mine), default=None))
    return proposals, waiting


def proposal_for(plan: BudgetPlan, actor: Actor) -> Proposal | None:
    """The live proposal of one plan."""
    return proposals_of([plan.pk], actor)[0].get(plan.pk)


def open_requests(actor: Actor, change_sets: Sequence[str], *, mine_too: bool = False) -> list[Request]:
    """Open requests about change sets by public id, and on wish every one this reader was asked; one query."""
    asked = RequestApprover.objects.filter(request=OuterRef("pk"))
    names = Case(When(user__name="", then=F("user__email")), default=F("user__name"))
    wanted = Q(subject_type=SUBJECT, subject_id__in=list(change_sets))
    if mine_too:
        wanted |= Q(Exists(asked.filter(user_id=actor.user_id or 0)))
    rows: Any = (
        ApprovalRequest.objects.visible_to(actor)
        .filter(wanted, state=ApprovalRequest.State.OPEN)
        .annotate(
            asked_ids=ArraySubquery(asked.order_by("id").values("user_id")),
            asked_names=ArraySubquery(asked.order_by("id").annotate(n=names).values("n")),
        )
        .order_by("due_at")
        .values("public_id", "subject_id", "due_at", "barred_user_ids", "asked_ids", "asked_names")
    )
    return [
        Request(
            public_id=str(row["public_id"]),
            subject_id=row["subject_id"],
            names=row["asked_names"],
            mine=actor.user_id in row["asked_ids"] and actor.user_id not in row["barred_user_ids"],
            due_at=row["due_at"],
        )
        for row in rows
    ]


def _shown(recommendation: Recommendation, requests: dict[str, Request], now: datetime) -> Proposal | None:
    """A recommendation and what became of it; None once its outcome is old news."""
    values: dict[str, Any] = {
        "kind": recommendation.kind,
        "old": recommendation.now_micros,
        "new": recommendation.new_micros,
        "recommendation": recommendation,
    }
    change_set = recommendation.change_set
    if recommendation.state == Recommendation.State.OPEN:
        if recommendation.expires_at <= now:
            return None
        return Proposal(
            "Accept or decline", shape="waiting", tone="accent", until=recommendation.expires_at,
            review="recommendation", **values,
        )  # fmt: skip
    if change_set is None:
        return None
    if change_set.state == ChangeSet.State.PROPOSED:
        request = requests.get(str(change_set.public_id))
        if request is None:
            return Proposal("Waiting for approval", shape="waiting", **values)
        return Proposal(
            request.who,
            shape="waiting",
            tone="accent" if request.mine else "",
            until=request.due_at,
            request=request,
            review="request" if request.mine else "",
            **values,
        )
    if change_set.state == ChangeSet.State.APPROVED:
        return Proposal("Approved, being written", shape="waiting", **values)
    decided = recommendation.decided_at
    if decided is None or decided < now - SHOWN_FOR:
        return None
    if change_set.state == ChangeSet.State.APPLIED:
        return Proposal(
            "Applied, read back", shape="done", tone="on_track", at=change_set.authorised_at, **values
        )
    if change_set.state == ChangeSet.State.FAILED:
        return Proposal("Not fully applied", shape="never", tone="cannot_spend", **values)
    return Proposal(change_set.get_state_display(), shape="never", **values)
