"""The pacing law: re-solve "spend exactly what is left" at every look, act only when the end would miss.

One law serves all four strategies; they differ in their day weights alone. Rules, strongest first: a pause at the
target, a stale report freezes, a cool-down waits, a step is limited, and a trigger on the projected end decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.controllers.base import Action, Flags, Floats, Ints, Observation, PlanTerms
from pacing.controllers.look import Look, look_at
from pacing.controllers.state import NEVER, State
from pacing.controllers.status import tolerance_now

TRIGGER_PER_DAY = 0.15
TRIGGER_LOW, TRIGGER_HIGH = 0.004, 0.08
PLAN_MOVE = 0.05  # a known move of demand between two days, by event or forecast, that is worth a change
WORTH_A_CHANGE = 0.02
LAST_DAY_DOWN, LAST_DAY_UP, LAST_DAY_COOLDOWN_HOURS = 0.9, 0.5, 4.0
PAUSE_AT_TICKS, RESUME_AT_TICKS, HOLD_TICKS = 0.5, 1.2, 3
STALE_DAYS_LEFT = 0.5
GUARD_SD = 1.5  # before the last day a pause allows for this many standard deviations of what is unreported
CLEARLY_OFF = 0.2  # without any complete day: only budgets this far from the plan are touched
MINUTES = 0.02  # hours: a cool-down that ends within this counts as over


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which rules held for each plan, and the action that follows."""

    action: Ints
    new_budget_micros: Ints
    end_error: Floats  # projected end against the amount, at the observed run rate
    trigger: Floats
    stale: Flags
    pause_target: Flags
    waits_for_reports: Flags  # a pause that comes early because so much is still unreported
    pause_stale: Flags
    guard_refused: Flags
    holding: Flags
    cooling: Flags
    moved: Flags  # an event or the forecast moves the plan today
    wanted: Flags  # trigger or curve asks for a change
    opening: Flags
    too_small: Flags
    capped: Flags
    floored: Flags
    last_day: Flags


def judge(terms: PlanTerms, seen: Observation, state: State) -> tuple[Look, Verdict, State]:
    """Look, decide and remember, for every plan at once."""
    look = look_at(terms, seen, state)
    verdict = _verdict(terms, seen, state, look)
    return look, verdict, _remember(seen, state, look, verdict)


def _verdict(terms: PlanTerms, seen: Observation, state: State, look: Look) -> Verdict:
    moment, amount = look.moment, look.amount
    last_day = moment.inside & (moment.days_left == 1)
    stale = moment.inside & (seen.report_age_hours > seen.stale_after_hours)
    live = moment.inside & ~seen.paused

    # The guard: stop when what is left is less than half of what the next tick would spend.
    # While there is a tomorrow, a pause that comes early costs nothing: what is left runs once reports say so.
    margin = np.where(last_day, 0.0, GUARD_SD) * look.run.late_sd
    reached = live & (look.left <= PAUSE_AT_TICKS * look.tick_running + margin)
    blind = live & stale & ~reached & (look.left < STALE_DAYS_LEFT * look.budget)
    pause_target, pause_stale = reached & terms.may_pause, blind & terms.may_pause

    ours = moment.inside & seen.paused & seen.paused_by_lane
    held_long = (state.paused_at == NEVER) | (moment.flight_tick - state.paused_at >= HOLD_TICKS)
    enough = look.left > RESUME_AT_TICKS * look.tick_running + margin
    resume = ours & held_long & enough & ~stale & seen.writable

    end_error = (look.coming + look.spent) / amount - 1.0
    trigger = np.clip(TRIGGER_PER_DAY * moment.days_left / amount, TRIGGER_LOW, TRIGGER_HIGH)
    # What reads as off the plan has to be acted on: the trigger never lies outside the band of the status.
    band = tolerance_now(terms.tolerance, moment.days_left, terms.days_total)
    trigger = np.minimum(trigger, np.maximum(band, TRIGGER_LOW))
    moved = (np.abs(look.known_step) > PLAN_MOVE) & ~look.changed_today
    change = np.divide(look.want, look.budget, out=np.full_like(amount, np.inf), where=look.budget > 0) - 1
    opening = live & ~look.known & look.budget_known & (np.abs(change) > CLEARLY_OFF)
    wanted = live & ((look.known & ((np.abs(end_error) > trigger) | moved)) | opening)
    too_small = wanted & (np.abs(change) <= WORTH_A_CHANGE)

    needed_hours = np.where(
        last_day, np.minimum(LAST_DAY_COOLDOWN_HOURS, terms.cooldown_hours), terms.cooldown_hours
    )
    cooling = live & (seen.hours_since_change < needed_hours - MINUTES)
    may_step = wanted & ~too_small & ~cooling & ~stale & seen.writable & look.budget_known
    new_budget, capped, floored = _step(terms, seen, look, change, last_day)

    action = np.full(amount.shape, int(Action.HOLD), dtype=np.int64)
    action[may_step & (new_budget > seen.budget_micros)] = Action.RAISE
    # A plan that ends short is never lowered: where demand is the limit, less budget only adds to the miss.
    short = look.known & ~moved & ((end_error < 0) | (look.spent + look.held < amount))
    action[may_step & ~short & (new_budget < seen.budget_micros)] = Action.LOWER
    action[resume] = Action.RESUME
    action[pause_target | pause_stale] = Action.PAUSE
    action[~moment.inside | (seen.paused & ~seen.paused_by_lane)] = Action.NONE
    stepped = (action == Action.RAISE) | (action == Action.LOWER)
    return Verdict(
        action=action,
        new_budget_micros=np.where(stepped, new_budget, seen.budget_micros),
        end_error=end_error,
        trigger=trigger,
        stale=stale,
        pause_target=pause_target,
        waits_for_reports=pause_target & (look.left > PAUSE_AT_TICKS * look.tick_running),
        pause_stale=pause_stale,
        guard_refused=(reached | blind) & ~terms.may_pause,
        holding=ours & ~resume,
        cooling=cooling,
        moved=moved,
        wanted=wanted,
        opening=opening,
        too_small=too_small,
        capped=capped & stepped,
        floored=floored & wanted,
        last_day=last_day,
    )


def _step(
    terms: PlanTerms, seen: Observation, look: Look, change: Floats, last_day: Flags
) -> tuple[Ints, Flags, Flags]:
    """Today's new budget: within the step limit, not under the minimum, whole units, rounded towards today's."""
    down = np.where(last_day, LAST_DAY_DOWN, terms.step_limit)
    up = np.where(last_day, np.maximum(LAST_DAY_UP, terms.step_limit), terms.step_limit)
    # A planned event was agreed with the plan: its own move is no step to be limited.
    agreed = np.where(look.changed_today, 0.0, look.known_step)
    limited = np.clip(change, np.minimum(-down, agreed), np.maximum(up, agreed))
    unit = terms.unit_micros
    now = np.maximum(seen.budget_micros, 0)
    # From a budget of zero no relative step exists: the first budget is the one the plan needs.
    from_zero = now == 0
    units = np.where(
        from_zero,
        look.want * look.mean_day_micros / unit,
        now / unit * (1.0 + np.where(from_zero, 0.0, limited)),
    )
    slack = 1e-9 * np.maximum(units, 1.0)
    lowering = ~from_zero & (limited < 0)
    whole = np.where(lowering, np.ceil(units - slack), np.floor(units + slack)).astype(np.int64)
    new = whole * unit
    floor_units = -(-terms.min_budget_micros // unit)
    floored = new < floor_units * unit
    # A budget already under the platforms' minimum is not pushed up by more than a step on that account.
    lifted = np.where(lowering, np.minimum(floor_units * unit, now), new)
    new = np.where(floored, lifted, new)
    return new, ~from_zero & (np.abs(limited) < np.abs(change) - 1e-9), floored


def _remember(seen: Observation, state: State, look: Look, verdict: Verdict) -> State:
    """Write this tick's expectation: nothing while paused, else what the current budget would spend."""
    moment = look.moment
    pausing = verdict.action == Action.PAUSE
    resuming = verdict.action == Action.RESUME
    still = moment.inside & ((seen.paused & ~resuming) | pausing)
    queue = look.run.queue.copy()
    running = look.run.tick_exposure
    # A pause in the middle of a tick leaves its elapsed part: that ran, whatever is decided now.
    stopped = np.where(pausing, running * moment.phase, queue[:, -1])
    queue[:, -1] = np.where(still, stopped, np.where(moment.inside, running, 0.0))
    paused_at = np.where(pausing, moment.flight_tick, state.paused_at)
    paused_at = np.where(resuming | (~seen.paused & ~pausing), NEVER, paused_at)
    day = look.mean_day_micros
    return State(
        queue=queue * day[:, None],
        last_tick=np.where(moment.inside, moment.flight_tick, NEVER),
        running_micros=running * day,
        paused_at=paused_at,
        pause_asked=pausing,
        delivery_ratio=look.delivery.ratio,
        demand_level=look.delivery.level * day,
    )
