"""Who this request acts as."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from lane.accounts.models import Organization
from lane.accounts.selectors import organizations_of
from lane.core.actors import Actor, ActorKind

SESSION_KEY = "organization"


class ActorMiddleware:
    """Sets ``request.actor`` and ``request.organization`` for a signed-in person; None for anybody else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        organization = _organization_of(request)
        request.organization = organization  # type: ignore[attr-defined]
        request.actor = person_of(request, organization) if organization else None  # type: ignore[attr-defined]
        return self.get_response(request)


def _organization_of(request: HttpRequest) -> Organization | None:
    if not request.user.is_authenticated:
        return None
    mine = organizations_of(request.user)
    chosen = request.session.get(SESSION_KEY)
    found = mine.filter(public_id=chosen).first() if chosen else None
    return found or mine.first()


def person_of(request: HttpRequest, organization: Organization) -> Actor:
    """The signed-in person as an actor in one organization."""
    user = request.user
    return Actor(
        kind=ActorKind.PERSON,
        organization_id=organization.pk,
        user_id=user.pk,
        label=str(user),
        via="web",
        request_id=getattr(request, "request_id", ""),
        ip=request.META.get("REMOTE_ADDR", ""),
        user_agent=request.headers.get("User-Agent", "")[:300],
    )
