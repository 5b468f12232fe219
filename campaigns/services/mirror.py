"""What a proven write means for Lane's own picture of the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models.functions import Greatest

from campaigns.models import AdCampaign, Budget, BudgetValue, Change
from campaigns.platforms import hindrances as codes
from lane.core import clock


def reflect(change: Change) -> None:
    """Carry a value that was read back from the platform into the mirror."""
    _REFLECT[change.field](change)


def label(change: Change) -> str:
    """The entity's name, and where it is."""
    return f"{change.entity} ({change.ad_account})"


def as_value(change: Change, side: str) -> dict[str, Any]:
    """The value before (``base``) or after (``target``), as the audit trail keeps it."""
    if change.field == Change.Field.STATUS:
        return {"status": getattr(change, f"{side}_status")}
    if change.kind == Change.Kind.TARGET_ROAS:
        return {"target_roas_millis": getattr(change, f"{side}_millis")}
    name = change.kind or ("daily" if change.field == Change.Field.BUDGET else change.field)
    if change.field == Change.Field.BUDGET:
        name = f"{name}_budget"
    return {f"{name}_micros": getattr(change, f"{side}_micros"), "currency": change.currency}


def _reflect_budget(change: Change) -> None:
    """An already fitting value was not Lane's doing unless Lane sent it: only then it guards against drift."""
    values: dict[str, Any] = {"amount_micros": change.target_micros, "updated_at": clock.machine_now()}
    if change.state == Change.State.VERIFIED:
        values["verified_micros"] = change.target_micros
    assert change.budget_id is not None and change.target_micros is not None  # checked by the table
    Budget.objects.filter(pk=change.budget_id).update(**values)
    if not change.is_daily_amount:
        return  # a total is no value of a day
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
    campaign = change.ad_campaign
    assert campaign is not None
    values["hindrances"] = [one for one in campaign.hindrances if one.get("code") != codes.PAUSED]
    if change.target_status == "paused":
        paused = codes.hindrance(
            codes.PAUSED, words="Paused by Lane" if "paused_by_lane_at" in values else ""
        )
        values["hindrances"].insert(
            0, {"code": paused.code, "words": paused.words, "raw": "", "since": clock.now().isoformat()}
        )
    AdCampaign.objects.filter(pk=change.ad_campaign_id).update(**values)


def _reflect_cap(change: Change) -> None:
    assert change.ad_campaign_id is not None  # checked by the table
    values: dict[str, Any] = {
        "spend_cap_micros": change.target_micros,
        "updated_at": clock.machine_now(),
    }
    if change.state == Change.State.VERIFIED:
        values |= {"verified_cap_micros": change.target_micros, "cap_verified_at": clock.now()}
    AdCampaign.objects.filter(pk=change.ad_campaign_id).update(**values)


def _reflect_bid(change: Change) -> None:
    holder: Any = change.entity
    type(holder)._default_manager.filter(pk=holder.pk).update(
        bid_micros=change.target_micros, bid_millis=change.target_millis, updated_at=clock.machine_now()
    )


_REFLECT: Mapping[str, Callable[[Change], None]] = {
    Change.Field.BUDGET: _reflect_budget,
    Change.Field.STATUS: _reflect_status,
    Change.Field.SPEND_CAP: _reflect_cap,
    Change.Field.BID_TARGET: _reflect_bid,
}
