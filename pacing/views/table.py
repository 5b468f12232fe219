"""The pacing table: money at risk first."""

from __future__ import annotations

from calendar import monthrange
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from lane.accounts import policies
from lane.accounts.models import SavedView
from lane.accounts.selectors import saved_views_for
from lane.accounts.services import saved_views
from lane.core import clock
from lane.core.errors import InvalidInput
from pacing.filters import HEALTHS, table_query, write_cursor
from pacing.selectors.table import (
    COLUMNS,
    PLATFORMS,
    USUAL_COLUMNS,
    VIEWS,
    TableQuery,
    clients_and_freshness,
    table,
)
from pacing.selectors.table_groups import GROUPS

PAGE_KEY = "pacing"


@login_required
@require_GET
def plan_list(request: HttpRequest) -> HttpResponse:
    """All plans of the reader's clients; filters, sort and place live in the address."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor is None:
        return render(request, "web/no_organization.html", status=403)
    kept = list(saved_views_for(actor).filter(page=PAGE_KEY)) if actor.user_id else []
    first = next((view for view in kept if view.is_default and view.user_id == actor.user_id), None)
    if first is not None and not request.GET:
        return redirect(f"{reverse('plan-list')}?{_address(first)}")
    query = table_query(request.GET.dict())
    shown = table(actor, query)
    current = next((view for view in kept if str(view.public_id) == request.GET.get("saved", "")), None)
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
            "tabs": _tabs(request, query, shown.counts, kept, current),
            "saved_view": current,
            "saved_mine": current is not None and current.user_id == actor.user_id,
            "saved_edited": current is not None and _edited(request, current),
            "may_share": policies.may(actor, "change", client_id=None),
            "address": saved_views.clean_query(request.META.get("QUERY_STRING", "")),
            "columns": _column_choices(query),
            "groups": GROUPS,
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


@login_required
@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep the table as it is filtered, sorted and grouped now under a name."""
    actor = request.actor  # type: ignore[attr-defined]
    try:
        view = saved_views.save(
            page=PAGE_KEY,
            name=request.POST.get("name", ""),
            query=request.POST.get("query", ""),
            is_shared="is_shared" in request.POST,
            is_default="is_default" in request.POST,
            actor=actor,
        )
    except InvalidInput as error:
        messages.error(request, " ".join([*error.fields.values()] or [error.message]))
        return redirect(f"{reverse('plan-list')}?{saved_views.clean_query(request.POST.get('query', ''))}")
    messages.success(request, f"The view “{view.name}” is kept.")
    return redirect(f"{reverse('plan-list')}?{_address(view)}")


@login_required
@require_POST
def view_delete(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Delete a saved view."""
    saved_views.delete(public_id, actor=request.actor)  # type: ignore[attr-defined]
    messages.success(request, "The view is deleted. The plans in it are as they were.")
    return redirect(f"{reverse('plan-list')}?view=all")


@login_required
@require_POST
def view_default(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Open the pacing table with this view from now on, or no longer."""
    actor = request.actor  # type: ignore[attr-defined]
    view = saved_views.open_by_default(public_id, actor=actor, on=request.POST.get("on") == "1")
    messages.success(
        request,
        f"Pacing opens with “{view.name}” from now on."
        if view.is_default
        else "Pacing opens with all plans.",
    )
    return redirect(f"{reverse('plan-list')}?{_address(view)}")


def _address(view: SavedView) -> str:
    return f"{view.query}&saved={view.public_id}" if view.query else f"saved={view.public_id}"


def _edited(request: HttpRequest, view: SavedView) -> bool:
    """Whether the table asks for something else than the view it was opened from."""
    now = saved_views.clean_query(request.META.get("QUERY_STRING", ""))
    return sorted(parse_qsl(now)) != sorted(parse_qsl(view.query))


def _tabs(
    request: HttpRequest,
    query: TableQuery,
    counts: dict[str, int],
    kept: list[SavedView],
    current: SavedView | None,
) -> list[dict[str, Any]]:
    """The built-in views with their counts, then the saved ones; a narrowed one is marked as edited."""
    tabs = []
    for name, label in VIEWS.items():
        asked = {key: value for key, value in request.GET.items() if key in ("sort", "group", "cols")}
        asked["view"] = name
        here = current is None and name == query.view
        tabs.append(
            {
                "label": label,
                "url": f"?{urlencode(asked)}",
                "count": counts.get(name, 0),
                "current": here,
                "edited": here and query.is_narrowed,
            }
        )
    for view in kept:
        here = view == current
        tabs.append(
            {
                "label": view.name,
                "url": f"?{_address(view)}",
                "count": None,
                "current": here,
                "edited": here and _edited(request, view),
            }
        )
    return tabs


def _column_choices(query: TableQuery) -> list[dict[str, Any]]:
    """Every column with whether it is shown and the list of columns that a click leads to."""
    shown = set(query.columns)
    choices = []
    for name, label in COLUMNS.items():
        wanted = shown ^ {name}
        names = [each for each in COLUMNS if each in wanted]
        choices.append(
            {
                "label": label,
                "on": name in shown,
                "cols": None if tuple(names) == USUAL_COLUMNS or not names else ",".join(names),
            }
        )
    return choices
