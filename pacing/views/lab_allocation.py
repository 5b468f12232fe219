"""A portfolio's own last days under other splits: asked for, and looked at. Nothing is changed by it."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from lane.core.errors import InvalidInput
from pacing.lab_forms import AllocationReplayForm, ReplayForm
from pacing.selectors.lab import replayable_clients, replays_for
from pacing.selectors.lab_allocation import (
    allocation_replay_of,
    allocation_replays_for,
    replayable_portfolios,
)
from pacing.services import allocation_replay
from pacing.tasks import run_allocation_replay


@login_required
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a replay of one portfolio; from the lab or from the portfolio's own page."""
    actor = request.actor  # type: ignore[attr-defined]
    portfolios = replayable_portfolios(actor)
    form = AllocationReplayForm(request.POST, portfolios=portfolios)
    if form.is_valid():
        try:
            job = allocation_replay.start(form.chosen, actor=actor)
        except InvalidInput as error:
            form.add_error(None, error.message)
        else:
            run_allocation_replay.hint_on_commit(job.pk)
            return redirect("pacing-lab-allocation", job.public_id)
    elif request.POST.get("portfolio"):
        raise Http404  # a portfolio that is not visible is not there
    clients = replayable_clients(actor)
    shown = {
        "form": ReplayForm(None, clients=clients),
        "clients": clients,
        "replays": replays_for(actor)[:20],
        "allocation_form": form,
        "allocation_replays": allocation_replays_for(actor)[:20],
    }
    return render(request, "pacing/lab/lab.html", shown, status=422)


@login_required
@require_GET
def answer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One replay: whether it is done, then what it found."""
    found = allocation_replay_of(request.actor, public_id)  # type: ignore[attr-defined]
    if found.is_stuck:
        # Its hint was lost with the broker; running a job twice finds it taken.
        run_allocation_replay.hint(found.job.pk)
    return render(request, "pacing/lab/allocation.html", {"found": found})
