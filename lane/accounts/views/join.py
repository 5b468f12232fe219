"""Accepting an invitation. The token leaves the address at once; opening the link decides nothing."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from lane.accounts.forms import JoinForm, show_refusal
from lane.accounts.middleware import SESSION_KEY
from lane.accounts.models import Invitation
from lane.accounts.services import invitations
from lane.core.errors import InvalidInput, NotVisible

SESSION_INVITATION = "invitation"


@require_GET
@never_cache
def join_open(request: HttpRequest, token: str) -> HttpResponse:
    """Remember in the session which invitation was opened, and drop its token from the address."""
    invitation = invitations.find(token)
    request.session[SESSION_INVITATION] = invitation.token_digest
    return redirect("join")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """Join with one's login, or choose a name and a password."""
    digest = request.session.get(SESSION_INVITATION)
    if not digest:
        raise NotVisible
    invitation = invitations.by_digest(digest)
    if request.user.is_authenticated:
        return _join_signed_in(request, invitation, digest)
    if not invitations.needs_password(invitation):
        return render(request, "accounts/join.html", {"invitation": invitation, "step": "sign_in"})
    return _join_as_new(request, invitation, digest)


def _join_signed_in(request: HttpRequest, invitation: Invitation, digest: str) -> HttpResponse:
    if getattr(request.user, "email", "") != invitation.email:
        return render(request, "accounts/join.html", {"invitation": invitation, "step": "other_login"})
    if request.method == "GET":
        return render(request, "accounts/join.html", {"invitation": invitation, "step": "confirm"})
    invitations.accept(digest, user=request.user, ip=request.META.get("REMOTE_ADDR", ""))  # type: ignore[arg-type]
    return _enter(request, invitation)


def _join_as_new(request: HttpRequest, invitation: Invitation, digest: str) -> HttpResponse:
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = invitations.accept_as_new(
                digest, **form.cleaned_data, ip=request.META.get("REMOTE_ADDR", "")
            )
        except InvalidInput as refused:
            show_refusal(form, refused)
        else:
            login(request, user, backend=settings.AUTHENTICATION_BACKENDS[-1])
            return _enter(request, invitation)
    context = {"invitation": invitation, "step": "new", "form": form}
    return render(request, "accounts/join.html", context, status=422 if request.method == "POST" else 200)


def _enter(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    request.session.pop(SESSION_INVITATION, None)
    request.session[SESSION_KEY] = str(invitation.organization.public_id)
    messages.success(request, f"Welcome to {invitation.organization}.")
    return redirect("overview")
