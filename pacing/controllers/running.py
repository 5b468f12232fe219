"""What runs today and what ran since the report: the part of the spend nobody can see yet.

The queue remembers which budget was at work in each tick of the last two days, nothing while paused. What the
report shows of a day, against the budget that was at work in the reported ticks, gives that day's own ratio; the
ticks after it are valued with it. Budgets are in mean days of the plan.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pacing.controllers.base import TICKS_PER_DAY, Flags, Floats, Ints
from pacing.controllers.estimates import Delivery, Moment
from pacing.controllers.state import NEVER, QUEUE_TICKS, State

ENOUGH_SHOWN = 0.01  # mean days of budget a report must cover before a day's own ratio counts
SHAPE_LOG_SD = 0.8  # a day's shape may be another than assumed: its first small shares say little
TICK_LOG_SD = 0.21  # noise of one tick's share of its day, the flight's own shape and the day's together
LOWEST_RATIO, HIGHEST_RATIO = 0.2, 2.0
CUT_TAKES = 0.5
STANDSTILL_TICKS, STANDSTILL = 2, 0.05  # the last ticks told show this little of what they should


@dataclass(frozen=True, slots=True)
class Told:
    """What the report shows of the last two days, NaN where it shows nothing."""

    today: Floats
    yesterday: Floats  # as far as the report had come
    by_tick: Floats  # [N, 12] today's spend by whole tick, where a platform tells it


@dataclass(frozen=True, slots=True)
class Running:
    """What runs today and what has run since the report was true."""

    queue: Floats  # [N, 24] budget at work in each of the last ticks, oldest first; the last is this tick's
    tick_exposure: Floats  # budget at work in this tick if delivery runs
    rest_exposure: Floats  # budget still at work from now to midnight if delivery runs
    today_ratio: Floats
    late: Floats  # expected spend since the report was true
    late_today: Floats  # the part of it that belongs to today
    late_sd: Floats  # how far that may be off


def effective_budget(budget: Floats, yesterday: Floats) -> Floats:
    """What a day's budget is worth: after a cut the platform still spends half of the difference that day."""
    cut = ~np.isnan(yesterday) & (budget < yesterday)
    return np.where(cut, CUT_TAKES * budget + (1 - CUT_TAKES) * np.where(cut, yesterday, 0.0), budget)


def run_on(
    state: State,
    moment: Moment,
    delivery: Delivery,
    intraday: Floats,
    budgets: Floats,
    effective: Floats,
    ceiling: Floats,
    told: Told,
    running: Flags,
) -> Running:
    """Bring the queue up to this tick and estimate what was spent since the report.

    ``budgets`` [N, D] is what is known of each day's budget, ``effective`` what today's is worth, ``ceiling`` the
    largest ratio demand allows today. Ticks nobody looked at are filled from the budgets. A pause that was asked for
    but is not in force is undone in the queue. After a standstill the platform catches up on the day's budget in
    what is left of the day.
    """
    queue = _advanced(state, moment, intraday, budgets, running)
    age = np.arange(QUEUE_TICKS - 1, -1, -1)[None, :]
    tick, lag = moment.tick[:, None], moment.lag_ticks[:, None]
    of_today, of_yesterday = age <= tick, (age > tick) & (age <= tick + TICKS_PER_DAY)

    so_far = np.where(of_today & (age > 0), queue, 0.0).sum(axis=1)
    to_come = _share_from(intraday, moment.tick)
    part = np.divide(_at_tick(intraday, moment.tick), to_come, out=np.zeros_like(so_far), where=to_come > 0)
    budget_left = np.maximum(effective - so_far, 0.0)
    tick_exposure = budget_left * part
    rest = np.maximum(budget_left - moment.phase * tick_exposure, 0.0)

    elapsed = np.where(age == 0, moment.phase[:, None], 1.0)
    late_part = np.where(
        age == 0, np.minimum(elapsed, lag), np.clip(lag - moment.phase[:, None] - (age - 1), 0.0, 1.0)
    )
    shown = queue * (elapsed - late_part)
    unseen = queue * late_part
    part = elapsed - late_part
    usual = np.take_along_axis(intraday, (moment.tick[:, None] - age) % TICKS_PER_DAY, axis=1) * part

    def shares(of_day: Flags) -> Floats:
        return np.asarray(np.where(of_day, usual, 0.0).sum(axis=1))

    ratio_today, sd_today = _day_ratio(delivery, np.where(of_today, shown, 0.0), shares(of_today), told.today)
    ratio_yesterday, sd_yesterday = _day_ratio(
        delivery, np.where(of_yesterday, shown, 0.0), shares(of_yesterday), told.yesterday
    )
    ratio_today = np.minimum(ratio_today, ceiling)
    stopped = _standstill(queue, np.where(of_today & (age > 0), tick - age, -1), told.by_tick)
    late_today = np.where(of_today, unseen, 0.0).sum(axis=1) * np.where(stopped, 0.0, ratio_today)
    late_before = np.where(of_yesterday, unseen, 0.0).sum(axis=1) * ratio_yesterday
    older = np.where(~of_today & ~of_yesterday, unseen, 0.0).sum(axis=1) * delivery.ratio
    spread = TICK_LOG_SD**2 * (unseen**2).sum(axis=1) * delivery.ratio**2
    late_sd = np.sqrt((late_today * sd_today) ** 2 + ((late_before + older) * sd_yesterday) ** 2 + spread)
    return Running(
        queue=queue,
        tick_exposure=tick_exposure,
        rest_exposure=rest,
        today_ratio=ratio_today,
        late=late_today + late_before + older,
        late_today=late_today,
        late_sd=late_sd,
    )


def _day_ratio(delivery: Delivery, shown: Floats, visible: Floats, reported: Floats) -> tuple[Floats, Floats]:
    """A day's own ratio of spend to budget: what the report shows of it, weighed against what was learned."""
    exposure = shown.sum(axis=1)
    counts = ~np.isnan(reported) & (exposure > ENOUGH_SHOWN)
    seen = np.divide(np.where(counts, reported, 0.0), exposure, out=np.ones_like(exposure), where=counts)
    # As many independent ticks as the exposure is spread over.
    squares = (shown**2).sum(axis=1)
    ticks = np.divide(exposure**2, squares, out=np.ones_like(exposure), where=squares > 0)
    # The night's small shares say little of the day: its shape may be another than the one assumed.
    noise = TICK_LOG_SD**2 / ticks + (SHAPE_LOG_SD * np.maximum(1.0 - visible, 0.0)) ** 2
    prior = delivery.log_sd**2
    weight = np.where(counts, prior / (prior + noise), 0.0)
    ratio = np.clip(weight * seen + (1 - weight) * delivery.ratio, LOWEST_RATIO, HIGHEST_RATIO)
    return ratio, np.sqrt(prior * (1 - weight))


def _share_from(intraday: Floats, tick: Ints) -> Floats:
    """Share of a day's spend from the start of a tick to midnight."""
    return _at_tick(np.cumsum(intraday[:, ::-1], axis=1)[:, ::-1], tick)


def _at_tick(intraday: Floats, tick: Ints) -> Floats:
    return np.asarray(intraday[np.arange(intraday.shape[0]), tick])


def _standstill(queue: Floats, place: Ints, by_tick: Floats) -> Flags:
    """Whether the last ticks told show next to nothing though a budget was at work: somebody stopped delivery."""
    told = ~np.isnan(by_tick)
    last = np.where(told, np.arange(TICKS_PER_DAY)[None, :], -1).max(axis=1)[:, None]
    recent = (place >= 0) & (place <= last) & (place > last - STANDSTILL_TICKS)
    at_work = np.where(recent, queue, 0.0).sum(axis=1)
    spent = np.take_along_axis(np.nan_to_num(by_tick), np.clip(place, 0, TICKS_PER_DAY - 1), axis=1)
    shown = np.where(recent, spent, 0.0).sum(axis=1)
    enough = (recent & (queue > 0)).sum(axis=1) >= STANDSTILL_TICKS
    return np.asarray(enough & (shown < STANDSTILL * at_work))


def _advanced(state: State, moment: Moment, intraday: Floats, by_day: Floats, running: Flags) -> Floats:
    queue = state.queue.copy()
    refused = state.pause_asked & running
    queue[refused, -1] = state.running_micros[refused]
    first = state.last_tick == NEVER
    steps = np.where(first, QUEUE_TICKS, np.clip(moment.flight_tick - state.last_tick, 0, QUEUE_TICKS))
    place = np.arange(QUEUE_TICKS)[None, :]
    source = place + steps[:, None]
    kept = np.take_along_axis(queue, np.minimum(source, QUEUE_TICKS - 1), axis=1)
    at = moment.flight_tick[:, None] - (QUEUE_TICKS - 1 - place)
    days = np.clip(at // TICKS_PER_DAY, 0, by_day.shape[1] - 1)
    expected = np.take_along_axis(by_day, days, axis=1) * np.take_along_axis(
        intraday, at % TICKS_PER_DAY, axis=1
    )
    filled = np.where((at >= 0) & running[:, None], expected, 0.0)
    return np.where(source < QUEUE_TICKS, kept, filled)
