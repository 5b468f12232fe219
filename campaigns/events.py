"""What campaigns tells the layers above. Ids are public ids as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lane.core.events import DomainEvent, event_type


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionMade(DomainEvent):
    """A login was connected or connected again."""

    name: ClassVar[str] = "campaigns.connection.made"
    connection_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLost(DomainEvent):
    """A login no longer works; a person must connect it again."""

    name: ClassVar[str] = "campaigns.connection.lost"
    connection_id: str
    message: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAdded(DomainEvent):
    """An ad account was assigned to a client; its history can be read."""

    name: ClassVar[str] = "campaigns.account.added"
    account_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSynced(DomainEvent):
    """New facts of an account are in."""

    name: ClassVar[str] = "campaigns.account.synced"
    account_id: str
    kind: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSyncFailed(DomainEvent):
    """An account could not be read."""

    name: ClassVar[str] = "campaigns.account.sync_failed"
    account_id: str
    message: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSeen(DomainEvent):
    """A budget is not what Lane last wrote."""

    name: ClassVar[str] = "campaigns.budget.drifted"
    drift_id: str
    budget_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationPaused(DomainEvent):
    """Automation only recommends on an account, or on one budget of it, until a person resumes it."""

    name: ClassVar[str] = "campaigns.automation.paused"
    account_id: str
    budget_id: str
    reason: str
    by: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationResumed(DomainEvent):
    """Automation may act again on an account or a budget."""

    name: ClassVar[str] = "campaigns.automation.resumed"
    account_id: str
    budget_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetProposed(DomainEvent):
    """A change set waits for somebody's yes."""

    name: ClassVar[str] = "campaigns.change_set.proposed"
    change_set_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetEdited(DomainEvent):
    """A change set was edited: earlier decisions and links no longer hold."""

    name: ClassVar[str] = "campaigns.change_set.edited"
    change_set_id: str
    client_id: str
    version: int


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetWithdrawn(DomainEvent):
    """A change set was taken back before anything was sent."""

    name: ClassVar[str] = "campaigns.change_set.withdrawn"
    change_set_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetAuthorised(DomainEvent):
    """A change set was approved; its changes may be written."""

    name: ClassVar[str] = "campaigns.change_set.authorised"
    change_set_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetTurnedDown(DomainEvent):
    """A change set was declined or expired; nothing is written."""

    name: ClassVar[str] = "campaigns.change_set.turned_down"
    change_set_id: str
    client_id: str
    outcome: str
    reason: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFinished(DomainEvent):
    """One change reached its end: verified, or why not."""

    name: ClassVar[str] = "campaigns.change.finished"
    change_id: str
    change_set_id: str
    state: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetFinished(DomainEvent):
    """Every change of a set reached its end."""

    name: ClassVar[str] = "campaigns.change_set.finished"
    change_set_id: str
    client_id: str
    state: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class WritesStopped(DomainEvent):
    """A kill switch was turned on."""

    name: ClassVar[str] = "campaigns.writes.stopped"
    switch_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class WritesResumed(DomainEvent):
    """A kill switch was turned off."""

    name: ClassVar[str] = "campaigns.writes.resumed"
    switch_id: str
