"""The ledger: every row that was ever to be written, and how it ended."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from campaigns.models import PLATFORM_CHOICES, Change
from campaigns.selectors import changes as selectors
from campaigns.selectors import kill_switches
from campaigns.services import ledger
from lane.accounts.models import Client

PER_PAGE = 100
_PLATFORM_NAMES = {str(key): name for key, name in PLATFORM_CHOICES}


@login_required
@require_GET
def ledger_list(request: HttpRequest) -> HttpResponse:
    """Rows of the ledger, newest first, by state, platform and client."""
    actor = request.actor  # type: ignore[attr-defined]
    rows, filters = _filtered(request, selectors.changes_for(actor))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    clients = list(Client.objects.visible_to(actor).current().values_list("public_id", "name"))
    return render(
        request,
        "campaigns/changes/ledger.html",
        {
            "page": page,
            "changes": page.object_list,
            "filters": filters,
            "states": Change.State.choices,
            "state_name": dict(Change.State.choices).get(filters["state"], ""),
            "platforms": PLATFORM_CHOICES,
            "platform_name": _PLATFORM_NAMES.get(filters["platform"], ""),
            "clients": clients,
            "client_name": {str(key): name for key, name in clients}.get(filters["client"], ""),
            "is_filtered": any(filters.values()),
            "stops": kill_switches.switches_for(actor).filter(resumed_at=None).count(),
        },
    )


@login_required
@require_POST
def change_retry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Settle a stuck change: read it back first, then one more round."""
    actor = request.actor  # type: ignore[attr-defined]
    change = get_object_or_404(selectors.changes_for(actor), public_id=public_id)
    ledger.retry(public_id, actor=actor, reason=request.POST.get("reason", ""))
    messages.success(request, "Looking at the platform again.")
    return redirect("change-set-detail", change.change_set.public_id)


def _filtered(request: HttpRequest, rows: QuerySet[Change]) -> tuple[QuerySet[Change], dict[str, str]]:
    """The rows asked for by the address; a filter nobody knows is ignored."""
    filters = {name: request.GET.get(name, "").strip() for name in ("q", "state", "platform", "client")}
    if filters["q"]:
        words = filters["q"]
        rows = rows.filter(Q(budget__name__icontains=words) | Q(ad_campaign__name__icontains=words))
    if filters["state"] in Change.State.values:
        rows = rows.filter(state=filters["state"])
    if filters["platform"] in _PLATFORM_NAMES:
        rows = rows.filter(ad_account__platform=filters["platform"])
    if filters["client"]:
        try:
            rows = rows.filter(client__public_id=UUID(filters["client"]))
        except ValueError:
            filters["client"] = ""
    return rows, filters
