"""Looking before leaping: other terms of a plan, and the client's own past replayed. Looking writes nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from lane.accounts import policies
from lane.core.errors import InvalidInput, OutOfDate
from pacing.lab_forms import WhatIfForm, terms_as_typed
from pacing.models import BudgetPlan
from pacing.selectors import plans_for
from pacing.selectors.budgets import budgets_of
from pacing.services import what_if
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
                messages.success(request, "Saved. Lane plans again from now with these terms.")
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


def _version(request: HttpRequest, plan: BudgetPlan) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 10 else plan.version - 1
