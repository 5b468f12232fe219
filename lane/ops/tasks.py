"""Long work of the operations surface."""

from __future__ import annotations

from celery import shared_task

from lane.core import jobs
from lane.core.models import Job
from lane.core.tasks import LaneTask
from lane.ops.services import replay


@shared_task(base=LaneTask, name="ops.advance_sandbox")
def advance_sandbox(job_id: int) -> None:
    """Play the slots of one job; a repeated delivery finds the job over or under way."""
    taken = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(state=Job.State.RUNNING)
    if not taken:
        return
    try:
        replay.run(job_id)
    except Exception as error:
        jobs.finish(job_id, state=Job.State.FAILED, message=f"Stopped: {error}")
        raise
