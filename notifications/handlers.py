"""Every event somebody is told about becomes notices; a worker is then asked to send the mails."""

from __future__ import annotations

from django.db import transaction

from lane.core.events import DomainEvent, handles
from notifications.messages import catalogue
from notifications.services import notices
from notifications.tasks import send_due


def tell(event: DomainEvent) -> None:
    """Write the notices of an event and have their mails sent once this is committed."""
    if notices.notify(catalogue.notices_of(event)):
        transaction.on_commit(_hint, robust=True)


def _hint() -> None:
    send_due.hint()


for _event in catalogue.telling():
    handles(_event)(tell)
