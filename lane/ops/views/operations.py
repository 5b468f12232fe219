"""The operations page: queues, last beats, what waits, what is stuck, and the stop buttons."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from campaigns.models import Change, KillSwitch
from campaigns.selectors import changes as change_selectors
from lane.accounts import policies
from lane.core.models import Job
from lane.ops.services import health, sandbox_clock

_NAMES = {
    "events": "Events to deliver",
    "dead_events": "Events given up",
    "mails": "E-mails to send",
    "dead_mails": "E-mails given up",
    "writes": "Approved changes to write",
    "stuck_writes": "Changes that need a person",
}


@login_required
@require_GET
def operations(request: HttpRequest) -> HttpResponse:
    """Whether the machine behind the numbers runs, for anybody of the organization."""
    actor = request.actor  # type: ignore[attr-defined]
    stuck = change_selectors.changes_for(actor).filter(state=Change.State.STUCK)
    return render(
        request,
        "ops/operations.html",
        {
            "queues": health.queues(),
            "beat_age": health.beat_age_seconds(),
            "backlog_rows": [(_NAMES[name], row) for name, row in health.backlog().items()],
            "stuck": stuck.select_related("change_set", "ad_account", "client")[:20],
            "switches": KillSwitch.objects.filter(resumed_at__isnull=True).select_related(
                "client", "connection", "organization"
            ),
            "jobs": Job.objects.filter(organization_id=actor.organization_id)[:10],
            "may_stop": policies.may(actor, "change", client_id=None),
            "can_advance": sandbox_clock.available(),
        },
    )
