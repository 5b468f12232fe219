"""From a stored connection to a working connector: the one place where settings and secrets meet the SDKs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection as database

from campaigns.models import AdAccount, Connection
from campaigns.platforms.base import AdPlatform
from campaigns.platforms.errors import AuthError, Invalid
from campaigns.platforms.google_ads import oauth as google_oauth
from campaigns.platforms.google_ads.config import GoogleAdsConfig
from campaigns.platforms.google_ads.connector import GoogleAdsConnector
from campaigns.platforms.meta import oauth as meta_oauth
from campaigns.platforms.meta.config import MetaConfig
from campaigns.platforms.meta.connector import MetaConnector
from campaigns.platforms.records import AccountRecord, Capabilities, EntityStatus, Platform, TokenBundle
from lane.core import clock, sealed_fields
from lane.core.crypto import CannotUnseal

_CAPABILITIES = {
    Platform.GOOGLE_ADS: GoogleAdsConnector.capabilities,
    Platform.META: MetaConnector.capabilities,
}
_STATUS = {
    AdAccount.Status.ACTIVE: EntityStatus.ACTIVE,
    AdAccount.Status.DISABLED: EntityStatus.LIMITED,
}


def google_config() -> GoogleAdsConfig:
    """This installation's Google Ads settings."""
    known = settings.GOOGLE_ADS
    return GoogleAdsConfig(
        client_id=known["client_id"],
        client_secret=known["client_secret"],
        auth_uri=known["auth_uri"],
        token_uri=known["token_uri"],
        endpoint=known["endpoint"],
        api_version=known["api_version"],
        developer_token=known["developer_token"] or None,
        write_timeout=settings.LANE_LEDGER_CALL_SECONDS,
    )


def meta_config() -> MetaConfig:
    """This installation's Meta settings."""
    known = settings.META_ADS
    return MetaConfig(
        app_id=known["app_id"],
        app_secret=known["app_secret"],
        graph_url=known["graph_url"],
        auth_uri=known["auth_uri"],
        token_uri=known["token_uri"],
        api_version=known["api_version"],
        write_timeout=settings.LANE_LEDGER_CALL_SECONDS,
    )


def capabilities_of(platform: str) -> Capabilities:
    """What the connector of a platform can do."""
    return _CAPABILITIES[Platform(platform)]


def is_configured(platform: str) -> bool:
    """Whether this installation has an OAuth client for the platform."""
    if Platform(platform) is Platform.GOOGLE_ADS:
        return bool(settings.GOOGLE_ADS["client_id"] and settings.GOOGLE_ADS["client_secret"])
    return bool(settings.META_ADS["app_id"] and settings.META_ADS["app_secret"])


def environment_of(platform: str) -> str:
    """Whether this installation's address of a platform is the local sandbox or the platform itself."""
    sandbox = settings.SANDBOX
    if Platform(platform) is Platform.GOOGLE_ADS:
        used, local = settings.GOOGLE_ADS["endpoint"], sandbox.get("google_endpoint")
    else:
        used, local = settings.META_ADS["graph_url"], sandbox.get("meta_graph")
    is_sandbox = bool(local) and used == local
    return str(Connection.Environment.SANDBOX if is_sandbox else Connection.Environment.LIVE)


def authorization_url(platform: str, redirect_uri: str, state: str) -> str:
    """Where to send a person who wants to connect a login."""
    if Platform(platform) is Platform.GOOGLE_ADS:
        return google_oauth.authorization_url(google_config(), redirect_uri, state)
    return meta_oauth.authorization_url(meta_config(), redirect_uri, state)


def exchange_code(platform: str, redirect_uri: str, code: str) -> TokenBundle:
    """Trade a one-time code for tokens. Raises the errors of the platform layer."""
    if Platform(platform) is Platform.GOOGLE_ADS:
        return google_oauth.exchange_code(google_config(), redirect_uri, code)
    return meta_oauth.exchange_code(meta_config(), redirect_uri, code)


def build(platform: str, *, access_token: str, refresh_token: str) -> AdPlatform:
    """A connector for tokens that are at hand; the caller closes it."""
    if Platform(platform) is Platform.GOOGLE_ADS:
        return GoogleAdsConnector(google_config(), refresh_token=refresh_token, now=clock.now)
    return MetaConnector(meta_config(), access_token=access_token, now=clock.now)


def require_no_transaction() -> None:
    """A slow platform must never hold rows locked: refuse to call one inside a transaction of ours."""
    if any(not block._from_testcase for block in database.atomic_blocks):  # type: ignore[attr-defined]
        raise RuntimeError("a platform must not be called inside a database transaction")


@contextmanager
def connector_for(connection: Connection) -> Iterator[AdPlatform]:
    """A connector for a stored login, closed at the end. Raises ``AuthError`` where no secret can be read.

    Refuses a login made against another environment: sandbox tokens are never sent to a real platform and
    real tokens never to a sandbox.
    """
    require_no_transaction()
    if connection.environment != environment_of(connection.platform):
        raise Invalid(
            f"This login was connected to the {connection.get_environment_display().lower()} platform, but this "
            f"installation now talks to {environment_of(connection.platform)}. Connect again.",
            code="other_environment",
        )
    try:
        access_token = sealed_fields.reveal(connection, "access_token_sealed")
        refresh_token = sealed_fields.reveal(connection, "refresh_token_sealed")
    except CannotUnseal as error:
        raise AuthError(
            "The stored credentials cannot be read with this installation's keys. Connect again.",
            code="cannot_unseal",
        ) from error
    if not (access_token or refresh_token):
        raise AuthError("This login has no credentials any more. Connect again.", code="no_credentials")
    connector = build(connection.platform, access_token=access_token, refresh_token=refresh_token)
    try:
        yield connector
    finally:
        connector.close()


def account_record(account: AdAccount) -> AccountRecord:
    """An ad account as connectors know it."""
    return AccountRecord(
        external_id=account.external_id,
        name=account.name,
        currency=account.currency,
        timezone=account.timezone,
        status=_STATUS[AdAccount.Status(account.status)],
        access_path=account.access_path,
    )
