"""Progress of long work, shown live and by polling."""

from __future__ import annotations

from typing import Any

from lane.core import clock, realtime
from lane.core.actors import Actor
from lane.core.models import Job


def start(kind: str, label: str, *, actor: Actor, total: int | None = None) -> Job:
    """Open a job for long work that a task will do."""
    return Job.objects.create(
        organization_id=actor.organization_id,
        kind=kind,
        label=label,
        total=total,
        created_by_id=actor.user_id,
    )


def progress(job_id: int, *, done: int, total: int | None = None, message: str = "") -> bool:
    """Record progress; False when somebody asked to cancel."""
    values: dict[str, Any] = {"done": done, "message": message[:300], "state": Job.State.RUNNING}
    if total is not None:
        values["total"] = total
    Job.objects.filter(pk=job_id).update(**values, updated_at=clock.machine_now())
    job = Job.objects.get(pk=job_id)
    realtime.changed(job.organization_id, "job", str(job.public_id))
    return not job.cancel_requested


def finish(
    job_id: int, *, state: str = Job.State.DONE, message: str = "", result: dict[str, Any] | None = None
) -> None:
    """Close a job with its outcome."""
    job = Job.objects.get(pk=job_id)
    job.state, job.message, job.result = state, message[:300], result or {}
    job.finished_at = clock.machine_now()
    if state == Job.State.DONE and job.total is not None:
        job.done = job.total
    job.save()
    realtime.changed(job.organization_id, "job", str(job.public_id))
