"""Ad accounts a person sees, and how fresh and how final their numbers are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, OuterRef, Q, Subquery, Sum

from campaigns.models import AccountDay, AccountDayFreshness, AdAccount, Connection, SyncRun
from campaigns.platforms import registry
from lane.accounts.visibility import ClientOwnedQuerySet
from lane.core import clock
from lane.core.actors import Actor

STALE_MARGIN = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old an account's numbers are. ``is_stale`` freezes automation; ``reason`` says why in words."""

    synced_at: datetime | None
    final_through: date | None
    is_stale: bool
    reason: str


def accounts_for(actor: Actor) -> ClientOwnedQuerySet[AdAccount]:
    """Ad accounts of the clients this actor sees, with client and login."""
    return AdAccount.objects.visible_to(actor).select_related("client", "connection")


def with_last_sync(accounts: ClientOwnedQuerySet[AdAccount]) -> ClientOwnedQuerySet[AdAccount]:
    """Adds each account's last run: ``last_sync_state``, ``last_sync_error``, ``last_sync_at``, step and days."""
    last = SyncRun.objects.filter(ad_account=OuterRef("pk")).order_by("-id")
    return accounts.annotate(
        last_sync_state=Subquery(last.values("state")[:1]),
        last_sync_error=Subquery(last.values("error")[:1]),
        last_sync_at=Subquery(last.values("started_at")[:1]),
        last_sync_step=Subquery(last.values("step")[:1]),
        last_sync_days_done=Subquery(last.values("days_done")[:1]),
        last_sync_days_total=Subquery(last.values("days_total")[:1]),
    )


def freshness_of(account: AdAccount, at: datetime | None = None) -> Freshness:
    """Whether an account's numbers may be acted on: not older than the platform's report lag plus four hours."""
    now = at or clock.now()
    synced, final = account.facts_synced_at, account.final_through
    if account.source == AdAccount.Source.CSV:
        return Freshness(
            synced, final, synced is None, "Fed by CSV files" if synced else "No file imported yet"
        )
    if synced is None:
        return Freshness(None, final, True, "Not read yet")
    allowed = timedelta(hours=registry.capabilities_of(account.platform).report_lag_hours) + STALE_MARGIN
    if account.connection is not None and account.connection.status != Connection.Status.OK:
        return Freshness(synced, final, now - synced > allowed, "The login must be connected again")
    if now - synced > allowed:
        return Freshness(
            synced, final, True, f"Not read for more than {allowed.total_seconds() / 3600:.0f} hours"
        )
    return Freshness(synced, final, False, "")


def mismatched_days(account: AdAccount) -> int:
    """How many final days of an account do not add up to the platform's own total."""
    return (
        AccountDayFreshness.objects.filter(
            ad_account=account, is_final=True, platform_spend_micros__isnull=False
        )
        .exclude(platform_spend_micros=F("facts_spend_micros"))
        .count()
    )


def account_spend(accounts: list[int], first: date, last: date) -> dict[int, int]:
    """Spend per account over some account-local days, from the daily roll-up; accounts without any are absent."""
    rows = (
        AccountDay.objects.filter(Q(ad_account_id__in=accounts), on__range=(first, last))
        .order_by()
        .values("ad_account_id")
        .annotate(spend=Sum("spend_micros"))
    )
    return {row["ad_account_id"]: int(row["spend"]) for row in rows}
