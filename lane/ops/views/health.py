"""Addresses a load balancer asks."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, JsonResponse

from lane.ops.services import health


def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers; depends on nothing else."""
    return JsonResponse({"status": "ok", "version": settings.LANE_VERSION})


def readyz(request: HttpRequest) -> JsonResponse:
    """The process can serve: database reachable and migrated."""
    problems = health.readiness()
    return JsonResponse({"ready": not problems, "problems": problems}, status=503 if problems else 200)
