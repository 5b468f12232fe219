"""What every request gets first: an id, fresh business time, and clean-up afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from lane.core import clock
from lane.core.logging import bind, unbind


class RequestContextMiddleware:
    """Gives the request an id, and reads business time lazily once per request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4().hex[:16]  # type: ignore[attr-defined]
        clock.forget()
        bind(request=request.request_id)  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
        finally:
            unbind()
            clock.forget()
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response
