"""The Celery base task and the ground's own jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from celery import Task, shared_task
from django.db import close_old_connections, transaction

from lane.core import clock, outbox
from lane.core.logging import bind, unbind
from lane.core.models import Event, EventDelivery, Heartbeat, IdempotentRequest, ScheduleSlot

QUEUES = ("default", "sync", "pacing", "ledger", "analytics", "notify")


class LaneTask(Task):
    """A task: ids in, one service call, safe twice. Reads business time afresh for each run."""

    abstract = True
    acks_late = True
    retry_on_worker_lost = True
    reject_on_worker_lost = None
    max_retries = 5
    ignore_result = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        close_old_connections()
        clock.refresh()
        bind(task=self.name, task_id=getattr(self.request, "id", None) or "")
        try:
            return super().__call__(*args, **kwargs)
        finally:
            unbind()
            clock.forget()

    def hint(self, *args: Any) -> None:
        """Enqueue without ever waiting for a dead broker; a sweep finds what is lost here."""
        self.apply_async(args=args, retry=False)

    def hint_on_commit(self, *args: Any) -> None:
        """Enqueue once the transaction is committed; a dead broker is logged, never raised."""

        def send() -> None:
            self.hint(*args)

        transaction.on_commit(send, robust=True)


def claim_slot(job: str, every: timedelta, *, at: datetime | None = None) -> bool:
    """Whether this caller is the first to run a periodic job in its current slot."""
    moment = at or datetime.now(UTC)
    seconds = every.total_seconds()
    start = datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)
    _, created = ScheduleSlot.objects.get_or_create(job=job, slot_start=start)
    return created


def deliver_soon(event_id: int) -> None:
    """Enqueue the delivery of one event."""
    deliver_event.hint(event_id)


@shared_task(base=LaneTask, name="core.deliver_event")
def deliver_event(event_id: int) -> int:
    """Deliver one event to its handlers; a repeated delivery finds them done."""
    return outbox.deliver_event(event_id)


@shared_task(base=LaneTask, name="core.sweep_outbox")
def sweep_outbox() -> int:
    """Deliver events whose hint was lost or whose handler failed."""
    return outbox.sweep()


@shared_task(base=LaneTask, name="core.beat_heart")
def beat_heart(queue: str) -> None:
    """Note that a worker consumes this queue."""
    Heartbeat.objects.update_or_create(name=f"queue:{queue}", defaults={"beat_at": clock.machine_now()})


@shared_task(base=LaneTask, name="core.beat_hearts")
def beat_hearts() -> None:
    """Note that the beat is alive and ask every queue to say the same."""
    Heartbeat.objects.update_or_create(name="beat", defaults={"beat_at": clock.machine_now()})
    for queue in QUEUES:
        beat_heart.apply_async(args=(queue,), queue=queue, retry=False, expires=60)


@shared_task(base=LaneTask, name="core.clean_up")
def clean_up() -> None:
    """Forget delivered events, old slots and idempotency answers that nobody can ask for again."""
    now = clock.machine_now()
    EventDelivery.objects.filter(
        state=EventDelivery.State.DONE, done_at__lt=now - timedelta(days=30)
    ).delete()
    Event.objects.filter(created_at__lt=now - timedelta(days=30), deliveries__isnull=True).delete()
    ScheduleSlot.objects.filter(created_at__lt=now - timedelta(days=7)).delete()
    IdempotentRequest.objects.filter(created_at__lt=now - timedelta(hours=24)).delete()
