"""Background work of syncs: ids in, one service call."""

from __future__ import annotations

from celery import shared_task

from campaigns.services import sync
from campaigns.sync import partitions
from lane.core.tasks import LaneTask


@shared_task(base=LaneTask, name="campaigns.sync_account")
def sync_account(account_id: int, kind: str) -> None:
    """Sync one account now; while it is being synced already this does nothing."""
    sync.sync_account(account_id, kind)


@shared_task(base=LaneTask, name="campaigns.sync_if_due", expires=600)
def sync_if_due(account_id: int) -> None:
    """Sync one account unless it was synced since this was asked for."""
    sync.sync_if_due(account_id)


@shared_task(base=LaneTask, name="campaigns.sync_due")
def sync_due() -> int:
    """Start one task per account that needs a sync, so that a slow account holds up no other."""
    due = sync.sync_due()
    for each in due:
        sync_if_due.hint(each.account_id)
    return len(due)


@shared_task(base=LaneTask, name="campaigns.ensure_partitions")
def ensure_partitions() -> int:
    """Make the fact partitions of the coming months."""
    return partitions.ensure_ahead()
