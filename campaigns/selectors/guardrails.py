"""What Lane may do here: every guard rail of some budgets as it stands now, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, Q, Sum

from campaigns.models import AdAccount, Budget, Change, Drift, KillSwitch, WriteCall
from campaigns.platforms import registry
from campaigns.rails import (
    AUTOMATION_PER_DAY,
    AUTOMATION_REST,
    BID_STEP_RATIO,
    COUNTED_DAYS,
    LAST_DAY_RATIO,
    STEP_RATIO,
    account_day_ratio,
    disturbance_limit,
    learning_days,
)
from campaigns.selectors import kill_switches
from campaigns.selectors.accounts import freshness_of
from campaigns.selectors.automation import automatic, day_start_of
from campaigns.selectors.learning_phase import Learning, learning_of
from lane.core import clock

NOT_LANDED = ("refused", "rate_limited", "transient", "auth", "not_sent")
"""Answers of calls that certainly changed nothing."""


@dataclass(frozen=True, slots=True)
class BudgetRails:
    """One budget's own rails. Instants are UTC; amounts are micros of ``currency``."""

    budget_id: int
    name: str
    currency: str
    floor_micros: int | None
    ceiling_micros: int | None
    changes_left_today: int
    rest_until: datetime | None
    learning_until: datetime | None
    learning_reason: str
    recommend_only_reason: str
    open_drift: str
    edits_per_hour: int | None
    edits_left_this_hour: int | None


@dataclass(frozen=True, slots=True)
class AccountRails:
    """The rails of an ad account that budgets of a plan share."""

    account_id: int
    name: str
    platform: str
    currency: str
    increase_cap_micros: int
    increase_left_micros: int
    recommend_only_reason: str
    stopped: str
    stale: str
    disturbances: int


@dataclass(frozen=True, slots=True)
class Guardrails:
    """All rails of some budgets together. The strictest one wins."""

    budgets: tuple[BudgetRails, ...]
    accounts: tuple[AccountRails, ...]
    step_limit_ratio: Decimal = STEP_RATIO
    last_day_ratio: Decimal = LAST_DAY_RATIO
    bid_step_ratio: Decimal = BID_STEP_RATIO
    rest: timedelta = AUTOMATION_REST
    changes_per_day: int = AUTOMATION_PER_DAY
    learning_days: int = 0
    disturbance_limit: int = 0

    @property
    def changes_left_today(self) -> int:
        """Automatic changes that still fit today, on the budget with the fewest left."""
        return min((one.changes_left_today for one in self.budgets), default=0)

    @property
    def rest_until(self) -> datetime | None:
        """When automation may next change each of the budgets; None for now."""
        return max((one.rest_until for one in self.budgets if one.rest_until), default=None)

    @property
    def learning_until(self) -> datetime | None:
        """When the last of the budgets has learned; None when none is learning."""
        return max((one.learning_until for one in self.budgets if one.learning_until), default=None)

    @property
    def stopped(self) -> str:
        """The kill switch that holds writes here, in words; empty when none does."""
        return next((one.stopped for one in self.accounts if one.stopped), "")

    @property
    def recommend_only_reason(self) -> str:
        """Why automation only recommends here; empty when it may act."""
        reasons = [one.recommend_only_reason for one in self.accounts]
        reasons += [one.recommend_only_reason for one in self.budgets]
        return next((reason for reason in reasons if reason), "")

    @property
    def held_by(self) -> tuple[str, ...]:
        """Every reason why automation may not take a step now, in words; empty when it may."""
        found = [self.stopped, self.recommend_only_reason, *(one.stale for one in self.accounts)]
        found += [one.open_drift for one in self.budgets]
        found += [
            f"{one.name}: {one.learning_reason}; automation waits until it has learned."
            for one in self.budgets
            if one.learning_until
        ]
        if self.rest_until:
            found.append("Automation changed this in the last 4 hours.")
        if self.budgets and not self.changes_left_today:
            found.append(f"Automation already changed this {self.changes_per_day} times today.")
        return tuple(dict.fromkeys(one for one in found if one))

    @property
    def may_act_alone(self) -> bool:
        """Whether nothing keeps automation from taking a step now."""
        return not self.held_by


def guardrails_for(budgets: Iterable[Budget]) -> Guardrails:
    """The rails of some budgets. Their accounts are read along; the number of queries never grows."""
    rows = list(
        Budget.objects.filter(pk__in=[budget.pk for budget in budgets])
        .select_related("ad_account__connection")
        .order_by("name", "pk")
    )
    accounts = {row.ad_account_id: row.ad_account for row in rows}
    today = _automatic_today(accounts)
    learning = learning_of(rows)
    drifts = {drift.budget_id: drift for drift in _open_drifts(rows)}
    edits = _edits_this_hour(rows)
    return Guardrails(
        budgets=tuple(
            _of_budget(row, today[row.ad_account_id], learning.get(row.pk), drifts.get(row.pk), edits)
            for row in rows
        ),
        accounts=_of_accounts(accounts, today),
        learning_days=learning_days(),
        disturbance_limit=disturbance_limit(),
    )


def _of_budget(
    budget: Budget,
    today: Sequence[Change],
    learning: Learning | None,
    drift: Drift | None,
    edits: Mapping[str, int],
) -> BudgetRails:
    key, now = f"budget:{budget.pk}", clock.now()
    mine = [row for row in today if row.entity_key == key and row.admitted_at is not None]
    last = max((row.admitted_at for row in mine if row.admitted_at), default=None)
    rest_until = last + AUTOMATION_REST if last else None
    began = day_start_of(budget.ad_account)
    count = sum(1 for row in mine if row.admitted_at and row.admitted_at >= began)
    limit = registry.capabilities_of(budget.ad_account.platform).writes_per_entity_per_hour
    return BudgetRails(
        budget_id=budget.pk,
        name=budget.name,
        currency=budget.currency,
        floor_micros=budget.floor_micros,
        ceiling_micros=budget.ceiling_micros,
        changes_left_today=max(0, AUTOMATION_PER_DAY - count),
        rest_until=rest_until if rest_until and rest_until > now else None,
        learning_until=learning.until if learning else None,
        learning_reason=learning.reason if learning else "",
        recommend_only_reason=budget.recommend_only_reason,
        open_drift=f"{drift.thing} was changed outside Lane and nobody has settled it." if drift else "",
        edits_per_hour=limit,
        edits_left_this_hour=None if limit is None else max(0, limit - edits.get(key, 0)),
    )


def _of_accounts(
    accounts: Mapping[int, AdAccount], today: Mapping[int, Sequence[Change]]
) -> tuple[AccountRails, ...]:
    totals = dict(
        Budget.objects.filter(ad_account__in=accounts, kind=Budget.Kind.DAILY, removed_at__isnull=True)
        .order_by()
        .values_list("ad_account_id")
        .annotate(Sum("amount_micros"))
    )
    switches = list(kill_switches.on().select_related("client", "connection"))
    disturbed = _disturbances(accounts)
    found = []
    for account in accounts.values():
        began = day_start_of(account)
        raised = [
            (row, max(0, (row.target_micros or 0) - (row.base_micros or 0)))
            for row in today[account.pk]
            if row.is_daily_amount and row.admitted_at and row.admitted_at >= began
        ]
        landed = sum(step for row, step in raised if row.state == Change.State.VERIFIED)
        cap = max(0, int(((totals.get(account.pk) or 0) - landed) * account_day_ratio()))
        fresh = freshness_of(account)
        found.append(
            AccountRails(
                account_id=account.pk,
                name=account.name,
                platform=account.platform,
                currency=account.currency,
                increase_cap_micros=cap,
                increase_left_micros=max(0, cap - sum(step for _, step in raised)),
                recommend_only_reason=account.recommend_only_reason,
                stopped=_stopped(account, switches),
                stale=f"{account.name}: {fresh.reason}." if fresh.is_stale else "",
                disturbances=disturbed.get(account.pk, 0),
            )
        )
    return tuple(sorted(found, key=lambda one: one.name))


def _automatic_today(accounts: Mapping[int, AdAccount]) -> dict[int, list[Change]]:
    """Automatic changes of the last 26 hours: a local day at most, and the rest after a change."""
    found: dict[int, list[Change]] = defaultdict(list)
    since = clock.now() - timedelta(hours=26)
    for row in automatic().filter(ad_account__in=accounts, admitted_at__gt=since):
        found[row.ad_account_id].append(row)
    return found


def _open_drifts(budgets: Sequence[Budget]) -> list[Drift]:
    rows = Drift.objects.filter(budget__in=budgets, state=Drift.State.OPEN)
    return list(rows.select_related("budget", "ad_campaign").order_by("-id"))


def _edits_this_hour(budgets: Sequence[Budget]) -> dict[str, int]:
    rows = WriteCall.objects.filter(
        change__entity_key__in=[f"budget:{budget.pk}" for budget in budgets],
        sent_at__gt=clock.now() - timedelta(hours=1),
    ).exclude(answer__in=NOT_LANDED)
    counted = rows.order_by().values_list("change__entity_key").annotate(Count("id"))
    return {str(key): int(count) for key, count in counted}


def _disturbances(accounts: Mapping[int, AdAccount]) -> dict[int, int]:
    """The same count as ``automation.disturbances``, for several accounts at once."""
    week = clock.now() - timedelta(days=COUNTED_DAYS)
    since = {pk: max(week, row.automation_resumed_at or week) for pk, row in accounts.items()}
    found: dict[int, int] = defaultdict(int)
    conflicts = Change.objects.filter(
        Q(ad_account__in=accounts, state=Change.State.CONFLICT, finished_at__gt=week)
    ).values_list("ad_account_id", "finished_at")
    drifts = Drift.objects.filter(budget__ad_account__in=accounts, seen_at__gt=week).values_list(
        "budget__ad_account_id", "seen_at"
    )
    for account_id, at in [*conflicts, *drifts]:
        if at is not None and at > since[account_id]:
            found[account_id] += 1
    return found


def _stopped(account: AdAccount, switches: Sequence[KillSwitch]) -> str:
    for switch in switches:
        if (
            switch.organization_id in (None, account.organization_id)
            and switch.client_id in (None, account.client_id)
            and switch.platform in ("", account.platform)
            and switch.connection_id in (None, account.connection_id)
        ):
            scope = kill_switches.scope_words(switch)
            return f"Writes are stopped ({scope}) by {switch.stopped_by_label}: {switch.reason}"
    return ""
