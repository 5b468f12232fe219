"""Making and editing a portfolio on one page; what was typed survives every refusal."""

from __future__ import annotations

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
from lane.core.errors import InvalidInput, NotAllowed, OutOfDate
from pacing.models import BudgetPlan
from pacing.portfolio_forms import FIXED, PortfolioForm, initial_of
from pacing.selectors import plans_for
from pacing.selectors import portfolios as selectors
from pacing.services.portfolios import setup


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def portfolio_create(request: HttpRequest) -> HttpResponse:
    """Make a portfolio: client, budgets, the day's money, the goal, and how far Lane may go."""
    actor = request.actor  # type: ignore[attr-defined]
    clients = selectors.clients_to_make_for(actor)
    if not clients:
        raise NotAllowed("You need the role Editor on a client to create a portfolio. Ask an admin.")
    given = request.POST if request.method == "POST" else request.GET
    client = _chosen(clients, given.get("client", ""))
    options = selectors.budget_options(actor, client)
    plans = selectors.plans_over([option for option in options if not option.refusal])
    shown: dict[str, Any] = {
        "clients": clients,
        "options": options,
        "plans": plans,
        "client_url": reverse("portfolio-create"),
    }
    if request.method != "POST" or "choose" in request.POST:
        form = PortfolioForm(initial=_defaults(client, options, plans) | _typed(given), **shown)
        return _page(request, form, client)
    form = PortfolioForm(request.POST, **shown)
    if form.is_valid() and client is not None:
        try:
            portfolio = setup.create(client=client, arms=form.arms(), actor=actor, **form.terms())
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, f"“{portfolio.name}” is made. Lane looks at it for the first time now.")
            return redirect("portfolio-detail", portfolio.public_id)
    return _page(request, form, client, status=422)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def portfolio_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change a portfolio's terms; the next look uses them."""
    actor = request.actor  # type: ignore[attr-defined]
    portfolio = get_object_or_404(selectors.portfolios_for(actor), public_id=public_id)
    policies.require(actor, "change", portfolio)
    running = [BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED]
    plans = {plan.pk: plan for plan in plans_for(actor).filter(client=portfolio.client, status__in=running)}
    if portfolio.plan is not None:
        plans.setdefault(portfolio.plan.pk, portfolio.plan)
    shown: dict[str, Any] = {"plans": list(plans.values()), "portfolio": portfolio}
    if request.method != "POST":
        return _page(request, PortfolioForm(initial=initial_of(portfolio), **shown), portfolio.client)
    form = PortfolioForm(request.POST, **shown)
    status = 422
    if form.is_valid():
        read = form.cleaned_data
        try:
            setup.edit(
                public_id,
                actor=actor,
                expected_version=read["version"],
                reason=read["reason"],
                **form.terms(),
            )
        except InvalidInput as error:
            form.refuse(error)
        except OutOfDate as error:
            form.add_error(None, error.message)
            status = 409
        else:
            messages.success(request, "Saved. The next look uses these terms.")
            return redirect("portfolio-detail", public_id)
    return _page(request, form, portfolio.client, status=status)


def _page(
    request: HttpRequest, form: PortfolioForm, client: Client | None, *, status: int = 200
) -> HttpResponse:
    return render(
        request,
        "pacing/portfolios/form.html",
        {
            "form": form,
            "portfolio": form.portfolio,
            "client": client,
            "options": list(form.options.values()),
            "chosen": form.chosen,
        },
        status=status,
    )


def _chosen(clients: list[Client], text: str) -> Client | None:
    """The client an address or form names; the only one there is needs no choosing."""
    if len(clients) == 1:
        return clients[0]
    return next((client for client in clients if str(client.public_id) == text), None)


def _typed(given: Any) -> dict[str, Any]:
    """What an address or a first step brings along."""
    return {
        name: value for name, value in given.dict().items() if name in PortfolioForm.base_fields and value
    }


def _defaults(
    client: Client | None, options: list[selectors.BudgetOption], plans: list[BudgetPlan]
) -> dict[str, Any]:
    """A new portfolio takes its money from the plan with most of the budgets, and has all of that plan's budgets."""
    free = [option for option in options if not option.refusal]
    plan = max(plans, key=lambda one: sum(o.plan == one for o in free), default=None)
    chosen = [option.key for option in free if plan is None or option.plan == plan]
    return {
        "client": str(client.public_id) if client else "",
        "name": f"{client.name} portfolio" if client else "",
        "money": str(plan.public_id) if plan else FIXED,
        "budgets": chosen,
    }
