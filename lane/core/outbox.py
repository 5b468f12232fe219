"""The outbox: events are written with the change they tell of and delivered after it is committed.

A rolled-back transaction tells nobody; a dead broker delays but never loses; a handler that fails keeps its
error and is tried again later.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from lane.core import clock
from lane.core.events import DomainEvent, handlers_of, revive
from lane.core.models import Event, EventDelivery

logger = logging.getLogger(__name__)
MAX_ATTEMPTS = 12
_sender_path = "lane.core.tasks.deliver_soon"


def publish(event: DomainEvent) -> Event:
    """Write an event and what is owed to its handlers; delivery starts once the transaction commits."""
    row = Event.objects.create(
        organization_id=event.organization_id, name=event.name, payload=event.payload()
    )
    names = list(handlers_of(event.name))
    if names:
        due = clock.machine_now()
        EventDelivery.objects.bulk_create(
            [EventDelivery(event=row, handler=name, next_at=due) for name in names]
        )

        def hint() -> None:
            _hint(row.pk)

        transaction.on_commit(hint, robust=True)
    return row


def _hint(event_id: int) -> None:
    """Tell a worker that an event waits. Losing the hint only means the sweep finds it."""
    if getattr(settings, "LANE_OUTBOX_HINTS", True) is False:
        return
    from django.utils.module_loading import import_string  # noqa: PLC0415 - tasks stand above this module

    try:
        import_string(_sender_path)(event_id)
    except Exception:  # noqa: BLE001 - a dead broker must not turn a committed change into an error
        logger.warning("broker unreachable, the sweep will deliver event %s", event_id)


def deliver_event(event_id: int) -> int:
    """Deliver what one event still owes. Returns how many handlers succeeded."""
    pending = EventDelivery.objects.filter(event_id=event_id, state=EventDelivery.State.PENDING)
    return _deliver(pending)


def sweep(limit: int = 200) -> int:
    """Deliver everything due. Needs PostgreSQL only, so it also runs without a broker."""
    due = EventDelivery.objects.filter(
        state=EventDelivery.State.PENDING, next_at__lte=clock.machine_now()
    ).order_by("next_at", "id")
    return _deliver(due[:limit])


def drain(rounds: int = 50) -> int:
    """Deliver until nothing is due; for tests, commands and the step-by-step demo replay."""
    delivered = 0
    for _ in range(rounds):
        now = sweep()
        if not now:
            break
        delivered += now
    return delivered


def _deliver(pending: QuerySet[EventDelivery]) -> int:
    return sum(_deliver_one(pk) for pk in pending.values_list("pk", flat=True))


def _deliver_one(delivery_id: int) -> bool:
    """Run one handler in one transaction with the mark that it ran."""
    try:
        with transaction.atomic():
            delivery = (
                EventDelivery.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("event")
                .filter(pk=delivery_id, state=EventDelivery.State.PENDING)
                .first()
            )
            if delivery is None:
                return False
            handler = handlers_of(delivery.event.name).get(delivery.handler)
            if handler is not None:  # a handler that is gone owes nothing
                handler(revive(delivery.event.name, delivery.event.payload))
            delivery.state = EventDelivery.State.DONE
            delivery.done_at = clock.machine_now()
            delivery.save(update_fields=["state", "done_at"])
        return True
    except Exception as error:
        logger.exception("event handler failed (delivery %s)", delivery_id)
        _remember_failure(delivery_id, error)
        return False


def _remember_failure(delivery_id: int, error: Exception) -> None:
    if connection.needs_rollback:
        return
    with transaction.atomic():
        delivery = EventDelivery.objects.select_for_update().filter(pk=delivery_id).first()
        if delivery is None or delivery.state != EventDelivery.State.PENDING:
            return
        delivery.attempts += 1
        delivery.last_error = f"{type(error).__name__}: {error}"[:2000]
        delay = min(3600, 5 * 2 ** min(delivery.attempts, 10))
        delivery.next_at = clock.machine_now() + timedelta(seconds=delay)
        if delivery.attempts >= MAX_ATTEMPTS:
            delivery.state = EventDelivery.State.DEAD
        delivery.save(update_fields=["attempts", "last_error", "next_at", "state"])
