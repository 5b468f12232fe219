"""The Graph API over HTTP: who asks, for which node or edge, and what comes back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from campaigns.sandbox.dialects.meta import usage, writes
from campaigns.sandbox.dialects.meta.edges import Edges
from campaigns.sandbox.dialects.meta.errors import GraphError, bad_token, missing
from campaigns.sandbox.dialects.meta.login import Login
from campaigns.sandbox.engine import LostAnswer, Sandbox
from campaigns.sandbox.faults import READ, WRITE, Call, Rule
from campaigns.sandbox.http import CutLine, Request, Response, answer_json
from campaigns.sandbox.oauth import OAuth
from campaigns.sandbox.scenario import META

VERSION = "v26.0"
MOST_BATCHED = 50
MOST_IDS = 50
_HTML_502 = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Graph:
    """Everything under ``/meta``."""

    def __init__(self, sandbox: Sandbox, oauth: OAuth) -> None:
        self.sandbox = sandbox
        self.login = Login(sandbox, oauth)
        self.edges = Edges(sandbox)
        self.usage = usage.Usage(sandbox.clock.real)

    def __call__(self, request: Request) -> Response:
        """Answer one request, or cut the line where a fault says so."""
        request_id = self.sandbox.next_request_id()
        headers = {
            "x-fb-request-id": request_id,
            "x-fb-trace-id": request_id,
            "facebook-api-version": VERSION,
        }
        try:
            return self._answer(request, request_id, headers)
        except GraphError as error:
            return error.response(request_id, headers)
        except LostAnswer:
            raise CutLine from None

    def _answer(self, request: Request, request_id: str, headers: dict[str, str]) -> Response:
        parts = [part for part in request.path.removeprefix("/meta").split("/") if part]
        if parts and parts[0].startswith("v") and parts[0][1:2].isdigit():
            if parts[0] != VERSION:
                raise GraphError(2635, f"You are calling a version the sandbox does not have; use {VERSION}.")
            parts = parts[1:]
        if parts == ["oauth", "access_token"]:
            return answer_json(self.login.access_token(request.params), headers=headers)
        token = self._token(request)
        if parts == ["debug_token"]:
            return answer_json(self.login.debug(request.params), headers=headers)
        if not parts and request.method == "POST":
            return answer_json(self._batch(request, token), headers=headers)
        return self._one(request, parts, request_id, headers)

    def _token(self, request: Request) -> str:
        """The access token, proved by the app's secret where a proof is sent."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        token = token or request.params.get("access_token", "")
        if not token:
            raise GraphError(2500, "An active access token must be used to query information.", status=401)
        if self.sandbox.tokens.login_of(token, "short", "long") is None:
            raise bad_token("Error validating access token: the session has been invalidated.", 460)
        proof = request.params.get("appsecret_proof")
        if proof is not None and proof != self.sandbox.tokens.proof(token):
            raise GraphError(
                100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException"
            )
        return token

    def _one(self, request: Request, parts: list[str], request_id: str, headers: dict[str, str]) -> Response:
        path = "/".join(parts)
        # A POST to insights starts a report: it changes nothing.
        writing = request.method == "POST" and parts[-1:] != ["insights"]
        kind = WRITE if writing and not writes.is_dry(request.params) else READ
        account = self._account_id(parts, request.params)
        hit = self.sandbox.arrive(Call(META, f"{request.method} {path}", kind, account))
        percent = self.usage.count(account, kind)
        use = "ads_insights" if parts[-1:] == ["insights"] else "ads_management"
        if account:
            headers.update(usage.header(account, use, percent))
        broken = self._strike(hit, account, use, percent)
        if broken is not None:
            return broken
        if request.method == "GET":
            with self.sandbox.view(hit) as now:
                return answer_json(self.edges.read(request, parts, now, hit), headers=headers)
        if request.method != "POST":
            raise missing(path, request.method.lower())
        if writing:
            if len(parts) != 1:
                raise missing(path, "post")
            return answer_json(
                writes.update(self.sandbox, parts[0], request.params, request_id, hit), headers=headers
            )
        return answer_json(self.edges.start_report(parts, request.params), headers=headers)

    def _strike(self, hit: dict[str, Rule], account: str, use: str, percent: int) -> Response | None:
        """Faults, and the real limit, that answer before anything is looked at."""
        if "expired_token" in hit:
            raise bad_token("Error validating access token: Session has expired.", 463)
        if "revoked_refresh" in hit:
            raise bad_token("Error validating access token: The user has not authorized application.", 458)
        if "html_502" in hit:
            return Response(502, _HTML_502, {"content-type": "text/html"})
        if "transient" in hit:
            raise GraphError(2, "Service temporarily unavailable", status=500, transient=True)
        if "mid_stream_abort" in hit:
            raise CutLine
        rule = hit.get("rate_limit")
        if rule is not None or percent >= 100:
            seconds = rule.number("retry_after", 60) if rule is not None else usage.WINDOW_SECONDS
            raise GraphError(
                80004,
                "There have been too many calls to this ad-account. Wait a bit and try again.",
                subcode=2446079,
                headers=usage.header(account or "0", use, 100, math.ceil(seconds / 60)),
            )
        return None

    def _account_id(self, parts: list[str], params: Mapping[str, str]) -> str:
        """The ad account a call is about, for faults and limits; empty where there is none."""
        node = parts[0] if parts else params.get("ids", "").split(",")[0]
        if node.startswith("act_"):
            return node[4:]
        account = writes.account_of(self.sandbox, node)
        return account.id if account else self.edges.report_account(node)

    def _batch(self, request: Request, token: str) -> list[dict[str, Any]]:
        """Up to fifty calls in one, each with its own code, body and cost."""
        try:
            calls = json.loads(request.params.get("batch", ""))
        except ValueError:
            raise GraphError(100, "(#100) batch must be a JSON list.") from None
        if not isinstance(calls, list) or len(calls) > MOST_BATCHED:
            raise GraphError(100, f"(#100) batch must be a list of at most {MOST_BATCHED} calls.")
        return [self._batched(request, call, token) for call in calls]

    def _batched(self, request: Request, call: dict[str, Any], token: str) -> dict[str, Any]:
        path, _, query = str(call.get("relative_url", "")).partition("?")
        params = _pairs(query) | _pairs(str(call.get("body") or ""))
        single = Request(
            str(call.get("method", "GET")).upper(),
            f"/meta/{path.strip('/')}",
            {"authorization": f"Bearer {token}"},
            {
                name: value
                for name, value in params.items()
                if name not in {"access_token", "appsecret_proof"}
            },
            b"",
            request.base,
        )
        answer = self(single)
        sent = [{"name": name, "value": value} for name, value in answer.headers.items()]
        return {"code": answer.status, "headers": sent, "body": answer.body.decode()}


def _pairs(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))
