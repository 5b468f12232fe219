"""Periodic work of approvals."""

from __future__ import annotations

from celery import shared_task

from approvals.services import expiry
from lane.core.tasks import LaneTask


@shared_task(base=LaneTask, name="approvals.expire_due")
def expire_due() -> int:
    """Close requests nobody answered in time."""
    return expiry.expire_due()
