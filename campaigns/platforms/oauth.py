"""The token endpoint of a platform, called with a timeout and with secrets in the body, never in a URL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2

from campaigns.platforms.errors import AuthError, Invalid, PlatformError, Transient
from campaigns.platforms.scrubbing import scrub

TIMEOUT_SECONDS = 15.0


def post_form(url: str, form: Mapping[str, str], *, platform_name: str) -> dict[str, Any]:
    """Post a form and return its JSON object; a refused grant is an ``AuthError``."""
    secrets = [form.get(key, "") for key in ("client_secret", "code", "refresh_token", "fb_exchange_token")]
    try:
        answer = httpx2.post(url, data=dict(form), timeout=TIMEOUT_SECONDS, follow_redirects=False)
    except httpx2.HTTPError as error:
        # The cause is cut off on purpose: its request carries the secrets.
        raise Transient(
            f"{platform_name} could not be reached to sign in: {scrub(error, *secrets)}", code="unreachable"
        ) from None
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.status_code >= 500 or not isinstance(body, dict):
        raise Transient(
            f"{platform_name} could not complete the sign-in (HTTP {answer.status_code}).",
            code=f"http_{answer.status_code}",
        )
    if answer.status_code >= 400 or "error" in body:
        raise _refusal(body, secrets, platform_name)
    return body


def _refusal(body: Mapping[str, Any], secrets: list[str], platform_name: str) -> PlatformError:
    """Google answers ``{"error": "invalid_grant"}``, Meta ``{"error": {"message": …, "code": …}}``."""
    error = body.get("error")
    if isinstance(error, Mapping):
        code, said = str(error.get("code", "")), str(error.get("message", ""))
        subcode = str(error.get("error_subcode", ""))
        code = f"{code}/{subcode}" if subcode else code
    else:
        code, said = str(error or ""), str(body.get("error_description", "") or error or "")
    if code in {"redirect_uri_mismatch", "invalid_client", "unauthorized_client", "101", "191"}:
        return Invalid(
            f"{platform_name} does not accept this installation's OAuth client: {scrub(said, *secrets)}",
            field="oauth_client",
            code=code,
        )
    return AuthError(f"{platform_name} refused the sign-in: {scrub(said, *secrets)}", code=code)


def expiry(body: Mapping[str, Any]) -> datetime | None:
    """The UTC instant a token ends, from ``expires_in`` seconds; None when the platform gave none."""
    seconds = body.get("expires_in")
    if seconds in (None, "", 0, "0"):
        return None
    return datetime.now(UTC) + timedelta(seconds=int(str(seconds)))
