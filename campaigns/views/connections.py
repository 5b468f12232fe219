"""Connections: which logins there are, how they are, and the way to connect one."""

from __future__ import annotations

import secrets
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import selectors
from campaigns.forms.accounts import AssignForm
from campaigns.models import PLATFORM_CHOICES, Connection, SyncRun
from campaigns.platforms import registry
from campaigns.selectors.accounts import with_last_sync
from campaigns.services import accounts, connections
from campaigns.tasks import sync as tasks
from lane.accounts import policies
from lane.accounts.models import Client
from lane.core import clock
from lane.core.errors import InvalidInput

SESSION_KEY = "connecting"
VALID_SECONDS = 15 * 60


@login_required
@require_GET
def connection_list(request: HttpRequest) -> HttpResponse:
    """Every login with its health, and every account with the age of its numbers."""
    actor = request.actor  # type: ignore[attr-defined]
    rows = with_last_sync(selectors.accounts_for(actor)).order_by("client__name", "name")
    return render(
        request,
        "campaigns/connections/list.html",
        {
            "connections": selectors.connections_for(actor),
            "accounts": [(account, selectors.freshness_of(account)) for account in rows],
            "platforms": _platforms(),
            "may_manage": policies.may(actor, "manage", client_id=None),
            "running": selectors.sync_runs_for(actor).filter(state=SyncRun.State.RUNNING).count(),
        },
    )


@login_required
@require_GET
@never_cache
def connection_begin(request: HttpRequest, platform: str) -> HttpResponse:
    """Send the person to the platform; what must come back with them is kept in their session."""
    actor = request.actor  # type: ignore[attr-defined]
    known = request.GET.get("connection") or None
    try:
        url, state = connections.begin(platform, actor, _redirect_uri(request, platform), connection_id=known)
    except InvalidInput as refused:
        messages.error(request, refused.message)
        return redirect("connection-list")
    request.session[SESSION_KEY] = {
        "state": state,
        "platform": platform,
        "organization": actor.organization_id,
        "connection": known,
        "at": clock.machine_now().timestamp(),
    }
    return redirect(url)


@login_required
@require_GET
@never_cache
def connection_callback(request: HttpRequest, platform: str) -> HttpResponse:
    """The platform sends the person back here. Only the session that began may finish, once."""
    actor = request.actor  # type: ignore[attr-defined]
    begun = request.session.pop(SESSION_KEY, None)
    refusal = _refusal(request, begun, platform, actor.organization_id)
    if refusal or begun is None:
        messages.error(request, refusal)
        return redirect("connection-list")
    try:
        connection = connections.finish(
            platform,
            actor,
            request.GET.get("code", ""),
            _redirect_uri(request, platform),
            connection_id=begun["connection"],
        )
    except InvalidInput as refused:
        messages.error(request, refused.message)
        return redirect("connection-list")
    if begun["connection"]:
        messages.success(request, f"“{connection.label}” works again. Its accounts are being read.")
        return redirect("connection-detail", connection.public_id)
    messages.success(
        request, f"Connected “{connection.label}”. Choose which accounts belong to which client."
    )
    return redirect("connection-accounts", connection.public_id)


@login_required
@require_GET
def connection_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One login: its health, its accounts and what its last syncs did."""
    actor = request.actor  # type: ignore[attr-defined]
    connection = get_object_or_404(selectors.connections_for(actor), public_id=public_id)
    rows = with_last_sync(selectors.accounts_for(actor).filter(connection=connection))
    return render(
        request,
        "campaigns/connections/detail.html",
        {
            "connection": connection,
            "accounts": [(account, selectors.freshness_of(account)) for account in rows],
            "runs": selectors.sync_runs_for(actor).filter(ad_account__connection=connection)[:25],
            "may_manage": policies.may(actor, "manage", client_id=None),
        },
    )


@login_required
@require_POST
def connection_disconnect(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Forget the credentials of a login."""
    actor = request.actor  # type: ignore[attr-defined]
    connection = connections.disconnect(public_id, actor=actor, reason=request.POST.get("reason", ""))
    messages.success(
        request, f"Disconnected “{connection.label}”. Its accounts keep their history and are no longer read."
    )
    return redirect("connection-detail", connection.public_id)


@login_required
@require_POST
def connection_sync(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Read every account of a login now."""
    actor = request.actor  # type: ignore[attr-defined]
    connection = get_object_or_404(selectors.connections_for(actor), public_id=public_id)
    chosen = selectors.accounts_for(actor).filter(connection=connection, sync_enabled=True)
    if connection.status != Connection.Status.OK:
        messages.error(request, f"“{connection.label}” must be connected again before it can be read.")
        return redirect("connection-detail", public_id)
    started = 0
    for account in chosen:
        if policies.may(actor, "change", client_id=account.client_id):
            tasks.sync_account.hint_on_commit(account.pk, "recent")
            started += 1
    messages.info(request, f"Reading {started} accounts. Progress shows below.")
    return redirect("connection-detail", public_id)


@login_required
@require_http_methods(["GET", "POST"])
def connection_accounts(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Choose which accounts of a login belong to which client; a client can be made on the way."""
    actor = request.actor  # type: ignore[attr-defined]
    policies.require_on_organization(actor, "manage")
    connection = get_object_or_404(selectors.connections_for(actor), public_id=public_id)
    try:
        reachable = accounts.available(connection)
    except InvalidInput as refused:
        messages.error(request, refused.message)
        return redirect("connection-detail", public_id)
    choices = list(Client.objects.visible_to(actor).current())
    forms = {
        each.record.external_id: AssignForm(
            request.POST or None, prefix=each.record.external_id, clients=choices, found=each.record
        )
        for each in reachable
        if each.can_be_assigned
    }
    if request.method == "POST" and all(form.is_valid() for form in forms.values()):
        assigned = 0
        for each in reachable:
            form = forms.get(each.record.external_id)
            if form is None or not form.is_wanted:
                continue
            client = form.client or accounts.client_named(
                form.cleaned_data["new_client"], found=each.record, actor=actor
            )
            accounts.assign(connection, each.record.external_id, client, actor, found=each.record)
            assigned += 1
        if assigned:
            messages.success(request, f"{assigned} accounts added. Their last 90 days are being read.")
            return redirect("connection-detail", public_id)
        messages.error(request, "Choose a client, or write a new one, for at least one account.")
    return render(
        request,
        "campaigns/connections/accounts.html",
        {
            "connection": connection,
            "rows": [(each, forms.get(each.record.external_id)) for each in reachable],
            "open_count": len(forms),
        },
        status=422 if request.method == "POST" else 200,
    )


def _platforms() -> list[dict[str, object]]:
    return [
        {
            "key": str(key),
            "name": name,
            "ready": registry.is_configured(key),
            "where": registry.environment_of(key),
        }
        for key, name in PLATFORM_CHOICES
    ]


def _redirect_uri(request: HttpRequest, platform: str) -> str:
    """Where the platform sends people back. It must be the address registered there, outside development."""
    if platform not in dict(PLATFORM_CHOICES):
        raise Http404
    path = reverse("connection-callback", args=[platform])
    return request.build_absolute_uri(path) if settings.DEBUG else f"{settings.LANE_BASE_URL}{path}"


def _refusal(
    request: HttpRequest, begun: dict[str, object] | None, platform: str, organization_id: int
) -> str:
    """Why this return from the platform is not accepted; empty when it is."""
    if request.GET.get("error"):
        return "The platform did not allow the connection, so nothing was stored. Connect again and allow access."
    if (
        begun is None
        or begun["platform"] != platform
        or begun["organization"] != organization_id
        or not secrets.compare_digest(str(begun["state"]), request.GET.get("state", ""))
    ):
        return "This sign-in was not started here, so nothing was stored. Start again with Connect."
    if clock.machine_now().timestamp() - float(str(begun["at"])) > VALID_SECONDS:
        return "The sign-in took longer than 15 minutes, so nothing was stored. Connect again."
    if not request.GET.get("code"):
        return "The platform sent no code, so nothing was stored. Connect again."
    return ""
