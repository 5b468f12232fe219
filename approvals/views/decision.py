"""What the decision by link and the inbox share: the step in which something is typed, and the decision."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from approvals import sign_in
from approvals.display import Proposal
from approvals.models import ApprovalLink, ApprovalRequest
from approvals.services import decide
from lane.core.actors import Actor, ActorKind
from lane.core.errors import InvalidInput

STEPS = {"approve": "approve", "lower": "approve_lower", "changes": "changes", "decline": "decline"}


@dataclass(frozen=True, slots=True)
class Step:
    """The one step that is open, with what was typed and what was wrong with it."""

    name: str
    title: str
    button: str
    label: str
    help: str
    field: str
    value: str = ""
    comment: str = ""
    error: str = ""

    @property
    def kind(self) -> str:
        """The decision this step makes."""
        return STEPS[self.name]


def step_of(name: str, view: Proposal, *, value: str = "", comment: str = "", error: str = "") -> Step | None:
    """The step of that name; None when it does not exist for this proposal."""
    if name == "approve" and view.total is not None:
        return Step(
            name, f"Approve {view.per_day}{view.period}", f"Approve {view.per_day}{view.period}",
            f"Type the new total{' per day' if view.is_per_day else view.period}, {view.per_day}",
            "Typing it makes sure that nobody approves by accident.", "typed", value, comment, error,
        )  # fmt: skip
    if name == "approve":
        return Step(
            name, "Approve", "Approve", f"Type {view.word}",
            "Typing it makes sure that nobody approves by accident.", "typed", value, comment, error,
        )  # fmt: skip
    if name == "lower" and view.can_lower:
        return Step(
            name, "Approve a lower amount", "Approve this amount",
            f"New total{' per day' if view.is_per_day else view.period}, above {view.floor} and below {view.per_day}",
            "The raises are cut in proportion; what is lowered stays as proposed.", "typed", value, comment,
            error,
        )  # fmt: skip
    if name == "changes":
        return Step(
            name, "Request changes", "Request changes", "What should be different?",
            "The requester gets this and can propose a new version.", "comment", "", comment, error,
        )  # fmt: skip
    if name == "decline":
        return Step(
            name, "Decline", "Decline", "Why not?",
            "The requester gets this. Nothing changes.", "comment", "", comment, error,
        )  # fmt: skip
    return None


def name_of(kind: str) -> str:
    """The step that makes this kind of decision."""
    return next((name for name, made in STEPS.items() if made == kind), "")


def take(
    request: HttpRequest, approval: ApprovalRequest, *, actor: Actor, link: ApprovalLink | None
) -> ApprovalRequest:
    """Decide with what the form sent. Raises what the service raises."""
    is_person = actor.kind is ActorKind.PERSON
    return decide.decide(
        approval.public_id,
        kind=request.POST.get("kind", ""),
        actor=actor,
        content_hash=request.POST.get("content_hash", ""),
        typed=request.POST.get("typed", "")[:60],
        comment=request.POST.get("comment", "")[:2000],
        link=link,
        mfa_age_seconds=sign_in.mfa_age_seconds(request) if is_person else None,
        sign_in_age_seconds=sign_in.sign_in_age_seconds(request) if is_person else None,
    )


def refused_step(request: HttpRequest, view: Proposal, error: InvalidInput) -> Step | None:
    """The same step again with what was typed and why it was refused."""
    return step_of(
        name_of(request.POST.get("kind", "")),
        view,
        value=request.POST.get("typed", "")[:60],
        comment=request.POST.get("comment", "")[:2000],
        error=" ".join(error.fields.values()) or error.message,
    )
