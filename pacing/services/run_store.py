"""Storing a look: runs, snapshots and controller memory of many plans by COPY, in one transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import numpy as np
from django.db import connection

from pacing.controllers import INTRADAY_PRIOR, UNKNOWN, Action, Decision, PlanTerms, State, known_or_none
from pacing.models import PacingRun
from pacing.services.observation import Seen
from pacing.words import RATE_UNKNOWN

_STAGE = """
CREATE TEMP TABLE pacing_look (
    row_number integer, plan_id bigint, organization_id bigint, client_id bigint, public_id uuid,
    slot timestamptz, at timestamptz, on_demand boolean, health text, decision text,
    inputs jsonb, reasons jsonb, reason jsonb,
    spent bigint, expected bigint, p10 bigint, p50 bigint, p90 bigint, w10 bigint, w50 bigint, w90 bigint,
    budget bigint, wanted bigint, needed bigint, miss bigint, abs_miss bigint, days_left integer,
    platforms jsonb, data_as_of timestamptz, final_through date, state jsonb
) ON COMMIT DROP
"""
_COLUMNS = 31
_RUNS = """
INSERT INTO pacing_pacingrun AS r (
    public_id, organization_id, client_id, plan_id, slot, at, on_demand, health, decision, inputs, reasons,
    spent_micros, expected_micros, projected_p10_micros, projected_p50_micros, projected_p90_micros,
    with_p10_micros, with_p50_micros, with_p90_micros, budget_micros, wanted_micros
)
SELECT public_id, organization_id, client_id, plan_id, slot, at, on_demand, health, decision, inputs, reasons,
       spent, expected, p10, p50, p90, w10, w50, w90, budget, wanted
FROM pacing_look ORDER BY plan_id
ON CONFLICT (plan_id, slot) WHERE NOT on_demand DO NOTHING
RETURNING plan_id, id
"""
_SNAPSHOTS = """
INSERT INTO pacing_plansnapshot (
    plan_id, organization_id, client_id, health, reason, spent_micros, expected_micros,
    projected_p10_micros, projected_p50_micros, projected_p90_micros, miss_micros, abs_miss_micros,
    budget_micros, needed_per_day_micros, days_left, platforms, data_as_of, final_through, as_of
)
SELECT plan_id, organization_id, client_id, health, reason, spent, expected, p10, p50, p90, miss, abs_miss,
       budget, needed, days_left, platforms, data_as_of, final_through, at
FROM pacing_look WHERE plan_id = ANY(%s) ORDER BY plan_id
ON CONFLICT (plan_id) DO UPDATE SET
    health = excluded.health, reason = excluded.reason, spent_micros = excluded.spent_micros,
    expected_micros = excluded.expected_micros, projected_p10_micros = excluded.projected_p10_micros,
    projected_p50_micros = excluded.projected_p50_micros, projected_p90_micros = excluded.projected_p90_micros,
    miss_micros = excluded.miss_micros, abs_miss_micros = excluded.abs_miss_micros,
    budget_micros = excluded.budget_micros, needed_per_day_micros = excluded.needed_per_day_micros,
    days_left = excluded.days_left, platforms = excluded.platforms, data_as_of = excluded.data_as_of,
    final_through = excluded.final_through, as_of = excluded.as_of
"""
_MEMORY = """
UPDATE pacing_budgetplan AS p SET controller_state = l.state
FROM pacing_look l WHERE p.id = l.plan_id AND l.plan_id = ANY(%s)
"""
_WORDS = {
    Action.NONE: PacingRun.Decision.SKIP,
    Action.HOLD: PacingRun.Decision.HOLD,
    Action.RAISE: PacingRun.Decision.PROPOSE,
    Action.LOWER: PacingRun.Decision.PROPOSE,
    Action.PAUSE: PacingRun.Decision.PAUSE,
    Action.RESUME: PacingRun.Decision.RESUME,
}


@dataclass(frozen=True, slots=True)
class Look:
    """One look at many plans: what was seen and what was decided."""

    seen: Seen
    decision: Decision
    state: State
    slot: datetime
    on_demand: bool


def save(look: Look) -> dict[int, int]:
    """Store runs, then snapshots and memory of the plans whose run was ours to store.

    Returns the run id by row; rows another pass stored first are absent. Needs an open transaction.
    """
    row_of = {plan["pk"]: row for row, plan in enumerate(look.seen.plans)}
    memory = look.state.to_json()
    given = _days_given(look.seen.terms)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pacing_look")
        cursor.execute(_STAGE)
        with cursor.copy("COPY pacing_look FROM STDIN") as copy:
            for row in range(len(look.seen.plans)):
                copy.write_row(_values(look, row, memory[row], given[row]))
        cursor.execute(_RUNS)
        stored = {row_of[plan_id]: run_id for plan_id, run_id in cursor.fetchall()}
        ours = [look.seen.plans[row]["pk"] for row in stored]
        cursor.execute(_SNAPSHOTS, [ours])
        cursor.execute(_MEMORY, [ours])
        cursor.execute("DROP TABLE pacing_look")
    return stored


def _values(look: Look, row: int, memory: dict[str, Any], days_given: dict[str, Any]) -> list[Any]:
    seen, decision = look.seen, look.decision
    plan = seen.plans[row]
    reasons = [finding.as_json() for finding in decision.findings(row)]
    if (pair := seen.unknown_rates.get(row)) is not None:
        reasons.insert(0, {"code": RATE_UNKNOWN, "params": pair})
    p50 = known_or_none(decision.projected_p50_micros[row])
    miss = None if p50 is None else p50 - plan["amount_micros"]
    at_risk = int(decision.at_risk_micros[row])
    days_left = max(0, int(seen.terms.days_total[row]) - max(0, int(seen.observation.day[row]) - 1))
    values = [
        row,
        plan["pk"],
        plan["organization_id"],
        plan["client_id"],
        uuid4(),
        look.slot,
        seen.at,
        look.on_demand,
        decision.status_of(row).word,
        _decision_word(plan, decision.action_of(row)),
        json.dumps(_inputs(look, row) | days_given),
        json.dumps(reasons),
        json.dumps(reasons[0] if reasons else {}),
        None if row in seen.unknown_rates else known_or_none(decision.reported_micros[row]),
        known_or_none(decision.expected_now_micros[row]),
        p50 if p50 is None else known_or_none(decision.projected_p10_micros[row]),
        p50,
        p50 if p50 is None else known_or_none(decision.projected_p90_micros[row]),
        known_or_none(decision.with_p10_micros[row]),
        known_or_none(decision.with_p50_micros[row]),
        known_or_none(decision.with_p90_micros[row]),
        known_or_none(seen.observation.budget_micros[row]),
        known_or_none(decision.new_budget_micros[row]),
        known_or_none(decision.needed_per_day_micros[row]),
        miss,
        abs(at_risk),
        days_left,
        json.dumps(sorted({seen.accounts[one]["platform"] for one in seen.account_ids[row]})),
        seen.data_as_of[row],
        seen.final_through[row],
        json.dumps(memory),
    ]
    if len(values) != _COLUMNS:
        raise AssertionError("the staging table and its rows differ")
    return values


def _decision_word(plan: dict[str, Any], action: Action) -> str:
    """Plans that are only observed hold where others would propose."""
    word = _WORDS[action]
    observed = plan["mode"] == "observe" and action in (Action.RAISE, Action.LOWER, Action.RESUME)
    return PacingRun.Decision.HOLD if observed else word


def _inputs(look: Look, row: int) -> dict[str, Any]:
    """Everything the controller was given for one plan, as stored with the run."""
    seen, observation, terms = look.seen, look.seen.observation, look.seen.terms
    days = int(terms.days_total[row])
    return {
        "day": int(observation.day[row]),
        "days_total": days,
        "day_fraction": round(float(observation.day_fraction[row]), 4),
        "amount_micros": int(terms.amount_micros[row]),
        "strategy": seen.plans[row]["strategy"],
        "landing": seen.plans[row]["landing"],
        "spend_micros": [
            None if value == UNKNOWN else value for value in observation.spend_micros[row, :days].tolist()
        ],
        "today_spend_micros": _plain(int(observation.today_spend_micros[row])),
        "budget_micros": _plain(int(observation.budget_micros[row])),
        "budget_by_day_micros": [
            None if value == UNKNOWN else value
            for value in observation.budget_by_day_micros[row, :days].tolist()
        ],
        "paused": bool(observation.paused[row]),
        "paused_by_lane": bool(observation.paused_by_lane[row]),
        "writable": bool(observation.writable[row]),
        "report_age_hours": round(float(observation.report_age_hours[row]), 3),
        "stale_after_hours": round(float(observation.stale_after_hours[row]), 3),
        "memory": seen.plans[row]["controller_state"] or {},
    }


def _days_given(terms: PlanTerms) -> list[dict[str, Any]]:
    """What the controller was told of each plan's days; what is as usual is left out.

    ``season_week`` is the demand of the flight's first seven days, which repeats; a day's ``plan_weight`` above zero
    multiplies it.
    """
    events = terms.plan_weight[:, :7]
    week = np.round(terms.season[:, :7] / np.where(events > 0, events, 1.0), 3)
    weights, intraday = np.round(terms.plan_weight, 3), np.round(terms.intraday, 4)
    usual = np.round(INTRADAY_PRIOR / INTRADAY_PRIOR.sum(), 4)
    named = {
        "season_week": (week, (week != 1).any(axis=1)),
        "plan_weight": (weights, (weights != 1).any(axis=1)),
        "intraday": (intraday, (intraday != usual).any(axis=1)),
    }
    found: list[dict[str, Any]] = [{} for _ in range(week.shape[0])]
    for name, (values, differs) in named.items():
        rows = np.flatnonzero(differs).tolist()
        for row, told in zip(rows, values[rows].tolist(), strict=True):
            found[row][name] = told if name == "intraday" else told[: int(terms.days_total[row])]
    return found


def _plain(micros: int) -> int | None:
    return None if micros == UNKNOWN else micros
