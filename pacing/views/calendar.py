"""The calendar of planned events: a month, the list of what comes, and the forms to change it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lane.accounts import policies
from lane.accounts.models import Client
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotAllowed
from pacing.forms_calendar import EventForm, initial_of
from pacing.models import BudgetPlan
from pacing.selectors import plans_for
from pacing.selectors.calendar import CURRENT, events_for, plans_touched
from pacing.selectors.calendar_month import month_of
from pacing.services import calendar, calendar_csv

FURTHEST_YEARS = 20


@login_required
@require_GET
def calendar_page(request: HttpRequest) -> HttpResponse:
    """A month of events of one client or of all; month and client live in the address."""
    actor = request.actor  # type: ignore[attr-defined]
    clients = list(Client.objects.visible_to(actor).current().order_by("name"))
    asked = request.GET.get("client", "")
    client = next((one for one in clients if str(one.public_id) == asked), None)
    today = clock.today(client.timezone if client else clients[0].timezone if clients else "UTC")
    return render(
        request,
        "pacing/calendar/page.html",
        {
            "month": month_of(actor, _month(request.GET.get("month", ""), today), today, client),
            "today": today,
            "client": client,
            "clients": clients,
            "may_change": bool(_editable(actor)),
        },
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def event_create(request: HttpRequest) -> HttpResponse:
    """Put an event into the calendar."""
    actor = request.actor  # type: ignore[attr-defined]
    clients = _require_editable(actor)
    shown: dict[str, Any] = {"clients": clients, "plans": _plans(actor, clients)}
    if request.method != "POST":
        return _form_page(request, EventForm(initial=request.GET.dict(), **shown))
    form = EventForm(request.POST, **shown)
    if form.is_valid():
        try:
            event = calendar.create(client=form.chosen_client, actor=actor, **form.terms())
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, _said(f"“{event.name}” is in the calendar.", len(plans_touched(event))))
            return redirect(_month_url(event.starts_on))
    return _form_page(request, form, status=422)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def event_edit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change an event, see which plans it touches, or go on to remove it."""
    actor = request.actor  # type: ignore[attr-defined]
    event = get_object_or_404(events_for(actor), public_id=public_id)
    shown: dict[str, Any] = {"clients": [], "plans": _plans(actor, [event.client]), "event": event}
    if request.method != "POST":
        return _form_page(request, EventForm(initial=initial_of(event), **shown))
    form = EventForm(request.POST, **shown)
    if form.is_valid():
        try:
            calendar.edit(public_id, actor=actor, **form.terms())
        except InvalidInput as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved. The plans it touches are looked at again.")
            return redirect(_month_url(form.cleaned_data["starts_on"]))
    return _form_page(request, form, status=422)


@login_required
@require_POST
def event_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take an event out of the calendar."""
    actor = request.actor  # type: ignore[attr-defined]
    event = get_object_or_404(events_for(actor), public_id=public_id)
    calendar.remove(public_id, actor=actor, reason=request.POST.get("reason", "")[:300])
    messages.success(request, f"“{event.name}” is removed. Plans follow their own curve on its days again.")
    return redirect(_month_url(event.starts_on))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def event_paste(request: HttpRequest) -> HttpResponse:
    """Paste events from a spreadsheet: looked at first, then kept; refused lines stay in the box."""
    actor = request.actor  # type: ignore[attr-defined]
    clients = _require_editable(actor)
    asked = request.POST.get("client", "")
    client = (
        clients[0] if len(clients) == 1 else next((c for c in clients if str(c.public_id) == asked), None)
    )
    text = request.POST.get("text", "")
    context: dict[str, Any] = {"clients": clients, "client": client, "text": text}
    context["columns"] = calendar_csv.COLUMNS
    if request.method != "POST":
        return render(request, "pacing/calendar/paste.html", context)
    try:
        if client is None:
            raise InvalidInput("Choose the client these events belong to.")
        rows = calendar_csv.parse(text)
        if "keep" not in request.POST:
            return render(request, "pacing/calendar/paste.html", context | {"rows": rows})
        stored, refused = calendar.paste(client=client, actor=actor, rows=rows)
    except InvalidInput as error:
        return render(request, "pacing/calendar/paste.html", context | {"problem": error.message}, status=422)
    if not refused:
        messages.success(request, f"{stored} event{'' if stored == 1 else 's'} added to {client.name}.")
        return redirect("calendar")
    context |= {"refused": refused, "stored": stored, "text": _left_over(text, {row.line for row in refused})}
    return render(request, "pacing/calendar/paste.html", context, status=422)


def _form_page(request: HttpRequest, form: EventForm, status: int = 200) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    event = form.event
    return render(
        request,
        "pacing/calendar/form.html",
        {
            "form": form,
            "event": event,
            "touched": [plan for plan, _ in plans_touched(event)] if event else [],
            "may_change": event is None or policies.may(actor, "change", client_id=event.client_id),
        },
        status=status,
    )


def _month(text: str, today: date) -> date:
    """The first day of the month an address names; this month when it names none that exists."""
    try:
        asked = date.fromisoformat(f"{text}-01")
    except ValueError:
        asked = today
    return (asked if abs(asked.year - today.year) <= FURTHEST_YEARS else today).replace(day=1)


def _month_url(on: date) -> str:
    return f"{reverse('calendar')}?month={on:%Y-%m}"


def _editable(actor: Actor) -> list[Client]:
    visible = Client.objects.visible_to(actor).current().order_by("name")
    return [client for client in visible if policies.may(actor, "change", client_id=client.pk)]


def _require_editable(actor: Actor) -> list[Client]:
    clients = _editable(actor)
    if not clients:
        raise NotAllowed("You need the role Editor on a client to change its calendar. Ask an admin.")
    return clients


def _plans(actor: Actor, clients: list[Client]) -> list[BudgetPlan]:
    current = plans_for(actor).filter(client__in=clients, status__in=CURRENT)
    return list(current.select_related("client").order_by("client__name", "name"))


def _said(words: str, plans: int) -> str:
    touched = f"{plans} plan{'' if plans == 1 else 's'} {'is' if plans == 1 else 'are'} looked at again."
    return f"{words} {touched}" if plans else f"{words} No current plan has days in it."


def _left_over(text: str, lines: set[int]) -> str:
    """The head, where there is one, and the lines that were refused."""
    found = text.splitlines()
    first = next((n for n, line in enumerate(found, start=1) if line.strip()), 0)
    has_head = first not in lines and calendar_csv.has_head(text)
    kept = [line for n, line in enumerate(found, start=1) if n in lines or (has_head and n == first)]
    return "\n".join(kept)
