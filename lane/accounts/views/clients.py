"""Clients under the settings: listed, made, changed, shared with guests, archived."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lane.accounts import policies, selectors
from lane.accounts.doors import actor_of, member_page
from lane.accounts.forms import ClientForm, EmailForm, show_refusal
from lane.accounts.models import Client
from lane.accounts.services import clients, sharing
from lane.core.errors import InvalidInput


@member_page
@require_GET
def client_list(request: HttpRequest) -> HttpResponse:
    """Every client one sees; archived ones last."""
    actor = actor_of(request)
    found = selectors.clients_for(actor)
    context = {
        "clients": found.current(),
        "archived": found.filter(archived_at__isnull=False),
        "may_create": policies.may(actor, "manage", client_id=None),
    }
    return render(request, "accounts/clients/list.html", context)


@member_page
@require_http_methods(["GET", "POST"])
def client_create(request: HttpRequest) -> HttpResponse:
    """Make a client."""
    actor = actor_of(request)
    policies.require_on_organization(actor, "manage")
    form = ClientForm(request.POST or None, initial={"currency": "EUR", "timezone": _own_zone(request)})
    if request.method == "POST" and form.is_valid():
        try:
            client = clients.create(actor=actor, **form.cleaned_data)
            messages.success(request, f"{client} is ready. Give it ad accounts under Connections.")
            return redirect("client-list")
        except InvalidInput as refused:
            show_refusal(form, _beside_the_input(refused))
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/clients/form.html", {"form": form}, status=status)


@member_page
@require_http_methods(["GET", "POST"])
def client_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change a client."""
    actor = actor_of(request)
    client = get_object_or_404(selectors.clients_for(actor), public_id=public_id)
    policies.require(actor, "manage", client)
    form = ClientForm(request.POST or None, initial=ClientForm.values_of(client))
    if request.method == "POST" and form.is_valid():
        try:
            clients.edit(public_id, actor=actor, **form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect("client-list")
        except InvalidInput as refused:
            show_refusal(form, _beside_the_input(refused))
    return _form_page(request, client, form, EmailForm(auto_id="guest_%s"))


@member_page
@require_POST
def client_archive(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take a client out of the lists."""
    client = clients.archive(public_id, actor=actor_of(request), reason=request.POST.get("reason", ""))
    messages.success(request, f"{client} is archived. Its history stays and it can be brought back.")
    return redirect("client-list")


@member_page
@require_POST
def client_restore(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Bring a client back."""
    client = clients.restore(public_id, actor=actor_of(request))
    messages.success(request, f"{client} is back.")
    return redirect("client-list")


@member_page
@require_POST
def client_share(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let a guest see the client."""
    actor = actor_of(request)
    client = clients.own(public_id, actor)
    policies.require(actor, "manage", client)
    form = EmailForm(request.POST, auto_id="guest_%s")
    if form.is_valid():
        try:
            shared = sharing.share(public_id, email=form.cleaned_data["email"], actor=actor)
        except InvalidInput as refused:
            show_refusal(form, refused)
        else:
            note = "" if shared.delivered else " The mail server did not take the mail; tell them yourself."
            messages.success(request, f"{shared.guest.email} sees {client} now.{note}")
            return redirect("client-edit", public_id)
    return _form_page(request, client, ClientForm(initial=ClientForm.values_of(client)), form)


@member_page
@require_POST
def client_unshare(request: HttpRequest, public_id: UUID, user_id: UUID) -> HttpResponse:
    """Stop sharing the client with a guest."""
    sharing.unshare(public_id, user_id, actor=actor_of(request))
    messages.success(request, "The guest no longer sees this client.")
    return redirect("client-edit", public_id)


def _form_page(request: HttpRequest, client: Client, form: ClientForm, guest_form: EmailForm) -> HttpResponse:
    context = {
        "client": client,
        "form": form,
        "guest_form": guest_form,
        "guests": selectors.guests_of(client),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/clients/form.html", context, status=status)


def _own_zone(request: HttpRequest) -> str:
    return getattr(request.user, "timezone", "UTC")


def _beside_the_input(refused: InvalidInput) -> InvalidInput:
    """The form calls the limit by another name than the service."""
    if "budget_limit_micros" in refused.fields:
        refused.fields["budget_limit"] = refused.fields.pop("budget_limit_micros")
    return refused
