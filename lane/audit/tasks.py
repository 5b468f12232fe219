"""Jobs of the audit trail."""

from __future__ import annotations

from celery import shared_task

from lane.audit.services import chain
from lane.core.tasks import LaneTask


@shared_task(base=LaneTask, name="audit.seal")
def seal() -> int:
    """Chain what was written since the last run; running twice at once is harmless."""
    return chain.seal()
