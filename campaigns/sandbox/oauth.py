"""OAuth of both platforms: consent page, code, tokens, revocation."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from campaigns.sandbox import consent
from campaigns.sandbox.engine import Sandbox
from campaigns.sandbox.faults import AUTH, Call
from campaigns.sandbox.http import Request, Response, answer_html, answer_json, redirect
from campaigns.sandbox.market import Account
from campaigns.sandbox.scenario import AGENCY, GOOGLE, META
from campaigns.sandbox.tokens import ACCESS_SECONDS, CODE_SECONDS

SCOPE = "https://www.googleapis.com/auth/adwords"
_ASKED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "access_type",
    "prompt",
    "auth_type",
)


class OAuth:
    """Consent pages and Google's token endpoints. Meta's tokens are Graph's."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def google_auth(self, request: Request) -> Response:
        """Google's consent page and its form."""
        return self._consent(request, GOOGLE, "Google Ads", self.sandbox.tokens.google_client_id)

    def meta_dialog(self, request: Request) -> Response:
        """Meta's login dialog and its form."""
        return self._consent(request, META, "Meta", self.sandbox.tokens.meta_app_id)

    def google_token(self, request: Request) -> Response:
        """Codes and refresh tokens for access tokens."""
        tokens, asked = self.sandbox.tokens, request.params
        hit = self.sandbox.arrive(Call(GOOGLE, "oauth.token", AUTH))
        if request.method != "POST":
            return _refused("invalid_request", "Use POST.", 405)
        client = (asked.get("client_id"), asked.get("client_secret"))
        if client != (tokens.google_client_id, tokens.google_client_secret):
            return _refused("invalid_client", "The OAuth client was not found.", 401)
        kind = asked.get("grant_type")
        if kind == "authorization_code":
            login = tokens.spend(asked.get("code", ""))
            if login is None or asked.get("redirect_uri") != self._redirect_of(login):
                return _refused("invalid_grant", "Bad Request")
            return answer_json(
                _access(tokens.make("access", login, ACCESS_SECONDS))
                | {"refresh_token": tokens.make("refresh", login)}
            )
        if kind == "refresh_token":
            login = tokens.login_of(asked.get("refresh_token", ""), "refresh")
            if login is None or "revoked_refresh" in hit:
                return _refused("invalid_grant", "Token has been expired or revoked.")
            return answer_json(_access(tokens.make("access", login, ACCESS_SECONDS)))
        return _refused("unsupported_grant_type", f"Invalid grant_type: {kind}")

    def google_revoke(self, request: Request) -> Response:
        """End a login, by any of its tokens."""
        tokens = self.sandbox.tokens
        login = tokens.login_of(request.params.get("token", ""), "access", "refresh")
        if login is None:
            return _refused("invalid_token", "Token expired or revoked")
        tokens.revoke(login)
        return answer_json({})

    def _consent(self, request: Request, platform: str, name: str, client_id: str) -> Response:
        asked = {key: request.params[key] for key in _ASKED if key in request.params}
        back = asked.get("redirect_uri", "")
        if asked.get("client_id") != client_id:
            return answer_html("<h1>Sandbox: the OAuth client was not found.</h1>", 401)
        if urlsplit(back).scheme not in {"http", "https"} or not urlsplit(back).netloc:
            return answer_html("<h1>Sandbox: redirect_uri must be a full http address.</h1>", 400)
        if asked.get("response_type", "code") != "code":
            return answer_html("<h1>Sandbox: only response_type=code is offered.</h1>", 400)
        if request.method != "POST":
            names = [account.name for account in self._accounts(platform)]
            return answer_html(consent.page(name, f"{AGENCY} (sandbox)", names, request.path, asked))
        state = {"state": asked["state"]} if "state" in asked else {}
        if request.params.get("decision", "allow") != "allow":
            return redirect(_with(back, {"error": "access_denied"} | state))
        login = self._remember(back)
        code = self.sandbox.tokens.make("code", login, CODE_SECONDS)
        scope = {"scope": SCOPE} if platform == GOOGLE else {}
        return redirect(_with(back, {"code": code} | scope | state))

    def _accounts(self, platform: str) -> list[Account]:
        market = self.sandbox.world.market
        return [market.manager, *market.of(platform)] if platform == GOOGLE else market.of(platform)

    def _remember(self, redirect_uri: str) -> str:
        """A new login, bound to where its code was sent."""
        number = int(self.sandbox.store.get("logins") or 0) + 1
        self.sandbox.store.put("logins", number)
        login = f"u{self.sandbox.boot}x{number}"
        self.sandbox.store.put(f"redirect:{login}", redirect_uri)
        return login

    def _redirect_of(self, login: str) -> str:
        return str(self.sandbox.store.get(f"redirect:{login}") or "")

    def redirect_fits(self, login: str, redirect_uri: str) -> bool:
        """Whether a code was sent to where it is now redeemed for."""
        return bool(redirect_uri) and redirect_uri == self._redirect_of(login)


def _access(token: str) -> dict[str, object]:
    return {"access_token": token, "expires_in": ACCESS_SECONDS - 1, "scope": SCOPE, "token_type": "Bearer"}


def _refused(error: str, description: str, status: int = 400) -> Response:
    return answer_json({"error": error, "error_description": description}, status)


def _with(url: str, params: dict[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}"
