"""One authorised line to Google Ads: fresh credentials, one channel per service, a deadline on every call.

The SDK is built by hand: its ``load_from_*`` makers refresh over the network inside the constructor at a
hard-wired address. Importing it costs about a second and 80 MB, hence the imports inside the methods.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC
from typing import Any, TypeVar

from campaigns.platforms.errors import AuthError, PlatformError
from campaigns.platforms.google_ads.config import SCOPE, GoogleAdsConfig
from campaigns.platforms.google_ads.errors import STALE_TOKEN_CODES, classify
from campaigns.platforms.records import TokenBundle

Answer = TypeVar("Answer")

OPEN_CHANNELS = 12


class GoogleAdsLine:
    """Credentials and channels of one connection. Made after a fork, closed by its owner."""

    def __init__(self, config: GoogleAdsConfig, refresh_token: str, login_customer_id: str = "") -> None:
        self.config = config
        self.login_customer_id = login_customer_id
        self._refresh_token = refresh_token
        self._credentials: Any = None
        self._clients: dict[str, Any] = {}
        self._services: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self.last_request_id = ""
        self.calls = 0

    def refresh(self) -> TokenBundle:
        """Ask for a new access token now; a revoked refresh token is an ``AuthError``."""
        from google.auth.transport.requests import Request

        credentials = self._own_credentials()
        try:
            credentials.refresh(functools.partial(Request(), timeout=self.config.auth_timeout))
        except Exception as error:  # noqa: BLE001 - every failure becomes one of the taxonomy
            raise classify(error) from None  # the cause carries the refresh token
        return TokenBundle(
            access_token=credentials.token,
            refresh_token=credentials.refresh_token or self._refresh_token,
            expires_at=credentials.expiry.replace(tzinfo=UTC) if credentials.expiry else None,
            scopes=tuple(credentials.granted_scopes or credentials.scopes or (SCOPE,)),
        )

    def rows(self, customer_id: str, query: str, *, via: str = "") -> list[Any]:
        """All rows of a query. A stream that breaks yields none of them."""

        def read() -> list[Any]:
            service = self.service("GoogleAdsService", via)
            stream = service.search_stream(
                customer_id=customer_id, query=query, timeout=self.config.read_timeout
            )
            return [row for batch in stream for row in batch.results]

        return self.call(read)

    def call(self, send: Callable[[], Answer], *, writing: bool = False) -> Answer:
        """Run one RPC with a valid token and raise only the taxonomy.

        When Google calls the access token stale although it looked valid, it is renewed and the call made
        again once: such an answer is a refusal, so that nothing is sent twice.
        """
        if not self._own_credentials().valid:
            self.refresh()
        try:
            return self._attempt(send, writing)
        except AuthError as error:
            if error.code not in STALE_TOKEN_CODES:
                raise
        self.refresh()
        return self._attempt(send, writing)

    def service(self, name: str, via: str = "") -> Any:
        """The cached service acting through manager ``via``: ``get_service`` opens a channel each time.

        A login with a hundred roots must not hold a hundred sockets: the longest unused one is closed.
        """
        key = (via or self.login_customer_id, name)
        if key not in self._services:
            self._services[key] = self.client(key[0]).get_service(
                name, interceptors=[_request_id_catcher(self)]
            )
            if len(self._services) > OPEN_CHANNELS:
                _, oldest = self._services.popitem(last=False)
                oldest.transport.close()
        self._services.move_to_end(key)
        return self._services[key]

    def client(self, via: str = "") -> Any:
        """The SDK client for one manager, with raw protobuf messages."""
        from google.ads.googleads.client import GoogleAdsClient

        if via not in self._clients:
            self._clients[via] = GoogleAdsClient(
                credentials=self._own_credentials(),
                developer_token=self.config.developer_token or None,
                endpoint=self.config.endpoint or None,
                login_customer_id=via or None,
                version=self.config.api_version,
                use_proto_plus=False,
            )
        return self._clients[via]

    def close(self) -> None:
        """Close every channel; the line can be used again and reopens them."""
        for service in self._services.values():
            service.transport.close()
        self._services.clear()
        self._clients.clear()

    def _attempt(self, send: Callable[[], Answer], writing: bool) -> Answer:
        self.calls += 1
        try:
            return send()
        except PlatformError:
            raise
        except Exception as error:
            raise classify(error, writing=writing, api_version=self.config.api_version) from error

    def _own_credentials(self) -> Any:
        from google.oauth2.credentials import Credentials

        if self._credentials is None:
            self._credentials = Credentials(
                token=None,
                refresh_token=self._refresh_token,
                client_id=self.config.client_id,
                client_secret=self.config.client_secret,
                token_uri=self.config.token_uri,
                scopes=[SCOPE],
            )
        return self._credentials


@functools.cache
def _catcher_class() -> type:
    import grpc

    class RequestIdCatcher(grpc.UnaryUnaryClientInterceptor):
        """Keeps the request id of an answered call: the SDK drops the trailers of a success."""

        def __init__(self, line: GoogleAdsLine) -> None:
            self.line = line

        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            self.line.last_request_id = ""
            response = continuation(details, request)
            self.line.last_request_id = _request_id(response)
            return response

    return RequestIdCatcher


def _request_id(response: Any) -> str:
    """The request id in a call's trailers.

    The SDK's wrapper answers the initial metadata when asked for the trailing one, so the call is looked for
    inside its wrappers; a future SDK without them costs only this id.
    """
    while hasattr(response, "trailing_metadata"):
        found = dict(response.trailing_metadata() or ()).get("request-id", "")
        if found:
            return found if isinstance(found, str) else found.decode()
        response = getattr(response, "_underlay_call", None) or getattr(response, "_call", None)
    return ""


def _request_id_catcher(line: GoogleAdsLine) -> Any:
    return _catcher_class()(line)
