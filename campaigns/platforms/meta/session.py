"""A Graph line of one connection: nothing global, no token in a URL, no success that is none.

The SDK's ``init()`` is never called: it sets a process-wide token and replaces ``sys.excepthook`` with one
that posts crash reports to Meta. Import this module inside a method: the SDK is heavy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from facebook_business.api import FacebookAdsApi, FacebookResponse
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

from campaigns.platforms.errors import Invalid, PlatformError, Transient
from campaigns.platforms.meta.config import MetaConfig
from campaigns.platforms.meta.errors import classify, lost
from campaigns.platforms.meta.usage import MANAGEMENT, UsageGate

_NEVER_IN_A_URL = frozenset({"access_token", "appsecret_proof"})
_TRACE_HEADERS = ("x-fb-request-id", "x-fb-trace-id")


class HeaderSession(FacebookSession):  # type: ignore[misc]
    """Sends the token in a header: in the URL it leaks into every connection error and proxy log."""

    def __init__(self, config: MetaConfig, access_token: str) -> None:
        super().__init__(
            app_id=config.app_id,
            app_secret=config.app_secret,
            access_token=access_token,
            timeout=config.read_timeout,
        )
        self.GRAPH = config.graph_url.rstrip("/")
        self.requests.params.pop("access_token", None)
        self.requests.headers["Authorization"] = f"Bearer {access_token}"
        self.requests.max_redirects = 0


class GraphLine(FacebookAdsApi):  # type: ignore[misc]
    """The SDK's api object with honest calls: each answers a JSON object or raises the taxonomy."""

    def __init__(self, config: MetaConfig, access_token: str) -> None:
        super().__init__(HeaderSession(config, access_token), api_version=config.api_version)
        self.config = config
        self.gate = UsageGate()
        self.last_request_id = ""
        self.calls = 0
        self._secrets = (access_token, config.app_secret, self._session.appsecret_proof)

    def get(
        self,
        path: tuple[str, ...],
        params: Mapping[str, Any],
        *,
        account_id: str = "",
        kind: str = MANAGEMENT,
    ) -> dict[str, Any]:
        """Read one node, edge or batch of ids."""
        return self._send("GET", path, params, account_id=account_id, kind=kind)

    def follow(self, url: str, *, account_id: str = "", kind: str = MANAGEMENT) -> dict[str, Any]:
        """Read the next page Graph points at; the credentials go to Graph's own host only."""
        own, there = urlsplit(self._session.GRAPH), urlsplit(url)
        if (own.scheme, own.netloc) != (there.scheme, there.netloc):
            raise Transient(
                "Meta pointed at a next page on another host; it was not followed.", code="paging"
            )
        query = [pair for pair in parse_qsl(there.query) if pair[0] not in _NEVER_IN_A_URL]
        return self._send(
            "GET", urlunsplit(there._replace(query=urlencode(query))), {}, account_id=account_id, kind=kind
        )

    def start_report(
        self, path: tuple[str, ...], params: Mapping[str, Any], account_id: str
    ) -> dict[str, Any]:
        """Submit an asynchronous report: a POST that changes nothing at the platform."""
        return self._send("POST", path, params, account_id=account_id, kind="ads_insights")

    def write(self, path: tuple[str, ...], params: Mapping[str, Any], *, account_id: str) -> dict[str, Any]:
        """Send one change once."""
        return self._send("POST", path, params, account_id=account_id, kind=MANAGEMENT, writing=True)

    def close(self) -> None:
        """Close the sockets."""
        self._session.requests.close()

    def _send(
        self,
        method: str,
        path: tuple[str, ...] | str,
        params: Mapping[str, Any],
        *,
        account_id: str,
        kind: str,
        writing: bool = False,
    ) -> dict[str, Any]:
        self.gate.require_open(account_id, kind)
        self.calls += 1
        self.last_request_id = ""
        self._session.timeout = self.config.write_timeout if writing else self.config.read_timeout
        # ``from None``: the SDK's and requests' errors quote URL, parameters and headers.
        try:
            answer = self.call(method, path, params=dict(params))
        except FacebookRequestError as refused:
            self._note(account_id, refused.http_headers())
            raise classify(
                refused.http_status(),
                refused.body(),
                refused.http_headers(),
                writing=writing,
                secrets=self._secrets,
            ) from None
        except (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError):
            raise Transient("Meta could not be reached.", code="unreachable") from None
        except requests.ConnectionError as broken:
            raise _broken(broken, writing=writing) from None
        except requests.RequestException as failed:
            raise lost(type(failed).__name__, writing=writing) from None
        except (TypeError, AttributeError, ValueError):
            # The SDK trips over error bodies of an unexpected shape.
            raise lost("unreadable answer", writing=writing) from None
        self._note(account_id, answer.headers())
        return self._object(answer, writing)

    def _object(self, answer: FacebookResponse, writing: bool) -> dict[str, Any]:
        body = answer.json()
        if answer.status() >= 400 or not isinstance(body, dict):
            raise classify(answer.status(), body, answer.headers(), writing=writing, secrets=self._secrets)
        return body

    def _note(self, account_id: str, headers: Mapping[str, str]) -> None:
        self.gate.record(account_id, headers)
        lowered = {name.lower(): value for name, value in headers.items()}
        self.last_request_id = next((lowered[name] for name in _TRACE_HEADERS if name in lowered), "")


def _broken(broken: requests.ConnectionError, *, writing: bool) -> PlatformError:
    """A connection that was never made sent nothing; one that broke may have carried the change."""
    reason = getattr(broken.args[0], "reason", None) if broken.args else None
    if type(reason).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}:
        return Transient("Meta could not be reached.", code="unreachable")
    return lost("connection lost", writing=writing)


def graph_id(external_id: str) -> str:
    """A numeric Graph id: nothing else may enter a path."""
    if not (external_id.isascii() and external_id.isdigit()):
        raise Invalid(f"“{external_id}” is not a Meta id.", field="external_id")
    return external_id


def account_node(external_id: str) -> str:
    """``act_<id>``, whether or not the prefix was stored."""
    return f"act_{graph_id(external_id.removeprefix('act_'))}"
