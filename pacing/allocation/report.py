"""The answer arm by arm: what its next money is worth, what holds it, and what would change that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from pacing.allocation.answers import ArmAllocation, Finding
from pacing.allocation.curves import Floats
from pacing.allocation.explore import Explored
from pacing.allocation.limits import ANOMALY, LEARNING, LOCKED, RECENT
from pacing.allocation.posterior import ArmCurve, Posterior
from pacing.allocation.records import Arm, Exploration
from pacing.allocation.situation import Look, band
from pacing.allocation.split import Split

HUNDRED = 100.0
CLEAR = 0.01  # worth within this share of the price counts as equal to it
FEW_DAYS = 7.0
HELD = {LOCKED, LEARNING, ANOMALY, RECENT}


def report_arms(
    about: Look,
    chosen: Sequence[int],
    best: Split,
    target: Split,
    explored: Explored | None,
    values_now: Floats,
    values_new: Floats,
) -> tuple[ArmAllocation, ...]:
    """Every arm's part of an answer."""
    kept = about.limits.kept
    here, there = about.spend(kept), about.spend(chosen)
    curves, guide = about.learned.curves, about.guide.curves
    next_now = (curves.value(here + HUNDRED) - curves.value(here))[0]
    next_new = (curves.value(there + HUNDRED) - curves.value(there))[0]
    worth_now, worth_new = guide.marginal(here)[0] * HUNDRED, guide.marginal(there)[0] * HUNDRED
    rows = []
    for index, arm in enumerate(about.arms):
        price = (best.price + best.tilt[index]) * HUNDRED
        known = about.posterior.arm(arm.key)
        bound = _bound(about, best, index)
        rows.append(
            ArmAllocation(
                key=arm.key,
                name=arm.name or arm.key,
                now_micros=arm.daily_micros,
                kept_micros=kept[index],
                new_micros=int(chosen[index]),
                target_micros=target.amounts[index],
                least_micros=about.limits.least[index],
                most_micros=about.limits.most[index],
                bound=bound,
                next_100_now=float(next_now[index]),
                next_100_new=float(next_new[index]),
                worth_now=float(worth_now[index]),
                worth_new=float(worth_new[index]),
                raised_above=price + about.cost * HUNDRED,
                cut_below=price - about.cost * HUNDRED,
                value_now=band(values_now[index]),
                value_new=band(values_new[index]),
                mean_return=known.mean_return,
                effective_days=known.effective_days,
                days_used=known.days_used,
                noise=known.noise if known.days_used else None,
                alarm_on=known.alarm_on,
                propensity=explored.propensity[index] if explored else 1.0,
                reasons=_reasons(
                    about,
                    index,
                    bound,
                    float(worth_now[index]),
                    price,
                    chosen,
                    target,
                    explored,
                    bool(best.tilt[index]),
                ),
            )
        )
    return tuple(rows)


def unread_arms(
    arms: Sequence[Arm], amounts: Sequence[int], posterior: Posterior
) -> tuple[ArmAllocation, ...]:
    """Arms of an answer without a split by curves: amounts, and what the days say so far."""
    curves = {curve.key: curve for curve in posterior.arms}
    return tuple(
        _unread_arm(arm, amount, curves.get(arm.key)) for arm, amount in zip(arms, amounts, strict=True)
    )


def _unread_arm(arm: Arm, amount: int, known: ArmCurve | None) -> ArmAllocation:
    days = known.days_used if known else 0
    return ArmAllocation(
        key=arm.key, name=arm.name or arm.key, now_micros=arm.daily_micros, kept_micros=amount,
        new_micros=amount, target_micros=amount, least_micros=amount, most_micros=amount, bound="",
        next_100_now=None, next_100_new=None, worth_now=None, worth_new=None, raised_above=None,
        cut_below=None, value_now=None, value_new=None, mean_return=known.mean_return if known else None,
        effective_days=known.effective_days if known else 0.0, days_used=days,
        noise=known.noise if known and days else None, alarm_on=known.alarm_on if known else None,
        propensity=1.0, reasons=(),
    )  # fmt: skip


def _bound(about: Look, best: Split, index: int) -> str:
    """What holds an arm in the best split; "" when it is free."""
    limits = about.limits
    if limits.held[index]:
        return limits.held[index]
    amount = best.amounts[index]
    if amount >= limits.most[index]:
        return limits.at_most[index]
    if amount <= limits.least[index]:
        return limits.at_least[index]
    return "group" if best.tilt[index] else ""


def _reasons(
    about: Look,
    index: int,
    bound: str,
    worth: float,
    price: float,
    chosen: Sequence[int],
    target: Split,
    explored: Explored | None,
    tilted: bool,
) -> tuple[Finding, ...]:
    """Why an arm got what it got."""
    arm, known = about.arms[index], about.posterior.arm(about.arms[index].key)
    found = []
    if bound in HELD:
        found.append(_held(about, arm, bound))
    elif tilted:
        found.append(Finding("group_limit", {"worth": worth, "price": price}))
    else:
        code = (
            "at_price" if abs(worth / price - 1) <= CLEAR else "worth_more" if worth > price else "worth_less"
        )
        found.append(Finding(code, {"worth": worth, "price": price}))
        limit = about.limits.most[index] if worth > price else about.limits.least[index]
        if bound == "step":
            numbers = {"step": about.terms.step, "target": target.amounts[index]}
            found.append(Finding("step_limit", numbers))
        elif bound in ("floor", "minimum", "cap"):
            found.append(Finding(bound, {"limit": limit}))
    if explored is not None and explored.propensity[index] < 1 and not about.limits.held[index]:
        found.append(_explored(about, index, chosen))
    if known.alarm_on is not None:
        found.append(Finding("changed", {"day": known.alarm_on.isoformat()}))
    if known.effective_days < FEW_DAYS:
        found.append(Finding("little_data", {"days": round(known.effective_days, 1)}))
    return tuple(found)


def _held(about: Look, arm: Arm, bound: str) -> Finding:
    """Why an arm may not move at all."""
    if bound == LOCKED:
        return Finding("locked", {"amount": arm.daily_micros})
    if bound == LEARNING and arm.learning_until is not None:
        return Finding("learning", {"until": arm.learning_until.isoformat()})
    if bound == RECENT and arm.last_moved_on is not None:
        again = arm.last_moved_on + timedelta(days=about.terms.move_days)
        return Finding("recent_move", {"moved": arm.last_moved_on.isoformat(), "again": again.isoformat()})
    return Finding("anomaly", {})


def _explored(about: Look, index: int, chosen: Sequence[int]) -> Finding:
    if about.terms.exploration is Exploration.THOMPSON:
        return Finding("drawn", {})
    kept = about.limits.kept[index]
    share = np.divide(chosen[index] - kept, kept) if kept else 0.0
    return Finding("nudge", {"share": float(share)})
