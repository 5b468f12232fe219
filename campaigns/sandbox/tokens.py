"""Logins of the sandbox: signed tokens that survive a restart and can be revoked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

from campaigns.sandbox.store import Store

CODE_SECONDS, ACCESS_SECONDS, SHORT_SECONDS, LONG_SECONDS = 600, 3600, 5400, 60 * 86400


class Tokens:
    """Tokens carry their kind, login and end; machine time rules them, never the virtual clock."""

    def __init__(self, store: Store, real: Callable[[], float]) -> None:
        self._store, self._real = store, real
        if store.get("secret") is None:
            store.put("secret", secrets.token_hex(32))
            store.put("google_client_secret", f"GOCSPX-sandbox-{secrets.token_urlsafe(18)}")
            store.put("meta_app_secret", secrets.token_hex(16))
        self._secret = str(store.get("secret")).encode()
        self.google_client_id = "lane-sandbox.apps.googleusercontent.com"
        self.google_client_secret = str(store.get("google_client_secret"))
        self.meta_app_id = "100000000000007"
        self.meta_app_secret = str(store.get("meta_app_secret"))

    def make(self, kind: str, login: str = "", seconds: float | None = None) -> str:
        """A token of one kind (code, access, refresh, short, long) for one login, a new one when not named."""
        login = login or secrets.token_hex(8)
        ends = 0 if seconds is None else int(self._real() + seconds)
        body = f"{kind}.{login}.{ends}.{secrets.token_hex(4)}"
        return f"sim-{body}.{self._sign(body)}"

    def login_of(self, token: str, *kinds: str) -> str | None:
        """The login a token stands for, if it is one of ``kinds``, genuine, in time and not revoked."""
        body, _, signature = token.removeprefix("sim-").rpartition(".")
        if not token.startswith("sim-") or not hmac.compare_digest(signature, self._sign(body)):
            return None
        kind, login, ends, _ = body.split(".")
        if kind not in kinds or (int(ends) and int(ends) < self._real()):
            return None
        return None if self._is_revoked(login) or self._is_revoked(token) else login

    def spend(self, code: str) -> str | None:
        """The login of a code, once."""
        login = self.login_of(code, "code")
        if login is not None:
            self.revoke(code)
        return login

    def revoke(self, login_or_token: str) -> None:
        """End one token, or every token of a login."""
        self._store.run("INSERT OR IGNORE INTO revoked VALUES (?)", login_or_token)

    def proof(self, token: str) -> str:
        """Meta's ``appsecret_proof`` of a token."""
        return hmac.new(self.meta_app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()

    def _is_revoked(self, name: str) -> bool:
        return bool(self._store.rows("SELECT 1 FROM revoked WHERE grant_id = ?", name))

    def _sign(self, body: str) -> str:
        return hmac.new(self._secret, body.encode(), hashlib.sha256).hexdigest()[:24]
