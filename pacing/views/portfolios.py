"""Portfolios: their list, one portfolio from all sides, and the answers to what Lane proposes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from lane.accounts import policies
from lane.core.errors import InvalidInput, OutOfDate
from pacing.arm_forms import ArmsForm, GroupsForm
from pacing.models import Portfolio
from pacing.portfolio_forms import arms_of_budgets
from pacing.selectors import portfolios as selectors
from pacing.services.portfolios import arms, moves, switching
from pacing.tasks import look_at_portfolio

LOOKS_A_PAGE, PORTFOLIOS_SHOWN = 50, 200
_TABS = {"current": "Running and paused", "stopped": "Stopped"}


@login_required
@require_GET
def portfolio_list(request: HttpRequest) -> HttpResponse:
    """Every portfolio with what the latest look found; stopped ones in their own view."""
    actor = request.actor  # type: ignore[attr-defined]
    view = "stopped" if request.GET.get("view") == "stopped" else "current"
    found = selectors.listed(actor)
    stopped = Portfolio.State.STOPPED
    found = found.filter(state=stopped) if view == "stopped" else found.exclude(state=stopped)
    search = request.GET.get("q", "").replace("\0", "").strip()[:100]
    if search:
        found = found.filter(name__icontains=search) | found.filter(client__name__icontains=search)
    return render(
        request,
        "pacing/portfolios/list.html",
        {
            "portfolios": list(found[:PORTFOLIOS_SHOWN]),
            "view": view,
            "search": search,
            "tabs": [
                {"label": label, "url": f"?view={name}", "count": "", "current": name == view}
                for name, label in _TABS.items()
            ],
            "may_create": bool(selectors.clients_to_make_for(actor)),
        },
    )


@login_required
@require_GET
def portfolio_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Curves, split, proposal, arms, history and experiments of a portfolio."""
    return detail_page(request, public_id)


def detail_page(
    request: HttpRequest,
    public_id: UUID,
    *,
    status: int = 200,
    refused: dict[str, Any] | None = None,
    arms_form: ArmsForm | None = None,
    groups_form: GroupsForm | None = None,
) -> HttpResponse:
    """The page of a portfolio; forms bring back what somebody typed, with what was wrong."""
    actor = request.actor  # type: ignore[attr-defined]
    portfolio = get_object_or_404(selectors.portfolios_for(actor), public_id=public_id)
    lines = selectors.arm_lines(portfolio)
    figures = portfolio.figures
    waiting = selectors.open_split(portfolio)
    looks = selectors.recent_looks(portfolio)
    known = [line.now_micros for line in lines if line.now_micros is not None]
    return render(
        request,
        "pacing/portfolios/detail.html",
        {
            "portfolio": portfolio,
            "figures": figures,
            "lines": lines,
            "curves": [line.figures for line in lines if line.figures],
            "now_total": sum(known) if len(known) == len(lines) else None,
            "waiting": waiting,
            "waiting_moves": list(waiting.moves.all()) if waiting else [],
            "splits": selectors.past_splits(portfolio),
            "looks": looks,
            "latest": looks[0] if looks else None,
            "experiments": selectors.recent_experiments(portfolio),
            "activity": selectors.activity_of(portfolio),
            "data_as_of": selectors.data_age(portfolio),
            "final_through": selectors.final_through(portfolio),
            "free_budgets": selectors.free_budgets(actor, portfolio),
            "arms_form": arms_form or ArmsForm(lines, portfolio.currency),
            "groups_form": groups_form or GroupsForm(portfolio),
            "may_change": policies.may(actor, "change", client_id=portfolio.client_id),
            "may_propose": policies.may(actor, "propose", client_id=portfolio.client_id),
            "refused": refused or {},
        },
        status=status,
    )


@login_required
@require_GET
def portfolio_looks(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Every look at a portfolio, newest first."""
    actor = request.actor  # type: ignore[attr-defined]
    portfolio = get_object_or_404(selectors.portfolios_for(actor), public_id=public_id)
    found = selectors.looks_for(actor).filter(portfolio=portfolio).defer("numbers", "inputs").order_by("-id")
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    page = list(found[: LOOKS_A_PAGE + 1])
    more = page[LOOKS_A_PAGE - 1].pk if len(page) > LOOKS_A_PAGE else None
    return render(
        request,
        "pacing/portfolios/looks.html",
        {"portfolio": portfolio, "looks": page[:LOOKS_A_PAGE], "before": more, "first": not before},
    )


@login_required
@require_GET
def look_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One look: what went in, what was decided and why, what became of it."""
    actor = request.actor  # type: ignore[attr-defined]
    look = get_object_or_404(
        selectors.looks_for(actor).select_related("portfolio__client"), public_id=public_id
    )
    return render(
        request,
        "pacing/portfolios/look.html",
        {
            "look": look,
            "portfolio": look.portfolio,
            "moves": list(look.moves.select_related("arm").order_by("pk")),
            "experiments": list(look.experiments.select_related("arm")),
        },
    )


@login_required
@require_POST
def portfolio_start(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Look at the portfolio again from now on."""
    return _switch(request, public_id, "start")


@login_required
@require_POST
def portfolio_pause(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop looking for a while; budgets stay as they are and stay in the portfolio."""
    return _switch(request, public_id, "pause")


@login_required
@require_POST
def portfolio_stop(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop looking and let the budgets go."""
    return _switch(request, public_id, "stop")


def _switch(request: HttpRequest, public_id: UUID, verb: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    reason = request.POST.get("reason", "")
    said = {"start": "is running", "pause": "is paused", "stop": "is stopped, its budgets are free"}
    try:
        portfolio = getattr(switching, verb)(public_id, actor=actor, reason=reason)
    except InvalidInput as error:
        refused = {verb: error.message, f"{verb}_reason": reason}
        return detail_page(request, public_id, status=422, refused=refused)
    messages.success(request, f"“{portfolio.name}” {said[verb]}. No budget was changed.")
    return redirect("portfolio-detail", public_id)


@login_required
@require_POST
def portfolio_look(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Look at the portfolio now instead of at its next time."""
    actor = request.actor  # type: ignore[attr-defined]
    portfolio = get_object_or_404(selectors.portfolios_for(actor), public_id=public_id)
    policies.require(actor, "propose", portfolio)
    if portfolio.state != Portfolio.State.RUNNING:
        messages.error(request, "This portfolio does not run. Start it first.")
    else:
        look_at_portfolio.delay_on_commit(portfolio.pk)
        messages.info(request, "Looking at this portfolio now. The result appears here by itself.")
    return redirect("portfolio-detail", public_id)


@login_required
@require_POST
def portfolio_arms(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Save locks, floors, caps and groups of all arms; one refused cell keeps all of it unsaved."""
    actor = request.actor  # type: ignore[attr-defined]
    portfolio = get_object_or_404(selectors.portfolios_for(actor), public_id=public_id)
    form = ArmsForm(selectors.arm_lines(portfolio), portfolio.currency, request.POST)
    version = request.POST.get("version", "")
    if not form.errors:
        try:
            arms.change(
                public_id,
                form.rows,
                actor=actor,
                expected_version=int(version) if version.isdecimal() else None,
            )
        except (InvalidInput, OutOfDate) as error:
            if isinstance(error, InvalidInput):
                form.refuse(error)
            else:
                form.errors["all"] = error.message
        else:
            messages.success(request, "Saved. The next look keeps to it.")
            return redirect("portfolio-detail", public_id)
    return detail_page(request, public_id, status=422, arms_form=form)


@login_required
@require_POST
def portfolio_arm_add(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take one more budget in as an arm."""
    actor = request.actor  # type: ignore[attr-defined]
    portfolio = get_object_or_404(selectors.portfolios_for(actor), public_id=public_id)
    free = {option.key: option.budget for option in selectors.free_budgets(actor, portfolio)}
    budget = free.get(request.POST.get("budget", ""))
    try:
        if budget is None:
            raise InvalidInput("This budget is no longer free. Reload the page and choose again.")
        added = arms.add(public_id, arms_of_budgets([budget])[0], actor=actor)
    except InvalidInput as error:
        return detail_page(request, public_id, status=422, refused={"accept": error.message})
    messages.success(
        request, f"“{added.label}” is an arm now. It keeps its amount until enough is known of it."
    )
    return redirect("portfolio-detail", public_id)


@login_required
@require_POST
def portfolio_arm_remove(request: HttpRequest, public_id: UUID, arm_id: UUID) -> HttpResponse:
    """Take an arm out; its budgets keep their amounts and are free."""
    actor = request.actor  # type: ignore[attr-defined]
    get_object_or_404(selectors.portfolios_for(actor), public_id=public_id)
    try:
        arms.remove(public_id, arm_id, actor=actor)
    except InvalidInput as error:
        return detail_page(request, public_id, status=422, refused={"accept": error.message})
    messages.success(request, "Taken out. Its budget keeps its amount; add it again below to undo.")
    return redirect("portfolio-detail", public_id)


@login_required
@require_POST
def portfolio_groups(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Save the groups and the shares they may have together."""
    actor = request.actor  # type: ignore[attr-defined]
    portfolio = get_object_or_404(selectors.portfolios_for(actor), public_id=public_id)
    form = GroupsForm(portfolio, request.POST)
    if not form.errors:
        try:
            arms.set_groups(public_id, form.groups, actor=actor)
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved. Give each arm its group in the table of arms.")
            return redirect("portfolio-detail", public_id)
    return detail_page(request, public_id, status=422, groups_form=form)


@login_required
@require_POST
def split_accept(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Turn a proposed split into one change that asks for approval."""
    actor = request.actor  # type: ignore[attr-defined]
    look = get_object_or_404(selectors.looks_for(actor), public_id=public_id)
    try:
        change_set = moves.accept(public_id, actor=actor)
    except (InvalidInput, OutOfDate) as error:
        code = 409 if isinstance(error, OutOfDate) else 422
        return detail_page(request, look.portfolio.public_id, status=code, refused={"accept": error.message})
    messages.success(request, "Accepted: it asks for approval now. Nothing is written before that.")
    return redirect("change-set-detail", change_set.public_id)


@login_required
@require_POST
def split_decline(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say no to a proposed split, and why."""
    actor = request.actor  # type: ignore[attr-defined]
    look = get_object_or_404(selectors.looks_for(actor), public_id=public_id)
    reason = request.POST.get("reason", "")
    try:
        moves.decline(public_id, actor=actor, reason=reason)
    except InvalidInput as error:
        refused = {"decline": error.message, "decline_reason": reason}
        return detail_page(request, look.portfolio.public_id, status=422, refused=refused)
    except OutOfDate as error:
        return detail_page(request, look.portfolio.public_id, status=409, refused={"accept": error.message})
    messages.success(request, "Declined, and the reason is kept. The budgets stay as they are.")
    return redirect("portfolio-detail", look.portfolio.public_id)
