"""Logins at ad platforms: connect, prove, renew, lose and disconnect them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from campaigns.events import ConnectionLost, ConnectionMade
from campaigns.models import AdAccount, Connection
from campaigns.platforms import registry
from campaigns.platforms.base import AdPlatform
from campaigns.platforms.errors import AuthError, Invalid, PlatformError, RateLimited, Transient
from campaigns.platforms.records import Platform, TokenBundle
from lane.accounts import policies
from lane.audit.services import record
from lane.core import clock, realtime, sealed_fields
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible
from lane.core.outbox import publish

RENEW_BEFORE = timedelta(days=7)
RENEWAL_LEASE = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Proof:
    """What connecting showed of a login, before anything is stored."""

    tokens: TokenBundle
    label: str
    account_ids: frozenset[str]


def begin(
    platform: str, actor: Actor, redirect_uri: str, *, connection_id: UUID | str | None = None
) -> tuple[str, str]:
    """Where to send a person to connect a login, and the state that must come back with them.

    The caller keeps the state in the person's session. ``connection_id`` reconnects a known login.
    """
    policies.require_on_organization(actor, "manage")
    _require_ready(platform)
    if connection_id is not None and _own(connection_id, actor).platform != platform:
        raise InvalidInput("This login belongs to another platform.")
    state = secrets.token_urlsafe(32)
    return registry.authorization_url(platform, redirect_uri, state), state


def finish(
    platform: str,
    actor: Actor,
    code: str,
    redirect_uri: str,
    *,
    connection_id: UUID | str | None = None,
) -> Connection:
    """Trade the code for tokens, prove them by listing accounts, then store them sealed.

    With ``connection_id`` the known login gets new credentials and works again; its accounts stay.
    """
    policies.require_on_organization(actor, "manage")
    _require_ready(platform)
    known = _own(connection_id, actor) if connection_id is not None else None
    try:
        proof = _prove(platform, registry.exchange_code(platform, redirect_uri, code))
        if known is not None:
            _require_same_login(known, proof)
    except AuthError as error:
        raise InvalidInput(error.message, code="refused") from error
    except PlatformError as error:
        raise InvalidInput(f"{error.message} Nothing was stored; try again.", code="platform") from error
    return _store(platform, actor, proof, known)


def disconnect(connection_id: UUID | str, *, actor: Actor, reason: str = "") -> Connection:
    """Forget the credentials and stop every sync of the login; its accounts and their history stay."""
    policies.require_on_organization(actor, "manage")
    with transaction.atomic():
        connection = _own(connection_id, actor, lock=True)
        if connection.status == Connection.Status.DISCONNECTED:
            return connection
        was = connection.status
        sealed_fields.put(connection, "access_token_sealed", None)
        sealed_fields.put(connection, "refresh_token_sealed", None)
        connection.token_expires_at = None
        connection.status = Connection.Status.DISCONNECTED
        connection.save()
        record(
            "campaigns.connection.disconnected",
            actor=actor,
            obj=connection,
            before={"status": was},
            after={"status": connection.status},
            reason=reason,
        )
        realtime.changed(connection.organization_id, "connection", str(connection.public_id))
    return connection


def lost(connection: Connection, message: str) -> bool:
    """The platform no longer accepts the login: stop its syncs and tell people, once.

    Returns whether this call was the one that noticed.
    """
    with transaction.atomic():
        noticed = Connection.objects.filter(pk=connection.pk, status=Connection.Status.OK).update(
            status=Connection.Status.RECONNECT, last_error=message[:1000], last_error_at=clock.now()
        )
        if not noticed:
            return False
        record(
            "campaigns.connection.lost",
            actor=Actor.system(connection.organization_id, "sync"),
            obj=connection,
            before={"status": Connection.Status.OK},
            after={"status": Connection.Status.RECONNECT},
            reason=message,
        )
        publish(
            ConnectionLost(
                organization_id=connection.organization_id,
                connection_id=str(connection.public_id),
                message=message,
            )
        )
        realtime.changed(connection.organization_id, "connection", str(connection.public_id))
    return True


def proved(connection: Connection) -> None:
    """A call through the login succeeded."""
    Connection.objects.filter(pk=connection.pk, status=Connection.Status.OK).update(
        last_ok_at=clock.now(), last_error="", last_error_at=None
    )


def faltered(connection: Connection, message: str) -> None:
    """A call failed in a way that usually passes; the login stays connected and shows why."""
    Connection.objects.filter(pk=connection.pk).update(last_error=message[:1000], last_error_at=clock.now())


@contextmanager
def open_line(connection: Connection) -> Iterator[AdPlatform]:
    """A connector with living tokens. A refused login is noted as lost; the error goes on to the caller."""
    try:
        current = renew(connection.pk)
        with registry.connector_for(current) as connector:
            yield connector
    except AuthError as error:
        if error.reauth_required:
            lost(connection, error.message)
        raise


def renew(connection_id: int) -> Connection:
    """The connection with tokens that last; renewed by one caller at a time, saved before first use.

    A lease in the row serialises renewals without a transaction around the network call. A caller that finds
    the lease taken goes on with the tokens at hand: they still work for days.
    """
    connection = Connection.objects.get(pk=connection_id)
    now = clock.machine_now()
    if connection.token_expires_at is None or connection.token_expires_at - now > RENEW_BEFORE:
        return connection
    leased = (
        Connection.objects.filter(pk=connection_id, token_expires_at=connection.token_expires_at)
        .filter(Q(token_lease_until__isnull=True) | Q(token_lease_until__lt=now))
        .update(token_lease_until=now + RENEWAL_LEASE)
    )
    if not leased:
        return connection
    try:
        with registry.connector_for(connection) as connector:
            tokens = connector.refresh_auth()
        with transaction.atomic():
            fresh = Connection.objects.select_for_update().get(pk=connection_id)
            if fresh.status == Connection.Status.OK:
                _put_tokens(fresh, tokens)
                fresh.save()
            connection = fresh
    except (RateLimited, Transient):
        pass  # the old token still works; the next call tries again
    finally:
        Connection.objects.filter(pk=connection_id).update(token_lease_until=None)
    return connection


def _prove(platform: str, tokens: TokenBundle) -> Proof:
    connector = registry.build(platform, access_token=tokens.access_token, refresh_token=tokens.refresh_token)
    try:
        accounts = connector.list_accounts()
    finally:
        connector.close()
    if not accounts:
        raise Invalid("This login reaches no ad account. Sign in with another one.", code="no_accounts")
    managers = [account.name for account in accounts if account.is_manager]
    advertisers = [account.name for account in accounts if not account.is_manager]
    label = managers[0] if managers else advertisers[0]
    if not managers and len(advertisers) > 1:
        label = f"{label} and {len(advertisers) - 1} more"
    return Proof(tokens, label[:120], frozenset(account.external_id for account in accounts))


def _require_same_login(known: Connection, proof: Proof) -> None:
    """A reconnect must reach the accounts this login serves, or their syncs would fail one by one."""
    needed = set(AdAccount.objects.filter(connection=known).values_list("external_id", flat=True))
    if needed and not needed & proof.account_ids:
        raise Invalid(
            f"This is another login: it reaches none of the {len(needed)} accounts connected through "
            f"“{known.label}”. Sign in with the login used before, or connect it as a new one.",
            code="other_login",
        )


@transaction.atomic
def _store(platform: str, actor: Actor, proof: Proof, known: Connection | None) -> Connection:
    if known is None:
        connection = Connection(
            organization_id=actor.organization_id, platform=platform, created_by_id=actor.user_id
        )
        before = {}
    else:
        connection = Connection.objects.select_for_update().get(pk=known.pk)
        before = {"status": connection.status}
    connection.label = connection.label or proof.label
    connection.environment = registry.environment_of(platform)
    connection.status = Connection.Status.OK
    connection.last_error, connection.last_error_at = "", None
    connection.last_ok_at = clock.now()
    _put_tokens(connection, proof.tokens)
    connection.save()
    record(
        "campaigns.connection.made",
        actor=actor,
        obj=connection,
        before=before,
        after={"status": connection.status, "platform": platform, "environment": connection.environment},
    )
    publish(
        ConnectionMade(organization_id=connection.organization_id, connection_id=str(connection.public_id))
    )
    realtime.changed(connection.organization_id, "connection", str(connection.public_id))
    return connection


def _put_tokens(connection: Connection, tokens: TokenBundle) -> None:
    """Seal what is worth keeping: the refresh token where there is one, else the access token itself."""
    if tokens.refresh_token:
        sealed_fields.put(connection, "refresh_token_sealed", tokens.refresh_token)
        sealed_fields.put(connection, "access_token_sealed", None)
        connection.token_expires_at = None
        return
    sealed_fields.put(connection, "access_token_sealed", tokens.access_token)
    connection.token_expires_at = tokens.expires_at


def _require_ready(platform: str) -> None:
    if platform not in list(Platform):
        raise NotVisible
    if not registry.is_configured(platform):
        raise InvalidInput(
            "This installation has no OAuth client for this platform yet. Set it in the environment; the README "
            "says how.",
            code="not_configured",
        )
    if registry.environment_of(platform) == Connection.Environment.LIVE and clock.offset():
        raise InvalidInput(
            "The clock of this installation has been moved for the demo, so real accounts cannot be connected. "
            "Reset the demo or use another installation.",
            code="clock_moved",
        )


def _own(connection_id: UUID | str, actor: Actor, *, lock: bool = False) -> Connection:
    rows = Connection.objects.visible_to(actor)
    try:
        return (rows.locked() if lock else rows).get(public_id=connection_id)
    except (Connection.DoesNotExist, ValueError):
        raise NotVisible from None
