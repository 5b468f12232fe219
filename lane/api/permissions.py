"""A caller must belong to an organization and hold the scope of what they do."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

READING = ("GET", "HEAD", "OPTIONS")


class ScopedAccess(BasePermission):
    """Refuses callers without an organization, and keys without the view's scope."""

    message = "You belong to no organization yet."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Reading needs the scope ``read``; everything else what the view names, or ``write``."""
        actor = getattr(request._request, "actor", None)
        if actor is None:
            return False
        if actor.scopes is None:
            return True
        scope = "read" if request.method in READING else scope_of(view)
        self.message = f"This API key lacks the scope “{scope}”."
        return scope in actor.scopes


def scope_of(view: Any) -> str:
    """The scope a key needs to write through this view's present action."""
    by_action = getattr(view, "write_scopes", {})
    return str(by_action.get(getattr(view, "action", None)) or getattr(view, "write_scope", "write"))
