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
from pacing.controllers.curves import SMALLEST_WEIGHT, day_weights
from pacing.controllers.estimates import (
    Delivery,
    Moment,
    advance_queue,
    learn,
    share_until,
    today_ratio,
    unreported,
)
from pacing.controllers.projection import DEMAND_FOLLOWS, SEARCH_TOP, Outlook, end_log_sd, quantiles
from pacing.controllers.state import State

SAFETY = 0.05  # aim this share of one mean day below the amount
RECENT_DAYS = 7
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
    weight_step: Floats  # the plan's own move against yesterday, 0.2 = 20 % up
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
    queue: Floats
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
    yesterday = weights[rows, np.maximum(moment.index - 1, 0)]
    season = np.maximum(terms.season, SMALLEST_WEIGHT)

    spend = _in_days(seen.spend_micros, days, amount)
    ended = seen.day > terms.days_total
    days_over = np.where(ended, terms.days_total, moment.index)[:, None]
    spend[place >= days_over] = np.nan  # today is told apart, as a part of a day
    budgets = _in_days(seen.budget_by_day_micros, days, amount)
    delivery = learn(spend, budgets, season, seen.paused_days, moment.complete_days())
    known = delivery.known_days > 0

    told = _in_days(seen.budget_micros, days, amount)
    budget_known = ~np.isnan(told)
    budget = np.where(budget_known, told, _recent_rate(spend, weights, moment))
    today_told = _in_days(seen.today_spend_micros, days, amount)
    today = np.where(np.isnan(today_told) | ended, 0.0, today_told)
    ratio_today = today_ratio(delivery, terms.intraday, budget, today, moment, ~np.isnan(today_told))

    demand = np.where(np.isnan(delivery.level), np.inf, delivery.level)
    daily = np.minimum(ratio_today * budget, demand * season[rows, moment.index])
    expected = np.minimum(
        delivery.ratio[:, None] * np.where(np.isnan(budgets), budget[:, None], budgets),
        demand[:, None] * season,
    )
    expected[rows, moment.index] = daily
    running = moment.inside & ~seen.paused
    queue, tick_running = advance_queue(
        _scaled(state, days, amount), moment, terms.intraday, expected, running
    )

    missing = np.isnan(spend) & (place < days_over) & ~seen.paused_days & _should_be_reported(place, moment)
    holes = np.where(missing, expected, 0.0).sum(axis=1)
    reported = np.nansum(spend, axis=1) + today
    late = unreported(queue, moment) + holes
    spent = reported + late
    left = days - SAFETY - spent

    def outlook_for(curve: Floats) -> Outlook:
        today_left = 1.0 - share_until(terms.intraday, moment.tick + moment.phase)
        return Outlook.of(
            curve, season, moment.index, today_left, ratio_today, delivery.ratio, delivery.level
        )

    outlook = outlook_for(weights)
    flat = outlook_for(np.where(weights > 0, 1.0, 0.0))
    pace = budget / weight_today
    coming_days = outlook.days(pace)
    reachable = outlook.spend(np.full_like(pace, SEARCH_TOP))
    infeasible = (left > 0) & (reachable < 0.98 * left)
    goal = np.where(infeasible, DEMAND_FOLLOWS * reachable, np.maximum(left, 0.0))
    want = outlook.pace_for(goal) * weight_today
    # On the last day the budget itself is the last stop, should writes fail later: keep it near what may be spent.
    last = np.minimum(want, LAST_DAY_ROOM * (today + late + goal))
    want = np.maximum(np.where(moment.days_left == 1, last, want), SMALLEST_BUDGET)
    return Look(
        moment=moment,
        mean_day_micros=amount / days,
        amount=days,
        weights=weights,
        weight_today=weight_today,
        weight_step=np.where(moment.index > 0, weight_today / yesterday - 1.0, 0.0),
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
        tick_running=tick_running,
        queue=queue,
        outlook=outlook,
        pace=pace,
        coming=coming_days.sum(axis=1),
        held=flat.spend(budget),
        reachable=reachable,
        infeasible=infeasible,
        want=want,
        log_sd=end_log_sd(coming_days, delivery),
    )


def end_range(look: Look, coming: Floats) -> tuple[Floats, Floats, Floats]:
    """P10, P50, P90 of the end in mean days, for the spend to come that is passed in."""
    return quantiles(look.spent, look.late, coming, look.log_sd)


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
