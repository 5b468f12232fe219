"""Guard rails: what Lane refuses to write, whoever approved it, and what automation may not do alone.

They are read inside the transaction that claims a change, under the lock of the account's guard day, so that
fifty workers that all see room below a cap cannot together exceed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import F, Q, QuerySet, Sum

from campaigns.models import AccountGuardDay, AdAccount, Budget, Change, Connection, WriteCall
from campaigns.platforms.records import Capabilities
from campaigns.selectors import kill_switches
from lane.core import clock
from lane.core.dates import day_start
from lane.core.money import format_money

STEP_RATIO = Decimal("0.20")
LAST_DAY_RATIO = Decimal("0.50")
ACCOUNT_DAY_RATIO = Decimal("0.30")
AUTOMATION_REST = timedelta(hours=4)
AUTOMATION_PER_DAY = 3
_COUNTED = (Change.State.APPROVED, Change.State.SENT, Change.State.VERIFIED, Change.State.STUCK)
_NOT_LANDED = ("refused", "rate_limited", "transient", "auth", "not_sent")


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
        reason = _step(change) or _frequency(change) or _account_day(change)
        if reason:
            return Refusal(reason)
    _admit(change, day)
    return None


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
        .exclude(answer__in=_NOT_LANDED)
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
    return ""


def _bounds(change: Change) -> str:
    budget, target = change.budget, change.target_micros
    if budget is None or target is None:
        return ""
    return outside_bounds(budget, target)


def outside_bounds(budget: Budget, target_micros: int) -> str:
    """Which of a budget's own limits an amount breaks, in words; empty when none."""
    if budget.floor_micros is not None and target_micros < budget.floor_micros:
        floor = format_money(budget.floor_micros, budget.currency)
        return f"{budget.name} must not go below its floor of {floor}."
    if budget.ceiling_micros is not None and target_micros > budget.ceiling_micros:
        ceiling = format_money(budget.ceiling_micros, budget.currency)
        return f"{budget.name} must not go above its ceiling of {ceiling}."
    return ""


def increase_micros(change: Change) -> int:
    """By how much a change raises a budget; 0 for a decrease or a status."""
    if change.base_micros is None or change.target_micros is None:
        return 0
    return max(0, change.target_micros - change.base_micros)


def _step(change: Change) -> str:
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
    mine = _automatic().filter(entity_key=change.entity_key).exclude(pk=change.pk)
    if mine.filter(admitted_at__gt=now - AUTOMATION_REST).exists():
        return "Automation already changed this in the last 4 hours."
    if mine.filter(admitted_at__gte=_day_start(change.ad_account)).count() >= AUTOMATION_PER_DAY:
        return f"Automation already changed this {AUTOMATION_PER_DAY} times today."
    return ""


def _account_day(change: Change) -> str:
    increase = increase_micros(change)
    if not increase:
        return ""
    used = _raised_today(change.ad_account, but_not=change.pk)
    room = account_day_cap_micros(change.ad_account)
    if used + increase > room:
        cap = format_money(room, change.ad_account.currency)
        return f"Increases that nobody approved may add up to {cap} a day on {change.ad_account.name}."
    return ""


def account_day_cap_micros(account: AdAccount) -> int:
    """Most that automation may raise an account's daily budgets by today: a share of where the day began."""
    total = Budget.objects.filter(
        ad_account=account, kind=Budget.Kind.DAILY, removed_at__isnull=True
    ).aggregate(total=Sum("amount_micros"))["total"]
    landed = _raised_today(account, states=[Change.State.VERIFIED])
    ratio = Decimal(getattr(settings, "LANE_ACCOUNT_DAY_INCREASE_RATIO", ACCOUNT_DAY_RATIO))
    return max(0, int(((total or 0) - landed) * ratio))


def _raised_today(account: AdAccount, *, but_not: int = 0, states: list[str] | None = None) -> int:
    raised = (
        _automatic()
        .filter(
            ad_account=account,
            admitted_at__gte=_day_start(account),
            target_micros__gt=F("base_micros"),
        )
        .exclude(pk=but_not)
    )
    if states is not None:
        raised = raised.filter(state__in=states)
    return int(raised.aggregate(sum=Sum(F("target_micros") - F("base_micros")))["sum"] or 0)


def _automatic() -> QuerySet[Change]:
    return Change.objects.filter(
        Q(is_automatic=True, is_guard=False, admitted_at__isnull=False), state__in=_COUNTED
    )


def _day_start(account: AdAccount) -> datetime:
    return day_start(clock.today(account.timezone), account.timezone)


def _locked_day(account: AdAccount) -> AccountGuardDay:
    today = clock.today(account.timezone)
    AccountGuardDay.objects.get_or_create(ad_account=account, on=today)
    return AccountGuardDay.objects.select_for_update().get(ad_account=account, on=today)


def _admit(change: Change, day: AccountGuardDay) -> None:
    """Count a change once a day, on the account-local day it is let through."""
    already_today = change.admitted_at is not None and change.admitted_at >= _day_start(change.ad_account)
    if already_today:
        return
    change.admitted_at = clock.now()
    Change.objects.filter(pk=change.pk).update(admitted_at=change.admitted_at)
    raised = increase_micros(change) if change.is_automatic and not change.is_guard else 0
    AccountGuardDay.objects.filter(pk=day.pk).update(
        writes=F("writes") + 1, increased_micros=F("increased_micros") + raised
    )
