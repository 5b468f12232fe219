"""The admin's front page: which writes are stopped, stopping and resuming them, and what needs a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from campaigns.models import PLATFORM_CHOICES, Change, Connection, Drift, KillSwitch, SyncRun
from campaigns.selectors import connections_for, kill_switches
from campaigns.services import kill_switches as services
from lane.accounts import policies
from lane.accounts.admin_acting import person_at
from lane.accounts.models import Client, Organization
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, LaneError
from lane.core.models import EventDelivery
from notifications.models import EmailDelivery


def environment_badge(request: HttpRequest) -> list[str]:
    """Which installation this is."""
    return ["Sandbox", "info"] if settings.SANDBOX else ["Live", "danger"]


@dataclass(frozen=True, slots=True)
class Stopped:
    """A switch that is on, in words, and whether this person may switch it off."""

    switch: KillSwitch
    scope: str
    where: str
    may_resume: bool


@dataclass(frozen=True, slots=True)
class Watch:
    """Something that needs a person when it is not zero, and the list that shows it."""

    label: str
    count: int
    url: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Context of the admin index."""
    return context | {
        "stopped": [_described(request, switch) for switch in _switches_on(request)],
        "scopes": list(_scopes(request)),
        "watched": list(_watched(request)),
    }


def extra_urls() -> list[URLPattern]:
    """Where the forms of the front page go."""
    return [
        path("stop-writes/", admin.site.admin_view(stop_writes), name="stop-writes"),
        path("resume-writes/<uuid:public_id>/", admin.site.admin_view(resume_writes), name="resume-writes"),
    ]


@require_POST
def stop_writes(request: HttpRequest) -> HttpResponse:
    """Stop all writes of the chosen scope, with a reason."""
    try:
        chosen = _chosen(request, request.POST.get("scope", ""))
        actor = _acting(request, reach_everything="everything" in chosen)
        switch = services.stop(actor=actor, reason=request.POST.get("reason", ""), **chosen)
        messages.success(request, f"Writes are stopped: {kill_switches.scope_words(switch)}.")
    except LaneError as refusal:
        messages.error(request, refusal.message)
    return redirect("admin:index")


@require_POST
def resume_writes(request: HttpRequest, public_id: str) -> HttpResponse:
    """Allow the writes again that one switch stops, with a reason."""
    switch = _switches_on(request).filter(public_id=public_id).first()
    if switch is None:
        messages.error(request, "These writes were already allowed again.")
        return redirect("admin:index")
    try:
        actor = person_at(request, switch.organization) if switch.organization else _acting(request, True)
        services.resume(switch.public_id, actor=actor, reason=request.POST.get("reason", ""))
        messages.success(request, f"Writes are allowed again: {kill_switches.scope_words(switch)}.")
    except LaneError as refusal:
        messages.error(request, refusal.message)
    return redirect("admin:index")


def _acting(request: HttpRequest, reach_everything: bool) -> Actor:
    """The person in their organization; a superuser without one acts in the oldest."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is not None:
        return actor.through("admin")
    oldest = Organization.objects.order_by("id").first()
    if not (reach_everything and request.user.is_superuser):
        raise PermissionDenied
    if oldest is None:
        raise InvalidInput("There is no organization yet, so there are no writes.")
    return person_at(request, oldest)


def _chosen(request: HttpRequest, scope: str) -> dict[str, Any]:
    """The service's arguments for a scope of the form; only what the form offers this person counts."""
    if scope not in dict(_scopes(request)):
        raise InvalidInput(fields={"scope": "Choose what to stop."})
    kind, _, key = scope.partition(":")
    if kind == "client":
        return {"client": Client.objects.visible_to(_acting(request, False)).get(public_id=key)}
    if kind == "connection":
        return {"connection": connections_for(_acting(request, False)).get(public_id=key)}
    if kind == "platform":
        return {"platform": key}
    return {"everything": True} if kind == "everything" else {}


def _scopes(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """What this person may stop: value and words."""
    actor: Actor | None = getattr(request, "actor", None)
    if request.user.is_superuser:
        yield "everything", "Everything, in every organization"
    if actor is None:
        return
    if policies.may(actor, "change", client_id=None):
        yield "organization", f"All of {request.organization}"  # type: ignore[attr-defined]
        for platform, name in PLATFORM_CHOICES:
            yield f"platform:{platform}", f"Platform: {name}"
        for connection in connections_for(actor).exclude(status=Connection.Status.DISCONNECTED):
            yield f"connection:{connection.public_id}", f"Login: {connection}"
    for client in Client.objects.visible_to(actor).current():
        if policies.may(actor, "change", client_id=client.pk):
            yield f"client:{client.public_id}", f"Client: {client}"


def _rows(request: HttpRequest, model: type[Model]) -> QuerySet[Any]:
    """The rows of a model as its own admin page shows them to this person."""
    return admin.site._registry[model].get_queryset(request)


def _switches_on(request: HttpRequest) -> QuerySet[KillSwitch]:
    on = _rows(request, KillSwitch).filter(resumed_at__isnull=True)
    return on.select_related("organization", "client", "connection").order_by("-id")


def _described(request: HttpRequest, switch: KillSwitch) -> Stopped:
    where = str(switch.organization) if switch.organization else "Every organization"
    narrow = switch.platform or switch.client_id or switch.connection_id
    scope = f"{kill_switches.scope_words(switch)} · {where}" if narrow else f"All of {where}"
    if switch.organization is None:
        scope = scope if narrow else "Everything"
        return Stopped(switch, scope, where, bool(request.user.is_staff))
    actor = person_at(request, switch.organization)
    return Stopped(switch, scope, where, policies.may(actor, "manage", client_id=switch.client_id))


def _watched(request: HttpRequest) -> Iterator[Watch]:
    """What needs a person now. Lists that this person cannot open are left out."""
    for label, model, lookup in (
        ("Changes that need a person", Change, {"state": Change.State.STUCK}),
        ("Changes on their way", Change, {"state": Change.State.SENT}),
        ("Logins to reconnect", Connection, {"status": Connection.Status.RECONNECT}),
        ("Failed syncs", SyncRun, {"state": SyncRun.State.FAILED}),
        ("Open differences", Drift, {"state": Drift.State.OPEN}),
        ("Events given up", EventDelivery, {"state": EventDelivery.State.DEAD}),
        ("Mails given up", EmailDelivery, {"state": EmailDelivery.State.DEAD}),
    ):
        page = admin.site._registry[model]
        if not page.has_view_permission(request):
            continue
        name, value = next(iter(lookup.items()))
        url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        yield Watch(label, _rows(request, model).filter(**lookup).count(), f"{url}?{name}__exact={value}")
