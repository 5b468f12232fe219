"""Who calls the API: a key in the Authorization header, or the signed-in person's session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from lane.accounts.models import ApiKey, User
from lane.core import clock, crypto
from lane.core.actors import Actor, ActorKind

KEY_PREFIX = "lane_key_"
USED_EVERY = timedelta(minutes=1)  # when a key was last used is kept this exactly, so that reads rarely write


class ApiKeyAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer lane_key_…``."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The key's owner and the key. Sets ``request.actor``."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token.startswith(KEY_PREFIX):
            return None
        now = clock.machine_now()
        key = (
            ApiKey.objects.select_related("user", "organization")
            .prefetch_related("clients")
            .filter(digest=crypto.token_digest(token.strip()), revoked_at__isnull=True, user__is_active=True)
            .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
            .first()
        )
        if key is None:
            raise exceptions.AuthenticationFailed("The API key is unknown, expired or revoked.")
        if key.last_used_at is None or now - key.last_used_at > USED_EVERY:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        request._request.actor = _actor_of(key, request)  # type: ignore[attr-defined]
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="Lane API"'


def _actor_of(key: ApiKey, request: Request) -> Actor:
    clients = frozenset(client.pk for client in key.clients.all())
    return Actor(
        kind=ActorKind.API_KEY,
        organization_id=key.organization_id,
        user_id=key.user_id,
        label=f"{key.user} (key {key.name})",
        via="api",
        request_id=getattr(request, "request_id", ""),
        ip=request.META.get("REMOTE_ADDR", ""),
        user_agent=request.headers.get("User-Agent", "")[:300],
        scopes=frozenset(key.scopes),
        client_ids=clients or None,
    )


class SessionAuthentication(authentication.SessionAuthentication):
    """The signed-in person's session; CSRF is enforced."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The person, acting through the API."""
        found = super().authenticate(request)
        actor: Actor | None = getattr(request._request, "actor", None)
        if found is not None and actor is not None:
            request._request.actor = actor.through("api")  # type: ignore[attr-defined]
        return found


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """Describes the key in the schema."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token."""
        return {"type": "http", "scheme": "bearer", "description": "An API key: `Bearer lane_key_…`"}


class SessionScheme(OpenApiAuthenticationExtension):
    """Describes the session cookie in the schema."""

    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The session cookie."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
