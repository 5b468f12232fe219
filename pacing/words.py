"""What pages, mails and proposals say about a decision: findings as sentences in the plan's own money and time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lane.core.money import MICROS, format_money
from pacing.controllers import Reason, sentence
from pacing.controllers.reasons import InstantFormatter, fill

_WHOLE_FROM = 1_000 * MICROS  # from here on the minor units only make a sentence longer

STRATEGIES: Mapping[str, str] = {
    "adaptive": "Even, a little more at the start, and planned again every two hours from what is left.",
    "linear": "The same amount every day.",
    "accelerated": "More at the start: half of the money is out after about a third of the flight.",
    "conservative": (
        "Holds money back until late. The riskiest curve: a late drop in demand can no longer be repaired."
    ),
}
LANDINGS: Mapping[str, str] = {
    "precise": "The last six days taper off, so that the plan ends close to its amount. About eleven changes in 30 days: for plans on which Lane acts by itself.",
    "soft": "The last four days ease off gently and spare the platforms' learning. For calendar months.",
    "none": "An even pace to the end: fewest changes to approve, ends less exactly.",
}
MODES: Mapping[str, str] = {
    "observe": "Lane watches and warns. It proposes and changes nothing.",
    "recommend": "Lane proposes; a person accepts, and your approval policy decides who must say yes.",
    "auto": "Lane accepts its own proposals; your approval policy still decides what needs a person.",
}

# The same findings in the few words a table row has room for.
_BRIEF: Mapping[Reason, str] = {
    Reason.SCHEDULED: "Starts in {starts_in_days}",
    Reason.ENDED: "Ended {gap_ratio} against the plan",
    Reason.PAUSED_OUTSIDE: "Paused outside Lane",
    Reason.TARGET_REACHED: "Target reached, {left_micros} left",
    Reason.WAITING_FOR_REPORTS: "{left_micros} left, waiting for reports",
    Reason.PAUSE_NOT_ALLOWED: "Amount reached, may not pause",
    Reason.STALE_PAUSE: "No report for {age_hours}, {left_micros} left",
    Reason.STALE_REPORT: "No report for {age_hours}, writes frozen",
    Reason.HOLDING_PAUSE: "Paused at the target",
    Reason.RESUMED: "{left_micros} left after late reports",
    Reason.WRITES_FROZEN: "Writes are switched off or failing",
    Reason.BUDGET_UNKNOWN: "Daily budget not known",
    Reason.DAY_ONE: "No complete day yet, too early to tell",
    Reason.OPENING_BUDGET: "Budgets differ from the opening amount",
    Reason.CANNOT_SPEND: "At most {achievable_micros} can be spent",
    Reason.PROJECTED_OVER: "Ends {error_ratio} over the plan",
    Reason.PROJECTED_UNDER: "Ends {error_ratio} under the plan",
    Reason.ON_PLAN: "Ends within {error_ratio} of the plan",
    Reason.LANDING_STEP: "Landing: {planned_ratio} against yesterday",
    Reason.LAST_DAY: "Last day, {left_micros} left",
    Reason.COOL_DOWN: "Cool-down until {in_hours}",
    Reason.DEMAND_CAPPED: "Demand carries {level_micros} a day",
    Reason.STEP_CAPPED: "Needs {steps_count} steps of {limit_ratio}",
    Reason.AT_MINIMUM: "At the platforms' minimum",
    Reason.TOO_SMALL: "Change of {change_ratio} is too small",
    Reason.DELIVERY: "Delivers {delivery_ratio} of the budget",
    Reason.UNREPORTED: "{late_micros} not reported yet",
    Reason.DAYS_ESTIMATED: "{missing_days} without a report",
}


# What is found before a controller is asked: a sentence, and the same in a few words.
RATE_UNKNOWN = "rate_unknown"
_BEFORE: Mapping[str, tuple[str, str]] = {
    RATE_UNKNOWN: (
        "No {pair} exchange rate is known for {day}, so the spend cannot be added up. Enter the rate.",
        "No {pair} rate for {day}",
    ),
}


def money_in(currency: str, micros: int) -> str:
    """An amount inside a sentence: whole units from 1,000 on, minor units below."""
    return format_money(micros, currency, 0 if abs(micros) >= _WHOLE_FROM else None)


def reason_text(
    finding: Mapping[str, Any], currency: str, *, timezone: str = "UTC", at: datetime | None = None
) -> str:
    """One stored finding as a sentence; empty when its code is not known.

    ``at`` is when it was found: a cool-down then ends at a local time instead of "4 h more".
    """
    if (said := _BEFORE.get(str(finding.get("code", "")))) is not None:
        return said[0].format(**finding["params"])
    reason = _known(finding)
    if reason is None:
        return ""
    params = finding.get("params", {})
    return sentence(reason, params, lambda micros: money_in(currency, micros), _instant(at, timezone))


def reason_texts(
    findings: Iterable[Mapping[str, Any]],
    currency: str,
    *,
    timezone: str = "UTC",
    at: datetime | None = None,
) -> list[str]:
    """The stored findings of one look as sentences, strongest first."""
    texts = (reason_text(each, currency, timezone=timezone, at=at) for each in findings)
    return [text for text in texts if text]


def brief(
    finding: Mapping[str, Any], currency: str, *, timezone: str = "UTC", at: datetime | None = None
) -> str:
    """One finding in the few words of a table row, without a full stop; empty when not known."""
    if (said := _BEFORE.get(str(finding.get("code", "")))) is not None:
        return said[1].format(**finding["params"])
    reason = _known(finding)
    if reason is None:
        return ""
    instant = _instant(at, timezone)
    return fill(_BRIEF[reason], finding.get("params", {}), lambda micros: money_in(currency, micros), instant)


def _known(finding: Mapping[str, Any]) -> Reason | None:
    """The reason of a stored finding; None when it is empty or from another version of Lane."""
    try:
        return Reason(finding.get("code", ""))
    except ValueError:
        return None


def _instant(at: datetime | None, timezone: str) -> InstantFormatter | None:
    """Writes hours from a moment as a local time, with the weekday when it is another day."""
    if at is None:
        return None
    found = at.astimezone(ZoneInfo(timezone))

    def write(hours: float) -> str:
        moment = (at + timedelta(hours=hours)).astimezone(ZoneInfo(timezone))
        return f"{moment:%H:%M}" if moment.date() == found.date() else f"{moment:%a %H:%M}"

    return write
