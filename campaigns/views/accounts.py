"""One ad account: how fresh and how final its numbers are, its syncs, and budgets that others changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from campaigns import selectors
from campaigns.models import AccountDayFreshness, AdAccount, Budget, Connection, Drift
from campaigns.platforms import registry
from campaigns.rails import disturbance_limit
from campaigns.selectors.accounts import mismatched_days
from campaigns.selectors.automation import disturbances
from campaigns.services import accounts, automation, drift_settlement
from campaigns.tasks import sync as tasks
from lane.accounts import policies
from lane.core.errors import InvalidInput

DAYS_SHOWN = 14


@login_required
@require_GET
def account_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Freshness by day, what the last syncs did, and differences to settle."""
    actor = request.actor  # type: ignore[attr-defined]
    account = get_object_or_404(selectors.accounts_for(actor), public_id=public_id)
    runs = selectors.sync_runs_for(actor).filter(ad_account=account)
    return render(
        request,
        "campaigns/accounts/detail.html",
        {
            "account": account,
            "freshness": selectors.freshness_of(account),
            "running": runs.filter(state="running").first(),
            "runs": runs[:20],
            "days": AccountDayFreshness.objects.filter(ad_account=account).order_by("-on")[:DAYS_SHOWN],
            "mismatched": mismatched_days(account),
            "drifts": selectors.drifts_for(actor).filter(budget__ad_account=account)[:20],
            "held": selectors.budgets_for(actor).filter(ad_account=account).exclude(recommend_only_reason=""),
            "disturbances": disturbances(account),
            "disturbance_limit": disturbance_limit(),
            "settle_days": registry.capabilities_of(account.platform).settle_days,
            "may_change": policies.may(actor, "change", client_id=account.client_id),
            "may_manage": policies.may(actor, "manage", client_id=account.client_id),
        },
    )


@login_required
@require_POST
def account_sync(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Read one account now."""
    actor = request.actor  # type: ignore[attr-defined]
    account = get_object_or_404(selectors.accounts_for(actor), public_id=public_id)
    policies.require(actor, "change", account)
    if account.source == AdAccount.Source.CSV:
        messages.error(request, "This account is fed by CSV files: import a newer file instead.")
    elif account.connection is None or account.connection.status != Connection.Status.OK:
        messages.error(request, "Its login must be connected again before it can be read.")
    else:
        tasks.sync_account.hint_on_commit(account.pk, "recent")
        messages.info(request, f"Reading “{account.name}”. Progress shows below.")
    return redirect("account-detail", public_id)


@login_required
@require_POST
def account_switch(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Switch the syncs of one account on or off."""
    actor = request.actor  # type: ignore[attr-defined]
    enabled = request.POST.get("enabled") == "1"
    account = accounts.set_sync(public_id, enabled=enabled, actor=actor)
    messages.success(request, f"“{account.name}” is {'read again' if enabled else 'no longer read'}.")
    return redirect("account-detail", public_id)


@login_required
@require_POST
def drift_settle(request: HttpRequest, public_id: UUID, answer: str) -> HttpResponse:
    """Adopt the platform's amount, propose Lane's again, leave the difference, or pause automation there."""
    actor = request.actor  # type: ignore[attr-defined]
    drift = get_object_or_404(selectors.drifts_for(actor), public_id=public_id)
    reason = request.POST.get("reason", "").strip()
    if answer == "adopt":
        drift_settlement.adopt(public_id, actor=actor, reason=reason)
        messages.success(request, f"“{drift.budget.name}” keeps the amount set at the platform.")
    elif answer == "leave":
        drift_settlement.leave(public_id, actor=actor, reason=reason)
        messages.success(request, "Left as it is. The same amount is not reported again.")
    elif answer == "pause":
        drift_settlement.pause_automation(public_id, actor=actor, reason=reason)
        messages.success(request, f"Lane only recommends on “{drift.budget.name}” until it is resumed.")
    elif answer == "reapply":
        change_set = drift_settlement.reapply(public_id, actor=actor, reason=reason)
        messages.success(request, "Proposed to set it back. It is written once it is approved.")
        return redirect("change-set-detail", change_set.public_id)
    else:
        raise Http404
    return redirect("account-detail", _account_of(drift).public_id)


@login_required
@require_POST
def account_automation(request: HttpRequest, public_id: UUID, answer: str) -> HttpResponse:
    """Pause automation on an account, or let it act again."""
    actor = request.actor  # type: ignore[attr-defined]
    account = automation.find(AdAccount, public_id, actor)
    _automation(request, answer, account, automation.pause_account, automation.resume_account)
    return redirect("account-detail", public_id)


@login_required
@require_POST
def budget_automation(request: HttpRequest, public_id: UUID, answer: str) -> HttpResponse:
    """Pause automation on one budget, or let it act again."""
    actor = request.actor  # type: ignore[attr-defined]
    budget = automation.find(Budget, public_id, actor)
    _automation(request, answer, budget, automation.pause_budget, automation.resume_budget)
    return redirect("account-detail", budget.ad_account.public_id)


def _automation(request: HttpRequest, answer: str, thing: Any, pause: Any, resume: Any) -> None:
    """Do what was asked and say so; a refusal over the reason is told where the person is."""
    actor = request.actor  # type: ignore[attr-defined]
    if answer not in ("pause", "resume"):
        raise Http404
    try:
        (pause if answer == "pause" else resume)(thing, actor=actor, reason=request.POST.get("reason", ""))
    except InvalidInput as refused:
        messages.error(request, next(iter(refused.fields.values()), refused.message))
    else:
        said = "only recommends on" if answer == "pause" else "may act again on"
        messages.success(request, f"Lane {said} “{thing.name}”.")


def _account_of(drift: Drift) -> AdAccount:
    return drift.budget.ad_account
