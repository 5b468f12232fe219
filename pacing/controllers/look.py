"""One look at many plans: everything the rules need, worked out once, in mean days of each plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.controllers.base import (
    TICKS_PER_DAY,
    UNKNOWN,
    Flags,
    Floats,
    Ints,
    Observation,
    PlanTerms,
)
from pacing.controllers.curves import SMALLEST_WEIGHT, day_weights, known_moves
from pacing.controllers.estimates import (
    Delivery,
    Moment,
    learn,
    share_until,
)
from pacing.controllers.projection import DEMAND_FOLLOWS, SEARCH_TOP, Outlook, end_log_sd, quantiles
from pacing.controllers.running import CUT_TAKES, Running, Told, effective_budget, run_on
from pacing.controllers.state import State

SAFETY = 0.02  # aim this share of one mean day below the amount
RECENT_DAYS = 7
MODEL_DAYS = 5.0  # mean days of spend the model is trusted for before its own record counts more
CLOCK_SLACK_HOURS = 0.02
CURRENT_DAY_SHORT = 0.02  # the figure of the day a report ends in is this much too low
LAST_DAY_ROOM = 1.25
SMALLEST_BUDGET = 0.03  # of a mean day: a budget is lowered to this, never to nothing


@dataclass(frozen=True, slots=True)
class Look:
    """Facts of one look. Money is in mean days (amount / days) unless its name says micros."""

    moment: Moment
    mean_day_micros: Floats
    amount: Floats  # the amount in mean days: the number of days
    weights: Floats  # [N, D]
    weight_today: Floats
    changed_today: Flags
    known_step: Floats  # the plan's own move against yesterday by event or forecast, 0.2 = 20 % up
    budget: Floats  # in force, or the recent run rate where the platform never told it
    budget_known: Flags
    delivery: Delivery
    known: Flags  # at least one complete day was reported, so there is a run rate
    reported: Floats
    late: Floats  # spend expected since the report, and of days without any report
    spent: Floats  # reported + late
    left: Floats  # amount - safety - spent
    missing_days: Ints
    daily: Floats  # expected spend of a whole day at the current budget
    tick_running: Floats  # expected spend of this tick if delivery runs
    run: Running
    outlook: Outlook
    pace: Floats
    coming: Floats  # spend to come if budgets follow the curve from today's level
    held: Floats  # spend to come if today's budget stays
    reachable: Floats  # spend to come at the largest budget considered
    infeasible: Flags
    want: Floats  # today's budget that lands the plan
    log_sd: Floats


def look_at(terms: PlanTerms, seen: Observation, state: State) -> Look:
    """Work out the facts of ``pacing`` for every plan; nothing is decided here."""
    moment = Moment.of(terms, seen)
    days = terms.days_total.astype(np.float64)
    amount = terms.amount_micros.astype(np.float64)
    rows = np.arange(days.shape[0])
    width = terms.season.shape[1]
    place = np.arange(width)[None, :]

    weights = day_weights(terms)
    weight_today = weights[rows, moment.index]
    moves = known_moves(terms)
    move_today = moves[rows, moment.index]
    move_before = moves[rows, np.maximum(moment.index - 1, 0)]
    season = np.maximum(terms.season, SMALLEST_WEIGHT)

    spend = _in_days(seen.spend_micros, days, amount)
    ended = seen.day > terms.days_total
    days_over = np.where(ended, terms.days_total, moment.index)[:, None]
    spend[place >= days_over] = np.nan  # today is told apart, as a part of a day
    budgets = _in_days(seen.budget_by_day_micros, days, amount)
    delivery = learn(spend, budgets, season, seen.paused_days, moment.complete_days(), terms.delivery_prior)
    known = delivery.known_days > 0

    told = _in_days(seen.budget_micros, days, amount)
    budget_known = ~np.isnan(told)
    budget = np.where(budget_known, told, _recent_rate(spend, weights, moment))
    today_told = _in_days(seen.today_spend_micros, days, amount)
    today = np.where(np.isnan(today_told) | ended, 0.0, today_told)

    demand = np.where(np.isnan(delivery.level), np.inf, delivery.level)
    season_today = season[rows, moment.index]
    before = np.where(moment.index > 0, budgets[rows, np.maximum(moment.index - 1, 0)], np.nan)
    changed_today = _changed_today(seen)
    # On the last day an edit under a month limit makes the budget itself the most that may still run.
    exact = terms.month_limit & changed_today & (moment.days_left == 1)
    effective = effective_budget(budget, np.where(changed_today & ~exact, before, np.nan))
    ceiling = np.divide(
        demand * season_today, effective, out=np.full_like(budget, np.inf), where=effective > 0
    )
    ceiling = np.where(exact, np.minimum(ceiling, 1.0), ceiling)
    at_work = np.where(np.isnan(budgets), budget[:, None], budgets)
    at_work[rows, moment.index] = effective
    spent_yesterday = np.where(moment.index > 0, spend[rows, np.maximum(moment.index - 1, 0)], np.nan)
    run = run_on(
        _scaled(state, days, amount),
        moment,
        delivery,
        terms.intraday,
        at_work,
        effective,
        ceiling,
        Told(
            today=np.where(ended, np.nan, today_told),
            yesterday=spent_yesterday,
            by_tick=_in_days(seen.today_by_tick_micros, days, amount),
        ),
        moment.inside & ~seen.paused,
    )
    daily = run.today_ratio * effective
    expected = np.minimum(delivery.ratio[:, None] * at_work, demand[:, None] * season)

    realised = _realised(spend, expected, seen.paused_days, moment)

    missing = np.isnan(spend) & (place < days_over) & ~seen.paused_days & _should_be_reported(place, moment)
    holes = np.where(missing, expected, 0.0).sum(axis=1)
    reported = np.nansum(spend, axis=1) + today
    late = run.late + holes + _still_growing(spend, today, moment)
    spent = reported + late
    left = days - SAFETY - spent

    # What runs in the rest of today for one unit of budget; more than the rest of the day after a standstill.
    part = np.divide(run.rest_exposure, budget, out=np.zeros_like(budget), where=budget > 0)
    usual = 1.0 - share_until(terms.intraday, moment.tick + moment.phase)
    today_left = np.where(budget > 0, part, usual)

    def outlook_for(curve: Floats) -> Outlook:
        return Outlook.of(
            curve,
            season,
            moment.index,
            today_left,
            run.today_ratio,
            delivery.ratio * realised,
            delivery.level * realised,
        )

    outlook = outlook_for(weights)
    flat = outlook_for(np.where(weights > 0, 1.0, 0.0))
    pace = _pace(budget, budgets, weights, terms.plan_weight, moment, changed_today)
    coming_days = outlook.days(pace)
    # Today runs on the budget in force, whatever its weight asks for.
    coming_days[rows, moment.index] = np.minimum(
        run.rest_exposure * run.today_ratio, outlook.ceiling[rows, moment.index]
    )
    reachable = outlook.spend(np.full_like(pace, SEARCH_TOP))
    infeasible = (left > 0) & (reachable < 0.98 * left)
    goal = np.where(infeasible, DEMAND_FOLLOWS * reachable, np.maximum(left, 0.0))
    want = outlook.pace_for(goal) * weight_today
    whole_day = today + late + np.maximum(left, 0.0)  # on the last day: all that may have run by midnight
    last = _last_budget(terms, whole_day, goal + today + late, want, before, run)
    want = np.maximum(np.where(moment.days_left == 1, last, want), SMALLEST_BUDGET)
    return Look(
        moment=moment,
        mean_day_micros=amount / days,
        amount=days,
        weights=weights,
        weight_today=weight_today,
        changed_today=changed_today,
        known_step=np.divide(move_today, move_before, out=np.full_like(days, np.inf), where=move_before > 0)
        - 1.0,
        budget=budget,
        budget_known=budget_known,
        delivery=delivery,
        known=known,
        reported=reported,
        late=late,
        spent=spent,
        left=left,
        missing_days=missing.sum(axis=1),
        daily=daily,
        tick_running=run.tick_exposure * run.today_ratio,
        run=run,
        outlook=outlook,
        pace=pace,
        coming=coming_days.sum(axis=1),
        held=flat.spend(budget),
        reachable=reachable,
        infeasible=infeasible,
        want=want,
        log_sd=end_log_sd(coming_days, delivery),
    )


def _changed_today(seen: Observation) -> Flags:
    return np.asarray(seen.hours_since_change <= seen.day_fraction * 24.0 + CLOCK_SLACK_HOURS)


def _pace(
    budget: Floats, budgets: Floats, weights: Floats, plan_weight: Floats, moment: Moment, changed: Flags
) -> Floats:
    """Budget per unit of weight. On the day of an event, until the budget follows it, the pace of the days before."""
    rows = np.arange(budget.shape[0])
    place = np.arange(weights.shape[1])[None, :]
    today = plan_weight[rows, moment.index]
    yesterday = plan_weight[rows, np.maximum(moment.index - 1, 0)]
    usable = (place < moment.index[:, None]) & (plan_weight > 0) & (budgets > 0)
    last = np.where(usable, place, -1).max(axis=1)
    earlier = np.divide(budgets[rows, last], weights[rows, last], out=np.ones_like(budget), where=last >= 0)
    event = (today <= 0) | ((today != yesterday) & ~changed)
    return np.asarray(np.where(event, earlier, budget / weights[rows, moment.index]))


def _last_budget(
    terms: PlanTerms, whole_day: Floats, goal: Floats, want: Floats, before: Floats, run: Running
) -> Floats:
    """The budget of the last day is the last stop should writes fail later: what the whole day may come to, no more.

    After a cut the platform spends half of the difference all the same. Where it promises never to pass the budget
    (month limit), the budget is the rest itself.
    """
    needed = np.divide(goal, run.today_ratio, out=np.full_like(goal, np.inf), where=run.today_ratio > 0)
    cut = ~np.isnan(before) & (needed < before)
    needed = np.where(cut, (needed - (1 - CUT_TAKES) * np.nan_to_num(before)) / CUT_TAKES, needed)
    needed = np.where(terms.month_limit, np.maximum(needed, whole_day), needed)
    return np.minimum(needed, LAST_DAY_ROOM * whole_day)


def end_range(look: Look, coming: Floats) -> tuple[Floats, Floats, Floats]:
    """P10, P50, P90 of the end in mean days, for the spend to come that is passed in."""
    return quantiles(look.spent, look.late, look.run.late_sd, coming, look.log_sd)


def _still_growing(spend: Floats, today: Floats, moment: Moment) -> Floats:
    """What is missing from the day a report ends in: its figure still grows after it was told."""
    end = np.floor((moment.flight_tick + moment.phase - moment.lag_ticks) / TICKS_PER_DAY).astype(np.int64)
    rows = np.arange(today.shape[0])
    before = np.nan_to_num(spend[rows, np.clip(end, 0, spend.shape[1] - 1)])
    figure = np.where(end == moment.index, today, np.where((end >= 0) & (end < moment.index), before, 0.0))
    return np.asarray(CURRENT_DAY_SHORT * np.where(moment.inside, figure, 0.0))


def _realised(spend: Floats, expected: Floats, paused_days: Flags, moment: Moment) -> Floats:
    """What complete days brought against what the model says of them: it may be off in either direction."""
    place = np.arange(spend.shape[1])[None, :]
    used = (place < moment.complete_days()[:, None]) & ~np.isnan(spend) & ~paused_days & (expected > 0)
    brought = np.where(used, spend, 0.0).sum(axis=1)
    said = np.where(used, expected, 0.0).sum(axis=1)
    return np.asarray(np.clip((brought + MODEL_DAYS) / (said + MODEL_DAYS), 0.7, 1.3))


def _should_be_reported(place: Ints, moment: Moment) -> Flags:
    """Days the reports have reached; a hole there is estimated, later days are covered by the queue."""
    reached = (moment.flight_tick + moment.phase - moment.lag_ticks) / TICKS_PER_DAY
    return np.asarray(place < np.floor(reached)[:, None])


def _in_days(micros: Ints, days: Floats, amount: Floats) -> Floats:
    """Micros as mean days, NaN where unknown. One division of exact numbers, so that scale cancels out."""
    shape = (-1,) + (1,) * (micros.ndim - 1)
    values = micros.astype(np.float64) * days.reshape(shape) / amount.reshape(shape)
    return np.where(micros == UNKNOWN, np.nan, values)


def _scaled(state: State, days: Floats, amount: Floats) -> State:
    return State(
        queue=state.queue * days[:, None] / amount[:, None],
        last_tick=state.last_tick,
        running_micros=state.running_micros * days / amount,
        paused_at=state.paused_at,
        pause_asked=state.pause_asked,
        delivery_ratio=state.delivery_ratio,
        demand_level=state.demand_level,
    )


def _recent_rate(spend: Floats, weights: Floats, moment: Moment) -> Floats:
    """Spend per unit of weight over the last days, as today's budget: for plans whose budgets are not known."""
    place = np.arange(spend.shape[1])[None, :]
    last = moment.complete_days()[:, None]
    used = (place < last) & (place >= last - RECENT_DAYS) & ~np.isnan(spend)
    spent = np.where(used, spend, 0.0).sum(axis=1)
    weight = np.where(used, weights, 0.0).sum(axis=1)
    rows = np.arange(spend.shape[0])
    rate = np.divide(spent, weight, out=np.zeros_like(spent), where=weight > 0)
    return np.asarray(rate * weights[rows, moment.index])
