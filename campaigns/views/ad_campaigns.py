"""Ad campaigns as a list: what they spent, from which budget, how fresh the figures are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from campaigns import selectors
from campaigns.models import PLATFORM_CHOICES, AdCampaign, EntityStatus
from lane.accounts.models import Client
from lane.accounts.visibility import ClientOwnedQuerySet
from lane.core import clock, dates

PER_PAGE = 50
_PLATFORM_NAMES = {str(key): name for key, name in PLATFORM_CHOICES}
_ORDERS = {"name": ("name", "pk"), "-name": ("-name", "-pk"), "account": ("ad_account__name", "name", "pk")}


@login_required
@require_GET
def ad_campaign_list(request: HttpRequest) -> HttpResponse:
    """One page of campaigns with the spend of the last 7 and 30 account-local days."""
    actor = request.actor  # type: ignore[attr-defined]
    rows, filters = _filtered(request, selectors.ad_campaigns_for(actor))
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    campaigns = list(page.object_list)
    spend = _spend(campaigns)
    clients = list(Client.objects.visible_to(actor).current().values_list("public_id", "name"))
    return render(
        request,
        "campaigns/ad_campaigns/list.html",
        {
            "page": page,
            "campaigns": [(campaign, _why_limited(campaign), *spend[campaign.pk]) for campaign in campaigns],
            "filters": filters,
            "clients": clients,
            "client_name": {str(key): name for key, name in clients}.get(filters["client"], ""),
            "platforms": PLATFORM_CHOICES,
            "platform_name": _PLATFORM_NAMES.get(filters["platform"], ""),
            "statuses": EntityStatus.choices,
            "status_name": dict(EntityStatus.choices).get(filters["status"], ""),
            "is_filtered": any(filters.values()),
        },
    )


def _filtered(
    request: HttpRequest, rows: ClientOwnedQuerySet[AdCampaign]
) -> tuple[ClientOwnedQuerySet[AdCampaign], dict[str, str]]:
    """The rows asked for by the address; a filter nobody knows is ignored."""
    filters = {name: request.GET.get(name, "").strip() for name in ("q", "platform", "client", "status")}
    if filters["q"]:
        rows = rows.filter(name__icontains=filters["q"])
    if filters["platform"] in _PLATFORM_NAMES:
        rows = rows.filter(ad_account__platform=filters["platform"])
    if _is_uuid(filters["client"]):
        rows = rows.filter(client__public_id=filters["client"])
    if filters["status"] in EntityStatus.values:
        rows = rows.filter(status=filters["status"])
    else:
        rows = rows.filter(removed_at__isnull=True)
    return rows.order_by(*_ORDERS.get(request.GET.get("sort", ""), ("name", "pk"))), filters


def _spend(campaigns: list[AdCampaign]) -> dict[int, tuple[int | None, int | None]]:
    """Spend of the last 7 and 30 full days of each campaign's account; None where nothing was read yet.

    Accounts share few time zones, so that this is two queries per zone on the page.
    """
    now = clock.now()
    found: dict[int, tuple[int | None, int | None]] = {}
    by_zone: dict[str, list[AdCampaign]] = {}
    for campaign in campaigns:
        by_zone.setdefault(campaign.ad_account.timezone, []).append(campaign)
    for zone, members in by_zone.items():
        yesterday = dates.local_date(now, zone) - timedelta(days=1)
        ids = [campaign.pk for campaign in members]
        week = selectors.facts.campaign_spend(ids, yesterday - timedelta(days=6), yesterday)
        month = selectors.facts.campaign_spend(ids, yesterday - timedelta(days=29), yesterday)
        for campaign in members:
            known: Any = campaign.ad_account.facts_synced_at
            found[campaign.pk] = (
                (week.get(campaign.pk, 0), month.get(campaign.pk, 0)) if known else (None, None)
            )
    return found


def _why_limited(campaign: AdCampaign) -> str:
    """Why it spends less, in plain words; the platform's own reasons where Lane has no word for them."""
    words = [str(one.get("words", "")) for one in campaign.hindrances]
    if any(words):
        return ". ".join(word for word in words if word)
    return ", ".join(str(reason).replace("_", " ").lower() for reason in campaign.limited_reasons)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
