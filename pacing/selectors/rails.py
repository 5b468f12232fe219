"""What Lane may do to one plan here and now: every rail with its present figure, and what holds it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from approvals.selectors import policy_of
from campaigns.models import Budget, Drift
from campaigns.platforms.registry import capabilities_of
from campaigns.selectors.guardrails import Guardrails, guardrails_for
from lane.core import clock
from lane.core.money import format_money
from pacing.models import BudgetPlan
from pacing.words import MODES

STALE_AFTER_LAG_HOURS = 4
ALONE, APPROVAL, NEVER = "alone", "approval", "never"


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing Lane might do to this plan: alone, after approval, or never."""

    may: str
    label: str
    note: str


@dataclass(frozen=True, slots=True)
class Rails:
    """All of them, what holds automation back now, and the changes made outside Lane that wait for a choice."""

    items: list[Permission]
    held_by: tuple[str, ...]
    drifts: list[Drift]


def rails_of(plan: BudgetPlan, budgets: Sequence[Budget]) -> Rails:
    """The rails of a plan with their figures of now; a fixed number of queries."""
    found = guardrails_for(budgets)
    drifts = Drift.objects.filter(budget__in=budgets, state=Drift.State.OPEN)
    return Rails(
        items=[
            _mode(plan),
            *_steps(plan, budgets, found),
            _pause(plan, budgets),
            *_today(plan, found),
            _learning(plan, found),
            *_coexistence(found),
            _switch(found),
            *_data(budgets, found),
            Permission(
                NEVER,
                f"Spend more than {format_money(plan.amount_micros, plan.currency, 0)}",
                "An amendment changes it",
            ),
        ],
        held_by=found.held_by,
        drifts=list(drifts.select_related("budget__ad_account", "ad_campaign").order_by("-id")),
    )


def _mode(plan: BudgetPlan) -> Permission:
    may = {BudgetPlan.Mode.OBSERVE: NEVER, BudgetPlan.Mode.AUTO: ALONE}.get(
        BudgetPlan.Mode(plan.mode), APPROVAL
    )
    return Permission(may, f"Mode: {plan.get_mode_display().lower()}", MODES[plan.mode])


def _steps(plan: BudgetPlan, budgets: Sequence[Budget], found: Guardrails) -> list[Permission]:
    if any(budget.ad_account.source == "csv" for budget in budgets):
        return [Permission(NEVER, "Change a budget", "Fed by CSV files: Lane only recommends here")]
    if plan.mode == BudgetPlan.Mode.OBSERVE:
        return [Permission(NEVER, "Change a budget", "This plan is only observed")]
    policy = policy_of(plan.client)
    step = f"{found.step_limit_ratio * 100:.0f}"
    return [
        _step(plan, "Raise a budget", policy.auto_increase_ratio, step),
        _step(plan, "Lower a budget", policy.auto_decrease_ratio, step),
    ]


def _step(plan: BudgetPlan, label: str, automatic: Any, limit: str) -> Permission:
    if automatic > 0:
        share = f"{automatic * 100:.0f}"
        alone = plan.mode == BudgetPlan.Mode.AUTO
        first = "" if alone else "Once you accept, "
        note = f"{first}no approval; more needs one, and a step is at most {limit} %"
        return Permission(ALONE if alone else APPROVAL, f"{label} by up to {share} % a day", _sentence(note))
    return Permission(APPROVAL, f"{label}, up to {limit} % a step", "After approval")


def _pause(plan: BudgetPlan, budgets: Sequence[Budget]) -> Permission:
    files_only = any(budget.ad_account.source == "csv" for budget in budgets)
    if files_only or plan.mode == BudgetPlan.Mode.OBSERVE or not plan.pause_at_target:
        why = "Switched off for this plan" if not plan.pause_at_target else "This plan is only observed"
        return Permission(NEVER, "Pause at the target", "Fed by CSV files" if files_only else why)
    return Permission(ALONE, "Pause at the target", "Always, approved with the plan")


def _today(plan: BudgetPlan, found: Guardrails) -> list[Permission]:
    """How often and how far automation may still go today."""
    rows = []
    left, of = found.changes_left_today, found.changes_per_day
    if found.budgets:
        note = "on the budget with the fewest left"
        if found.rest_until:
            note = f"rests until {_local(found.rest_until, plan.timezone)}"
        label = f"{left} of {of} automatic changes left today"
        rows.append(Permission(ALONE if left and not found.rest_until else NEVER, label, _sentence(note)))
    hourly = [one for one in found.budgets if one.edits_left_this_hour is not None]
    if hourly:
        fewest = min(hourly, key=lambda one: one.edits_left_this_hour or 0)
        label = f"{fewest.edits_left_this_hour} of {fewest.edits_per_hour} edits left this hour"
        rows.append(
            Permission(ALONE if fewest.edits_left_this_hour else NEVER, label, "The platform's own limit")
        )
    for account in found.accounts:
        label = f"Raise {account.name} by {format_money(account.increase_left_micros, account.currency, 0)} more today"
        cap = format_money(account.increase_cap_micros, account.currency, 0)
        rows.append(
            Permission(
                ALONE if account.increase_left_micros else NEVER, label, f"All budgets together at most {cap}"
            )
        )
    return rows


def _learning(plan: BudgetPlan, found: Guardrails) -> Permission:
    learning = [one for one in found.budgets if one.learning_until]
    if learning:
        last = max(learning, key=lambda one: one.learning_until or clock.now())
        until = _local(last.learning_until or clock.now(), plan.timezone)
        return Permission(
            NEVER, f"Change “{last.name}” while it learns", f"{last.learning_reason}: until {until}"
        )
    days = found.learning_days
    note = (
        f"Automation waits {days} days after a start or a change of more than 20 %"
        if days
        else "Switched off"
    )
    return Permission(ALONE, "Nothing is in its learning phase", note)


def _coexistence(found: Guardrails) -> list[Permission]:
    rows = []
    if found.recommend_only_reason:
        rows.append(Permission(NEVER, "Act without being asked", found.recommend_only_reason))
    edits = sum(account.disturbances for account in found.accounts)
    drift = next((one.open_drift for one in found.budgets if one.open_drift), "")
    if drift:
        rows.append(Permission(NEVER, "Write over a change made outside Lane", drift))
    else:
        note = f"{edits} seen lately; automation pauses itself at {found.disturbance_limit}"
        rows.append(Permission(ALONE, "No change made outside Lane waits", note))
    return rows


def _switch(found: Guardrails) -> Permission:
    if found.stopped:
        return Permission(NEVER, "Write at all", found.stopped)
    return Permission(ALONE, "Writes are on", "No stop switch is set here")


def _data(budgets: Sequence[Budget], found: Guardrails) -> list[Permission]:
    lags = [capabilities_of(budget.ad_account.platform).report_lag_hours for budget in budgets]
    hours = int(min(lags, default=0)) + STALE_AFTER_LAG_HOURS
    stale = next((one.stale for one in found.accounts if one.stale), "")
    return [
        Permission(
            NEVER,
            f"Write while data is older than {hours} h",
            stale or "Data is fresh; it would freeze until a report",
        )
    ]


def _local(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%H:%M}" if local.date() == clock.today(zone) else f"{local:%-d %b %H:%M}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
