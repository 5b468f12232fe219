"""Sending mails and tidying notices."""

from __future__ import annotations

from celery import shared_task

from lane.core.tasks import LaneTask
from notifications.services import deliveries, notices


@shared_task(base=LaneTask, name="notifications.send_due")
def send_due() -> int:
    """Send the e-mails that wait."""
    return deliveries.send_due()


@shared_task(base=LaneTask, name="notifications.clean_up")
def clean_up() -> int:
    """Remove notices whose time is over."""
    return notices.clean_up()
