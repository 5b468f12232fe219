"""Clients: made, changed, archived, brought back. Every refusal names the field and the fix."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from lane.accounts import policies
from lane.accounts.events import ClientArchived
from lane.accounts.models import Client
from lane.audit.services import record, recording
from lane.core import clock, dates, money, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible
from lane.core.outbox import publish

_NAME_TAKEN = "There is already a client of this name. Choose another one."
_CHANGEABLE = frozenset({"name", "currency", "timezone", "budget_limit_micros"})


def create(
    *, actor: Actor, name: str, currency: str, timezone: str, budget_limit_micros: int | None = None
) -> Client:
    """Start working for a client. Its name is unique in the organization, however it is capitalised."""
    policies.require_on_organization(actor, "manage")
    client = Client(
        organization_id=actor.organization_id,
        name=_clean(name),
        currency=currency.strip().upper(),
        timezone=timezone.strip(),
        budget_limit_micros=budget_limit_micros,
    )
    _require_valid(client)
    with transaction.atomic():
        _save(client)
        terms = {"name": client.name, "currency": client.currency, "timezone": client.timezone}
        record("accounts.client.created", actor=actor, obj=client, after=terms)
        realtime.changed(client.organization_id, "client", str(client.public_id), client_id=client.pk)
    return client


@transaction.atomic
def edit(client_id: UUID | str, *, actor: Actor, reason: str = "", **changes: Any) -> Client:
    """Change a client's name, currency, time zone or monthly limit (micros, None lifts it)."""
    unknown = set(changes) - _CHANGEABLE
    if unknown:
        raise InvalidInput(fields=dict.fromkeys(sorted(unknown), "This cannot be changed."))
    client = own(client_id, actor, lock=True)
    policies.require(actor, "manage", client)
    with recording(client, "accounts.client.edited", actor=actor, reason=reason):
        for name, value in changes.items():
            setattr(client, name, value)
        client.name, client.currency = _clean(client.name), client.currency.strip().upper()
        client.timezone = client.timezone.strip()
        _require_valid(client)
        _save(client)
    realtime.changed(client.organization_id, "client", str(client.public_id), client_id=client.pk)
    return client


@transaction.atomic
def archive(client_id: UUID | str, *, actor: Actor, reason: str = "") -> Client:
    """Stop offering a client in lists and forms; its history stays. Archiving twice changes nothing."""
    client = own(client_id, actor, lock=True)
    policies.require(actor, "manage", client)
    if client.archived_at is not None:
        return client
    with recording(client, "accounts.client.archived", actor=actor, reason=reason):
        client.archived_at = clock.now()
        client.save(update_fields=["archived_at", "updated_at"])
    publish(ClientArchived(organization_id=client.organization_id, client_id=str(client.public_id)))
    return client


@transaction.atomic
def restore(client_id: UUID | str, *, actor: Actor, reason: str = "") -> Client:
    """Bring an archived client back."""
    client = own(client_id, actor, lock=True)
    policies.require(actor, "manage", client)
    with recording(client, "accounts.client.restored", actor=actor, reason=reason):
        client.archived_at = None
        client.save(update_fields=["archived_at", "updated_at"])
    return client


def own(client_id: UUID | str, actor: Actor, *, lock: bool = False) -> Client:
    """The client of that public id. Raises ``NotVisible`` for a foreign or unknown one."""
    rows = Client.objects.visible_to(actor)
    try:
        return (rows.locked() if lock else rows).get(public_id=UUID(str(client_id)))
    except (Client.DoesNotExist, ValueError):
        raise NotVisible from None


def _clean(name: str) -> str:
    return " ".join(name.split())


def _require_valid(client: Client) -> None:
    wrong: dict[str, str] = {}
    if not client.name:
        wrong["name"] = "Write the client's name."
    elif len(client.name) > 120:
        wrong["name"] = "The name may have at most 120 characters."
    elif (
        Client.objects.filter(organization_id=client.organization_id, name__iexact=client.name)
        .exclude(pk=client.pk)
        .exists()
    ):
        wrong["name"] = _NAME_TAKEN
    if client.currency not in money.CURRENCIES:
        wrong["currency"] = f"“{client.currency}” is not a currency. Use an ISO code such as EUR."
    if not client.timezone or not dates.is_zone(client.timezone):
        wrong["timezone"] = f"“{client.timezone}” is not a time zone. Use a name such as Europe/Berlin."
    limit = client.budget_limit_micros
    if limit is not None and limit <= 0:
        wrong["budget_limit_micros"] = "The monthly limit must be above zero; leave it empty for none."
    elif limit is not None and "currency" not in wrong and limit % money.unit_micros(client.currency):
        wrong["budget_limit_micros"] = f"The limit has more decimals than {client.currency} knows."
    if wrong:
        raise InvalidInput(fields=wrong)


def _save(client: Client) -> None:
    try:
        with transaction.atomic():
            client.save()
    except IntegrityError as error:
        raise InvalidInput(fields={"name": _NAME_TAKEN}) from error
