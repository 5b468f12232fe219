"""The decision log: every proposal, pause and move with its reasons, searchable."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from campaigns.models import PLATFORM_CHOICES
from lane.accounts.models import Client
from pacing.models import Explanation
from pacing.selectors.explanations import LogQuery, decision_log, explanations_for

A_PAGE = 50
_PLATFORMS = {str(key): str(name) for key, name in PLATFORM_CHOICES}
_LONGEST_SEARCH = 200


@login_required
@require_GET
def decision_list(request: HttpRequest) -> HttpResponse:
    """What was decided and why, newest first; every filter is part of the address."""
    actor = request.actor  # type: ignore[attr-defined]
    query, wrong = _query(request)
    found = list(decision_log(actor, query)[: A_PAGE + 1])
    clients = list(Client.objects.visible_to(actor).current())
    return render(
        request,
        "pacing/decisions/list.html",
        {
            "explanations": found[:A_PAGE],
            "before": found[A_PAGE - 1].pk if len(found) > A_PAGE else None,
            "first_page": query.before is None,
            "query": query,
            "wrong": wrong,
            "kinds": Explanation.Kind.choices,
            "kind_name": dict(Explanation.Kind.choices).get(query.kind, ""),
            "clients": clients,
            "client": next((each for each in clients if each.public_id == query.client), None),
            "platforms": PLATFORM_CHOICES,
            "platform_name": _PLATFORMS.get(query.platform, ""),
        },
    )


@login_required
@require_GET
def decision_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One explanation: its sentences, and every number they were made of."""
    actor = request.actor  # type: ignore[attr-defined]
    explanation = get_object_or_404(explanations_for(actor), public_id=public_id)
    return render(request, "pacing/decisions/detail.html", {"explanation": explanation})


def _query(request: HttpRequest) -> tuple[LogQuery, dict[str, Any]]:
    """The conditions of the address; what cannot be read is left out and named."""
    asked = request.GET
    wrong: dict[str, Any] = {}
    days: dict[str, date | None] = {}
    for name in ("since", "until"):
        typed = asked.get(name, "")
        try:
            days[name] = date.fromisoformat(typed) if typed else None
        except ValueError:
            days[name] = None
            wrong[name] = f"“{typed[:20]}” is not a day. Write it like 2026-05-31."
    since, until = days["since"], days["until"]
    if since is not None and until is not None and since > until:
        wrong["until"] = "The last day is before the first, so nothing can be found. Swap the two."
    kind, platform, before = asked.get("kind", ""), asked.get("platform", ""), asked.get("before", "")
    return (
        LogQuery(
            text=asked.get("q", "").replace("\0", "").strip()[:_LONGEST_SEARCH],
            kind=kind if kind in Explanation.Kind.values else "",
            client=_uuid(asked.get("client", "")),
            platform=platform if platform in _PLATFORMS else "",
            since=since,
            until=until,
            before=int(before) if before.isdecimal() and len(before) < 19 else None,
        ),
        wrong,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
