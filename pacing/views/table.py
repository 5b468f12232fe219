"""The pacing table: money at risk first."""

from __future__ import annotations

from calendar import monthrange
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lane.accounts import policies
from lane.core import clock
from pacing.filters import HEALTHS, table_query, write_cursor
from pacing.selectors.table import PLATFORMS, VIEWS, clients_and_freshness, table


@login_required
@require_GET
def plan_list(request: HttpRequest) -> HttpResponse:
    """All plans of the reader's clients; filters, sort and place live in the address."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor is None:
        return render(request, "web/no_organization.html", status=403)
    query = table_query(request.GET.dict())
    shown = table(actor, query)
    clients, fresh = clients_and_freshness(actor)
    today = clock.now().date()
    return render(
        request,
        "pacing/plans/list.html",
        {
            "table": shown,
            "total": shown.totals[0] if shown.totals else None,
            "other_totals": shown.totals[1:],
            "query": query,
            "tabs": _tabs(request, query.view, shown.counts, edited=query.is_narrowed),
            "next_cursor": write_cursor(shown.after),
            "clients": clients,
            "client": next((each for each in clients if each.public_id == query.client), None),
            "platforms": PLATFORMS,
            "platform_name": PLATFORMS.get(query.platform, ""),
            "healths": HEALTHS,
            "health_name": HEALTHS.get(query.health, ""),
            "fresh": fresh,
            "month": f"{today:%B %Y}, day {today.day} of {monthrange(today.year, today.month)[1]}",
            "may_create": policies.may(actor, "change", client_id=None)
            or any(policies.may(actor, "change", client_id=client.pk) for client in clients),
        },
    )


def _tabs(
    request: HttpRequest, current: str, counts: dict[str, int], *, edited: bool
) -> list[dict[str, Any]]:
    """The saved views with their counts; a view narrowed by filters is marked as edited."""
    tabs = []
    for name, label in VIEWS.items():
        asked = {key: value for key, value in request.GET.items() if key == "sort"}
        if name != "all":
            asked["view"] = name
        address = urlencode(asked)
        tabs.append(
            {
                "label": label,
                "url": f"?{address}",
                "count": counts.get(name, 0),
                "current": name == current,
                "edited": name == current and edited,
            }
        )
    return tabs
