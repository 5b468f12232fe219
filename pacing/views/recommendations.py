"""The recommendations inbox, and the two answers to a recommendation."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from lane.accounts import policies
from lane.core import clock
from lane.core.errors import InvalidInput, OutOfDate
from lane.core.money import format_money
from pacing.forms import RowsForm
from pacing.models import Recommendation
from pacing.selectors import recommendations_for
from pacing.selectors.table import shown_health
from pacing.services import recommendations
from pacing.views.plans import detail_page
from pacing.words import brief

SHOWN = 100
_TABS = {"open": "Open", "accepted": "Accepted", "declined": "Declined", "past": "Expired or replaced"}
_STATES = {
    "open": [Recommendation.State.OPEN],
    "accepted": [Recommendation.State.ACCEPTED],
    "declined": [Recommendation.State.DECLINED],
    "past": [Recommendation.State.EXPIRED, Recommendation.State.SUPERSEDED],
}


@login_required
@require_GET
def recommendation_list(request: HttpRequest) -> HttpResponse:
    """What Lane would change, by money at risk; what became of earlier ones in the other views."""
    actor = request.actor  # type: ignore[attr-defined]
    view = request.GET.get("view", "open")
    view = view if view in _STATES else "open"
    visible = recommendations_for(actor).select_related("plan__snapshot", "plan__client")
    found = visible.filter(state__in=_STATES[view])
    if view == "open":
        found = found.filter(expires_at__gt=clock.now()).order_by("-plan__snapshot__abs_miss_micros", "-id")
    rows = [_row(each) for each in found[:SHOWN]]
    tabs = [
        {"label": label, "url": f"?view={name}", "count": "", "current": name == view}
        for name, label in _TABS.items()
    ]
    if view == "open":
        tabs[0]["count"] = len(rows) if len(rows) < SHOWN else f"{SHOWN}+"
    for row in rows:
        row["may_accept"] = policies.may(actor, "propose", client_id=row["advice"].client_id)
    return render(request, "pacing/recommendations/list.html", {"rows": rows, "tabs": tabs, "view": view})


@login_required
@require_POST
def recommendation_accept(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Turn a recommendation, perhaps with other amounts, into a change that asks for approval."""
    actor = request.actor  # type: ignore[attr-defined]
    advice = get_object_or_404(recommendations_for(actor), public_id=public_id)
    rows: dict[str, int] | None = None
    typed: dict[str, Any] = {}
    if request.POST.get("edited"):
        form = RowsForm(request.POST, advice.rows, advice.currency)
        typed = {"typed": form.typed, "taken": request.POST.getlist("take")}
        if form.errors:
            return detail_page(
                request, advice.plan.public_id, status=422, refused={"rows": form.errors, **typed}
            )
        rows = form.amounts
    try:
        change_set = recommendations.accept(public_id, actor=actor, rows=rows)
    except OutOfDate as error:
        messages.error(request, error.message)
        return redirect("plan-detail", advice.plan.public_id)
    except InvalidInput as error:
        refused = {"rows": error.fields or {"rows": error.message}, **typed}
        return detail_page(request, advice.plan.public_id, status=422, refused=refused)
    messages.success(request, f"Accepted: {change_set.title}. It is written once it is approved.")
    return redirect("plan-detail", advice.plan.public_id)


@login_required
@require_POST
def recommendation_decline(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say no and why; nothing changes at the platform."""
    actor = request.actor  # type: ignore[attr-defined]
    advice = get_object_or_404(recommendations_for(actor), public_id=public_id)
    reason = request.POST.get("reason", "")
    try:
        recommendations.decline(public_id, actor=actor, reason=reason)
    except OutOfDate as error:
        messages.error(request, error.message)
    except InvalidInput as error:
        refused = {"decline": error.message, "decline_reason": reason}
        return detail_page(request, advice.plan.public_id, status=422, refused=refused)
    else:
        messages.success(request, "Declined. Your reason is kept with the plan; nothing was changed.")
    return redirect("plan-detail", advice.plan.public_id)


def _row(advice: Recommendation) -> dict[str, Any]:
    plan = advice.plan
    snapshot = getattr(plan, "snapshot", None)
    ends = advice.effect.get("with") or {}
    without = advice.effect.get("without") or {}
    step = advice.new_micros - advice.now_micros
    return {
        "advice": advice,
        "plan": plan,
        "snap": snapshot,
        "health": shown_health(plan, snapshot),
        "why": brief(advice.reasons[0], advice.currency, timezone=plan.timezone) if advice.reasons else "",
        "step": format_money(step, advice.currency, signed=True),
        "moves_money": advice.kind in ("raise", "lower"),
        "with_p50": ends.get("p50"),
        "without_p50": without.get("p50"),
    }
