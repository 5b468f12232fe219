"""Recurring plans: the list, one series with its cycles, and its form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lane.accounts import policies
from lane.accounts.models import Client
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, LaneError, NotAllowed, OutOfDate
from pacing.selectors.budgets import budget_choices
from pacing.selectors.series import cycles_of, series_for
from pacing.series_forms import SeriesForm, initial_series
from pacing.services import series as service


@login_required
@require_GET
def series_list(request: HttpRequest) -> HttpResponse:
    """Every series with its running and next plan."""
    actor = request.actor  # type: ignore[attr-defined]
    return render(
        request,
        "pacing/series/list.html",
        {"rows": list(series_for(actor)), "may_create": bool(_clients(actor))},
    )


@login_required
@require_GET
def series_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One series: its terms, the plans it made, what rolled over between them."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(series_for(actor), public_id=public_id)
    return render(
        request,
        "pacing/series/detail.html",
        {
            "series": found,
            "cycles": cycles_of(found),
            "budgets": list(found.budgets.select_related("ad_account")),
            "may_change": policies.may(actor, "change", client_id=found.client_id),
        },
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def series_create(request: HttpRequest) -> HttpResponse:
    """Begin a series."""
    actor = request.actor  # type: ignore[attr-defined]
    clients = _clients(actor)
    if not clients:
        raise NotAllowed("You need the role Editor on a client to begin a series. Ask an admin.")
    given = request.POST if request.method == "POST" else request.GET
    client = _chosen(clients, given.get("client", ""))
    shown: dict[str, Any] = {
        "clients": clients,
        "budgets": budget_choices(actor, client),
        "client_url": reverse("series-create"),
    }
    if request.method != "POST" or "choose" in request.POST:
        today = clock.today(client.timezone if client else "UTC")
        first = {"client": str(client.public_id) if client else "", "anchor_on": today.replace(day=1)}
        return _page(request, SeriesForm(initial=first | given.dict(), **shown), client)
    form = SeriesForm(request.POST, **shown)
    if form.is_valid() and client is not None:
        try:
            made = service.create(client=client, actor=actor, **form.terms())
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, f"“{made.name}” is running. Its first plan is made.")
            return redirect("series-detail", made.public_id)
    return _page(request, form, client, status=422)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def series_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change the terms of later cycles."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(series_for(actor), public_id=public_id)
    policies.require(actor, "change", found)
    shown: dict[str, Any] = {
        "clients": [],
        "budgets": budget_choices(actor, found.client),
        "series": found,
    }
    if request.method != "POST":
        return _page(request, SeriesForm(initial=initial_series(found), **shown), found.client)
    form = SeriesForm(request.POST, **shown)
    status = 422
    if form.is_valid():
        try:
            service.edit(
                public_id, actor=actor, expected_version=form.cleaned_data["version"], **form.terms()
            )
        except InvalidInput as error:
            form.refuse(error)
        except OutOfDate as error:
            form.add_error(None, error.message)
            status = 409
        else:
            messages.success(request, "Saved for later cycles. Plans that exist keep their terms.")
            return redirect("series-detail", public_id)
    return _page(request, form, found.client, status=status)


@login_required
@require_POST
def series_end(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Make no further plans."""
    return _act(request, public_id, service.end, "Ended. The running plan goes on to its last day.",
                reason=request.POST.get("reason", ""))  # fmt: skip


@login_required
@require_POST
def series_resume(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Go on from the running cycle."""
    return _act(request, public_id, service.resume, "The series goes on from the running cycle.")


def _act(request: HttpRequest, public_id: UUID, act: Any, words: str, **more: Any) -> HttpResponse:
    try:
        act(public_id, actor=request.actor, **more)  # type: ignore[attr-defined]
    except LaneError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, words)
    return redirect("series-detail", public_id)


def _page(
    request: HttpRequest, form: SeriesForm, client: Client | None, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "series": form.series,
        "client": client,
        "budgets": list(form.choices.values()),
        "chosen": form.chosen,
    }
    return render(request, "pacing/series/form.html", context, status=status)


def _clients(actor: Actor) -> list[Client]:
    visible = Client.objects.visible_to(actor).current().order_by("name")
    return [client for client in visible if policies.may(actor, "change", client_id=client.pk)]


def _chosen(clients: list[Client], text: str) -> Client | None:
    if len(clients) == 1:
        return clients[0]
    return next((client for client in clients if str(client.public_id) == text), None)
