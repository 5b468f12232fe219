"""What approvals tells the layers above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lane.core.events import DomainEvent, event_type


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOpened(DomainEvent):
    """A request waits for its approvers."""

    name: ClassVar[str] = "approvals.request.opened"
    request_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDecided(DomainEvent):
    """A request was approved, declined or sent back."""

    name: ClassVar[str] = "approvals.request.decided"
    request_id: str
    client_id: str
    kind: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestClosed(DomainEvent):
    """A request ended without a decision: expired, withdrawn or replaced."""

    name: ClassVar[str] = "approvals.request.closed"
    request_id: str
    client_id: str
    state: str
