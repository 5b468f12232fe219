"""Making and editing a plan on one page; what was typed survives every refusal."""

from __future__ import annotations

from calendar import monthrange
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from lane.accounts import policies
from lane.accounts.models import Client
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotAllowed, OutOfDate
from pacing.forms import PlanForm, initial_of
from pacing.selectors import plans_for
from pacing.selectors.budgets import budget_choices, budgets_of
from pacing.selectors.ledger import waiting_amendment
from pacing.services import plans


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan_create(request: HttpRequest) -> HttpResponse:
    """Make a plan: client, amount, flight, budgets, and how to get there."""
    actor = request.actor  # type: ignore[attr-defined]
    clients = _clients(actor)
    if not clients:
        raise NotAllowed("You need the role Editor on a client to create a plan. Ask an admin.")
    given = request.POST if request.method == "POST" else request.GET
    client = _chosen(clients, given.get("client", ""))
    budgets = budget_choices(actor, client)
    shown: dict[str, Any] = {
        "clients": clients,
        "budgets": budgets,
        "client_url": reverse("plan-create"),
        "may_set_rule": client is not None and policies.may(actor, "manage", client_id=client.pk),
    }
    if request.method != "POST" or "choose" in request.POST:
        form = PlanForm(initial=_first_terms(client) | given.dict(), **shown)
        return _page(request, form, client=client)
    form = PlanForm(request.POST, **shown)
    if form.is_valid() and client is not None:
        try:
            plan = plans.create(client=client, actor=actor, **form.terms())
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, f"“{plan.name}” is made. Lane looks at it for the first time now.")
            return redirect("plan-detail", plan.public_id)
    return _page(request, form, client=client, status=422)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change a plan's terms; what was spent stays spent and pacing plans again from now."""
    actor = request.actor  # type: ignore[attr-defined]
    plan = get_object_or_404(plans_for(actor), public_id=public_id)
    policies.require(actor, "change", plan)
    budgets = budget_choices(actor, plan.client, plan=plan)
    shown: dict[str, Any] = {
        "clients": [],
        "budgets": budgets,
        "plan": plan,
        "may_set_rule": policies.may(actor, "manage", client_id=plan.client_id),
    }
    if request.method != "POST":
        form = PlanForm(initial=initial_of(plan, budgets_of(plan)), **shown)
        return _page(request, form, client=plan.client)
    form = PlanForm(request.POST, **shown)
    status = 422
    if form.is_valid():
        try:
            plans.edit(
                public_id,
                actor=actor,
                expected_version=form.cleaned_data["version"],
                reason=form.cleaned_data["reason"],
                **form.terms(),
            )
        except InvalidInput as error:
            form.refuse(error)
        except OutOfDate as error:
            form.add_error(None, error.message)
            status = 409
        else:
            waiting = waiting_amendment(plan)
            if waiting is None:
                messages.success(request, "Saved. Lane plans again from now with these terms.")
            else:
                messages.info(
                    request, "Saved. The new amount or dates wait for approval; until then the old ones hold."
                )
            return redirect("plan-detail", public_id)
    return _page(request, form, client=plan.client, status=status)


def _page(request: HttpRequest, form: PlanForm, *, client: Client | None, status: int = 200) -> HttpResponse:
    return render(
        request,
        "pacing/plans/form.html",
        {
            "form": form,
            "plan": form.plan,
            "client": client,
            "budgets": list(form.choices.values()),
            "chosen": form.chosen,
        },
        status=status,
    )


def _clients(actor: Actor) -> list[Client]:
    """Clients this actor may make plans for."""
    visible = Client.objects.visible_to(actor).current().order_by("name")
    return [client for client in visible if policies.may(actor, "change", client_id=client.pk)]


def _chosen(clients: list[Client], text: str) -> Client | None:
    """The client an address or form names; the only one there is needs no choosing."""
    if len(clients) == 1:
        return clients[0]
    return next((client for client in clients if str(client.public_id) == text), None)


def _first_terms(client: Client | None) -> dict[str, Any]:
    """A new plan runs from today to the end of the month."""
    today = clock.today(client.timezone if client else "UTC")
    return {
        "client": str(client.public_id) if client else "",
        "starts_on": today,
        "ends_on": today.replace(day=monthrange(today.year, today.month)[1]),
    }
