"""The ledger of a plan, amendments of it, and any figure taken apart."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lane.accounts import policies
from lane.core import clock
from lane.core.errors import InvalidInput, LaneError, OutOfDate
from pacing.ledger_forms import AmendmentForm, initial_amendment, typed_so_far
from pacing.models import BudgetPlan, PlanAmendment
from pacing.selectors import plans_for
from pacing.selectors.ledger import FIGURES, amendments_for, entries_for, explain, explanations, ledger_of
from pacing.services import amendments


@login_required
@require_GET
def plan_ledger(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Every entry with who, when and by which link, and every figure taken apart."""
    actor = request.actor  # type: ignore[attr-defined]
    plan = get_object_or_404(plans_for(actor).select_related("snapshot", "series"), public_id=public_id)
    snapshot = getattr(plan, "snapshot", None)
    return render(
        request,
        "pacing/ledger/ledger.html",
        {
            "plan": plan,
            "ledger": ledger_of(plan),
            "explanations": list(explanations(plan, snapshot).values()),
            "may_propose": policies.may(actor, "propose", client_id=plan.client_id),
        },
    )


@login_required
@require_GET
def plan_explain(request: HttpRequest, public_id: UUID, figure: str) -> HttpResponse:
    """One figure as the parts it adds up from; a part of a page for htmx, a page without it."""
    actor = request.actor  # type: ignore[attr-defined]
    plan = get_object_or_404(plans_for(actor), public_id=public_id)
    if figure not in FIGURES:
        raise Http404("There is no such figure.")
    context = {"plan": plan, "told": explain(plan, figure), "as_card": True}
    name = "_explanation" if request.headers.get("HX-Request") else "explanation"
    return render(request, f"pacing/ledger/{name}.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan_amend(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask for another amount or other dates, or revise what was asked and not decided yet."""
    actor = request.actor  # type: ignore[attr-defined]
    plan = get_object_or_404(plans_for(actor).select_related("snapshot", "series"), public_id=public_id)
    policies.require(actor, "propose", plan)
    waiting = PlanAmendment.objects.filter(plan=plan, state=PlanAmendment.State.PROPOSED).first()
    initial = typed_so_far(initial_amendment(plan, waiting), request.GET)
    form = AmendmentForm(request.POST or None, plan=plan, initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            made = _save(request, plan, waiting, form)
        except InvalidInput as error:
            form.refuse(error)
            status = 422
        except OutOfDate as error:
            form.add_error(None, error.message)
            status = 409
        else:
            messages.success(request, _said(made))
            return redirect("plan-ledger", public_id)
    elif request.method == "POST":
        status = 422
    context = _amend_context(actor, plan, waiting, form)
    return render(request, "pacing/ledger/amend.html", context, status=status)


@login_required
@require_POST
def amendment_withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take an amendment back before anybody decided."""
    actor = request.actor  # type: ignore[attr-defined]
    found = get_object_or_404(amendments_for(actor), public_id=public_id)
    try:
        amendments.withdraw(public_id, actor=actor, reason=request.POST.get("reason", ""))
    except LaneError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "Taken back. The plan stays as it is.")
    return redirect("plan-ledger", found.plan.public_id)


@login_required
@require_POST
def entry_reverse(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask for the amount and dates from before one amendment."""
    actor = request.actor  # type: ignore[attr-defined]
    entry = get_object_or_404(entries_for(actor), public_id=public_id)
    try:
        made = amendments.reverse(public_id, actor=actor, reason=request.POST.get("reason", ""))
    except LaneError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _said(made))
    return redirect("plan-ledger", entry.plan.public_id)


def _save(
    request: HttpRequest, plan: BudgetPlan, waiting: PlanAmendment | None, form: AmendmentForm
) -> PlanAmendment:
    actor = request.actor  # type: ignore[attr-defined]
    terms = form.terms()
    if waiting is None:
        return amendments.propose(
            plan.public_id, actor=actor, expected_version=form.cleaned_data["version"], **terms
        )
    return amendments.revise(
        waiting.public_id, actor=actor, expected_version=form.cleaned_data["version"], **terms
    )


def _amend_context(
    actor: Any, plan: BudgetPlan, waiting: PlanAmendment | None, form: AmendmentForm
) -> dict[str, Any]:
    """The form with what the new amount would mean, from stored numbers."""
    remaining = explain(plan, "remaining")
    return {
        "plan": plan,
        "form": form,
        "waiting": waiting,
        "snap": getattr(plan, "snapshot", None),
        "remaining": remaining,
        "preview": form.preview(remaining),
        "directly": waiting is None and amendments.may_change_directly(actor, plan),
        "today": clock.today(plan.timezone),
    }


def _said(made: PlanAmendment) -> str:
    if made.state == PlanAmendment.State.PROPOSED:
        return "Asked for approval. The plan stays as it is until somebody says yes."
    if made.took_effect_at is None:
        return f"Approved. It takes effect on {made.effective_on:%-d %b %Y}."
    return "Entered in the ledger. Lane plans again from now with the new terms."
