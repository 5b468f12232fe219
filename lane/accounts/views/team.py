"""The team page: who is here as what, who is invited, and changing both."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lane.accounts import policies, selectors
from lane.accounts.doors import actor_of, member_page
from lane.accounts.forms import EVERY_CLIENT, InviteForm, MemberForm, show_refusal
from lane.accounts.models import Client, Role
from lane.accounts.services import clients, invitations, team
from lane.core.actors import Actor
from lane.core.errors import InvalidInput


@member_page
@require_GET
def team_list(request: HttpRequest) -> HttpResponse:
    """People, their roles, and invitations still open."""
    return _page(request, _invite_form(actor_of(request)))


@member_page
@require_POST
def member_invite(request: HttpRequest) -> HttpResponse:
    """Send an invitation."""
    actor = actor_of(request)
    form = _invite_form(actor, request.POST)
    if form is None:
        policies.require_on_organization(actor, "manage")
    elif form.is_valid():
        asked = form.cleaned_data
        client = None if asked["client"] == EVERY_CLIENT else clients.own(asked["client"], actor)
        try:
            sent = invitations.invite(
                email=asked["email"],
                role=asked["role"],
                client=client,
                is_approver=asked["is_approver"],
                actor=actor,
            )
        except InvalidInput as refused:
            show_refusal(form, refused)
        else:
            _tell(request, sent)
            return redirect("team-list")
    return _page(request, form, status=422)


@member_page
@require_POST
def invitation_resend(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send a new link."""
    _tell(request, invitations.resend(public_id, actor=actor_of(request)))
    return redirect("team-list")


@member_page
@require_POST
def invitation_withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    invitations.withdraw(public_id, actor=actor_of(request))
    messages.success(request, "The invitation is withdrawn; its link no longer works.")
    return redirect("team-list")


@member_page
@require_http_methods(["GET", "POST"])
def member_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change what a member may do."""
    actor = actor_of(request)
    membership = get_object_or_404(selectors.memberships_for(actor), public_id=public_id)
    policies.require(actor, "manage", membership)
    roles = team.grantable_roles(actor, membership.client_id)
    team.require_grantable(actor, Role(membership.role), membership.client_id)
    first = {"role": membership.role, "is_approver": membership.is_approver}
    form = MemberForm(request.POST or None, initial=first, roles=roles)
    if request.method == "POST" and form.is_valid():
        try:
            team.change(public_id, actor=actor, **form.cleaned_data)
            messages.success(request, f"{membership.user} is {Role(form.cleaned_data['role']).label} now.")
            return redirect("team-list")
        except InvalidInput as refused:
            show_refusal(form, refused)
    status = 422 if request.method == "POST" else 200
    return render(
        request, "accounts/members/form.html", {"membership": membership, "form": form}, status=status
    )


@member_page
@require_POST
def member_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """End a membership."""
    actor = actor_of(request)
    membership = get_object_or_404(selectors.memberships_for(actor), public_id=public_id)
    try:
        team.remove(public_id, actor=actor, reason=request.POST.get("reason", ""))
    except InvalidInput as refused:
        messages.error(request, refused.message)
        return redirect("team-list")
    if membership.user_id == actor.user_id:
        messages.success(request, "You left. What you did stays in the activity.")
        return redirect("overview")
    messages.success(request, f"{membership.user} no longer has this access.")
    return redirect("team-list")


def _invite_form(actor: Actor, data: Any = None) -> InviteForm | None:
    """The form, limited to what this person may give; None when that is nothing."""
    everything = policies.may(actor, "manage", client_id=None)
    managed = [c for c in _clients(actor) if policies.may(actor, "manage", client_id=c.pk)]
    if not everything and not managed:
        return None
    roles = {role for each in ([None] if everything else managed) for role in _roles(actor, each)}
    return InviteForm(
        data, roles=sorted(roles, key=lambda role: role.rank), clients=managed, everything=everything
    )


def _roles(actor: Actor, client: Client | None) -> list[Role]:
    return team.grantable_roles(actor, client.pk if client else None)


def _clients(actor: Actor) -> list[Client]:
    return list(selectors.clients_for(actor).current())


def _tell(request: HttpRequest, sent: invitations.Sent) -> None:
    if sent.delivered:
        messages.success(request, f"{sent.invitation.email} was sent a link that works for 7 days.")
    else:
        messages.error(
            request,
            f"{sent.invitation.email} is invited, but the mail server did not take the mail. Send it again.",
        )


def _page(request: HttpRequest, form: InviteForm | None, *, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    rows = []
    for membership in selectors.memberships_for(actor).order_by("user__name", "user__email", "client__name"):
        roles = team.grantable_roles(actor, membership.client_id)
        rows.append((membership, Role(membership.role) in roles, membership.user_id == actor.user_id))
    context = {"rows": rows, "invitations": selectors.invitations_for(actor), "form": form}
    return render(request, "accounts/members/list.html", context, status=status)
