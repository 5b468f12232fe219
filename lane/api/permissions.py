"""A caller must belong to an organization and hold the scope of what they do."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class ScopedAccess(BasePermission):
    """Refuses callers without an organization, and keys without the view's scope."""

    message = "This API key lacks the scope for this."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Reading needs the scope ``read``; everything else what the view names, or ``write``."""
        actor = getattr(request, "actor", None) or getattr(request._request, "actor", None)
        if actor is None:
            return False
        if actor.scopes is None:
            return True
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return "read" in actor.scopes
        return getattr(view, "write_scope", "write") in actor.scopes
