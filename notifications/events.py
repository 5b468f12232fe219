"""What notifications tells: only to itself and to the doors above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lane.core.events import DomainEvent, event_type


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class MailUndelivered(DomainEvent):
    """A mail was given up after its last try. ``request_id`` is empty unless it asked for an approval."""

    name: ClassVar[str] = "notifications.mail.undelivered"
    delivery_id: str
    request_id: str
