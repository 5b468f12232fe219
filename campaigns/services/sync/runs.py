"""One run of one account: claimed by one worker, told step by step, closed with what went well or wrong."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q

from campaigns.events import AccountSynced, AccountSyncFailed
from campaigns.models import AdAccount, Connection, SyncRun
from campaigns.platforms.errors import AuthError, PlatformError, RateLimited
from campaigns.services import connections
from campaigns.sync import reconcile, windows
from campaigns.sync.upsert import Outcome
from campaigns.sync.windows import SyncKind
from lane.core import clock, realtime
from lane.core.dates import DateRange
from lane.core.outbox import publish

logger = logging.getLogger(__name__)
SILENT_AFTER = timedelta(minutes=10)  # longer than any single call may take


class TakenOver(Exception):
    """Another worker took this run for dead and started its own."""


class AccountChanged(PlatformError):
    """The account's currency or time zone is not the one its facts were stored in."""


def claim(account: AdAccount, kind: SyncKind) -> tuple[SyncRun, bool]:
    """A new run for this account, or the run that is going and is not ours. Silent runs are taken over."""
    now = clock.machine_now()
    SyncRun.objects.filter(ad_account=account, state=SyncRun.State.RUNNING).filter(
        Q(heartbeat_at__isnull=True) | Q(heartbeat_at__lt=now - SILENT_AFTER)
    ).update(
        state=SyncRun.State.FAILED,
        finished_at=clock.now(),
        error="The worker stopped before it was done; the next sync goes on from there.",
        error_kind="worker_lost",
    )
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(
                organization_id=account.organization_id,
                client_id=account.client_id,
                ad_account=account,
                kind=kind.value,
                started_at=clock.now(),
                heartbeat_at=now,
                step="Connecting",
                done_through=_resume_from(account, kind),
            )
    except IntegrityError:
        running = SyncRun.objects.filter(ad_account=account, state=SyncRun.State.RUNNING).first()
        return (running, False) if running else claim(account, kind)
    tell(run)
    return run, True


def _resume_from(account: AdAccount, kind: SyncKind) -> date | None:
    """The last day an unfinished run of the same kind stored today; reading goes on after it."""
    last = SyncRun.objects.filter(ad_account=account, kind=kind.value).order_by("-id").first()
    if last is None or last.state != SyncRun.State.FAILED or last.done_through is None:
        return None
    zone = ZoneInfo(account.timezone)
    is_today = last.started_at.astimezone(zone).date() == clock.today(account.timezone)
    return last.done_through if is_today and last.done_through < clock.today(account.timezone) else None


def own(run: SyncRun) -> None:
    """Prove inside the writing transaction that this run still owns its account."""
    alive = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).update(
        heartbeat_at=clock.machine_now()
    )
    if not alive:
        raise TakenOver


def step(run: SyncRun, step: str) -> None:
    """Say what the run is doing, and prove that it still owns its account."""
    run.step = step
    alive = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).update(
        step=step, heartbeat_at=clock.machine_now(), days_total=run.days_total, days_done=run.days_done
    )
    if not alive:
        raise TakenOver
    tell(run)


def progress(run: SyncRun, outcome: Outcome) -> None:
    """Count what was stored, in the transaction that stored it."""
    run.rows_read += outcome.read
    run.rows_new += outcome.new
    run.rows_changed += outcome.changed
    run.save(
        update_fields=["days_done", "days_total", "done_through", "rows_read", "rows_new", "rows_changed"]
    )
    tell(run)


def finish(account: AdAccount, run: SyncRun, days: DateRange, settled: date, note: str = "") -> None:
    """Close the run and note how fresh and how final the account is, and what could not be read beside facts."""
    wrong = reconcile.mismatches(account, days)
    if run.kind == SyncKind.NIGHTLY and (off := reconcile.account_day_drift(account, days)):
        logger.error("%s account days of account %s differ from their facts", off, account.pk)
    with transaction.atomic():
        own(run)
        run.state, run.finished_at, run.step = SyncRun.State.DONE, clock.now(), ""
        run.error, run.error_kind = note[:2000], "simulations_unread" if note else ""
        if wrong:
            run.error = (
                f"{len(wrong)} days do not add up to the platform's total, the first on {wrong[0].on:%-d %b %Y}. "
                f"They are read again tonight. {run.error}"
            ).strip()
            run.error_kind = "totals_differ"
        run.save(update_fields=["state", "finished_at", "step", "error", "error_kind"])
        account = AdAccount.objects.select_for_update().get(pk=account.pk)
        account.facts_synced_at = run.started_at
        account.final_through = _final_through(account.final_through, days, settled)
        _mark_verified(account)
        account.save(update_fields=["facts_synced_at", "final_through", "live_verified_at", "updated_at"])
        publish(
            AccountSynced(
                organization_id=account.organization_id, account_id=str(account.public_id), kind=run.kind
            )
        )
    tell(run)


def _final_through(known: date | None, days: DateRange, settled: date) -> date | None:
    """Spend is final to ``settled`` once every day up to it was read after it settled, without a gap."""
    if settled < days.first or (known is not None and days.first > known + timedelta(days=1)):
        return known
    return max(settled, known or settled)


def _mark_verified(account: AdAccount) -> None:
    """Only a read from the platform itself makes an account live-verified; the sandbox proves the wiring."""
    connection = account.connection
    if (
        account.live_verified_at is None
        and connection is not None
        and connection.environment == Connection.Environment.LIVE
    ):
        account.live_verified_at = clock.now()


def fail(account: AdAccount, run: SyncRun, error: PlatformError) -> None:
    """Close the run with what went wrong and when to try again; the other accounts go on."""
    failures = 1
    for state in (
        SyncRun.objects.filter(ad_account=account).order_by("-id").values_list("state", flat=True)[1:7]
    ):
        if state != SyncRun.State.FAILED:
            break
        failures += 1
    asked = error.retry_after if isinstance(error, RateLimited) else None
    if account.connection is not None and not isinstance(error, AuthError | AccountChanged):
        connections.faltered(account.connection, error.message)
    with transaction.atomic():
        closed = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).update(
            state=SyncRun.State.FAILED,
            finished_at=clock.now(),
            error=error.message[:2000],
            error_kind=_kind_of(error),
            retry_at=clock.machine_now() + windows.retry_after(failures, asked),
        )
        if closed and failures == 1:
            publish(
                AccountSyncFailed(
                    organization_id=account.organization_id,
                    account_id=str(account.public_id),
                    message=error.message,
                )
            )
    tell(run)


def _kind_of(error: PlatformError) -> str:
    if isinstance(error, AccountChanged):
        return error.code
    return {
        "AuthError": "signed_out",
        "RateLimited": "rate_limited",
        "Transient": "unavailable",
        "Invalid": "refused",
        "NotFound": "not_found",
    }.get(type(error).__name__, "other")


def tell(run: SyncRun) -> None:
    """Open pages show the run's progress."""
    realtime.changed(run.organization_id, "sync", str(run.public_id), client_id=run.client_id)
