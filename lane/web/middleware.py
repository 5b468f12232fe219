"""Refusals of services, as pages."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from lane.core.errors import LaneError, NotVisible


class RefusalMiddleware:
    """A ``LaneError`` that a view did not catch becomes a page saying what happened and what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer with the refusal's own status and words."""
        if isinstance(exception, NotVisible):
            raise Http404 from exception
        if not isinstance(exception, LaneError):
            return None
        return render(request, "refused.html", {"message": exception.message}, status=exception.status)
