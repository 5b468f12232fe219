"""The ledger's jobs. A message says only which change to look at; losing or repeating one does no harm.

Order of limits: call 30 s < soft limit 60 < hard limit 90 < lease 120 < redelivery 900.
"""

from __future__ import annotations

from celery import shared_task
from django.core.cache import cache

from campaigns.services import changes, ledger
from lane.core.tasks import LaneTask

SOON_SECONDS = 60
HINT_SECONDS = 15


@shared_task(base=LaneTask, name="campaigns.apply_change", soft_time_limit=60, time_limit=90)
def apply_change(change_id: int) -> str:
    """Bring one approved change further; look again soon when it waits for the platform."""
    state = ledger.apply(change_id)
    wait = ledger.seconds_until_due(change_id)
    if wait is not None and 0 < wait <= SOON_SECONDS:
        apply_change.apply_async(args=(change_id,), countdown=wait + 0.1, retry=False)
    return state


@shared_task(base=LaneTask, name="campaigns.sweep_ledger")
def sweep_ledger() -> int:
    """Hint again at everything due, and expire what was not sent in time."""
    changes.expire_due()
    due = ledger.due(500)
    for change_id in due:
        hint_once(change_id)
    return len(due)


def hint_once(change_id: int, seconds: float = HINT_SECONDS) -> bool:
    """Hint at a change unless that was done moments ago: a backlog must not bury itself in repeated hints.

    The mark lives where the messages live, so that a broker that forgot the hint forgot the mark too.
    """
    if not cache.add(f"ledger:hint:{change_id}", 1, timeout=seconds):
        return False
    apply_change.hint(change_id)
    return True
