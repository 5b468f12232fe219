"""Which reasons hold for each plan, in the order a reader should meet them, with the decision's own numbers."""

from __future__ import annotations

import numpy as np

from pacing.controllers.adaptive import LAST_DAY_COOLDOWN_HOURS, Verdict
from pacing.controllers.base import UNKNOWN, Action, Flags, Floats, Ints, Observation, PlanTerms, Status
from pacing.controllers.decision import Evidence
from pacing.controllers.look import Look
from pacing.controllers.reasons import Reason

WORTH_TELLING = 0.03  # delivery this far from the budget, or unreported spend of this many mean days


def evidence_for(
    terms: PlanTerms,
    seen: Observation,
    look: Look,
    verdict: Verdict,
    *,
    status: Ints,
    projected_micros: Ints,
    achievable_micros: Ints,
) -> tuple[Evidence, ...]:
    """Collect the reasons. Those that decided come first, circumstances last."""
    day = look.mean_day_micros
    action = verdict.action
    inside, live = look.moment.inside, look.moment.inside & ~seen.paused
    stepped = (action == Action.RAISE) | (action == Action.LOWER)
    shown = live & look.known
    left = np.maximum(look.left, 0.0) * day
    tick = look.tick_running * day
    needed = look.want * day
    needed_hours = np.where(
        verdict.last_day, np.minimum(LAST_DAY_COOLDOWN_HOURS, terms.cooldown_hours), terms.cooldown_hours
    )
    error = np.where(look.known, verdict.end_error, 0.0)
    projection: dict[str, Ints | Floats] = {
        "projected_micros": projected_micros,
        "error_ratio": np.abs(error),
        "trigger_ratio": verdict.trigger,
    }
    past = np.abs(error) > verdict.trigger
    gap = np.divide(achievable_micros, terms.amount_micros) - 1.0
    waits = live & verdict.wanted & ~verdict.too_small
    steps = _steps(look.want, look.budget, terms.step_limit)
    age = {"age_hours": seen.report_age_hours, "limit_hours": seen.stale_after_hours}

    def one(reason: Reason, holds: Flags, **numbers: Ints | Floats) -> Evidence:
        return Evidence(reason, holds, numbers)

    return (
        one(Reason.SCHEDULED, seen.day < 1, starts_in_days=1 - seen.day),
        one(
            Reason.ENDED,
            seen.day > terms.days_total,
            spent_micros=look.reported * day,
            gap_ratio=look.reported / look.amount - 1.0,
        ),
        one(Reason.PAUSED_OUTSIDE, inside & seen.paused & ~seen.paused_by_lane),
        one(
            Reason.TARGET_REACHED,
            verdict.pause_target & ~verdict.waits_for_reports,
            left_micros=left,
            tick_micros=tick,
        ),
        one(
            Reason.WAITING_FOR_REPORTS,
            verdict.waits_for_reports,
            left_micros=left,
            late_micros=look.late * day,
        ),
        one(Reason.PAUSE_NOT_ALLOWED, verdict.guard_refused),
        one(
            Reason.STALE_PAUSE,
            verdict.pause_stale,
            left_micros=left,
            budget_micros=look.budget * day,
            **age,
        ),
        one(Reason.STALE_REPORT, verdict.stale & ~verdict.pause_stale, **age),
        one(Reason.HOLDING_PAUSE, verdict.holding, left_micros=left),
        one(Reason.RESUMED, action == Action.RESUME, left_micros=left, tick_micros=tick),
        one(Reason.WRITES_FROZEN, live & ~seen.writable),
        one(Reason.BUDGET_UNKNOWN, live & ~look.budget_known, needed_micros=needed),
        one(Reason.DAY_ONE, live & ~look.known),
        one(
            Reason.OPENING_BUDGET,
            verdict.opening,
            needed_micros=needed,
            budget_micros=seen.budget_micros,
        ),
        one(
            Reason.CANNOT_SPEND,
            status == Status.CANNOT_SPEND,
            achievable_micros=achievable_micros,
            gap_ratio=gap,
        ),
        one(Reason.PROJECTED_OVER, shown & past & (error > 0), **projection),
        one(Reason.PROJECTED_UNDER, shown & past & (error < 0), **projection),
        one(Reason.ON_PLAN, shown & ~past, **projection),
        one(Reason.LAST_DAY, shown & verdict.last_day, left_micros=left),
        one(
            Reason.LANDING_STEP,
            shown & verdict.moved & stepped,
            planned_ratio=np.clip(look.known_step, -1.0, 99.0),
        ),
        one(
            Reason.COOL_DOWN,
            waits & verdict.cooling,
            since_hours=np.where(np.isfinite(seen.hours_since_change), seen.hours_since_change, UNKNOWN),
            in_hours=np.maximum(needed_hours - np.minimum(seen.hours_since_change, 1e6), 0.0),
        ),
        one(
            Reason.DEMAND_CAPPED,
            shown & np.isfinite(look.delivery.level) & (look.infeasible | (look.daily < 0.98 * look.budget)),
            level_micros=np.nan_to_num(look.delivery.level) * day,
        ),
        one(
            Reason.STEP_CAPPED,
            verdict.capped & ~verdict.last_day,
            needed_micros=needed,
            limit_ratio=terms.step_limit,
            steps_count=steps,
        ),
        one(Reason.AT_MINIMUM, live & verdict.floored, minimum_micros=terms.min_budget_micros),
        one(
            Reason.TOO_SMALL,
            verdict.too_small,
            change_ratio=np.abs(
                np.divide(look.want, look.budget, out=np.ones_like(look.want), where=look.budget > 0) - 1.0
            ),
        ),
        one(
            Reason.DELIVERY,
            shown & (np.abs(look.delivery.ratio - 1.0) > WORTH_TELLING),
            delivery_ratio=look.delivery.ratio,
        ),
        one(Reason.UNREPORTED, inside & (look.late > WORTH_TELLING), late_micros=look.late * day),
        one(Reason.DAYS_ESTIMATED, inside & (look.missing_days > 0), missing_days=look.missing_days),
    )


def _steps(want: Floats, budget: Floats, limit: Floats) -> Floats:
    """How many steps of the limit lead from the budget to the wanted one."""
    ratio = np.divide(want, budget, out=np.ones_like(want), where=(budget > 0) & (want > 0))
    one_step = np.where(ratio >= 1, np.log1p(limit), -np.log1p(-np.minimum(limit, 0.99)))
    steps = np.divide(np.abs(np.log(ratio)), one_step, out=np.ones_like(want), where=one_step > 0)
    return np.ceil(steps - 1e-9)
