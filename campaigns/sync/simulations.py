"""Budget simulations as a platform told them: kept per campaign and window, the latest reading wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from campaigns.models import AdAccount, BudgetSimulation
from campaigns.platforms import records
from lane.core import clock

KEPT_DAYS = 90


def store(
    account: AdAccount,
    found: Sequence[records.BudgetSimulation],
    campaign_ids: Mapping[str, int],
    *,
    fetched_at: datetime,
) -> int:
    """Keep what was read of campaigns Lane knows; forget windows that ended long ago. Returns how many were kept."""
    rows = {
        (one.ref.external_id, one.starts_on, one.ends_on): BudgetSimulation(
            organization_id=account.organization_id,
            client_id=account.client_id,
            ad_campaign_id=campaign_ids[one.ref.external_id],
            starts_on=one.starts_on,
            ends_on=one.ends_on,
            points=[_as_json(point) for point in one.points],
            fetched_at=fetched_at,
        )
        for one in found
        if one.ref.external_id in campaign_ids
    }
    BudgetSimulation.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["ad_campaign", "starts_on", "ends_on"],
        update_fields=["points", "fetched_at"],
    )
    oldest = clock.today(account.timezone) - timedelta(days=KEPT_DAYS)
    BudgetSimulation.objects.filter(ad_campaign__ad_account=account, ends_on__lt=oldest).delete()
    return len(rows)


def _as_json(point: records.SimulationPoint) -> dict[str, Any]:
    return {
        "budget_micros": point.budget_micros,
        "cost_micros": point.cost_micros,
        "conversions_milli": None if point.conversions is None else round(point.conversions * 1000),
        "conversion_value_micros": point.conversion_value_micros,
    }
