"""Deciding by an emailed link: no account, a phone, one hand.

Opening the link exchanges its token for a signed cookie of half an hour, bound to one request, so that the
token leaves the address bar. Opening decides nothing; only a form in which something was typed does.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from approvals import sign_in
from approvals.display import needs_sign_in_now, proposal
from approvals.history import application
from approvals.models import ApprovalLink, ApprovalRequest
from approvals.selectors import requests_for
from approvals.services import links
from approvals.services.decide import FRESH_SECONDS, SIGN_IN_NEEDED
from approvals.views import decision
from approvals.views.decision import Step
from lane.accounts.middleware import person_of
from lane.core.actors import Actor, ActorKind
from lane.core.errors import Gone, InvalidInput, LaneError, NotAllowed, NotVisible

COOKIE_SECONDS = 1800
_SALT = "approvals.link"


@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Exchange the token for a short session and lead to the request."""
    try:
        link = links.find(token)
    except NotVisible:
        return _unseen(_dead(request, "This link does not exist. Open it from the newest mail.", 404))
    except Gone as error:
        return _unseen(_dead(request, error.message, error.status))
    if request.method == "GET":
        links.note_opened(link)
    step = request.GET.get("step", "")
    address = reverse("link-request", args=[link.request.public_id])
    response = redirect(f"{address}?step={step}" if step in decision.STEPS else address)
    response.set_signed_cookie(
        _cookie(link.request.public_id),
        str(link.public_id),
        salt=_SALT,
        max_age=COOKIE_SECONDS,
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
        path=address,
    )
    return _unseen(response)


@require_safe
def show(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The request, or the step in which something is typed."""
    approval, link = _found(request, public_id)
    if link is not None and request.user.is_authenticated and request.user.pk != link.user_id:
        return _private(_not_yours(request, link))
    view = proposal(approval)
    step = decision.step_of(request.GET.get("step", ""), view) if _is_open(approval) else None
    if step is not None and step.name in ("approve", "lower") and _must_sign_in(request, approval):
        return _private(redirect(sign_in.confirm_url(request, request.get_full_path())))
    return _private(_page(request, approval, link, step))


@require_POST
def decide(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take the decision; a refusal shows the same step with the reason and what was typed."""
    approval, link = _found(request, public_id)
    if link is not None and request.user.is_authenticated and request.user.pk != link.user_id:
        return _private(_not_yours(request, link))
    actor = _actor(request, approval, link)
    here = reverse("link-request", args=[public_id])
    try:
        decision.take(request, approval, actor=actor, link=link)
    except InvalidInput as error:
        step = decision.refused_step(request, proposal(approval), error)
        return _private(
            _page(request, approval, link, step, status=422, message="" if step else error.message)
        )
    except NotAllowed as error:
        if error.code == SIGN_IN_NEEDED:
            step_name = decision.name_of(request.POST.get("kind", ""))
            return _private(redirect(sign_in.confirm_url(request, f"{here}?step={step_name}")))
        return _private(_page(request, approval, link, None, status=error.status, message=error.message))
    except NotVisible:
        raise Http404 from None
    except LaneError as error:
        approval.refresh_from_db()
        return _private(_page(request, approval, link, None, status=error.status, message=error.message))
    return _private(redirect(here))


@require_POST
def sign_out(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Sign the other person out, so that the link's own person can go on in this browser."""
    _found(request, public_id)
    logout(request)
    return _private(redirect("link-request", public_id))


def _found(request: HttpRequest, public_id: UUID) -> tuple[ApprovalRequest, ApprovalLink | None]:
    """The request by the cookie of its link, or by being signed in as somebody who sees it."""
    link = _link_of_cookie(request, public_id)
    if link is not None:
        return link.request, link
    if request.user.is_authenticated:
        approval = (
            ApprovalRequest.objects.select_related("client", "organization", "requested_by")
            .filter(public_id=public_id)
            .first()
        )
        if approval is not None:
            actor = person_of(request, approval.organization)
            if requests_for(actor).filter(pk=approval.pk).exists():
                return approval, None
    raise Http404


def _link_of_cookie(request: HttpRequest, public_id: UUID) -> ApprovalLink | None:
    value = request.get_signed_cookie(_cookie(public_id), default="", salt=_SALT, max_age=COOKIE_SECONDS)
    link = links.by_id(value) if value else None
    return link if link is not None and link.request.public_id == public_id else None


def _actor(request: HttpRequest, approval: ApprovalRequest, link: ApprovalLink | None) -> Actor:
    """The signed-in person, else the person of the link."""
    if link is None or request.user.is_authenticated:
        return person_of(request, approval.organization)
    return Actor(
        kind=ActorKind.LINK,
        organization_id=approval.organization_id,
        user_id=link.user_id,
        label=str(link.user),
        via="link",
        request_id=getattr(request, "request_id", ""),
        ip=request.META.get("REMOTE_ADDR", ""),
        user_agent=request.headers.get("User-Agent", "")[:300],
    )


def _must_sign_in(request: HttpRequest, approval: ApprovalRequest) -> bool:
    if not needs_sign_in_now(approval):
        return False
    age = sign_in.sign_in_age_seconds(request)
    return age is None or age > FRESH_SECONDS


def _is_open(approval: ApprovalRequest) -> bool:
    return approval.state == ApprovalRequest.State.OPEN


def _page(
    request: HttpRequest,
    approval: ApprovalRequest,
    link: ApprovalLink | None,
    step: Step | None,
    *,
    status: int = 200,
    message: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        "approval": approval,
        "proposal": proposal(approval),
        "link": link,
        "link_problem": _problem(link),
        "approver": link.user if link else request.user,
        "step": step,
        "message": message,
        "needs_sign_in": _is_open(approval) and needs_sign_in_now(approval),
        "application": application(approval),
        "here": reverse("link-request", args=[approval.public_id]),
    }
    return render(request, "approvals/links/request.html", context, status=status)


def _problem(link: ApprovalLink | None) -> str:
    if link is None or link.request.state != ApprovalRequest.State.OPEN:
        return ""
    try:
        links.require_alive(link)
    except Gone as error:
        return error.message
    return ""


def _dead(request: HttpRequest, message: str, status: int) -> HttpResponse:
    return render(request, "approvals/links/dead.html", {"message": message}, status=status)


def _not_yours(request: HttpRequest, link: ApprovalLink) -> HttpResponse:
    context = {"for_name": str(link.user), "approval": link.request}
    return render(request, "approvals/links/not_yours.html", context, status=403)


def _private(response: HttpResponse, *, referrer: str = "same-origin") -> HttpResponse:
    """Nothing of these pages is kept, indexed or told to other sites.

    Pages with a form cannot say "no-referrer": browsers then send "Origin: null", which is refused as forged.
    """
    response["Referrer-Policy"] = referrer
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _unseen(response: HttpResponse) -> HttpResponse:
    """The address still holds the token: not even Lane's own assets may see it."""
    return _private(response, referrer="no-referrer")


def _cookie(public_id: UUID) -> str:
    return f"lane_link_{public_id.hex}"
