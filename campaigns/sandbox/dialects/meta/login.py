"""Meta's tokens: a code for a short one, a living one for a long one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.sandbox.dialects.meta.errors import GraphError, bad_token
from campaigns.sandbox.engine import Sandbox
from campaigns.sandbox.faults import AUTH, Call
from campaigns.sandbox.oauth import OAuth
from campaigns.sandbox.scenario import META
from campaigns.sandbox.tokens import LONG_SECONDS, SHORT_SECONDS

SCOPES = ["ads_management", "ads_read", "business_management"]


class Login:
    """``/oauth/access_token`` and ``/debug_token``."""

    def __init__(self, sandbox: Sandbox, oauth: OAuth) -> None:
        self.sandbox, self._oauth = sandbox, oauth

    def access_token(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """Exchange a code, or a token that still works."""
        tokens = self.sandbox.tokens
        hit = self.sandbox.arrive(Call(META, "oauth.access_token", AUTH))
        if (asked.get("client_id"), asked.get("client_secret")) != (
            tokens.meta_app_id,
            tokens.meta_app_secret,
        ):
            raise GraphError(
                101, "Error validating application. Cannot get application info due to a system error."
            )
        if asked.get("grant_type") == "fb_exchange_token":
            login = tokens.login_of(asked.get("fb_exchange_token", ""), "short", "long")
            if login is None or "revoked_refresh" in hit:
                raise bad_token("Error validating access token: The session has been invalidated.", 460)
            return _token(tokens.make("long", login, LONG_SECONDS), LONG_SECONDS)
        login = tokens.spend(asked.get("code", ""))
        if login is None or not self._oauth.redirect_fits(login, asked.get("redirect_uri", "")):
            raise GraphError(100, "This authorization code has been used or has expired.", subcode=36009)
        return _token(tokens.make("short", login, SHORT_SECONDS), SHORT_SECONDS)

    def debug(self, asked: Mapping[str, str]) -> dict[str, Any]:
        """What a token is good for."""
        login = self.sandbox.tokens.login_of(asked.get("input_token", ""), "short", "long")
        data: dict[str, Any] = {"app_id": self.sandbox.tokens.meta_app_id, "is_valid": login is not None}
        if login is not None:
            data |= {"application": "Lane (sandbox)", "type": "USER", "scopes": SCOPES, "user_id": "1007"}
        return {"data": data}


def _token(token: str, seconds: int) -> dict[str, Any]:
    return {"access_token": token, "token_type": "bearer", "expires_in": seconds}
