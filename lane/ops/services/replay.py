"""Advance the demo slot by slot: each two hours are synced, paced, written and escalated in order."""

from __future__ import annotations

import logging
from datetime import timedelta

from approvals.services import expiry
from campaigns.models import SyncRun
from campaigns.services import ledger, sync
from lane.core import clock, jobs, outbox
from lane.core.actors import Actor
from lane.core.errors import InvalidInput
from lane.core.models import Job
from lane.ops.services import sandbox_clock
from notifications.services import deliveries
from pacing.services import runs

logger = logging.getLogger(__name__)
STEPS = {"2h": 1, "day": 12}


def start(step: str, *, actor: Actor) -> Job:
    """Open the job that advances the sandbox by two hours or by a day."""
    if step not in STEPS:
        raise InvalidInput(fields={"step": "Choose 2h or day."})
    sandbox_clock.require_available()
    label = "Advance the sandbox by a day" if step == "day" else "Advance the sandbox by 2 hours"
    return jobs.start("ops.advance", label, actor=actor, total=STEPS[step])


def run(job_id: int) -> None:
    """Replay every slot of a job; a cancelled one stops after the slot it is in."""
    job = Job.objects.get(pk=job_id)
    if job.is_over:
        return
    slots = job.total or 1
    for done in range(slots):
        at = clock.now() + sandbox_clock.SLOT
        if not jobs.progress(job_id, done=done, message=f"Playing {at:%a %d %b, %H:%M} UTC"):
            jobs.finish(job_id, state=Job.State.CANCELLED, message=f"Stopped after {done} of {slots} slots")
            return
        replay_slot(job.organization_id)
    jobs.finish(job_id, message=f"It is now {clock.now():%a %d %b, %H:%M} UTC")


def replay_slot(organization_id: int, by: timedelta = sandbox_clock.SLOT) -> None:
    """One slot: time moves, accounts are read, plans are paced, approved changes are written."""
    sandbox_clock.advance(by)
    for account_id in sandbox_clock.sandbox_account_ids(organization_id):
        try:
            if sync.sync_if_due(account_id) is None:
                sync.sync_account(account_id, SyncRun.Kind.TODAY)
        except Exception:
            logger.exception("replay: account %s could not be synced", account_id)
    outbox.drain()
    runs.run_pass(organization_id=organization_id)
    outbox.drain()
    expiry.expire_due()
    ledger.drain()
    outbox.drain()
    deliveries.send_due()
