"""The first page: money at risk, what waits for me, what is broken, how fresh the numbers are."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lane.web import overview as queries


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """One screen that says where to look first."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor is None:
        return render(request, "web/no_organization.html", status=403)
    return render(request, "web/overview.html", queries.for_actor(actor))
