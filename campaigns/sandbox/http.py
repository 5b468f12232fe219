"""A small HTTP router over ASGI: enough for Graph, the consent pages and the control API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

LARGEST_BODY = 4_000_000


class CutLine(Exception):
    """Close the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``params`` are query and form fields together."""

    method: str
    path: str
    headers: Mapping[str, str]
    params: Mapping[str, str]
    body: bytes
    base: str  # scheme and host the client used

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is an empty one."""
        value = json.loads(self.body or b"{}")
        if not isinstance(value, dict):
            raise ValueError("The body must be a JSON object.")
        return value


@dataclass(slots=True)
class Response:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def answer_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as Graph sends it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(status, text, {"content-type": "application/json; charset=UTF-8"} | dict(headers or {}))


def answer_html(page: str, status: int = 200) -> Response:
    """A page that no cache keeps and no other site may frame."""
    return Response(
        status,
        page.encode(),
        {
            "content-type": "text/html; charset=utf-8",
            "cache-control": "no-store",
            "x-frame-options": "DENY",
            "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action *",
        },
    )


def redirect(url: str) -> Response:
    """Send the browser on with a GET."""
    return Response(303, b"", {"location": url})


Handler = Callable[[Request], Response]


class App:
    """Hands a request to the handler with the longest matching prefix, in a thread."""

    def __init__(self, routes: Mapping[str, Handler]) -> None:
        self._routes = sorted(routes.items(), key=lambda item: -len(item[0]))

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        request = await _read(scope, receive)
        try:
            if request is None:
                response = answer_json({"error": "The request is too large."}, 413)
            else:
                response = await asyncio.to_thread(self._answer, request)
        except CutLine:
            await _hang_up(send)
            return
        headers = {"content-length": str(len(response.body))} | response.headers
        await send(
            {
                "type": "http.response.start",
                "status": response.status,
                "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
            }
        )
        await send({"type": "http.response.body", "body": response.body})

    def _answer(self, request: Request) -> Response:
        for prefix, handler in self._routes:
            if request.path == prefix or request.path.startswith(f"{prefix}/"):
                return handler(request)
        return answer_json({"error": "Not found."}, 404)


async def _read(scope: dict[str, Any], receive: Receive) -> Request | None:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            return None
        if not message.get("more_body"):
            break
    headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl(body.decode(), keep_blank_values=True)
    host = headers.get("host", "127.0.0.1")
    return Request(scope["method"], scope["path"], headers, dict(pairs), body, f"http://{host}")


async def _hang_up(send: Send) -> None:
    """Abort the socket under the ASGI server, which has no word for it."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        await asyncio.sleep(0.01)
