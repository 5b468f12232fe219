"""Calibration: how right projections were, and what that means for automatic approval."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from approvals.selectors import policy_of
from campaigns.models import PLATFORM_CHOICES
from lane.accounts.models import Client
from lane.core import clock
from lane.core.trust import Trust
from pacing.models import ProjectionScore
from pacing.selectors import calibration
from pacing.services import scoring

PLATFORMS = {str(value): label for value, label in PLATFORM_CHOICES}


@login_required
@require_GET
def calibration_page(request: HttpRequest) -> HttpResponse:
    """Error, bias and coverage of half a year's ended flights, by client, platform and horizon."""
    actor = request.actor  # type: ignore[attr-defined]
    clients = list(Client.objects.visible_to(actor).current().order_by("name"))
    client = next((one for one in clients if str(one.public_id) == request.GET.get("client", "")), None)
    platform = request.GET.get("platform", "")
    platform = platform if platform in PLATFORMS else ""
    since = clock.now().date() - scoring.LOOKS_BACK
    scores = calibration.scores_for(actor).filter(ended_on__gte=since)
    if client is not None:
        scores = scores.filter(client=client)
    if platform:
        scores = scores.filter(platform=platform)
    cells = calibration.cells_of(scores)
    return render(
        request,
        "pacing/calibration/page.html",
        {
            "any": bool(cells) or scores.exists(),
            "totals": calibration.totals_of(scores.filter(measured=True)),
            "groups": _groups(cells),
            "weeks": calibration.weeks_of(scores),
            "worst": calibration.worst_of(scores),
            "unmeasured": calibration.unmeasured_of(scores),
            "earned": [_earned(one) for one in ([client] if client else _scored(clients, cells))],
            "next_on": calibration.next_score_on(actor),
            "since": since,
            "client": client,
            "clients": clients,
            "platform": platform,
            "platforms": PLATFORMS,
            "least": calibration.LEAST_SHOWN,
            "least_plans": scoring.LEAST_PLANS,
            "least_projections": scoring.LEAST_PROJECTIONS,
        },
    )


def _groups(cells: list[calibration.Cell]) -> list[dict[str, Any]]:
    """Cells by client and platform, with the words of their horizons."""
    groups: list[dict[str, Any]] = []
    for cell in cells:
        key = (cell.client_id, cell.platform)
        if not groups or groups[-1]["key"] != key:
            groups.append(
                {
                    "key": key,
                    "client": cell.client_name,
                    "client_id": cell.client_public_id,
                    "platform": PLATFORMS.get(cell.platform, "Several platforms"),
                    "cells": [],
                }
            )
        groups[-1]["cells"].append(
            {"horizon": ProjectionScore.Horizon(cell.horizon).label, "totals": cell.totals}
        )
    return groups


def _scored(clients: list[Client], cells: list[calibration.Cell]) -> list[Client]:
    measured = {cell.client_id for cell in cells}
    return [client for client in clients if client.pk in measured]


def _earned(client: Client) -> dict[str, Any]:
    """What a client's measured forecasts make of its automatic limits."""
    trust: Trust | None = scoring.trust(client.pk)
    policy = policy_of(client)
    share = trust.share if trust is not None else Decimal(1)
    return {
        "client": client,
        "trust": trust,
        "share": share,
        "policy": policy,
        "cut": policy.auto_decrease_ratio * share,
        "raise": policy.auto_increase_ratio * share,
    }
