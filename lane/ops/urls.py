"""Addresses of health, operations and the sandbox clock."""

from __future__ import annotations

from django.urls import path

from lane.ops.views import health, operations, sandbox_clock

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("operations/", operations.operations, name="operations"),
    path("sandbox/advance/", sandbox_clock.advance, name="sandbox-advance"),
    path("jobs/<uuid:public_id>/", sandbox_clock.job_progress, name="job-progress"),
    path("jobs/<uuid:public_id>/cancel/", sandbox_clock.cancel_job, name="job-cancel"),
]
