"""Settings: the organization, one's own profile, and the way to everything else."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from lane.accounts import policies, selectors
from lane.accounts.doors import actor_of, member_page
from lane.accounts.forms import NameForm, ProfileForm, show_refusal
from lane.accounts.middleware import SESSION_KEY
from lane.accounts.models import User
from lane.accounts.services import organizations, people
from lane.core.errors import InvalidInput


@member_page
@require_GET
def settings(request: HttpRequest) -> HttpResponse:
    """Everything that can be set, on one page of links and two short forms."""
    return _page(request)


@member_page
@require_POST
def organization_rename(request: HttpRequest) -> HttpResponse:
    """Give the organization another name."""
    form = NameForm(request.POST, auto_id="organization_%s")
    if form.is_valid():
        try:
            organizations.rename(name=form.cleaned_data["name"], actor=actor_of(request))
            messages.success(request, "The organization has its new name.")
            return redirect("settings")
        except InvalidInput as refused:
            show_refusal(form, refused)
    return _page(request, organization_form=form)


@member_page
@require_POST
def profile_edit(request: HttpRequest) -> HttpResponse:
    """Change one's own name and time zone."""
    form = ProfileForm(request.POST)
    if form.is_valid():
        try:
            people.edit_own(**form.cleaned_data, actor=actor_of(request))
            messages.success(request, "Your profile is saved.")
            return redirect("settings")
        except InvalidInput as refused:
            show_refusal(form, refused)
    return _page(request, profile_form=form)


@member_page
@require_POST
def organization_switch(request: HttpRequest) -> HttpResponse:
    """Go on in another organization one belongs to."""
    wanted = request.POST.get("organization", "")
    mine = {str(each.public_id): each for each in selectors.organizations_of(_user(request))}
    if wanted not in mine:
        raise Http404
    request.session[SESSION_KEY] = wanted
    messages.success(request, f"You are in {mine[wanted]} now.")
    back = request.POST.get("next", "/")
    return redirect(back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else "/")


def _user(request: HttpRequest) -> User:
    return request.user  # type: ignore[return-value]


def _page(
    request: HttpRequest,
    *,
    organization_form: NameForm | None = None,
    profile_form: ProfileForm | None = None,
) -> HttpResponse:
    actor, user = actor_of(request), _user(request)
    organization = request.organization  # type: ignore[attr-defined]
    refused = organization_form is not None or profile_form is not None
    return render(
        request,
        "accounts/settings.html",
        {
            "organization_form": organization_form
            or NameForm({"name": organization.name}, auto_id="organization_%s"),
            "profile_form": profile_form or ProfileForm({"name": user.name, "timezone": user.timezone}),
            "organizations": selectors.organizations_of(user),
            "memberships": user.memberships.filter(organization=organization).select_related("client"),
            "may_manage": policies.may(actor, "manage", client_id=None),
            "counts": {
                "people": selectors.memberships_for(actor).values("user_id").distinct().count(),
                "clients": selectors.clients_for(actor).current().count(),
                "keys": selectors.api_keys_for(actor).filter(revoked_at__isnull=True).count(),
            },
        },
        status=422 if refused else 200,
    )
