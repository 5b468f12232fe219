"""API keys: made and shown once, listed without their secret, revoked."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from lane.accounts import selectors
from lane.accounts.doors import actor_of, member_page
from lane.accounts.forms import ApiKeyForm, show_refusal
from lane.accounts.services import api_keys
from lane.core import clock
from lane.core.errors import InvalidInput


@member_page
@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_variables("made")
def api_key_list(request: HttpRequest) -> HttpResponse:
    """The keys one may see. A new one is shown in the answer to the form and never again."""
    actor = actor_of(request)
    clients = list(selectors.clients_for(actor).current())
    form = ApiKeyForm(request.POST or None, clients=clients)
    made = None
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        chosen = [client for client in clients if str(client.public_id) in asked["clients"]]
        try:
            made = api_keys.create(
                name=asked["name"],
                scopes=asked["scopes"],
                clients=chosen,
                expires_at=form.expires_at,
                actor=actor,
            )
            form = ApiKeyForm(clients=clients)
        except InvalidInput as refused:
            show_refusal(form, refused)
    context = {
        "keys": selectors.api_keys_for(actor),
        "form": form,
        "made": made,
        "machine_now": clock.machine_now(),
    }
    status = 422 if request.method == "POST" and made is None else 200
    return render(request, "accounts/api_keys/list.html", context, status=status)


@member_page
@require_POST
def api_key_revoke(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop a key."""
    key = api_keys.revoke(public_id, actor=actor_of(request))
    messages.success(request, f"“{key.name}” is revoked; calls with it are refused from now on.")
    return redirect("api-key-list")
