"""E-mails: what each says, read afresh when it is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from typing import Any

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from approvals import selectors
from approvals.display import deadline, needs_sign_in_now, proposal
from approvals.models import ApprovalRequest
from approvals.services import links
from campaigns.models import Change, ChangeSet, Connection
from notifications.models import EmailDelivery


class NoLongerNeeded(Exception):
    """The mail would tell something that is no longer so."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One finished mail."""

    to: str
    sender: str
    subject: str
    text: str
    html: str


def render(delivery: EmailDelivery) -> Mail:
    """The mail as of now. Raises ``NoLongerNeeded``."""
    if delivery.user is None or not delivery.user.is_active:
        raise NoLongerNeeded("The person is no longer here.")
    if delivery.user.email != delivery.email:
        raise NoLongerNeeded("The person has another address now.")
    context = {
        "user": delivery.user,
        "organization": delivery.organization,
        "base_url": settings.LANE_BASE_URL,
        **_MAILS[delivery.message](delivery),
    }
    template = f"email/{_FOLDER.get(delivery.message, 'approvals')}/{delivery.message}"
    return Mail(
        to=delivery.email,
        sender=_sender(delivery.organization.name),
        subject=one_line(render_to_string(f"{template}.subject.txt", context)),
        text=render_to_string(f"{template}.txt", context),
        html=_inlined(render_to_string(f"{template}.html", context)),
    )


def one_line(text: str) -> str:
    """A header's value: one line, so that no name can add headers of its own."""
    return " ".join(text.split())[:200]


def names() -> list[str]:
    """Every mail there is."""
    return sorted(_MAILS)


def _sender(organization: str) -> str:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((one_line(f"{organization} via {name or 'Lane'}"), address))


def _inlined(html: str) -> str:
    return str(css_inline.CSSInliner(load_remote_stylesheets=False).inline(html))


def absolute(path: str) -> str:
    """A page's whole address."""
    return f"{settings.LANE_BASE_URL}{path}"


def _request(delivery: EmailDelivery) -> ApprovalRequest:
    request = (
        ApprovalRequest.objects.for_organization(delivery.organization_id)
        .select_related("client", "organization", "requested_by")
        .prefetch_related("decisions")
        .filter(public_id=delivery.params["request_id"])
        .first()
    )
    if request is None:
        raise NoLongerNeeded("The request is gone.")
    return request


def _request_opened(delivery: EmailDelivery) -> dict[str, Any]:
    """Ask for a decision. The link's token is made here and lives only in this mail."""
    request = _request(delivery)
    if request.state != ApprovalRequest.State.OPEN:
        raise NoLongerNeeded(f"The request is {request.get_state_display().lower()}.")
    if delivery.user is None or delivery.user not in selectors.may_decide(request):
        raise NoLongerNeeded("The person may no longer decide this.")
    link, token = links.issue(request, delivery.user)
    url = absolute(reverse("link-open", args=[token]))
    return {
        "request": request,
        "proposal": proposal(request),
        "link": link,
        "link_ends": deadline(link.expires_at, request.client.timezone),
        "review_url": url,
        "decline_url": f"{url}?step=decline",
        "needs_sign_in": needs_sign_in_now(request),
    }


def _request_decided(delivery: EmailDelivery) -> dict[str, Any]:
    """Say what was decided, by whom, and from where."""
    request = _request(delivery)
    view = proposal(request)
    if not view.decisions:
        raise NoLongerNeeded("There is no decision.")
    decision = view.decisions[0]
    return {
        "request": request,
        "proposal": view,
        "decision": decision,
        "is_own": decision.user_id == delivery.user_id,
        "approved_lower": decision.approved_target or None,
        "page_url": absolute(reverse("request-detail", args=[request.public_id])),
    }


def _request_expired(delivery: EmailDelivery) -> dict[str, Any]:
    request = _request(delivery)
    page = absolute(reverse("request-detail", args=[request.public_id]))
    return {"request": request, "proposal": proposal(request), "page_url": page}


def _connection_lost(delivery: EmailDelivery) -> dict[str, Any]:
    connection = Connection.objects.filter(
        organization_id=delivery.organization_id, public_id=delivery.params["connection_id"]
    ).first()
    if connection is None:
        raise NoLongerNeeded("The connection is gone.")
    return {
        "connection": connection,
        "message": delivery.params.get("message", ""),
        "page_url": absolute(reverse("connection-list")),
    }


def _change_set_failed(delivery: EmailDelivery) -> dict[str, Any]:
    change_set = (
        ChangeSet.objects.for_organization(delivery.organization_id)
        .select_related("client")
        .filter(public_id=delivery.params["change_set_id"])
        .first()
    )
    if change_set is None:
        raise NoLongerNeeded("The change set is gone.")
    changes = change_set.changes.select_related("budget", "ad_campaign").exclude(state=Change.State.CANCELLED)
    return {
        "change_set": change_set,
        "changes": list(changes),
        "page_url": absolute(reverse("change-set-detail", args=[change_set.public_id])),
    }


_MAILS: dict[str, Callable[[EmailDelivery], dict[str, Any]]] = {
    "request_opened": _request_opened,
    "request_decided": _request_decided,
    "request_expired": _request_expired,
    "connection_lost": _connection_lost,
    "change_set_failed": _change_set_failed,
}
_FOLDER = {"connection_lost": "campaigns", "change_set_failed": "campaigns"}
