"""The records as JSON Schema (2020-12), printed by ``manage.py pace --schema``."""

from __future__ import annotations

from typing import Any

from pacing.controllers import Action, Status
from pacing.filtering.observed import (
    DEFAULT_LAG_HOURS,
    DEFAULT_UNIT_MICROS,
    LANDINGS,
    LONGEST_FLIGHT_DAYS,
    STALE_AFTER_LAG_HOURS,
    STRATEGIES,
)

Schema = dict[str, Any]
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def _micros(words: str, *, least: int = 0, **more: Any) -> Schema:
    return {"type": "integer", "minimum": least, "description": words, **more}


def _number(words: str, low: float, high: float, default: float | None = None) -> Schema:
    schema: Schema = {"type": "number", "minimum": low, "maximum": high, "description": words}
    return schema if default is None else {**schema, "default": default}


def _day(words: str) -> Schema:
    return {"type": "string", "format": "date", "description": words}


def _instant(words: str) -> Schema:
    return {"type": "string", "format": "date-time", "description": words}


def _rows(words: str, required: list[str], **properties: Schema) -> Schema:
    items = {"type": "object", "required": required, "properties": properties}
    return {"type": "array", "items": items, "description": words}


_SPEND = _micros("Reported spend; null or left out where nothing was reported.", type=["integer", "null"])

OBSERVATION: Schema = {
    "$schema": _DRAFT,
    "title": "Observation",
    "description": "One plan as seen at one moment. null counts as left out.",
    "type": "object",
    "required": ["plan", "amount_micros", "starts_on", "ends_on", "now"],
    "properties": {
        "plan": {"type": ["string", "integer"], "description": "Names the plan; returned with the answer."},
        "amount_micros": _micros("What to spend over the flight; 1 unit = 1000000.", least=1),
        "currency": {
            "type": "string",
            "description": "ISO 4217; words the reasons and sets the default unit.",
        },
        "starts_on": _day("First day of the flight, in the plan's time zone."),
        "ends_on": _day(f"Last day, included; at most {LONGEST_FLIGHT_DAYS} days in all."),
        "strategy": {"enum": list(STRATEGIES), "default": "adaptive"},
        "landing": {"enum": list(LANDINGS), "default": "precise"},
        "curve_power": _number(
            "Steepness of accelerated and conservative; 1.5 and 1.25 if left out.", 1.05, 2.5
        ),
        "delivery_prior": _number(
            "Spend per unit of daily budget, until the flight shows its own.", 0.2, 2, 1
        ),
        "season_alpha": _number("How far adaptive follows `season`.", 0, 1, 0),
        "season": {
            "type": "array",
            "items": {"type": "number", "minimum": 0, "maximum": 100},
            "description": "Expected demand of each flight day, about 1 on average. Flat if left out.",
        },
        "plan_weights": {
            "type": "array",
            "items": {"type": "number", "minimum": 0, "maximum": 100},
            "description": "Planned events by flight day: 1.5 half as much again, 0 nothing. 1 if left out.",
        },
        "intraday": {
            "type": "array",
            "items": {"type": "number", "minimum": 0},
            "description": "Shape of a day's spend: 24 hours or 12 two-hour ticks, in any unit. If left out: learned.",
        },
        "pause_at_target": {"type": "boolean", "default": True, "description": "Whether pausing is allowed."},
        "step_limit": _number("Largest relative change of one step, except on the last day.", 0.001, 10, 0.2),
        "cooldown_hours": _number("Hours between two budget changes.", 0, 8784, 24),
        "tolerance": _number("Share of the amount the end may miss by on the last day.", 0.0001, 0.5, 0.05),
        "min_budget_micros": _micros(
            "Smallest daily budget; else `platform.min_daily_budget_micros`, else 0."
        ),
        "unit_micros": _micros(
            "Smallest step of a daily budget; else `platform.budget_unit_micros`, else the currency's minor unit, "
            f"else {DEFAULT_UNIT_MICROS}.",
            least=1,
        ),
        "timezone": {
            "type": "string",
            "default": "UTC",
            "description": "IANA name; its days are the plan's.",
        },
        "now": _instant("The clock. Without an offset: local time of `timezone`."),
        "reported": {
            "type": "object",
            "description": "What the platform has reported so far, as it stands now.",
            "properties": {
                "through": _instant(
                    "Up to when the reports are true. If left out: the end of the last of `hours`, else "
                    "now - `platform.report_lag_hours`."
                ),
                "days": _rows(
                    "Spend by local day, today's part included. A missing day is unknown, not zero.",
                    ["on"],
                    on=_day("The day."),
                    spend_micros=_SPEND,
                ),
                "hours": _rows(
                    "Spend by local hour, for today or any day. Days without a row of their own are added up.",
                    ["on", "hour"],
                    on=_day("The day."),
                    hour={"type": "integer", "minimum": 0, "maximum": 23},
                    spend_micros=_SPEND,
                ),
            },
        },
        "budget_micros": _micros(
            "Daily budget in force now; 0 when none is set yet. If left out: what the last answer asked for; without a "
            "state it is unknown, and never changed."
        ),
        "budgets": _rows(
            "Last daily budget of past days. If left out: as remembered in `state`.",
            ["on", "micros"],
            on=_day("The day."),
            micros=_micros("Its last daily budget."),
        ),
        "paused": {
            "type": "boolean",
            "description": "Whether delivery is paused now. If left out: as the last answer asked; without one, no.",
        },
        "paused_by": {
            "enum": ["lane", "other"],
            "description": "Whose pause it is; only Lane's own is lifted. If left out: lane, if `state` asked for it.",
        },
        "paused_days": {
            "type": "array",
            "items": _day("A day with a pause."),
            "description": "Days on which delivery was paused for a part. If left out: as remembered in `state`.",
        },
        "writable": {
            "type": "boolean",
            "default": True,
            "description": "False while writes fail: budgets are kept.",
        },
        "platform": {
            "type": "object",
            "description": "Rules of the ad platform.",
            "properties": {
                "name": {
                    "type": "string",
                    "description": "google… implies `monthly_limit`; null there says the flight does not end with the month.",
                },
                "report_lag_hours": _number("How late reports usually are.", 0, 240, DEFAULT_LAG_HOURS),
                "stale_after_hours": _number(
                    f"Age at which a report freezes changes; the lag + {STALE_AFTER_LAG_HOURS:g} if left out.",
                    0,
                    1000,
                ),
                "min_daily_budget_micros": _micros("Smallest daily budget it takes.", default=0),
                "budget_unit_micros": _micros("Smallest step of a daily budget it takes.", least=1),
                "daily_overdelivery": _number(
                    "Most it spends in a day per unit of budget. Checked only.", 1, 100
                ),
                "monthly_limit": {
                    **_number(
                        "The platform spends at most this many daily budgets in a month (Google: 30.4), so that after an "
                        "edit it never passes the budget times the days left. The last day relies on it.",
                        1,
                        1000,
                    ),
                    "type": ["number", "null"],
                },
            },
        },
        "last_change_at": _instant(
            "When the budget was last changed. If left out: as remembered in `state`."
        ),
        "state": {
            "type": ["object", "null"],
            "description": "The `state` of the plan's last answer, unchanged.",
        },
    },
}

_MICROS_OR_NULL: Schema = {"type": ["integer", "null"]}
_END: Schema = {
    "type": ["object", "null"],
    "required": ["p10_micros", "p50_micros", "p90_micros"],
    "properties": {f"{name}_micros": {"type": "integer"} for name in ("p10", "p50", "p90")},
}

ANSWER: Schema = {
    "$schema": _DRAFT,
    "title": "Decision",
    "description": "One per observation, in the order they came.",
    "type": "object",
    "required": [
        "plan",
        "action",
        "budget_micros",
        "pause",
        "status",
        "day",
        "projection",
        "reasons",
        "state",
    ],
    "properties": {
        "plan": {"type": ["string", "integer"]},
        "action": {"enum": [action.name.lower() for action in Action]},
        "budget_micros": {
            **_MICROS_OR_NULL,
            "description": "The daily budget to have from now on; null while it is unknown.",
        },
        "pause": {"type": "boolean", "description": "Whether delivery is to be paused from now on."},
        "status": {"enum": [status.word for status in Status]},
        "day": {"type": "integer", "description": "Flight day, 1 on the first; may lie outside the flight."},
        "projection": {**_END, "description": "The end if nobody acts on this answer; null while unknown."},
        "with_change": {**_END, "description": "The end with it."},
        "at_risk_micros": {
            "type": "integer",
            "description": "Projected end - amount; 0 inside the tolerance.",
        },
        "needed_per_day_micros": {
            **_MICROS_OR_NULL,
            "description": "The daily budget that lands the plan, before limits of steps.",
        },
        "reported_micros": {**_MICROS_OR_NULL, "description": "Spend the reports show."},
        "spent_estimate_micros": {
            **_MICROS_OR_NULL,
            "description": "The same and what has run since, estimated.",
        },
        "expected_micros": {**_MICROS_OR_NULL, "description": "The target curve now."},
        "achievable_micros": {
            **_MICROS_OR_NULL,
            "description": "The most demand seems to allow; null while it was never the limit.",
        },
        "reasons": {
            "type": "array",
            "description": "Why, strongest first.",
            "items": {
                "type": "object",
                "required": ["code", "text", "numbers"],
                "properties": {
                    "code": {"type": "string"},
                    "text": {"type": "string"},
                    "numbers": {"type": "object", "additionalProperties": {"type": "number"}},
                },
            },
        },
        "state": {"type": "object", "description": "Opaque: pass it back with the plan's next observation."},
        "unknown_fields": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Fields nobody reads.",
        },
    },
}

ERROR: Schema = {
    "$schema": _DRAFT,
    "title": "Error",
    "description": "In the place of the answer to a line that could not be used.",
    "type": "object",
    "required": ["line", "error"],
    "properties": {
        "line": {"type": "integer", "minimum": 1, "description": "Number of the line, blank ones counted."},
        "error": {
            "type": "object",
            "required": ["field", "message"],
            "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
        },
    },
}
