"""Reading ad accounts: structure, facts, freshness. One account at a time, resumable, never blocking another.

No transaction is open while a platform is called. Everything of one batch of days is written in one transaction
that also checks that this run still owns the account.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Max, Q

from campaigns.events import AccountSynced, AccountSyncFailed
from campaigns.models import AdAccount, Budget, Connection, SyncRun
from campaigns.platforms import registry
from campaigns.platforms.base import AdPlatform
from campaigns.platforms.errors import AuthError, PlatformError, RateLimited
from campaigns.platforms.records import AccountRecord, EntityStatus, ExternalChange, Grain, Level
from campaigns.services import connections, drift
from campaigns.sync import budget_history, facts, reconcile, structure, windows
from campaigns.sync.budget_history import LOOKBACK_DAYS
from campaigns.sync.upsert import Outcome
from campaigns.sync.windows import LastDone, SyncKind
from lane.audit.services import record
from lane.core import clock, realtime
from lane.core.actors import Actor
from lane.core.dates import DateRange
from lane.core.errors import InvalidInput
from lane.core.outbox import publish

logger = logging.getLogger(__name__)
SILENT_AFTER = timedelta(minutes=10)  # longer than any single call may take
EDITS_OVERLAP = timedelta(minutes=30)  # platforms tell of edits some minutes late


class TakenOver(Exception):
    """Another worker took this run for dead and started its own."""


class AccountChanged(PlatformError):
    """The account's currency or time zone is not the one its facts were stored in."""


@dataclass(frozen=True, slots=True)
class Due:
    """One account that needs one kind of sync now."""

    account_id: int
    kind: SyncKind


def sync_due(now: datetime | None = None, *, account_id: int | None = None) -> list[Due]:
    """Every account that needs a sync now, with the largest kind it needs. The caller fans them out."""
    at = now or clock.now()
    machine = clock.machine_now()
    accounts = (
        AdAccount.objects.filter(
            source=AdAccount.Source.API,
            sync_enabled=True,
            status=AdAccount.Status.ACTIVE,
            connection__status=Connection.Status.OK,
            client__archived_at__isnull=True,
        )
        .exclude(sync_runs__state=SyncRun.State.RUNNING, sync_runs__heartbeat_at__gt=machine - SILENT_AFTER)
        .exclude(sync_runs__state=SyncRun.State.FAILED, sync_runs__retry_at__gt=machine)
        .order_by("pk")
    )
    if account_id is not None:
        accounts = accounts.filter(pk=account_id)
    done = _last_done([account.pk for account in accounts])
    found = []
    for account in accounts:
        kind = windows.due(done.get(account.pk, LastDone()), at, at.astimezone(ZoneInfo(account.timezone)))
        if kind is not None:
            found.append(Due(account.pk, kind))
    return found


def sync_if_due(account_id: int) -> SyncRun | None:
    """Sync what is due unless another task just did: tasks may arrive twice or late."""
    needed = sync_due(account_id=account_id)
    return sync_account(account_id, needed[0].kind) if needed else None


def sync_account(account_id: int, kind: str) -> SyncRun:
    """Read one account. Never raises for what a platform did: the run tells. A run already going is returned."""
    account = AdAccount.objects.select_related("connection").get(pk=account_id)
    _require_syncable(account)
    run, is_ours = _claim(account, SyncKind(kind))
    if not is_ours:
        return run
    try:
        _read(account, run)
    except TakenOver:
        logger.warning("sync %s of account %s was taken over", run.pk, account.pk)
    except PlatformError as error:
        _fail(account, run, error)
    except Exception as error:
        logger.exception("sync of account %s failed", account.pk)
        _fail(account, run, PlatformError(f"An error in Lane stopped this sync ({type(error).__name__})."))
    run.refresh_from_db()
    return run


def _last_done(account_ids: Iterable[int]) -> dict[int, LastDone]:
    rows = (
        SyncRun.objects.filter(ad_account_id__in=list(account_ids), state=SyncRun.State.DONE)
        .values("ad_account_id", "kind")
        .annotate(at=Max("started_at"))
        .order_by()
    )
    found: dict[int, dict[str, datetime]] = {}
    for row in rows:
        found.setdefault(row["ad_account_id"], {})[row["kind"]] = row["at"]
    return {account_id: LastDone(**kinds) for account_id, kinds in found.items()}


def _require_syncable(account: AdAccount) -> None:
    if account.connection is None:
        raise InvalidInput("This account is fed by CSV files: import a newer file instead.")
    if account.connection.status != Connection.Status.OK:
        raise InvalidInput(f"“{account.connection.label}” must be connected again before it can be read.")


def _claim(account: AdAccount, kind: SyncKind) -> tuple[SyncRun, bool]:
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
        return (running, False) if running else _claim(account, kind)
    _tell(run)
    return run, True


def _resume_from(account: AdAccount, kind: SyncKind) -> date | None:
    """The last day an unfinished run of the same kind stored today; reading goes on after it."""
    last = SyncRun.objects.filter(ad_account=account, kind=kind.value).order_by("-id").first()
    if last is None or last.state != SyncRun.State.FAILED or last.done_through is None:
        return None
    zone = ZoneInfo(account.timezone)
    is_today = last.started_at.astimezone(zone).date() == clock.today(account.timezone)
    return last.done_through if is_today and last.done_through < clock.today(account.timezone) else None


def _read(account: AdAccount, run: SyncRun) -> None:
    """All steps of one run: the account itself, its tree, its facts batch by batch, and the end."""
    kind = SyncKind(run.kind)
    capabilities = registry.capabilities_of(account.platform)
    assert account.connection is not None  # _require_syncable
    with connections.open_line(account.connection) as connector:
        of = registry.account_record(account)
        if kind is not SyncKind.TODAY:
            _step(run, "Account")
            of = _check_account(account, connector)
        _step(run, "Campaigns and budgets")
        ids = _sync_structure(account, run, connector, of, kind)
        today = clock.today(account.timezone)
        settled = windows.final_through(today, capabilities)
        days = windows.window(kind, today, capabilities)
        left = DateRange(run.done_through + timedelta(days=1), days.last) if run.done_through else days
        run.days_total = len(days)
        run.days_done = len(days) - len(left)
        levels = _fact_levels(account, kind)
        for batch in windows.batches(left):
            _sync_batch(account, run, connector, of, batch, levels, ids, settled)
        if capabilities.hourly:
            _sync_hours(account, run, connector, of, windows.hourly_window(kind, today), ids, settled)
    connections.proved(account.connection)
    _finish(account, run, days, settled)


def _check_account(account: AdAccount, connector: AdPlatform) -> AccountRecord:
    """Refuse to mix currencies or days: facts stored so far are in the account's old ones."""
    found = next(
        (each for each in connector.list_accounts() if each.external_id == account.external_id), None
    )
    if found is None:
        raise AccountChanged(
            "The login no longer reaches this account. Ask its owner for access, or connect another login.",
            code="account_gone",
        )
    for what, was, now in (
        ("currency", account.currency, found.currency),
        ("time zone", account.timezone, found.timezone),
    ):
        if was != now:
            message = f"The {what} of this account was changed from {was} to {now} at the platform."
            _freeze(account, message)
            raise AccountChanged(
                f"{message} Its history here is in {was}: add the account again as a new one.",
                code="account_changed",
            )
    usable = found.status in (EntityStatus.ACTIVE, EntityStatus.UNKNOWN)
    status = AdAccount.Status.ACTIVE if usable else AdAccount.Status.DISABLED
    hindrances = structure.noted(found.hindrances, account.hindrances, clock.now())
    if (account.name, account.status, account.hindrances) != (found.name[:200], status, hindrances):
        account.name, account.status, account.hindrances = found.name[:200], status, hindrances
        account.save(update_fields=["name", "status", "hindrances", "updated_at"])
    return registry.account_record(account)


def _freeze(account: AdAccount, message: str) -> None:
    with transaction.atomic():
        if account.recommend_only_reason == message[:200]:
            return
        was, account.recommend_only_reason = account.recommend_only_reason, message[:200]
        account.save(update_fields=["recommend_only_reason", "updated_at"])
        record(
            "campaigns.account.automation_stopped",
            actor=Actor.system(account.organization_id, "sync"),
            obj=account,
            before={"recommend_only_reason": was},
            after={"recommend_only_reason": account.recommend_only_reason},
            reason=message,
        )


def _sync_structure(
    account: AdAccount, run: SyncRun, connector: AdPlatform, of: AccountRecord, kind: SyncKind
) -> dict[Level, dict[str, int]]:
    """Mirror the tree and note what others changed in it. Returns Lane's keys by level."""
    tree = structure.read(connector, of, _tree_levels(account, kind))
    edits: list[ExternalChange] = []
    past: list[ExternalChange] = []
    if kind is SyncKind.HISTORY and connector.capabilities.external_changes:
        past = list(connector.external_changes(of, clock.now() - timedelta(days=LOOKBACK_DAYS + 1)))
    if connector.capabilities.external_changes and (
        structure.amounts_differ(account, tree) or drift.wants_editor(account)
    ):
        since = (account.structure_synced_at or clock.now() - timedelta(days=1)) - EDITS_OVERLAP
        since = min(since, clock.now() - drift.EDITORS_KNOWN_WITHIN - EDITS_OVERLAP)
        edits = list(connector.external_changes(of, since))
    with transaction.atomic():
        _own(run)
        stored = structure.store(account, tree, clock.today(account.timezone))
        drift.note(
            account,
            stored.moved,
            edits,
            busy_budgets=stored.busy_budgets,
            moved_caps=stored.moved_caps,
            busy_campaigns=stored.busy_campaigns,
        )
        if kind is SyncKind.HISTORY and connector.capabilities.external_changes:
            budget_history.backfill(account, past)
        AdAccount.objects.filter(pk=account.pk).update(structure_synced_at=clock.now())
    return stored.ids


def _tree_levels(account: AdAccount, kind: SyncKind) -> list[Level]:
    """Today's quick read lists only what carries budgets; ads are listed once a night."""
    if kind is SyncKind.TODAY:
        return [Level.BUDGET, Level.CAMPAIGN, *([Level.GROUP] if _has_group_budgets(account) else [])]
    if kind is SyncKind.RECENT:
        return [Level.BUDGET, Level.CAMPAIGN, Level.GROUP]
    return [Level.BUDGET, Level.CAMPAIGN, Level.GROUP, Level.AD]


def _fact_levels(account: AdAccount, kind: SyncKind) -> list[Level]:
    """Groups are read where they carry budgets and in the larger reads, ads when they were listed too."""
    if kind is SyncKind.TODAY and not _has_group_budgets(account):
        return [Level.CAMPAIGN]
    if kind in (SyncKind.TODAY, SyncKind.RECENT):
        return [Level.CAMPAIGN, Level.GROUP]
    return [Level.CAMPAIGN, Level.GROUP, Level.AD]


def _has_group_budgets(account: AdAccount) -> bool:
    return account.budgets.filter(carrier=Budget.Carrier.GROUP, removed_at__isnull=True).exists()


def _sync_batch(
    account: AdAccount,
    run: SyncRun,
    connector: AdPlatform,
    of: AccountRecord,
    days: DateRange,
    levels: list[Level],
    ids: dict[Level, dict[str, int]],
    settled: date,
) -> None:
    """Read some days of every level, then store them, their freshness and the run's progress together."""
    _step(run, f"Spend of {days.first:%-d %b} to {days.last:%-d %b}")
    fetched_at = clock.now()
    reports = {
        level: list(connector.fetch_metrics(of, level, Grain.DAY, days.first, days.last)) for level in levels
    }
    totals = _account_totals(run, connector, of, days)
    with transaction.atomic():
        _own(run)
        outcome = Outcome()
        for level, rows in reports.items():
            outcome += facts.store_daily(
                account, level, rows, days, ids.get(level, {}), fetched_at=fetched_at, settled=settled
            )
        reconcile.note_days(account, days, fetched_at=fetched_at, settled=settled, platform_micros=totals)
        run.days_done += len(days)
        run.done_through = days.last
        _progress(run, outcome)


def _account_totals(
    run: SyncRun, connector: AdPlatform, of: AccountRecord, days: DateRange
) -> dict[date, int] | None:
    """The platform's own spend of the whole account per day, asked where final days are read; else None."""
    if run.kind not in (SyncKind.NIGHTLY, SyncKind.HISTORY):
        return None
    return dict(connector.account_spend(of, days.first, days.last))


def _sync_hours(
    account: AdAccount,
    run: SyncRun,
    connector: AdPlatform,
    of: AccountRecord,
    days: DateRange,
    ids: dict[Level, dict[str, int]],
    settled: date,
) -> None:
    _step(run, "Spend by hour")
    fetched_at = clock.now()
    rows = list(connector.fetch_metrics(of, Level.CAMPAIGN, Grain.HOUR, days.first, days.last))
    with transaction.atomic():
        _own(run)
        outcome = facts.store_hourly(
            account, rows, days, ids.get(Level.CAMPAIGN, {}), fetched_at=fetched_at, settled=settled
        )
        _progress(run, outcome)


def _own(run: SyncRun) -> None:
    """Prove inside the writing transaction that this run still owns its account."""
    alive = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).update(
        heartbeat_at=clock.machine_now()
    )
    if not alive:
        raise TakenOver


def _step(run: SyncRun, step: str) -> None:
    run.step = step
    alive = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).update(
        step=step, heartbeat_at=clock.machine_now(), days_total=run.days_total, days_done=run.days_done
    )
    if not alive:
        raise TakenOver
    _tell(run)


def _progress(run: SyncRun, outcome: Outcome) -> None:
    run.rows_read += outcome.read
    run.rows_new += outcome.new
    run.rows_changed += outcome.changed
    run.save(
        update_fields=["days_done", "days_total", "done_through", "rows_read", "rows_new", "rows_changed"]
    )
    _tell(run)


def _finish(account: AdAccount, run: SyncRun, days: DateRange, settled: date) -> None:
    """Close the run and note how fresh and how final the account is."""
    wrong = reconcile.mismatches(account, days)
    if run.kind == SyncKind.NIGHTLY and (off := reconcile.account_day_drift(account, days)):
        logger.error("%s account days of account %s differ from their facts", off, account.pk)
    with transaction.atomic():
        _own(run)
        run.state, run.finished_at, run.step = SyncRun.State.DONE, clock.now(), ""
        if wrong:
            run.error = (
                f"{len(wrong)} days do not add up to the platform's total, the first on {wrong[0].on:%-d %b %Y}. "
                "They are read again tonight."
            )
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
    _tell(run)


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


def _fail(account: AdAccount, run: SyncRun, error: PlatformError) -> None:
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
    _tell(run)


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


def _tell(run: SyncRun) -> None:
    realtime.changed(run.organization_id, "sync", str(run.public_id), client_id=run.client_id)
