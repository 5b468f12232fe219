"""How often one key may call."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class KeyThrottle(SimpleRateThrottle):
    """Counts per key or person; when the counter is unreachable, reads pass and writes do not."""

    scope = "key"
    cache = cache

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """One counter per caller."""
        actor = getattr(request, "actor", None)
        if actor is None:
            return None
        return f"throttle:key:{request.auth.pk}" if request.auth else f"throttle:person:{actor.user_id}"

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the caller may go on."""
        try:
            return bool(super().allow_request(request, view))
        except (RedisError, OSError):
            return request.method in ("GET", "HEAD", "OPTIONS")
