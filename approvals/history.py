"""How a request came about and where it stands: stages for the track, sentences for the history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import CharField, Q
from django.db.models.functions import Cast

from approvals.display import deadline
from approvals.models import ApprovalRequest, Decision
from campaigns.models import ChangeSet
from lane.accounts.models import User
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.actors import Actor

CHANGE_SET = "campaigns.change_set"
_SAYS = {
    "campaigns.change_set.proposed": "proposed it",
    "campaigns.change_set.edited": "edited it, which made a new version and reset the decision",
    "campaigns.change_set.withdrawn": "took it back",
    "approvals.request.opened": "asked for approval",
    "approvals.request.approved": "approved",
    "approvals.request.declined": "declined",
    "approvals.request.changes": "asked for changes",
    "approvals.request.expired": "closed it unanswered",
    "approvals.request.superseded": "replaced the request after an edit",
    "approvals.request.withdrawn": "closed it",
    "pacing.amendment.proposed": "proposed it",
    "pacing.amendment.revised": "revised it, which made a new version and reset the decision",
    "pacing.amendment.withdrawn": "took it back",
    "pacing.amendment.lapsed": "could not let it take effect",
    "campaigns.change_set.applied": "applied it and read it back",
    "campaigns.change_set.failed": "could not apply all of it",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the way, as the stage track shows it."""

    name: str
    state: str
    person: str = ""
    time: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened."""

    time: str
    who: str
    what: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """How far the approved change has come at the platforms."""

    state: str
    words: str
    is_over: bool


def stages(request: ApprovalRequest, able: list[User], actor: Actor) -> list[Stage]:
    """Proposed, decided, applied: who and when. ``able`` are the people who can decide it now."""
    zone = request.client.timezone
    applied = application(request)
    last = "Apply and read back" if request.subject_type == CHANGE_SET else "Take effect"
    return [
        Stage(
            "Proposed",
            "done",
            request.requested_by_label,
            _when(request.opened_at, zone) + (f", version {request.version}" if request.version > 1 else ""),
        ),
        _decision_stage(request, able, actor),
        Stage(last, _apply_state(request, applied), "Lane", applied.words),
    ]


def _decision_stage(request: ApprovalRequest, able: list[User], actor: Actor) -> Stage:
    made: Decision | None = next(iter(request.decisions.all()), None)
    zone = request.client.timezone
    if made is not None:
        yes = request.state == ApprovalRequest.State.APPROVED
        return Stage(
            "Decision",
            "done" if yes else "declined",
            made.user_label,
            f"{made.get_kind_display()} {_when(made.at, zone)}",
            "by the policy" if request.was_automatic else "",
        )
    if request.state != ApprovalRequest.State.OPEN:
        return Stage("Decision", "skipped", "", request.get_state_display())
    names = ["You" if user.pk == actor.user_id else str(user) for user in able]
    names.sort(key=lambda name: name != "You")
    due = deadline(request.due_at, zone)
    said = ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
    return Stage(
        "Decision",
        "current",
        said or "Nobody can decide",
        f"Due {due.time} {due.day}",
        f"any 1 of {len(names)}, not the requester" if names else "give somebody the approver flag",
    )


def application(request: ApprovalRequest) -> Application:
    """What became of an approved request at the platforms."""
    if request.state != ApprovalRequest.State.APPROVED:
        return Application("waiting", "After the approval", is_over=False)
    if request.subject_type != CHANGE_SET:
        return Application("done", "Entered in the ledger", is_over=True)
    found = ChangeSet.objects.filter(
        organization_id=request.organization_id, public_id=request.subject_id
    ).first()
    if found is None:
        return Application("unknown", "Not known", is_over=True)
    if found.state == ChangeSet.State.APPLIED:
        return Application("applied", "Applied and read back", is_over=True)
    if found.state == ChangeSet.State.APPROVED:
        return Application("writing", "Being written, then read back", is_over=False)
    return Application("failed", found.get_state_display(), is_over=True)


def _apply_state(request: ApprovalRequest, applied: Application) -> str:
    if request.state == ApprovalRequest.State.OPEN:
        return "later"
    if request.state != ApprovalRequest.State.APPROVED:
        return "skipped"
    return {"applied": "done", "done": "done", "writing": "current"}.get(applied.state, "declined")


def moments(request: ApprovalRequest) -> list[Moment]:
    """What happened to this proposal in all its versions, latest first."""
    siblings = ApprovalRequest.objects.filter(
        organization_id=request.organization_id,
        subject_type=request.subject_type,
        subject_id=request.subject_id,
    ).values(as_text=Cast("public_id", CharField()))
    entries = list(
        AuditEntry.objects.filter(
            Q(object_id=request.subject_id) | Q(object_id__in=siblings),
            organization_id=request.organization_id,
            action__in=list(_SAYS),
        ).order_by("-id")[:30]
    )
    zone = request.client.timezone
    # Opening a request follows at once from proposing or editing, so it is said only where it stands alone.
    told = any(entry.action.endswith((".change_set.proposed", ".amendment.proposed")) for entry in entries)
    return [
        Moment(_when(entry.at, zone), entry.actor_label, _SAYS[entry.action], _comment(entry))
        for entry in entries
        if not (told and entry.action in ("approvals.request.opened", "approvals.request.superseded"))
    ]


def _comment(entry: AuditEntry) -> str:
    return entry.reason if entry.action.startswith("approvals.request.") else ""


def _when(at: datetime, zone: str) -> str:
    """``14:20`` today, ``20 May 14:20`` before."""
    local, now = at.astimezone(ZoneInfo(zone)), clock.now().astimezone(ZoneInfo(zone))
    if local.date() == now.date():
        return f"{local:%H:%M}"
    return f"{local.day} {local:%b %H:%M}"
