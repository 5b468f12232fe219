"""Google's OAuth web flow: offline access, so that Lane can sync while nobody is looking."""

from __future__ import annotations

from urllib.parse import urlencode

from campaigns.platforms.errors import AuthError
from campaigns.platforms.google_ads.config import SCOPE, GoogleAdsConfig
from campaigns.platforms.oauth import expiry, post_form
from campaigns.platforms.records import TokenBundle


def authorization_url(config: GoogleAdsConfig, redirect_uri: str, state: str) -> str:
    """Where to send the person. ``consent`` is always asked for: without it Google sends no refresh token."""
    return f"{config.auth_uri}?" + urlencode(
        {
            "client_id": config.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": SCOPE,
            "access_type": "offline",
            "prompt": "consent",
            "include_granted_scopes": "false",
            "state": state,
        }
    )


def exchange_code(config: GoogleAdsConfig, redirect_uri: str, code: str) -> TokenBundle:
    """Trade the one-time code for tokens; an answer without a refresh token is of no use and is refused."""
    body = post_form(
        config.token_uri,
        {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": config.client_id,
            "client_secret": config.client_secret,
            "redirect_uri": redirect_uri,
        },
        platform_name="Google",
    )
    scopes = tuple(str(body.get("scope", "")).split())
    if scopes and SCOPE not in scopes:
        raise AuthError(
            "Google Ads access was not ticked on Google's consent page. Connect again and allow it.",
            code="scope_missing",
        )
    if not body.get("refresh_token"):
        raise AuthError(
            "Google sent no refresh token. Remove Lane under “Third-party access” of the Google account, "
            "then connect again.",
            code="no_refresh_token",
        )
    return TokenBundle(
        access_token=str(body.get("access_token", "")),
        refresh_token=str(body["refresh_token"]),
        expires_at=expiry(body),
        scopes=scopes,
    )
