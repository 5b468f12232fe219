"""Every refusal is RFC 9457 ``application/problem+json`` that names the field and the fix."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from lane.core.errors import InvalidInput, LaneError

PROBLEM = "application/problem+json"


def problem(
    status: int, code: str, title: str, *, request_id: str = "", errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """The body of a refusal. ``errors`` has a JSON pointer and what is wrong per field."""
    body: dict[str, Any] = {
        "type": f"/api/problems/{code}",
        "status": status,
        "code": code,
        "title": title,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = errors
    return body


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a problem; unknown exceptions stay unknown."""
    request = context.get("request")
    request_id = getattr(getattr(request, "_request", request), "request_id", "")
    described = _describe(exc)
    if described is None:
        return None
    status, code, title, errors = described
    body = problem(status, code, title, request_id=request_id, errors=errors)
    response = Response(body, status=status, content_type=PROBLEM)
    wait = getattr(exc, "wait", None)
    if wait:
        response["Retry-After"] = str(int(wait) + 1)
    if isinstance(exc, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        response["WWW-Authenticate"] = getattr(exc, "auth_header", 'Bearer realm="Lane API"')
    return response


def _describe(exc: Exception) -> tuple[int, str, str, list[dict[str, str]] | None] | None:
    if isinstance(exc, InvalidInput):
        errors = [
            {"pointer": f"/{name.replace('.', '/')}", "detail": text} for name, text in exc.fields.items()
        ]
        return exc.status, exc.code, exc.message, errors
    if isinstance(exc, LaneError):
        return exc.status, exc.code, exc.message, None
    if isinstance(exc, Http404):
        return 404, "not_found", "Not found.", None
    if isinstance(exc, PermissionDenied):
        return 403, "not_allowed", "You may not do this.", None
    if isinstance(exc, exceptions.ValidationError):
        errors = _field_errors(exc.detail)
        return 422, "invalid", "; ".join(error["detail"] for error in errors), errors
    if isinstance(exc, exceptions.APIException):
        return exc.status_code, str(exc.default_code), str(exc.detail), None
    return None


def _field_errors(detail: Any, path: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [
            error
            for name, item in detail.items()
            for error in _field_errors(item, path if name == "non_field_errors" else f"{path}/{name}")
        ]
    if isinstance(detail, list):
        if all(not isinstance(item, dict | list) for item in detail):
            return [{"pointer": path or "/", "detail": str(item)} for item in detail]
        return [
            error for i, item in enumerate(detail) for error in _field_errors(item, f"{path}/{i}") if item
        ]
    return [{"pointer": path or "/", "detail": str(detail)}]


def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """The 404 of addresses under /api/ that lead nowhere."""
    body = problem(404, "not_found", "Not found.", request_id=getattr(request, "request_id", ""))
    return JsonResponse(body, status=404, content_type=PROBLEM)
