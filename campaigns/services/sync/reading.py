"""All steps of one reading: the account itself, its tree, its facts batch by batch.

No transaction is open while a platform is called. Everything of one batch of days is written in one transaction
that also checks that this run still owns the account.
"""

from __future__ import annotations

import logging
from datetime import date, timedelta

from django.db import transaction

from campaigns.models import AdAccount, Budget, SyncRun
from campaigns.platforms import registry
from campaigns.platforms.base import AdPlatform
from campaigns.platforms.errors import PlatformError
from campaigns.platforms.records import AccountRecord, EntityStatus, ExternalChange, Grain, Level
from campaigns.services import automation, connections, drift
from campaigns.services.sync import runs
from campaigns.sync import budget_history, facts, reconcile, simulations, structure, windows
from campaigns.sync.budget_history import LOOKBACK_DAYS
from campaigns.sync.upsert import Outcome
from campaigns.sync.windows import SyncKind
from lane.core import clock
from lane.core.dates import DateRange

logger = logging.getLogger(__name__)
EDITS_OVERLAP = timedelta(minutes=30)  # platforms tell of edits some minutes late


def read(account: AdAccount, run: SyncRun) -> None:
    """All steps of one run: the account itself, its tree, its facts batch by batch, and the end."""
    kind = SyncKind(run.kind)
    capabilities = registry.capabilities_of(account.platform)
    assert account.connection is not None  # _require_syncable
    with connections.open_line(account.connection) as connector:
        of = registry.account_record(account)
        if kind is not SyncKind.TODAY:
            runs.step(run, "Account")
            of = _check_account(account, connector)
        runs.step(run, "Campaigns and budgets")
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
        note = ""
        if capabilities.budget_simulations and kind in (SyncKind.NIGHTLY, SyncKind.HISTORY):
            note = _sync_simulations(account, run, connector, of, ids)
    connections.proved(account.connection)
    runs.finish(account, run, days, settled, note)


def _check_account(account: AdAccount, connector: AdPlatform) -> AccountRecord:
    """Refuse to mix currencies or days: facts stored so far are in the account's old ones."""
    found = next(
        (each for each in connector.list_accounts() if each.external_id == account.external_id), None
    )
    if found is None:
        raise runs.AccountChanged(
            "The login no longer reaches this account. Ask its owner for access, or connect another login.",
            code="account_gone",
        )
    for what, was, now in (
        ("currency", account.currency, found.currency),
        ("time zone", account.timezone, found.timezone),
    ):
        if was != now:
            message = f"The {what} of this account was changed from {was} to {now} at the platform."
            automation.pause_by_lane(account, message)
            raise runs.AccountChanged(
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
        runs.own(run)
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
    runs.step(run, f"Spend of {days.first:%-d %b} to {days.last:%-d %b}")
    fetched_at = clock.now()
    reports = {
        level: list(connector.fetch_metrics(of, level, Grain.DAY, days.first, days.last)) for level in levels
    }
    totals = _account_totals(run, connector, of, days)
    with transaction.atomic():
        runs.own(run)
        outcome = Outcome()
        for level, rows in reports.items():
            outcome += facts.store_daily(
                account, level, rows, days, ids.get(level, {}), fetched_at=fetched_at, settled=settled
            )
        reconcile.note_days(account, days, fetched_at=fetched_at, settled=settled, platform_micros=totals)
        run.days_done += len(days)
        run.done_through = days.last
        runs.progress(run, outcome)


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
    runs.step(run, "Spend by hour")
    fetched_at = clock.now()
    rows = list(connector.fetch_metrics(of, Level.CAMPAIGN, Grain.HOUR, days.first, days.last))
    with transaction.atomic():
        runs.own(run)
        outcome = facts.store_hourly(
            account, rows, days, ids.get(Level.CAMPAIGN, {}), fetched_at=fetched_at, settled=settled
        )
        runs.progress(run, outcome)


def _sync_simulations(
    account: AdAccount,
    run: SyncRun,
    connector: AdPlatform,
    of: AccountRecord,
    ids: dict[Level, dict[str, int]],
) -> str:
    """Read the platform's own budget simulations as far as it goes: facts never wait for them.

    Returns what went wrong, in words; empty when nothing did.
    """
    runs.step(run, "Budget simulations")
    fetched_at = clock.now()
    try:
        found = connector.budget_simulations(of)
        with transaction.atomic():
            runs.own(run)
            simulations.store(account, found, ids.get(Level.CAMPAIGN, {}), fetched_at=fetched_at)
    except runs.TakenOver:
        raise
    except PlatformError as error:
        why = error.message
    except Exception as error:
        logger.exception("budget simulations of account %s could not be kept", account.pk)
        why = f"An error in Lane stopped it ({type(error).__name__})."
    else:
        return ""
    return f"Budget simulations were not read, the earlier ones stay: {why}"
