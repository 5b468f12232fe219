"""Advance the sandbox from the page, and follow the job that does it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from lane.accounts import policies
from lane.core.models import Job
from lane.ops.services import replay
from lane.ops.tasks import advance_sandbox


@login_required
@require_POST
def advance(request: HttpRequest) -> HttpResponse:
    """Start the replay and show its progress."""
    actor = request.actor  # type: ignore[attr-defined]
    policies.require_on_organization(actor, "change")
    job = replay.start(request.POST.get("step", ""), actor=actor)
    advance_sandbox.hint_on_commit(job.pk)
    if request.headers.get("HX-Request"):
        return render(request, "ops/_job.html", {"job": job})
    messages.info(request, f"{job.label}: started.")
    return redirect(request.headers.get("Referer") or "/")


@login_required
@require_GET
def job_progress(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One job's progress as a partial; it stops polling once the job is over."""
    actor = request.actor  # type: ignore[attr-defined]
    job = get_object_or_404(Job, public_id=public_id, organization_id=actor.organization_id)
    response = render(request, "ops/_job.html", {"job": job})
    if job.is_over and request.headers.get("HX-Request"):
        response["HX-Trigger"] = "lane:job-over"
    return response


@login_required
@require_POST
def cancel_job(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask a job to stop after what it is doing."""
    actor = request.actor  # type: ignore[attr-defined]
    policies.require_on_organization(actor, "change")
    updated = Job.objects.filter(public_id=public_id, organization_id=actor.organization_id).update(
        cancel_requested=True
    )
    return JsonResponse({"cancelling": bool(updated)})
