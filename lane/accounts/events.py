"""What happened to clients and people, for the apps above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lane.core.events import DomainEvent, event_type


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ClientArchived(DomainEvent):
    """A client is no longer worked for."""

    name: ClassVar[str] = "accounts.client.archived"
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChanged(DomainEvent):
    """Somebody's rights changed or ended; what they held may have to be taken back."""

    name: ClassVar[str] = "accounts.membership.changed"
    user_id: str
    removed: bool
