"""Guard rails: what Lane refuses to write, whoever approved it, and what automation may not do alone.

They are read inside the transaction that claims a change, under the lock of the account's guard day, so that
fifty workers that all see room below a cap cannot together exceed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F

from campaigns.models import AccountGuardDay, AdAccount, Budget, Change, Connection, WriteCall
from campaigns.platforms.records import Capabilities
from campaigns.rails import (
    AUTOMATION_PER_DAY,
    AUTOMATION_REST,
    BID_STEP_RATIO,
    LAST_DAY_RATIO,
    STEP_RATIO,
    learning_days,
)
from campaigns.selectors import kill_switches
from campaigns.selectors.automation import (
    account_day_cap_micros,
    automatic,
    cap_within_plan,
    day_start_of,
    raised_today,
)
from campaigns.selectors.guardrails import NOT_LANDED
from campaigns.selectors.learning_phase import learning_of
from lane.core import clock
from lane.core.money import format_money


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a change may not be written, in words for the person who approved it."""

    reason: str


def refusal(change: Change) -> Refusal | None:
    """Whether anything forbids writing this change now; admits it and counts it against caps when not.

    Call it inside the claiming transaction: it locks the account's guard day.
    """
    reason = stopped(change) or _account(change) or _bounds(change)
    if reason:
        return Refusal(reason)
    day = _locked_day(change.ad_account)
    if change.is_automatic and not change.is_guard:
        reason = _alone(change)
        if reason:
            return Refusal(reason)
    _admit(change, day)
    return None


def _alone(change: Change) -> str:
    """What automation may not do without a person, in words; empty when it may."""
    if change.field == Change.Field.SPEND_CAP:
        return _cap(change)
    if change.field == Change.Field.BID_TARGET:
        return _learning(change) or _bid_step(change) or _frequency(change)
    return _learning(change) or _step(change) or _frequency(change) or _account_day(change)


def stopped(change: Change) -> str:
    """The kill switch that holds this change, in words; empty when none does."""
    switch = kill_switches.stopping(change)
    if switch is None:
        return ""
    scope = kill_switches.scope_words(switch)
    return f"Writes are stopped ({scope}) by {switch.stopped_by_label}: {switch.reason}"


def platform_pause(change: Change, capabilities: Capabilities) -> timedelta | None:
    """How long to wait before the platform's hourly limit of edits of one entity allows another; None is now."""
    limit = capabilities.writes_per_entity_per_hour
    if limit is None:
        return None
    now = clock.now()
    recent = list(
        WriteCall.objects.filter(change__entity_key=change.entity_key, sent_at__gt=now - timedelta(hours=1))
        .exclude(answer__in=NOT_LANDED)
        .order_by("-sent_at")
        .values_list("sent_at", flat=True)[:limit]
    )
    if len(recent) < limit:
        return None
    return recent[-1] + timedelta(hours=1) - now


def _account(change: Change) -> str:
    account = change.ad_account
    if account.source == AdAccount.Source.CSV:
        return f"{account.name} comes from CSV files: change the budget at the platform yourself."
    if account.connection is None or account.connection.status == Connection.Status.DISCONNECTED:
        return f"{account.name} is not connected. Connect it again, then propose the change anew."
    if change.is_automatic and not change.is_guard and account.recommend_only_reason:
        return f"Automation only recommends on {account.name}: {account.recommend_only_reason}"
    budget = budget_of(change)
    if change.is_automatic and not change.is_guard and budget is not None and budget.recommend_only_reason:
        return f"Automation only recommends on {budget.name}: {budget.recommend_only_reason}"
    return ""


def budget_of(change: Change) -> Budget | None:
    """The budget whose spending a change moves; None where several share what is changed."""
    if change.budget is not None:
        return change.budget
    if change.ad_group is not None:
        return change.ad_group.budget or change.ad_group.ad_campaign.budget
    return change.ad_campaign.budget if change.ad_campaign is not None else None


def _learning(change: Change) -> str:
    """No automatic step while a platform learns; on the last day of a plan nothing is left to learn for."""
    budget = budget_of(change)
    if (
        budget is None
        or change.field == Change.Field.STATUS
        or change.change_set.evidence.get("last_day") is True
    ):
        return ""
    learning = learning_of([budget]).get(budget.pk)
    if learning is None:
        return ""
    until = learning.until.astimezone(ZoneInfo(change.ad_account.timezone))
    return (
        f"{learning.reason} less than {learning_days()} days ago: automation leaves {budget.name} alone until "
        f"{until.day} {until:%b, %H:%M}. This needs a person."
    )


def _cap(change: Change) -> str:
    """Automation may set a spend cap and lower it; raise it no further than what is left of the plan."""
    if change.target_micros is None:
        return "Only a person may take a spend cap away."
    if change.base_micros is None or change.target_micros < change.base_micros:
        return ""
    most = cap_within_plan(change)
    if most is None:
        return _too_far(change, "a spend cap", STEP_RATIO)
    if change.target_micros > most:
        left = format_money(change.change_set.evidence["remaining_micros"], change.currency)
        return f"Only {left} of the plan is left; automation does not raise the spend cap beyond it."
    return ""


def _bid_step(change: Change) -> str:
    """Either way: a stricter target can stop delivery, a more generous one can cost."""
    return _too_far(change, f"a {change.what}", BID_STEP_RATIO, either_way=True)


def _too_far(change: Change, thing: str, ratio: Decimal, *, either_way: bool = False) -> str:
    base = change.base_millis if change.base_micros is None else change.base_micros
    target = change.target_millis if change.target_micros is None else change.target_micros
    if base is None or target is None:
        return f"Where {thing} stands is not known; this needs a person."
    step = abs(target - base) if either_way else target - base
    if step > base * ratio:
        return f"Automation may move {thing} by at most {ratio:.0%} at once; this needs a person."
    return ""


def _bounds(change: Change) -> str:
    budget, target = change.budget, change.target_micros
    if budget is None or target is None or not change.is_daily_amount:
        return ""
    return outside_bounds(budget, target)


def outside_bounds(budget: Budget, target_micros: int) -> str:
    """Which of a budget's own limits a daily amount breaks, in words; empty when none."""
    if budget.floor_micros is not None and target_micros < budget.floor_micros:
        floor = format_money(budget.floor_micros, budget.currency)
        return f"{budget.name} must not go below its floor of {floor}."
    if budget.ceiling_micros is not None and target_micros > budget.ceiling_micros:
        ceiling = format_money(budget.ceiling_micros, budget.currency)
        return f"{budget.name} must not go above its ceiling of {ceiling}."
    return ""


def increase_micros(change: Change) -> int:
    """By how much a change raises a daily budget; 0 for a decrease or anything else."""
    if not change.is_daily_amount or change.base_micros is None or change.target_micros is None:
        return 0
    return max(0, change.target_micros - change.base_micros)


def _step(change: Change) -> str:
    if change.kind == Change.Kind.LIFETIME:
        return _too_far(change, "a lifetime budget", STEP_RATIO)
    increase, base = increase_micros(change), change.base_micros or 0
    if not increase:
        return ""
    evidence = change.change_set.evidence
    ratio = LAST_DAY_RATIO if evidence.get("last_day") is True else STEP_RATIO
    if increase > base * ratio:
        return f"Automation may raise a budget by at most {ratio:.0%} at once; this needs a person."
    remaining = evidence.get("remaining_micros")
    if evidence.get("last_day") is True and isinstance(remaining, int):
        assert change.target_micros is not None
        if change.target_micros > remaining:
            left = format_money(remaining, change.currency)
            return f"Only {left} of the plan is left; automation does not go above it."
    return ""


def _frequency(change: Change) -> str:
    now = clock.now()
    mine = automatic().filter(entity_key=change.entity_key).exclude(pk=change.pk)
    if mine.filter(admitted_at__gt=now - AUTOMATION_REST).exists():
        return "Automation already changed this in the last 4 hours."
    if mine.filter(admitted_at__gte=day_start_of(change.ad_account)).count() >= AUTOMATION_PER_DAY:
        return f"Automation already changed this {AUTOMATION_PER_DAY} times today."
    return ""


def _account_day(change: Change) -> str:
    increase = increase_micros(change)
    if not increase:
        return ""
    used = raised_today(change.ad_account, but_not=change.pk)
    room = account_day_cap_micros(change.ad_account)
    if used + increase > room:
        cap = format_money(room, change.ad_account.currency)
        return f"Increases that nobody approved may add up to {cap} a day on {change.ad_account.name}."
    return ""


def _locked_day(account: AdAccount) -> AccountGuardDay:
    today = clock.today(account.timezone)
    AccountGuardDay.objects.get_or_create(ad_account=account, on=today)
    return AccountGuardDay.objects.select_for_update().get(ad_account=account, on=today)


def _admit(change: Change, day: AccountGuardDay) -> None:
    """Count a change once a day, on the account-local day it is let through."""
    already_today = change.admitted_at is not None and change.admitted_at >= day_start_of(change.ad_account)
    if already_today:
        return
    change.admitted_at = clock.now()
    Change.objects.filter(pk=change.pk).update(admitted_at=change.admitted_at)
    raised = increase_micros(change) if change.is_automatic and not change.is_guard else 0
    AccountGuardDay.objects.filter(pk=day.pk).update(
        writes=F("writes") + 1, increased_micros=F("increased_micros") + raised
    )
