"""Exchange rates: what is known, one more entered, many pasted with a preview."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from lane.accounts import policies
from lane.core import clock
from lane.core.errors import InvalidInput, LaneError
from pacing.selectors import fx as selectors
from pacing.series_forms import RateForm, initial_rate
from pacing.services import fx

SHOWN = 120
LARGEST_TEXT = 400_000


@login_required
@require_GET
def fx_list(request: HttpRequest) -> HttpResponse:
    """The rates, newest day first."""
    return _page(request, RateForm(initial=initial_rate()))


@login_required
@require_POST
def fx_enter(request: HttpRequest) -> HttpResponse:
    """Enter one rate."""
    actor = request.actor  # type: ignore[attr-defined]
    form = RateForm(request.POST)
    if form.is_valid():
        try:
            saved = fx.enter(actor=actor, **form.cleaned_data)
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, f"{saved}.")
            return redirect("fx-list")
    return _page(request, form, status=422)


@login_required
@require_POST
def fx_import(request: HttpRequest) -> HttpResponse:
    """Show what pasted rows would do, then, on a second press, do it."""
    actor = request.actor  # type: ignore[attr-defined]
    text = _text_of(request)
    form = RateForm(initial=initial_rate())
    if "confirm" not in request.POST:
        policies.require_on_organization(actor, "change")
        return _page(request, form, text=text, reading=fx.read_csv(text, actor=actor))
    try:
        reading, changed = fx.import_rates(
            text, actor=actor, expected_rows=_number(request.POST.get("rows", ""))
        )
    except InvalidInput as error:
        reading = fx.read_csv(text, actor=actor)
        return _page(request, form, text=text, reading=reading, refused=error.message, status=422)
    left = f" {len(reading.refused)} rows were left out." if reading.refused else ""
    messages.success(request, f"{changed} rate{'' if changed == 1 else 's'} imported.{left}")
    return redirect("fx-list")


@login_required
@require_POST
def fx_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Forget a wrong rate."""
    actor = request.actor  # type: ignore[attr-defined]
    try:
        fx.remove(public_id, actor=actor, reason=request.POST.get("reason", ""))
    except LaneError as error:
        messages.error(request, error.message)
    else:
        messages.success(
            request, "Forgotten. Plans that counted by it use the rate before it, if it is young enough."
        )
    return redirect("fx-list")


def _page(request: HttpRequest, form: RateForm, *, status: int = 200, **more: Any) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    rates = list(selectors.rates_for(actor)[: SHOWN + 1])
    context: dict[str, Any] = {
        "form": form,
        "rates": rates[:SHOWN],
        "more": len(rates) > SHOWN,
        "may_change": policies.may(actor, "change", client_id=None),
        "max_age_days": selectors.max_age_days(),
        "today": clock.today("UTC"),
    }
    return render(request, "pacing/fx/list.html", context | more, status=status)


def _text_of(request: HttpRequest) -> str:
    given = request.FILES.get("file")
    if given is not None:
        return str(given.read(LARGEST_TEXT).decode("utf-8-sig", errors="replace"))
    return request.POST.get("text", "")[:LARGEST_TEXT]


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None
