"""The activity: who did what, why, and what it was before; with the state of the chain that proves it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from lane.accounts import policies, selectors
from lane.accounts.doors import actor_of, member_page
from lane.accounts.filters import ActivityFilter
from lane.accounts.selectors import activity
from lane.accounts.views.activity_rows import row_of
from lane.audit.models import AuditEntry
from lane.audit.selectors import chain_status
from lane.audit.services import chain

PAGE = 50
# What the page offers to choose from; any other beginning of an action works in the address as well.
AREAS = [
    ("campaigns.change", "Changes and writes"),
    ("approvals.", "Approvals"),
    ("pacing.", "Plans and pacing"),
    ("campaigns.connection", "Connections"),
    ("campaigns.account", "Ad accounts"),
    ("campaigns.kill_switch", "Stops"),
    ("accounts.", "Team, clients and keys"),
]


@member_page
@require_GET
def activity_list(request: HttpRequest) -> HttpResponse:
    """The newest entries that match the conditions in the address."""
    actor = actor_of(request)
    zone = getattr(request.user, "timezone", "UTC")
    conditions = ActivityFilter(request.GET, queryset=activity.entries_for(actor), request=request, zone=zone)
    found = conditions.qs if conditions.is_valid() else activity.entries_for(actor).none()
    entries = list(_before(found, request.GET.get("before", ""))[: PAGE + 1])
    clients = list(selectors.clients_for(actor))
    names = {client.pk: client.name for client in clients}
    context = {
        "rows": [row_of(entry, names) for entry in entries[:PAGE]],
        "next": entries[PAGE - 1].public_id if len(entries) > PAGE else None,
        "conditions": conditions,
        "areas": AREAS,
        "clients": clients,
        "zone": conditions.zone,
        "chain": chain_status(actor.organization_id),
        "shows_origin": activity.may_see_origin(actor),
        "may_verify": policies.may(actor, "manage", client_id=None),
    }
    return render(request, "audit/activity.html", context)


@member_page
@require_POST
def activity_verify(request: HttpRequest) -> HttpResponse:
    """Seal what waits and recompute the whole chain now."""
    actor = actor_of(request)
    policies.require_on_organization(actor, "manage")
    chain.seal(actor.organization_id)
    result = chain.verify(actor.organization_id)
    if result.ok:
        messages.success(request, f"All {result.entries:,} sealed entries are as they were written.")
    else:
        messages.error(
            request, f"The trail is damaged in {result.problem_count} places: {result.problems[0]}"
        )
    return redirect("activity-list")


def _before(entries: QuerySet[AuditEntry], public_id: str) -> QuerySet[AuditEntry]:
    """Older entries than the one named; an unknown name starts at the newest."""
    try:
        last = AuditEntry.objects.filter(public_id=UUID(public_id)).values_list("pk", flat=True).first()
    except ValueError:
        return entries
    return entries.filter(pk__lt=last) if last else entries
