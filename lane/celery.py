"""The Celery application: workers and beat start here."""

import os

from celery import Celery
from celery.signals import beat_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lane.settings.dev")

app = Celery("lane")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@beat_init.connect
def _write_schedule(**_: object) -> None:
    """Make missing rows of the schedule before beat reads it."""
    from lane.schedule import ensure_schedule  # noqa: PLC0415 - only once Django is set up

    ensure_schedule()
