"""Reading ad accounts: structure, facts, freshness. One account at a time, resumable, never blocking another."""

from __future__ import annotations

import logging

from campaigns.models import AdAccount, Connection, SyncRun
from campaigns.platforms.errors import PlatformError
from campaigns.services.sync import reading, runs
from campaigns.services.sync.due import Due, sync_due
from campaigns.sync.windows import SyncKind
from lane.core.errors import InvalidInput

__all__ = ["Due", "sync_account", "sync_due", "sync_if_due"]

logger = logging.getLogger(__name__)


def sync_if_due(account_id: int) -> SyncRun | None:
    """Sync what is due unless another task just did: tasks may arrive twice or late."""
    needed = sync_due(account_id=account_id)
    return sync_account(account_id, needed[0].kind) if needed else None


def sync_account(account_id: int, kind: str) -> SyncRun:
    """Read one account. Never raises for what a platform did: the run tells. A run already going is returned."""
    account = AdAccount.objects.select_related("connection").get(pk=account_id)
    _require_syncable(account)
    run, is_ours = runs.claim(account, SyncKind(kind))
    if not is_ours:
        return run
    try:
        reading.read(account, run)
    except runs.TakenOver:
        logger.warning("sync %s of account %s was taken over", run.pk, account.pk)
    except PlatformError as error:
        runs.fail(account, run, error)
    except Exception as error:
        logger.exception("sync of account %s failed", account.pk)
        runs.fail(
            account, run, PlatformError(f"An error in Lane stopped this sync ({type(error).__name__}).")
        )
    run.refresh_from_db()
    return run


def _require_syncable(account: AdAccount) -> None:
    if account.connection is None:
        raise InvalidInput("This account is fed by CSV files: import a newer file instead.")
    if account.connection.status != Connection.Status.OK:
        raise InvalidInput(f"“{account.connection.label}” must be connected again before it can be read.")
