"""The stop switches: any editor stops writes here, only an admin lets them go on."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from campaigns.forms.changes import StopForm
from campaigns.models import Connection
from campaigns.selectors import kill_switches as selectors
from campaigns.services import kill_switches
from lane.accounts import policies
from lane.accounts.models import Client
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, OutOfDate

HISTORY = 30


@login_required
@require_GET
def kill_switch_list(request: HttpRequest) -> HttpResponse:
    """What is stopped now, the form to stop, and what was stopped before."""
    return _page(request, _form(request))


@login_required
@require_POST
def kill_switch_stop(request: HttpRequest) -> HttpResponse:
    """Stop writes."""
    form = _form(request, request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    found = form.cleaned_data
    kill_switches.stop(
        actor=request.actor,  # type: ignore[attr-defined]
        reason=found["reason"],
        client=found["client"],
        platform=found["platform"],
        connection=found["connection"],
    )
    messages.success(request, "Writes are stopped there from now on.")
    return redirect("kill-switch-list")


@login_required
@require_POST
def kill_switch_resume(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let writes go on."""
    try:
        kill_switches.resume(
            public_id,
            actor=request.actor,  # type: ignore[attr-defined]
            reason=request.POST.get("reason", ""),
        )
    except (InvalidInput, OutOfDate) as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, "Writes may continue. What was blocked stays blocked: propose it again.")
    return redirect("kill-switch-list")


def _form(request: HttpRequest, data: object = None) -> StopForm:
    actor = request.actor  # type: ignore[attr-defined]
    whole = policies.may(actor, "change", client_id=None)
    return StopForm(
        data,
        clients=Client.objects.visible_to(actor).current(),
        connections=Connection.objects.visible_to(actor) if whole else Connection.objects.none(),
    )


def _page(request: HttpRequest, form: StopForm, *, status: int = 200) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    mine = selectors.switches_for(actor)
    on = list(mine.filter(resumed_at=None))
    return render(
        request,
        "campaigns/kill_switches/list.html",
        {
            "on": [
                (switch, selectors.scope_words(switch), _may_resume(actor, switch.client_id)) for switch in on
            ],
            "past": [
                (switch, selectors.scope_words(switch))
                for switch in mine.filter(resumed_at__isnull=False)[:HISTORY]
            ],
            "form": form,
            "may_stop": policies.may(actor, "change", client_id=None) or _is_editor_somewhere(actor),
        },
        status=status,
    )


def _may_resume(actor: Actor, client_id: int | None) -> bool:
    return policies.may(actor, "manage", client_id=client_id)


def _is_editor_somewhere(actor: Actor) -> bool:
    clients = Client.objects.visible_to(actor).current()
    return any(policies.may(actor, "change", client_id=client.pk) for client in clients[:50])
