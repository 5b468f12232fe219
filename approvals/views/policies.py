"""Approval policies: the organization's, and those of clients that want their own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from approvals.forms import PolicyForm, initial_of
from approvals.models import ApprovalPolicy
from approvals.selectors import BUILT_IN_NAME, policies_for
from approvals.services import policies
from lane.accounts import policies as rights
from lane.accounts.models import Client
from lane.core.actors import Actor
from lane.core.errors import InvalidInput

_ORGANIZATION_CURRENCY = "EUR"


@login_required
@require_safe
def policy_list(request: HttpRequest) -> HttpResponse:
    """Which policy rules which client."""
    actor = _actor(request)
    active = list(
        policies_for(actor).filter(is_active=True).select_related("client").prefetch_related("approvers")
    )
    whole = next((policy for policy in active if policy.client_id is None), None)
    own = {policy.client_id: policy for policy in active if policy.client_id}
    clients = Client.objects.visible_to(actor).current()
    context = {
        "whole": whole or ApprovalPolicy(organization_id=actor.organization_id, name=BUILT_IN_NAME),
        "is_built_in": whole is None,
        "rows": [
            {
                "client": client,
                "policy": own.get(client.pk),
                "may_edit": rights.may(actor, "manage", client_id=client.pk),
            }
            for client in clients
        ],
        "may_edit": rights.may(actor, "manage", client_id=None),
    }
    return render(request, "approvals/policies/list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def policy_edit(request: HttpRequest, client_id: UUID | None = None) -> HttpResponse:
    """Set the policy of the organization or of one client."""
    actor = _actor(request)
    client = get_object_or_404(Client.objects.visible_to(actor), public_id=client_id) if client_id else None
    if client is None:
        rights.require_on_organization(actor, "manage")
    else:
        rights.require(actor, "manage", client)
    policy = _current(actor, client)
    form = PolicyForm(
        request.POST if request.method == "POST" else None,
        initial=initial_of(policy),
        able=rights.holders(
            "approve", organization_id=actor.organization_id, client_id=client.pk if client else None
        ),
        currency=client.currency if client else _ORGANIZATION_CURRENCY,
    )
    if form.is_bound and form.is_valid() and _saved(form, actor, client):
        messages.success(request, "The policy is saved. Requests that are already open keep the old one.")
        return redirect("policy-list")
    context: dict[str, Any] = {
        "form": form,
        "client": client,
        "policy": policy,
        "has_own": bool(policy.pk) and policy.client_id == (client.pk if client else None),
        "back": reverse("policy-list"),
    }
    status = 422 if form.is_bound else 200
    return render(request, "approvals/policies/form.html", context, status=status)


@login_required
@require_POST
def policy_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let the next wider policy rule."""
    actor = _actor(request)
    policy = get_object_or_404(policies_for(actor).filter(is_active=True), public_id=public_id)
    policies.remove(policy, actor=actor)
    messages.success(request, "The policy is retired; the next wider one rules from now on.")
    return redirect("policy-list")


def _saved(form: PolicyForm, actor: Actor, client: Client | None) -> bool:
    try:
        policies.save(actor=actor, client=client, **form.as_terms())
    except InvalidInput as error:
        for field, message in error.fields.items():
            form.add_error(form.FIELD_OF.get(field, field), message)
        return False
    return True


def _current(actor: Actor, client: Client | None) -> ApprovalPolicy:
    """The policy that rules now, as the form's starting point."""
    active = ApprovalPolicy.objects.for_organization(actor.organization_id).filter(is_active=True)
    found = active.filter(client=client).first() or active.filter(client=None).first()
    if found is not None:
        return found
    name = f"{client.name} policy" if client else "House policy"
    return ApprovalPolicy(organization_id=actor.organization_id, name=name)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise Http404("You belong to no organization yet.")
    return actor
