"""What the admin's index shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def environment_badge(request: HttpRequest) -> list[str]:
    """Which installation this is."""
    return ["Sandbox", "info"] if settings.SANDBOX else ["Live", "danger"]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Context of the admin index."""
    return context
