"""What a proven write means for Lane's own picture of the platform."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Greatest

from campaigns.models import AdCampaign, Budget, BudgetValue, Change
from lane.core import clock


def reflect(change: Change) -> None:
    """Carry a value that was read back from the platform into the mirror."""
    if change.budget_id is not None:
        _reflect_budget(change)
    else:
        _reflect_status(change)


def label(change: Change) -> str:
    """The entity's name, and where it is."""
    entity = change.budget or change.ad_campaign
    return f"{entity} ({change.ad_account})"


def as_value(change: Change, side: str) -> dict[str, Any]:
    """The value before (``base``) or after (``target``), as the audit trail keeps it."""
    if change.field == Change.Field.BUDGET:
        return {"daily_budget_micros": getattr(change, f"{side}_micros"), "currency": change.currency}
    return {"status": getattr(change, f"{side}_status")}


def _reflect_budget(change: Change) -> None:
    """An already fitting value was not Lane's doing unless Lane sent it: only then it guards against drift."""
    values: dict[str, Any] = {"amount_micros": change.target_micros, "updated_at": clock.machine_now()}
    if change.state == Change.State.VERIFIED:
        values["verified_micros"] = change.target_micros
    assert change.budget_id is not None and change.target_micros is not None  # checked by the table
    Budget.objects.filter(pk=change.budget_id).update(**values)
    now = clock.now()
    on = clock.today(change.ad_account.timezone)
    value, made = BudgetValue.objects.get_or_create(
        budget_id=change.budget_id,
        on=on,
        defaults={
            "last_micros": change.target_micros,
            "highest_micros": max(change.base_micros or 0, change.target_micros),
            "seen_at": now,
        },
    )
    if not made:
        BudgetValue.objects.filter(pk=value.pk).update(
            last_micros=change.target_micros,
            highest_micros=Greatest("highest_micros", change.target_micros),
            seen_at=now,
        )


def _reflect_status(change: Change) -> None:
    """Remember who switched a campaign off: only what Lane paused may Lane switch on again."""
    values: dict[str, Any] = {"status": change.target_status, "updated_at": clock.machine_now()}
    if change.state == Change.State.VERIFIED:
        values["paused_by_lane_at"] = clock.now() if change.target_status == "paused" else None
    assert change.ad_campaign_id is not None  # checked by the table
    AdCampaign.objects.filter(pk=change.ad_campaign_id).update(**values)
