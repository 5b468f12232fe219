"""Why a decision is what it is: codes with numbers, and the one place that turns them into sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

MoneyFormatter = Callable[[int], str]
InstantFormatter = Callable[[float], str]  # hours from now -> an instant as the reader writes it

MINUS, NARROW_SPACE, MISSING = "\u2212", "\u202f", "–"


class Reason(StrEnum):
    """Every reason a controller can give. The names of its numbers say their unit."""

    SCHEDULED = "scheduled"
    ENDED = "ended"
    PAUSED_OUTSIDE = "paused_outside"
    TARGET_REACHED = "target_reached"
    WAITING_FOR_REPORTS = "waiting_for_reports"
    PAUSE_NOT_ALLOWED = "pause_not_allowed"
    STALE_PAUSE = "stale_pause"
    STALE_REPORT = "stale_report"
    HOLDING_PAUSE = "holding_pause"
    RESUMED = "resumed"
    WRITES_FROZEN = "writes_frozen"
    BUDGET_UNKNOWN = "budget_unknown"
    DAY_ONE = "day_one"
    OPENING_BUDGET = "opening_budget"
    CANNOT_SPEND = "cannot_spend"
    PROJECTED_OVER = "projected_over"
    PROJECTED_UNDER = "projected_under"
    ON_PLAN = "on_plan"
    LANDING_STEP = "landing_step"
    LAST_DAY = "last_day"
    COOL_DOWN = "cool_down"
    DEMAND_CAPPED = "demand_capped"
    STEP_CAPPED = "step_capped"
    AT_MINIMUM = "at_minimum"
    TOO_SMALL = "too_small"
    DELIVERY = "delivery"
    UNREPORTED = "unreported"
    DAYS_ESTIMATED = "days_estimated"


SENTENCES: Mapping[Reason, str] = {
    Reason.SCHEDULED: "Starts in {starts_in_days}.",
    Reason.ENDED: "The flight ended with {spent_micros} reported, {gap_ratio} against the plan.",
    Reason.PAUSED_OUTSIDE: "Paused outside Lane. Lane resumes only what it paused.",
    Reason.TARGET_REACHED: "{left_micros} left, less than half of the {tick_micros} expected in the next 2 h.",
    Reason.WAITING_FOR_REPORTS: (
        "{left_micros} left while {late_micros} is not reported yet: paused until the reports show what remains."
    ),
    Reason.PAUSE_NOT_ALLOWED: "The amount is reached, and this plan does not let Lane pause at the target.",
    Reason.STALE_PAUSE: (
        "Report {age_hours} old and {left_micros} left, under half a day at {budget_micros} a day."
    ),
    Reason.STALE_REPORT: "Report {age_hours} old, limit {limit_hours}: budgets kept, writes frozen.",
    Reason.HOLDING_PAUSE: "Paused at the target with {left_micros} left.",
    Reason.RESUMED: "{left_micros} left after late reports, more than the {tick_micros} of the next 2 h.",
    Reason.WRITES_FROZEN: "Writes to the platform are switched off or failing: budgets kept.",
    Reason.BUDGET_UNKNOWN: "The current daily budget is not known. The plan needs {needed_micros} a day.",
    Reason.DAY_ONE: "No complete day reported yet, so there is no projection.",
    Reason.OPENING_BUDGET: "The plan asks {needed_micros} a day, the budgets add up to {budget_micros}.",
    Reason.CANNOT_SPEND: (
        "Even with more budget the plan ends near {achievable_micros}, {gap_ratio} against the plan."
    ),
    Reason.PROJECTED_OVER: (
        "Projected end {projected_micros}, {error_ratio} over the plan, past the {trigger_ratio} trigger."
    ),
    Reason.PROJECTED_UNDER: (
        "Projected end {projected_micros}, {error_ratio} under the plan, past the {trigger_ratio} trigger."
    ),
    Reason.ON_PLAN: (
        "Projected end {projected_micros}, {error_ratio} from the plan, inside the {trigger_ratio} trigger."
    ),
    Reason.LANDING_STEP: "The plan itself moves today: {planned_ratio} against yesterday.",
    Reason.LAST_DAY: "Last day: {left_micros} left to spend.",
    Reason.COOL_DOWN: "Last change {since_hours} ago. Cool-down until {in_hours}.",
    Reason.DEMAND_CAPPED: "Demand carries about {level_micros} a day.",
    Reason.STEP_CAPPED: (
        "{needed_micros} a day is needed; one step is at most {limit_ratio}, so it takes {steps_count} steps."
    ),
    Reason.AT_MINIMUM: "The platforms accept no daily budget under {minimum_micros}.",
    Reason.TOO_SMALL: "The change needed is {change_ratio}, too small to be worth a change.",
    Reason.DELIVERY: "The platform spends {delivery_ratio} of the daily budget.",
    Reason.UNREPORTED: "About {late_micros} spent since the last report is counted.",
    Reason.DAYS_ESTIMATED: "No report for {missing_days}: their spend is estimated.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason of one plan with the decision's own numbers."""

    reason: Reason
    numbers: Mapping[str, int | float]

    def as_json(self) -> dict[str, Any]:
        """As stored with the run."""
        return {"code": self.reason.value, "params": dict(self.numbers)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what ``as_json`` wrote."""
        return cls(Reason(stored["code"]), dict(stored["params"]))


def sentence(
    code: Reason | str,
    params: Mapping[str, int | float],
    money: MoneyFormatter,
    instant: InstantFormatter | None = None,
) -> str:
    """One short sentence. ``money`` formats micros; ``instant`` turns hours from now into a local time."""
    return fill(SENTENCES[Reason(code)], params, money, instant)


def fill(
    text: str,
    params: Mapping[str, int | float],
    money: MoneyFormatter,
    instant: InstantFormatter | None = None,
) -> str:
    """Write a reason's numbers into any wording of it, each in the unit its name ends with."""
    shown = {name: _shown(name, value, money, instant) for name, value in params.items()}
    if instant is None:
        text = text.replace("until {in_hours}", "for {in_hours} more")
    return text.format(**shown)


def _shown(name: str, value: int | float, money: MoneyFormatter, instant: InstantFormatter | None) -> str:
    if name.endswith("_micros"):
        return MISSING if value < 0 and name != "left_micros" else money(max(int(value), 0))
    if name.endswith("_ratio"):
        return _percent(float(value), signed=name in {"gap_ratio", "planned_ratio"})
    if name.endswith("_days"):
        return f"{int(value)} day" if value == 1 else f"{int(value)} days"
    if name == "in_hours" and instant is not None:
        return instant(float(value))
    if name.endswith("_hours"):
        return _duration(float(value))
    return f"{int(value)}"


def _percent(ratio: float, *, signed: bool) -> str:
    text = f"{abs(ratio) * 100:.1f}{NARROW_SPACE}%"
    if not signed or text.startswith("0.0"):
        return text
    return (MINUS if ratio < 0 else "+") + text


def _duration(hours: float) -> str:
    """Minutes to 90, then hours to two days, then days."""
    if hours < 1.5:
        return f"{round(hours * 60)} min"
    if hours < 48:
        return f"{round(hours)} h"
    return f"{round(hours / 24)} days"
