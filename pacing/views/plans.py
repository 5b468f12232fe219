"""One plan: what it does, why, and what a person may do with it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from lane.accounts import policies
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput
from pacing.models import BudgetPlan
from pacing.selectors import detail, plans_for, recommendations_for, runs_for
from pacing.selectors.budgets import budgets_of
from pacing.selectors.explanations import current_explanation
from pacing.selectors.learned import learned_of
from pacing.selectors.ledger import ledger_of, waiting_amendment
from pacing.selectors.offers import open_shortfall
from pacing.selectors.portfolios import portfolios_over
from pacing.selectors.proposals import Proposal, proposal_for
from pacing.selectors.rails import rails_of
from pacing.selectors.table import PlanRow, days_left, platform_words, shown_health
from pacing.services import plans
from pacing.tasks import run_plan
from pacing.views.proposal import card
from pacing.words import reason_texts

RUNS_A_PAGE = 50


@login_required
@require_GET
def plan_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Curve, looks, proposal, changes and activity of a plan."""
    return detail_page(request, public_id)


def detail_page(
    request: HttpRequest, public_id: UUID, *, status: int = 200, refused: dict[str, Any] | None = None
) -> HttpResponse:
    """The page of a plan; ``refused`` brings back what somebody typed, with what was wrong."""
    actor = request.actor  # type: ignore[attr-defined]
    plan = get_object_or_404(plans_for(actor).select_related("snapshot"), public_id=public_id)
    snapshot = getattr(plan, "snapshot", None)
    budgets = budgets_of(plan)
    proposal = proposal_for(plan, actor)
    advice = list(recommendations_for(actor).filter(plan=plan)[:20])
    health = shown_health(plan, snapshot)
    advice_now = proposal.recommendation if proposal is not None else None
    runs = list(runs_for(actor).filter(plan=plan).order_by("-at", "-id")[: detail.RUNS_SHOWN])
    row = PlanRow(plan, snapshot, health, "", "", days_left(plan), proposal or Proposal.none(plan, health))
    return render(
        request,
        "pacing/plans/detail.html",
        {
            "plan": plan,
            "snap": snapshot,
            "row": row,
            "health": health,
            "why": detail.explanations(plan, snapshot),
            "platforms": platform_words(sorted({budget.ad_account.platform for budget in budgets})),
            "budgets": budgets,
            "curve": detail.curve_of(plan, snapshot, budgets, proposal, known_on=_known_on(request, plan)),
            "runs": detail.run_lines(plan, runs),
            "card": card(plan, proposal, actor),
            "past_advice": [each for each in advice if each.state != "open"][:4],
            "explanation": current_explanation(plan, str(advice_now.public_id)) if advice_now else None,
            "shortfall": open_shortfall(plan),
            "waiting": waiting_amendment(plan),
            "tolerance": detail.tolerance_of(plan),
            "may_change": policies.may(actor, "change", client_id=plan.client_id),
            "may_propose": policies.may(actor, "propose", client_id=plan.client_id),
            "today": clock.today(plan.timezone),
            "refused": refused or {},
        },
        status=status,
    )


@login_required
@require_GET
def plan_part(request: HttpRequest, public_id: UUID, part: str) -> HttpResponse:
    """A part of the plan's page that is read after it: its rails, its ledger, or its history."""
    actor = request.actor  # type: ignore[attr-defined]
    if part not in _PARTS:
        raise Http404
    plan = get_object_or_404(plans_for(actor).select_related("snapshot"), public_id=public_id)
    context = {
        "plan": plan,
        "may_change": policies.may(actor, "change", client_id=plan.client_id),
        "may_propose": policies.may(actor, "propose", client_id=plan.client_id),
        **_PARTS[part](plan, actor),
    }
    # Asked for by the page it is only the part; by itself, without JavaScript, it is a page around it.
    template = f"_{part}" if request.headers.get("HX-Request") else "part"
    return render(request, f"pacing/plans/{template}.html", context | {"part": f"pacing/plans/_{part}.html"})


def _rails(plan: BudgetPlan, actor: Actor) -> dict[str, Any]:
    return {"rails": rails_of(plan, budgets_of(plan)), "part_title": "What Lane may do here"}


def _ledger(plan: BudgetPlan, actor: Actor) -> dict[str, Any]:
    return {"ledger": ledger_of(plan), "part_title": "Approved budget"}


def _history(plan: BudgetPlan, actor: Actor) -> dict[str, Any]:
    budgets = budgets_of(plan)
    advice = list(recommendations_for(actor).filter(plan=plan)[:20])
    return {
        "budgets": budgets,
        "portfolios": portfolios_over([budget.pk for budget in budgets], actor),
        "changes": detail.changes_of(plan, [budget.pk for budget in budgets], actor),
        "activity": detail.activity_of(plan, advice),
        "part_title": "History",
    }


def _learned(plan: BudgetPlan, actor: Actor) -> dict[str, Any]:
    return {"learned": learned_of(plan), "part_title": "What its history says"}


_PARTS = {"rails": _rails, "ledger": _ledger, "history": _history, "learned": _learned}


@login_required
@require_GET
def plan_runs(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Every look at a plan, newest first."""
    actor = request.actor  # type: ignore[attr-defined]
    plan = get_object_or_404(plans_for(actor), public_id=public_id)
    found = runs_for(actor).filter(plan=plan).order_by("-id")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    page = list(found[: RUNS_A_PAGE + 1])
    more = page[RUNS_A_PAGE - 1].pk if len(page) > RUNS_A_PAGE else None
    lines = detail.run_lines(plan, page[:RUNS_A_PAGE])
    return render(
        request, "pacing/plans/runs.html", {"plan": plan, "runs": lines, "before": more, "first": not before}
    )


@login_required
@require_GET
def run_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One look: what went in, what came out, and every reason."""
    actor = request.actor  # type: ignore[attr-defined]
    run = get_object_or_404(runs_for(actor).select_related("plan__client"), public_id=public_id)
    plan = run.plan
    return render(
        request,
        "pacing/plans/run.html",
        {
            "plan": plan,
            "run": run,
            "line": detail.run_lines(plan, [run])[0],
            "reasons": reason_texts(run.reasons, plan.currency, timezone=plan.timezone, at=run.at),
        },
    )


@login_required
@require_POST
def plan_pause(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop pacing the plan; its campaigns run on as they are."""
    actor = request.actor  # type: ignore[attr-defined]
    reason = request.POST.get("reason", "")
    try:
        plan = plans.pause(public_id, actor=actor, reason=reason)
    except InvalidInput as error:
        return detail_page(
            request, public_id, status=422, refused={"pause": error.message, "pause_reason": reason}
        )
    messages.success(
        request, f"“{plan.name}” is paused. Its campaigns run on as they are; Lane changes nothing."
    )
    return redirect("plan-detail", public_id)


@login_required
@require_POST
def plan_resume(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Pace the plan again from now on."""
    actor = request.actor  # type: ignore[attr-defined]
    plan = plans.resume(public_id, actor=actor)
    messages.success(request, f"“{plan.name}” is paced again.")
    return redirect("plan-detail", public_id)


@login_required
@require_POST
def plan_archive(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Put the plan away; its budgets are free for another plan."""
    actor = request.actor  # type: ignore[attr-defined]
    plan = plans.archive(public_id, actor=actor, reason=request.POST.get("reason", ""))
    messages.success(request, f"“{plan.name}” is archived. Its budgets are free for another plan.")
    return redirect("plan-list")


@login_required
@require_POST
def plan_run(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Look at the plan now instead of at the next slot."""
    actor = request.actor  # type: ignore[attr-defined]
    plan = get_object_or_404(plans_for(actor), public_id=public_id)
    policies.require(actor, "propose", plan)
    if plan.status in (BudgetPlan.Status.ENDED, BudgetPlan.Status.ARCHIVED):
        messages.error(request, "This plan is over; there is nothing to look at.")
    else:
        run_plan.delay_on_commit(plan.pk)
        messages.info(request, "Looking at this plan now. The result appears here by itself.")
    return redirect("plan-detail", public_id)


def _known_on(request: HttpRequest, plan: BudgetPlan) -> date | None:
    """An earlier day whose knowledge is asked for; anything else is the present."""
    try:
        day = date.fromisoformat(request.GET.get("known", ""))
    except ValueError:
        return None
    return day if plan.starts_on <= day < clock.today(plan.timezone) else None
