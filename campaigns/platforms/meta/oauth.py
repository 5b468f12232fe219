"""Meta's OAuth flow. There is no refresh token: a living token is traded for one of about 60 days."""

from __future__ import annotations

from urllib.parse import urlencode

from campaigns.platforms.errors import AuthError
from campaigns.platforms.meta.config import SCOPES, MetaConfig
from campaigns.platforms.oauth import expiry, post_form
from campaigns.platforms.records import TokenBundle


def authorization_url(config: MetaConfig, redirect_uri: str, state: str) -> str:
    """Where to send the person; permissions refused earlier are asked for again."""
    return f"{config.auth_uri}?" + urlencode(
        {
            "client_id": config.app_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": ",".join(SCOPES),
            "auth_type": "rerequest",
            "state": state,
        }
    )


def exchange_code(config: MetaConfig, redirect_uri: str, code: str) -> TokenBundle:
    """Trade the one-time code for a short token and that at once for a long-lived one."""
    short = post_form(
        config.token_uri,
        {
            "client_id": config.app_id,
            "client_secret": config.app_secret,
            "redirect_uri": redirect_uri,
            "code": code,
        },
        platform_name="Meta",
    )
    if not short.get("access_token"):
        raise AuthError("Meta sent no access token. Connect again.", code="no_access_token")
    return extend(config, str(short["access_token"]))


def extend(config: MetaConfig, access_token: str) -> TokenBundle:
    """A fresh long-lived token for one that still works; a dead one is an ``AuthError``."""
    body = post_form(
        config.token_uri,
        {
            "grant_type": "fb_exchange_token",
            "client_id": config.app_id,
            "client_secret": config.app_secret,
            "fb_exchange_token": access_token,
        },
        platform_name="Meta",
    )
    if not body.get("access_token"):
        raise AuthError("Meta sent no access token. Connect again.", code="no_access_token")
    return TokenBundle(access_token=str(body["access_token"]), expires_at=expiry(body))
