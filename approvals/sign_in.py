"""How long ago the person behind a request proved who they are."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest
from django.urls import reverse

_MFA = "mfa"


def sign_in_age_seconds(request: HttpRequest) -> int | None:
    """Seconds since this session last proved the person: by MFA when they use it, else by password."""
    methods = {_MFA} if is_mfa_enabled(request.user) else None
    return _age(request, methods)


def mfa_age_seconds(request: HttpRequest) -> int | None:
    """Seconds since the last MFA proof in this session; None when there was none."""
    return _age(request, {_MFA})


def confirm_url(request: HttpRequest, back_to: str) -> str:
    """Where the person signs in or confirms who they are before coming back."""
    if not request.user.is_authenticated:
        name = "account_login"
    elif is_mfa_enabled(request.user):
        name = "mfa_reauthenticate"
    else:
        name = "account_reauthenticate"
    return f"{reverse(name)}?{urlencode({'next': back_to})}"


def _age(request: HttpRequest, methods: set[str] | None) -> int | None:
    if not request.user.is_authenticated:
        return None
    records: list[dict[str, Any]] = get_authentication_records(request, request.user)
    times = [r["at"] for r in records if methods is None or r.get("method") in methods]
    return max(0, int(time.time() - max(times))) if times else None
