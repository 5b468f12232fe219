"""``Idempotency-Key``: the same POST sent twice is done once and answered twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from lane.api.errors import PROBLEM, problem
from lane.core.actors import Actor
from lane.core.models import IdempotentRequest

HEADER = "Idempotency-Key"


View = Callable[..., Response]
_RETRY_LATER = frozenset({401, 429})


def idempotent(view: View | None = None, *, never_stored: tuple[str, ...] = ()) -> Any:
    """Make a POST handler honour the header. Without the header nothing changes.

    A repeated key with the same body gets the stored answer, with another body 422, while running 409.
    An answer of 500 or above frees the key. Fields in ``never_stored`` are secrets shown once: a replay has
    null there.
    """
    if view is None:
        return lambda found: _honouring(found, never_stored)
    return _honouring(view, never_stored)


def _honouring(view: View, never_stored: tuple[str, ...]) -> View:

    @wraps(view)
    def wrapped(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER, "").strip()
        if not key:
            return view(self, request, *args, **kwargs)
        if len(key) > 200:
            return _refuse(
                request, 422, "idempotency_key_too_long", "Idempotency-Key: at most 200 characters."
            )
        row, known = _claim(request, key)
        if known:
            return _replay(request, row)
        try:
            response = view(self, request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it was decides what is stored
            try:
                response = self.handle_exception(error)
            except Exception:
                row.delete()
                raise
        if response.status_code >= 500 or response.status_code in _RETRY_LATER:
            row.delete()
        else:
            _store(row, response, never_stored)
        return response

    return wrapped


def _digest(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.sha256(body.encode()).hexdigest()


def _principal(request: Request, actor: Actor) -> str:
    """A key answers only itself: another key of the same person may see less."""
    return f"api_key:{request.auth.pk}" if request.auth else f"{actor.kind}:{actor.user_id}"


def _claim(request: Request, key: str) -> tuple[IdempotentRequest, bool]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    principal = _principal(request, actor)
    try:
        with transaction.atomic():
            row = IdempotentRequest.objects.create(
                organization_id=actor.organization_id,
                principal=principal,
                key=key,
                method=request.method or "",
                path=request.path[:300],
                body_digest=_digest(request),
            )
        return row, False
    except IntegrityError:
        found = IdempotentRequest.objects.get(
            organization_id=actor.organization_id, principal=principal, key=key
        )
        return found, True


def _replay(request: Request, row: IdempotentRequest) -> Response:
    if (row.method, row.path, row.body_digest) != (request.method, request.path[:300], _digest(request)):
        return _refuse(
            request,
            422,
            "idempotency_key_reused",
            "Idempotency-Key: this key was used for a different request. Use a new key.",
        )
    if row.status is None:
        return _refuse(request, 409, "request_running", "The first request with this key is still running.")
    kind = PROBLEM if row.status >= 400 else None
    response = Response(row.response, status=row.status, content_type=kind)
    response["Idempotency-Replayed"] = "true"
    return response


def _store(row: IdempotentRequest, response: Response, never_stored: tuple[str, ...]) -> None:
    row.status = response.status_code
    row.response = json.loads(json.dumps(response.data, default=str))
    if isinstance(row.response, dict):
        row.response |= {name: None for name in never_stored if name in row.response}
    row.save(update_fields=["status", "response"])


def _refuse(request: Request, status: int, code: str, title: str) -> Response:
    request_id = getattr(request._request, "request_id", "")
    return Response(problem(status, code, title, request_id=request_id), status=status, content_type=PROBLEM)
