"""What a page of a signed-in person starts with."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from lane.core.actors import Actor

View = Callable[..., HttpResponse]


def member_page(view: View) -> View:
    """For people signed in to an organization; who belongs to none is told so on the first page."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if actor_of(request) is None:
            return redirect("overview")
        return view(request, *args, **kwargs)

    return login_required(inner)


def actor_of(request: HttpRequest) -> Actor:
    """Who this request acts as; set by the middleware for everybody who passed ``member_page``."""
    return request.actor  # type: ignore[attr-defined,no-any-return]
