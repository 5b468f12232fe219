"""A person's own notices."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from lane.core.actors import Actor
from notifications.selectors import notifications_for, unread_count
from notifications.services import notices

PER_PAGE = 50


@login_required
@require_safe
def notification_list(request: HttpRequest) -> HttpResponse:
    """Latest first; unread ones marked in words and shape."""
    actor = _actor(request)
    only_unread = request.GET.get("view") == "unread"
    found = notifications_for(actor).select_related("client").order_by("-id")
    if only_unread:
        found = found.filter(read_at=None)
    unread, here = unread_count(actor), reverse("notification-list")
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "unread": unread,
        "tabs": [
            {"label": "All", "url": here, "count": "", "current": not only_unread},
            {"label": "Unread", "url": f"{here}?view=unread", "count": unread, "current": only_unread},
        ],
    }
    return render(request, "notifications/list.html", context)


@login_required
@require_POST
def notification_open(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Mark one notice as read and go to what it is about."""
    actor = _actor(request)
    found = get_object_or_404(notifications_for(actor), public_id=public_id)
    notices.mark_read(found.public_id, actor=actor)
    safe = url_has_allowed_host_and_scheme(found.url, allowed_hosts=None)
    return redirect(found.url if found.url and safe else reverse("notification-list"))


@login_required
@require_POST
def notification_read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read."""
    notices.mark_all_read(actor=_actor(request))
    return redirect("notification-list")


@login_required
@require_safe
def notification_badge(request: HttpRequest) -> HttpResponse:
    """The bell with its count, fetched by open pages when a hint comes."""
    return render(request, "notifications/_bell.html", {"unread": unread_count(_actor(request))})


def _actor(request: HttpRequest) -> Actor:
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise Http404("You belong to no organization yet.")
    return actor
