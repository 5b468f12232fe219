"""An allocation for people and programs outside: a table, and one record with exact decimal amounts."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from pacing.allocation.answers import Allocation, ArmAllocation, Band, Decision
from pacing.allocation.posterior import MICROS, ArmCurve, Posterior
from pacing.allocation.sentences import sentence

CURVE_POINTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)  # of an arm's usual spend


def as_record(
    allocation: Allocation, posterior: Posterior, unit: int, currency: str | None
) -> dict[str, Any]:
    """Everything the allocation rests on. Amounts are text with exactly the currency's decimals."""
    feasible = allocation.decision is not Decision.INFEASIBLE
    return {
        "budget": amount(allocation.budget_micros, unit),
        "currency": currency,
        "today": allocation.today.isoformat(),
        "seed": allocation.seed,
        "feasible": feasible,
        "split": {arm.key: amount(arm.new_micros, unit) for arm in allocation.arms} if feasible else None,
        "marginal_values": {arm.key: _part(arm.worth_new) for arm in allocation.arms} if feasible else None,
        "price": _part(allocation.price_per_100),
        "value_kept": _band(allocation.value_now),
        "value_split": _band(allocation.value_new),
        "gain": _band(allocation.gain_by_curves),
        "gain_probability": allocation.gain_probability,
        "return_expected": allocation.roas_new,
        "return_low": allocation.roas_low,
        "arms": [_arm(arm, unit) for arm in allocation.arms],
        "curves": {arm.key: _curve(arm, posterior, unit) for arm in posterior.arms},
        "reasons": [{"code": each.code, "text": sentence(each)} for each in allocation.reasons],
        "problems": [
            {"code": each.code, "arms": list(each.keys), "text": sentence(each)}
            for each in allocation.problems
        ],
    }


def as_table(allocation: Allocation, unit: int) -> str:
    """The split as people read it: daily amounts, and what one more unit would return."""
    head = f"{'arm':<28}{'now':>14}{'split':>14}{'one more: now':>15}{'then':>9}{'return':>9}{'days':>6}  held by"
    lines = [head]
    for arm in allocation.arms:
        lines.append(
            f"{arm.name[:27]:<28}{amount(arm.now_micros, unit):>14}{amount(arm.new_micros, unit):>14}"
            f"{_number(_part(arm.worth_now)):>15}{_number(_part(arm.worth_new)):>9}"
            f"{_number(arm.mean_return):>9}{arm.days_used:>6}  {arm.bound.replace('_', ' ')}".rstrip()
        )
    total = sum(arm.new_micros for arm in allocation.arms)
    lines.append(f"{'together':<28}{'':>14}{amount(total, unit):>14}")
    if allocation.value_now and allocation.value_new and allocation.gain_by_curves:
        gain = allocation.gain_by_curves
        lines.append(
            f"Expected value a day: {allocation.value_new.mean:,.2f}; with today's mix {allocation.value_now.mean:,.2f} "
            f"(gain {gain.mean:,.2f}, in 8 of 10 cases {gain.p10:,.2f} to {gain.p90:,.2f})."
        )
    lines += [
        sentence(each)
        for each in allocation.reasons
        if each.code in ("not_enough_history", "roas_floor_kept", "roas_floor_led")
    ]
    lines += [f"Problem: {sentence(each)}" for each in allocation.problems]
    return "\n".join(lines)


def amount(micros: int, unit: int) -> str:
    """Micros as text with the decimals of the unit, or more if there are more."""
    decimals = max(0, -Decimal(unit).scaleb(-6).normalize().as_tuple().exponent) if unit < MICROS else 0  # type: ignore[operator]
    exact = Decimal(micros) / MICROS
    rounded = exact.quantize(Decimal(1).scaleb(-decimals))
    return f"{rounded if rounded == exact else exact:f}"


def _arm(arm: ArmAllocation, unit: int) -> dict[str, Any]:
    return {
        "arm": arm.key,
        "now": amount(arm.now_micros, unit),
        "kept": amount(arm.kept_micros, unit),
        "new": amount(arm.new_micros, unit),
        "least": amount(arm.least_micros, unit),
        "most": amount(arm.most_micros, unit),
        "bound": arm.bound,
        "marginal_now": _part(arm.worth_now),
        "marginal_new": _part(arm.worth_new),
        "next_100_now": arm.next_100_now,
        "next_100_new": arm.next_100_new,
        "value_now": _band(arm.value_now),
        "value_new": _band(arm.value_new),
        "return": arm.mean_return,
        "days_used": arm.days_used,
        "effective_days": arm.effective_days,
        "noise": arm.noise,
        "changed_on": arm.alarm_on and arm.alarm_on.isoformat(),
        "reasons": [{"code": each.code, "text": sentence(each)} for each in arm.reasons],
    }


def _curve(arm: ArmCurve, posterior: Posterior, unit: int) -> dict[str, Any]:
    """Parts of value(x) = sum of probability * slope * kappa * log(1 + x / kappa), and points of it."""
    rows = zip(arm.kappa_micros, arm.mean, arm.sd, arm.probability, strict=True)
    at = [round(arm.usual_micros * part) // unit * unit for part in CURVE_POINTS]
    return {
        "usual_spend": arm.usual_micros / MICROS,
        "parts": [
            {"kappa": kappa / MICROS, "slope": mean, "slope_sd": sd, "probability": probability}
            for kappa, mean, sd, probability in rows
        ],
        "points": [
            {
                "spend": amount(point.daily_micros, unit),
                "value": point.mean,
                "p10": point.p10,
                "p50": point.p50,
                "p90": point.p90,
            }
            for point in posterior.curve(arm.key, at)
        ],
    }


def _band(band: Band | None) -> dict[str, float] | None:
    return None if band is None else asdict(band)


def _part(per_100: float | None) -> float | None:
    return None if per_100 is None else per_100 / 100


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
