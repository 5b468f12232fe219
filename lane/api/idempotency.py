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
from lane.core.models import IdempotentRequest

HEADER = "Idempotency-Key"


def idempotent(view: Callable[..., Response]) -> Callable[..., Response]:
    """Make a POST handler honour the header. Without the header nothing changes.

    A repeated key with the same body gets the stored answer, with another body 422, while running 409.
    An answer of 500 or above frees the key.
    """

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
        except Exception as error:
            response = self.handle_exception(error)
            if getattr(response, "status_code", 500) >= 500:
                row.delete()
                raise
        _store(row, response)
        return response

    return wrapped


def _digest(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.sha256(body.encode()).hexdigest()


def _claim(request: Request, key: str) -> tuple[IdempotentRequest, bool]:
    actor = request.actor  # type: ignore[attr-defined]
    principal = f"{actor.kind}:{actor.user_id}"
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
    response = Response(row.response, status=row.status)
    response["Idempotency-Replayed"] = "true"
    return response


def _store(row: IdempotentRequest, response: Response) -> None:
    row.status = response.status_code
    row.response = json.loads(json.dumps(response.data, default=str))
    row.save(update_fields=["status", "response"])


def _refuse(request: Request, status: int, code: str, title: str) -> Response:
    request_id = getattr(request._request, "request_id", "")
    return Response(problem(status, code, title, request_id=request_id), status=status, content_type=PROBLEM)
