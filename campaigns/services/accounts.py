"""Ad accounts: which ones a login reaches, and to which client each belongs."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from campaigns.events import AccountAdded
from campaigns.models import AdAccount, Connection
from campaigns.platforms.errors import PlatformError
from campaigns.platforms.records import AccountRecord, EntityStatus
from campaigns.services import connections
from lane.accounts import policies
from lane.accounts.models import Client
from lane.accounts.services import clients
from lane.audit.services import record, recording
from lane.core import dates, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate
from lane.core.outbox import publish


@dataclass(frozen=True, slots=True)
class Reachable:
    """One account a login reaches, and where it stands in Lane already."""

    record: AccountRecord
    account: AdAccount | None

    @property
    def can_be_assigned(self) -> bool:
        """Managers hold no spend of their own, closed accounts get none any more."""
        return (
            self.account is None
            and not self.record.is_manager
            and self.record.status is not EntityStatus.REMOVED
        )


def available(connection: Connection) -> list[Reachable]:
    """Every account the login reaches now, by name. Calls the platform."""
    try:
        with connections.open_line(connection) as connector:
            records = list(connector.list_accounts())
    except PlatformError as error:
        raise InvalidInput(error.message, code="platform") from error
    connections.proved(connection)
    known = {
        account.external_id: account
        for account in AdAccount.objects.filter(
            organization_id=connection.organization_id, platform=connection.platform
        ).select_related("client", "connection")
    }
    return [
        Reachable(found, known.get(found.external_id))
        for found in sorted(records, key=lambda found: (found.is_manager, found.name.lower()))
    ]


def assign(
    connection: Connection,
    external_id: str,
    client: Client,
    actor: Actor,
    *,
    found: AccountRecord | None = None,
) -> AdAccount:
    """Give an account of the login to a client; its history is read next. Asking twice changes nothing.

    ``found`` is the platform's own record when the caller has just read it.
    """
    policies.require_on_organization(actor, "manage")
    policies.require(actor, "manage", client)
    if client.organization_id != connection.organization_id or client.archived_at is not None:
        raise NotVisible
    record_of = found or _find(connection, external_id)
    _require_usable(record_of)
    try:
        with transaction.atomic():
            return _assign(connection, client, actor, record_of)
    except IntegrityError as error:
        raise OutOfDate("Somebody else assigned this account just now. Load the page again.") from error


def _assign(connection: Connection, client: Client, actor: Actor, found: AccountRecord) -> AdAccount:
    existing = (
        AdAccount.objects.locked()
        .filter(
            organization_id=connection.organization_id,
            platform=connection.platform,
            external_id=found.external_id,
        )
        .first()
    )
    if existing is not None:
        return _reassign(existing, connection, client, actor)
    account = AdAccount.objects.create(
        organization_id=connection.organization_id,
        client=client,
        connection=connection,
        platform=connection.platform,
        external_id=found.external_id,
        access_path=found.access_path,
        name=found.name[:200],
        currency=found.currency,
        timezone=found.timezone,
        status=_status(found),
    )
    record(
        "campaigns.account.added",
        actor=actor,
        obj=account,
        after={"client": client.name, "external_id": found.external_id, "currency": found.currency},
    )
    publish(
        AccountAdded(
            organization_id=account.organization_id,
            account_id=str(account.public_id),
            client_id=str(client.public_id),
        )
    )
    realtime.changed(account.organization_id, "account", str(account.public_id), client_id=client.pk)
    return account


def _reassign(existing: AdAccount, connection: Connection, client: Client, actor: Actor) -> AdAccount:
    """An account stays with its client; a second login may take over reading it."""
    if existing.client_id != client.pk:
        raise InvalidInput(
            f"“{existing.name}” already belongs to another client. Its spend and plans stay there.",
            fields={"client": "This account already belongs to another client."},
        )
    if existing.source == AdAccount.Source.CSV:
        raise InvalidInput(f"“{existing.name}” is fed by CSV files. Connect it under another client.")
    if existing.connection_id != connection.pk:
        with recording(existing, "campaigns.account.moved_to_login", actor=actor):
            existing.connection = connection
            existing.sync_enabled = True
            existing.save(update_fields=["connection", "sync_enabled", "updated_at"])
    return existing


def client_named(name: str, *, found: AccountRecord, actor: Actor) -> Client:
    """The organization's client of that name, made when there is none; it takes the account's currency and zone."""
    policies.require_on_organization(actor, "manage")
    known = Client.objects.current().filter(
        organization_id=actor.organization_id, name__iexact=" ".join(name.split())
    )
    return known.first() or clients.create(
        actor=actor, name=name, currency=found.currency, timezone=found.timezone
    )


def set_sync(account_id: UUID | str, *, enabled: bool, actor: Actor) -> AdAccount:
    """Switch the syncs of one account on or off."""
    with transaction.atomic():
        account = own(account_id, actor, lock=True)
        policies.require(actor, "manage", account)
        with recording(account, "campaigns.account.sync_switched", actor=actor):
            account.sync_enabled = enabled
            account.save(update_fields=["sync_enabled", "updated_at"])
    return account


def own(account_id: UUID | str, actor: Actor, *, lock: bool = False) -> AdAccount:
    """The account of that public id. Raises ``NotVisible`` for a foreign or unknown one."""
    rows = AdAccount.objects.visible_to(actor)
    try:
        return (rows.locked() if lock else rows).get(public_id=account_id)
    except (AdAccount.DoesNotExist, ValueError):
        raise NotVisible from None


def _find(connection: Connection, external_id: str) -> AccountRecord:
    for reachable in available(connection):
        if reachable.record.external_id == external_id:
            return reachable.record
    raise NotVisible("This login does not reach that account.")


def _require_usable(found: AccountRecord) -> None:
    if found.is_manager:
        raise InvalidInput(f"“{found.name}” is a manager account: it holds no spend of its own.")
    if found.status is EntityStatus.REMOVED:
        raise InvalidInput(f"“{found.name}” is closed at the platform.")
    if not dates.is_zone(found.timezone):
        raise InvalidInput(
            f"“{found.name}” uses the time zone “{found.timezone}”, which this machine does not know."
        )


def _status(found: AccountRecord) -> str:
    usable = found.status in (EntityStatus.ACTIVE, EntityStatus.UNKNOWN)
    return str(AdAccount.Status.ACTIVE if usable else AdAccount.Status.DISABLED)
