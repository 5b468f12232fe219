"""Holes and conflicts: the page, the quiet notice over the pacing table, and how a client's limit is used."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from lane.accounts.selectors import clients_for
from pacing.selectors.limits import limit_ahead
from pacing.services import lint


@login_required
@require_GET
def check_list(request: HttpRequest) -> HttpResponse:
    """Everything that does not fit together, each with its fix."""
    actor = request.actor  # type: ignore[attr-defined]
    clients = list(clients_for(actor).current().order_by("name"))
    chosen = next((one for one in clients if str(one.public_id) == request.GET.get("client", "")), None)
    return render(
        request,
        "pacing/checks/list.html",
        {"problems": lint.problems(actor, client=chosen), "clients": clients, "client": chosen},
    )


@login_required
@require_GET
def check_notice(request: HttpRequest) -> HttpResponse:
    """One quiet line over the pacing table; nothing when everything fits together."""
    found = lint.problems(request.actor)  # type: ignore[attr-defined]
    return render(
        request,
        "pacing/checks/_notice.html",
        {"count": len(found), "first": found[0] if found else None},
    )


@login_required
@require_GET
def client_limit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How a client's limit is used on its fullest day; a part of the client's page."""
    client = get_object_or_404(clients_for(request.actor), public_id=public_id)  # type: ignore[attr-defined]
    return render(request, "pacing/checks/_limit.html", {"client": client, "use": limit_ahead(client)})
