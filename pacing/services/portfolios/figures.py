"""What a look found, as pages and the API show it: curves, split and marginal values per arm, plain JSON."""

from __future__ import annotations

from typing import Any

from pacing.allocation import Allocation, ArmAllocation, Band, Posterior
from pacing.services.portfolios.seeing import Seen, SeenArm

POINTS, REACH = 15, 1.5
SHOWN_DAYS = 28


def figures_of(
    seen: Seen, allocation: Allocation, posterior: Posterior, reasons: dict[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    """The figures of one look. Amounts are micros a day; values are of the goal, a day."""
    found = {arm.key: arm for arm in allocation.arms}
    return {
        "at": seen.at.isoformat(),
        "today": seen.today.isoformat(),
        "decision": str(allocation.decision),
        "budget_micros": allocation.budget_micros,
        "price_per_100": allocation.price_per_100,
        "value_now": _band(allocation.value_now),
        "value_new": _band(allocation.value_new),
        "witnessed_days": seen.witnessed_days,
        "final_through": seen.final_through.isoformat() if seen.final_through else None,
        "data_as_of": seen.data_as_of.isoformat() if seen.data_as_of else None,
        "arms": [_arm(seen, one, found[one.key], posterior, reasons.get(one.key, [])) for one in seen.arms],
    }


def reading_of(posterior: Posterior, one: SeenArm) -> dict[str, Any]:
    """What is believed of an arm at its present amount."""
    known = posterior.arm(one.key)
    reading = posterior.curve(one.key, [max(1, one.told.daily_micros)])[0]
    return {
        "daily_micros": one.told.daily_micros,
        "value": {"mean": reading.mean, "p10": reading.p10, "p50": reading.p50, "p90": reading.p90},
        "next_100": reading.next_100,
        "days_used": known.days_used,
        "effective_days": known.effective_days,
    }


def _arm(
    seen: Seen, one: SeenArm, found: ArmAllocation, posterior: Posterior, reasons: list[dict[str, Any]]
) -> dict[str, Any]:
    known = posterior.arm(one.key)
    widest = max(found.now_micros, found.new_micros, known.usual_micros, 1)
    steps = [round(widest * REACH * step / (POINTS - 1)) for step in range(POINTS)]
    readings = posterior.curve(one.key, steps)
    return {
        "key": one.key,
        "label": one.arm.label,
        "now_micros": found.now_micros,
        "new_micros": found.new_micros,
        "target_micros": found.target_micros,
        "least_micros": found.least_micros,
        "most_micros": found.most_micros,
        "bound": one.held_by or found.bound,
        "next_100_now": found.next_100_now,
        "next_100_new": found.next_100_new,
        "worth_now": found.worth_now,
        "worth_new": found.worth_new,
        "mean_return": found.mean_return,
        "days_used": found.days_used,
        "effective_days": found.effective_days,
        "alarm_on": str(found.alarm_on) if found.alarm_on else None,
        "raised_above": found.raised_above,
        "cut_below": found.cut_below,
        "propensity": found.propensity,
        "value_now": _band(found.value_now),
        "value_new": _band(found.value_new),
        "curve": [[each.daily_micros, each.mean, each.p10, each.p90] for each in readings],
        "days": [
            [day.day.isoformat(), day.spend_micros, day.value]
            for day in one.told.history[-SHOWN_DAYS:]
            if day.spend_micros is not None
            and day.value is not None
            and seen.maturation.share((seen.today - day.day).days) > 0
        ],
        "simulation": one.simulated.as_json() if one.simulated else None,
        "reasons": reasons,
    }


def _band(band: Band | None) -> dict[str, float] | None:
    """A band as plain numbers; nothing while it is not known."""
    if band is None:
        return None
    return {"mean": band.mean, "p10": band.p10, "p50": band.p50, "p90": band.p90}
