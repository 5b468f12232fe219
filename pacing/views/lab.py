"""Looking before leaping: other terms of a plan, and the client's own past replayed. Looking writes nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from lane.accounts import policies
from lane.core.errors import InvalidInput, OutOfDate
from pacing.lab_forms import AllocationReplayForm, ReplayForm, WhatIfForm, terms_as_typed
from pacing.models import BudgetPlan
from pacing.selectors import plans_for
from pacing.selectors.budgets import budgets_of
from pacing.selectors.lab import replay_of, replayable_clients, replays_for
from pacing.selectors.lab_allocation import allocation_replays_for, replayable_portfolios
from pacing.selectors.ledger import waiting_amendment
from pacing.services import replay, what_if
from pacing.tasks import run_replay
from pacing.views.lab_curve import what_if_curve


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan_what_if(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Suppose other terms of a plan; a POST makes the terms that were looked at the plan's own."""
    actor = request.actor  # type: ignore[attr-defined]
    plan = get_object_or_404(plans_for(actor).select_related("snapshot"), public_id=public_id)
    budgets = budgets_of(plan)
    given = request.POST if request.method == "POST" else request.GET
    form = WhatIfForm(given, plan=plan, budgets=budgets)
    status = 200
    if request.method == "POST":
        policies.require(actor, "change", plan)
        status = 422
        if form.is_valid():
            try:
                what_if.save(
                    plan,
                    form.assumed(),
                    actor=actor,
                    expected_version=_version(request, plan),
                    reason=request.POST.get("reason", "")[:300],
                )
            except InvalidInput as error:
                form.refuse(error)
            except OutOfDate as error:
                form.add_error(None, error.message)
                status = 409
            else:
                messages.success(request, _saved_words(plan))
                return redirect("plan-detail", public_id)
    found = _looked(form, plan, actor)
    if found is None and status == 200:
        status = 422
    shown: dict[str, Any] = {
        "plan": plan,
        "form": form,
        "found": found,
        "may_change": policies.may(actor, "change", client_id=plan.client_id),
        "reason": request.POST.get("reason", ""),
    }
    if found is not None:
        shown["curve"] = what_if_curve(plan, found)
        shown["typed"] = terms_as_typed(found.then.terms, plan.currency)
    return render(request, "pacing/lab/what_if.html", shown, status=status)


def _looked(form: WhatIfForm, plan: BudgetPlan, actor: Any) -> what_if.WhatIf | None:
    """Both sides, or nothing while some field cannot be used; its errors are in the form."""
    if not form.is_valid():
        return None
    try:
        return what_if.look(plan, form.assumed(), actor=actor)
    except InvalidInput as error:
        form.refuse(error)
        return None


def _saved_words(plan: BudgetPlan) -> str:
    """What saving did: an amount or dates may wait for approval first."""
    if waiting_amendment(plan) is not None:
        return (
            "Saved. The amount or the dates change once they are approved; until then the plan keeps its own."
        )
    return "Saved. Lane plans again from now with these terms."


def _version(request: HttpRequest, plan: BudgetPlan) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else plan.version - 1


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def lab(request: HttpRequest) -> HttpResponse:
    """Ask for a replay of a client's last 90 days, and find the ones asked for before."""
    actor = request.actor  # type: ignore[attr-defined]
    clients = replayable_clients(actor)
    form = ReplayForm(request.POST if request.method == "POST" else None, clients=clients)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                job = replay.start(form.question(), client=form.chosen_client, actor=actor)
            except InvalidInput as error:
                form.refuse(error)
            else:
                run_replay.hint_on_commit(job.pk)
                return redirect("pacing-lab-replay", job.public_id)
    shown = {
        "form": form,
        "clients": clients,
        "replays": replays_for(actor)[:20],
        "allocation_form": AllocationReplayForm(None, portfolios=replayable_portfolios(actor)),
        "allocation_replays": allocation_replays_for(actor)[:20],
    }
    return render(request, "pacing/lab/lab.html", shown, status=status)


@login_required
@require_GET
def lab_replay(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One replay: how far it is, then what it found."""
    actor = request.actor  # type: ignore[attr-defined]
    found = replay_of(actor, public_id)
    if found.is_stuck:
        # Its hint was lost with the broker; running a job twice finds it taken.
        run_replay.hint(found.job.pk)
    return render(request, "pacing/lab/replay.html", {"found": found})
