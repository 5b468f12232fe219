"""The approvals inbox: whose turn it is on the left, one request on the right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from approvals import sign_in
from approvals.display import Proposal, needs_sign_in_now, proposal
from approvals.history import application, moments, stages
from approvals.models import ApprovalRequest
from approvals.selectors import may_decide, requests_for, waiting_for
from approvals.services.decide import FRESH_SECONDS, SIGN_IN_NEEDED
from approvals.views import decision
from approvals.views.decision import Step
from lane.accounts.visibility import ClientOwnedQuerySet
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, LaneError, NotAllowed

SHOWN = 60
VIEWS = {"open": "Open", "mine": "Asked by me", "due": "Due today", "decided": "Decided"}
_State = ApprovalRequest.State


@dataclass(frozen=True, slots=True)
class Group:
    """Requests under one heading of the queue."""

    label: str
    items: list[Proposal]


@login_required
@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    """The queue with its most urgent request opened."""
    actor = _actor(request)
    groups = _groups(request, actor)
    first = next((item.request for group in groups for item in group.items), None)
    return _page(request, actor, groups, first, chosen=False)


@login_required
@require_safe
def request_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One request beside the queue, perhaps with the step open in which something is typed."""
    actor = _actor(request)
    approval = get_object_or_404(_with_people(requests_for(actor)), public_id=public_id)
    step = None
    if approval.state == _State.OPEN:
        step = decision.step_of(request.GET.get("step", ""), proposal(approval))
    if step is not None and step.name in ("approve", "lower") and _must_confirm(request, approval):
        return redirect(sign_in.confirm_url(request, request.get_full_path()))
    return _page(request, actor, _groups(request, actor), approval, step=step)


@login_required
@require_POST
def request_decide(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take the decision of a signed-in person."""
    actor = _actor(request)
    approval = get_object_or_404(_with_people(requests_for(actor)), public_id=public_id)
    here = reverse("request-detail", args=[public_id])
    try:
        decided = decision.take(request, approval, actor=actor, link=None)
    except InvalidInput as error:
        step = decision.refused_step(request, proposal(approval), error)
        return _page(
            request, actor, _groups(request, actor), approval, step=step, status=422,
            message="" if step else error.message,
        )  # fmt: skip
    except NotAllowed as error:
        if error.code == SIGN_IN_NEEDED:
            step_name = decision.name_of(request.POST.get("kind", ""))
            return redirect(sign_in.confirm_url(request, f"{here}?step={step_name}"))
        messages.error(request, error.message)
        return redirect(here)
    except LaneError as error:
        messages.error(request, error.message)
        return redirect(here)
    messages.success(request, f"{decided.get_state_display()}: {decided.title}")
    return redirect(here)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise Http404("You belong to no organization yet.")
    return actor


def _with_people(
    requests: ClientOwnedQuerySet[ApprovalRequest],
) -> ClientOwnedQuerySet[ApprovalRequest]:
    return requests.select_related("client", "organization", "requested_by").prefetch_related("decisions")


def _groups(request: HttpRequest, actor: Actor) -> list[Group]:
    """The queue of the chosen view, most urgent first."""
    view = request.GET.get("view", "open")
    every = _with_people(requests_for(actor))
    still_open = every.filter(state=_State.OPEN).order_by("due_at", "id")
    if view == "mine":
        mine = every.filter(requested_by_id=actor.user_id or 0).order_by("-id")[:SHOWN]
        return _filled(Group("Asked by me", [proposal(each) for each in mine]))
    if view == "decided":
        over = every.exclude(state=_State.OPEN).order_by("-decided_at", "-id")[:SHOWN]
        return _filled(Group("Latest first", [proposal(each) for each in over]))
    if view == "due":
        due = still_open.filter(due_at__lt=_day_ahead())[:SHOWN]
        return _filled(Group("Due within 24 hours", [proposal(each) for each in due]))
    asked = Exists(waiting_for(actor).filter(pk=OuterRef("pk")))
    waiting = [proposal(each) for each in still_open.annotate(is_my_turn=asked)[:SHOWN]]
    today = every.filter(decided_at__gte=clock.now() - timedelta(hours=24)).exclude(state=_State.OPEN)
    return _filled(
        Group("Waiting for you", [each for each in waiting if _is_my_turn(each)]),
        Group("Waiting for others", [each for each in waiting if not _is_my_turn(each)]),
        Group(
            "Decided in the last 24 hours", [proposal(each) for each in today.order_by("-decided_at")[:10]]
        ),
    )


def _is_my_turn(item: Proposal) -> bool:
    return bool(getattr(item.request, "is_my_turn", False))


def _filled(*groups: Group) -> list[Group]:
    return [group for group in groups if group.items]


def _tabs(request: HttpRequest, actor: Actor) -> list[dict[str, Any]]:
    still_open = Q(state=_State.OPEN)
    counts = requests_for(actor).aggregate(
        open=Count("pk", filter=still_open),
        mine=Count("pk", filter=still_open & Q(requested_by_id=actor.user_id or 0)),
        due=Count("pk", filter=still_open & Q(due_at__lt=_day_ahead())),
    )
    here = reverse("request-list")
    chosen = request.GET.get("view", "open")
    tabs = [
        {
            "label": label,
            "url": here if name == "open" else f"{here}?view={name}",
            "count": counts.get(name),
            "current": chosen == name,
        }
        for name, label in VIEWS.items()
    ]
    return [*tabs, {"label": "Policies", "url": reverse("policy-list"), "count": "", "current": False}]


def _day_ahead() -> datetime:
    return clock.now() + timedelta(hours=24)


def _must_confirm(request: HttpRequest, approval: ApprovalRequest) -> bool:
    if not needs_sign_in_now(approval):
        return False
    age = sign_in.sign_in_age_seconds(request)
    return age is None or age > FRESH_SECONDS


def _page(
    request: HttpRequest,
    actor: Actor,
    groups: list[Group],
    approval: ApprovalRequest | None,
    *,
    step: Step | None = None,
    chosen: bool = True,
    status: int = 200,
    message: str = "",
) -> HttpResponse:
    waiting = [group for group in groups if group.label == "Waiting for you"]
    context: dict[str, Any] = {
        "groups": groups,
        "tabs": _tabs(request, actor),
        "waiting_count": len(waiting[0].items) if waiting else 0,
        "is_chosen": chosen,
        "view": request.GET.get("view", ""),
    }
    if approval is not None:
        context |= _detail(actor, approval, step, message)
    return render(request, "approvals/requests/list.html", context, status=status)


def _detail(actor: Actor, approval: ApprovalRequest, step: Step | None, message: str) -> dict[str, Any]:
    is_open = approval.state == _State.OPEN
    able = may_decide(approval) if is_open else []
    return {
        "approval": approval,
        "proposal": proposal(approval),
        "stages": stages(approval, able, actor),
        "moments": moments(approval),
        "application": application(approval),
        "step": step,
        "message": message,
        "can_decide": any(user.pk == actor.user_id for user in able),
        "is_own": actor.user_id in approval.barred_user_ids,
        "needs_sign_in": is_open and needs_sign_in_now(approval),
        "here": reverse("request-detail", args=[approval.public_id]),
        "decide_url": reverse("request-decide", args=[approval.public_id]),
    }
