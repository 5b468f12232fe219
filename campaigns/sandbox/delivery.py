"""How a budget is spent, hour by hour: demand, the platform's overdelivery rules, and people's edits.

All numbers come out of (seed, entity, day), never out of the order of questions. Days are simulated in turn,
because month and week limits remember what was spent; a day is kept until an edit falls into it.
"""

from __future__ import annotations

import calendar as months
import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from campaigns.sandbox.calendar import Slot, day_end, slots
from campaigns.sandbox.market import Budget, Campaign, Group, digest
from campaigns.sandbox.scenario import GOOGLE

Values = NDArray[np.float64]

# Share of a usual day per local hour (measured shape of paid search and social traffic).
HOUR_SHARES = (
    0.0143, 0.0096, 0.0079, 0.0083, 0.0103, 0.0140, 0.0201, 0.0292, 0.0437, 0.0601, 0.0706, 0.0733,
    0.0727, 0.0715, 0.0693, 0.0666, 0.0629, 0.0583, 0.0540, 0.0493, 0.0436, 0.0376, 0.0307, 0.0222,
)  # fmt: skip
GOOGLE_DAY_LIMIT, GOOGLE_MONTH_DAYS = 2.0, 30.4
META_DAY_LIMIT = 1.75
BID_ELASTICITY = 0.6  # a target twice as generous reaches half as much again of the market
LEARNING_JUMP, LEARNING_DAYS, LEARNING_NOISE = 0.20, 3, 1.8
MEAN_DELIVERY, DELIVERY_NOISE, DEMAND_NOISE, HOUR_NOISE = 1.01, 0.11, 0.17, 0.15

Timeline = Sequence[tuple[float, object]]  # (unix seconds, value), oldest first


@dataclass(frozen=True, slots=True)
class Carry:
    """What a budget's past means for its next day."""

    month_spent: float = 0.0
    month_budgets: float = 0.0
    month_limit: float = 0.0
    week_spent: float = 0.0
    week_budgets: float = 0.0
    total_spent: float = 0.0
    last_amount: float = 0.0
    learning_left: int = 0


@dataclass(frozen=True, slots=True)
class BudgetDay:
    """Micros spent per group and hour of one local day, in multiples of the currency's unit."""

    on: date
    hours: tuple[Slot, ...]
    spent: dict[str, NDArray[np.int64]]
    carry: Carry


def rng(*parts: object) -> np.random.Generator:
    """Random numbers that depend on the parts alone."""
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest(*parts), "big")))


class Delivery:
    """Days of every budget since the world began."""

    def __init__(
        self,
        seed: int,
        begins: Callable[[str], date],
        amounts: Callable[[Budget], Timeline],
        switches: Callable[[str], Timeline],
        caps: Callable[[Campaign], Timeline],
        bids: Callable[[Group], Timeline],
    ) -> None:
        self.seed = seed
        self._begins, self._amounts, self._switches = begins, amounts, switches
        self._caps, self._bids = caps, bids
        self._days: dict[str, list[BudgetDay]] = {}

    def day(self, budget: Budget, on: date) -> BudgetDay | None:
        """One day as it stands with the edits made so far; None before the world began."""
        first = self._begins(budget.account.timezone)
        position = (on - first).days
        if position < 0:
            return None
        days = self._days.setdefault(budget.id, [])
        while len(days) <= position:
            carry = days[-1].carry if days else Carry()
            days.append(self._simulate(budget, first + timedelta(days=len(days)), carry))
        return days[position]

    def edited(self, budget: Budget, at: float) -> None:
        """Forget the days an edit at ``at`` can have changed."""
        days = self._days.get(budget.id, [])
        ends = [day_end(day.on, budget.account.timezone) for day in days]
        del days[bisect_right(ends, at) :]

    def demand(self, group: Group, on: date, hours: tuple[Slot, ...]) -> Values:
        """Micros the market would take per hour: weekday x slow season x day noise x hour noise."""
        weekend = group.campaign.spec.weekend
        weekday = weekend if on.weekday() >= 5 else (7 - 2 * weekend) / 5
        week, into = divmod(on.toordinal(), 7)
        here, there = (rng(self.seed, "season", group.id, week + k).standard_normal() for k in (0, 1))
        season = math.exp(0.06 * (here * (7 - into) + there * into) / 7)
        draw = rng(self.seed, "demand", group.id, on).standard_normal(1 + len(hours))
        level = group.demand * weekday * season * math.exp(DEMAND_NOISE * draw[0])
        shape = rng(self.seed, "shape", group.id).standard_normal(24) * HOUR_NOISE
        share = np.array([HOUR_SHARES[slot.hour] * math.exp(shape[slot.hour]) for slot in hours])
        return np.asarray(level * share * np.exp(HOUR_NOISE * draw[1:]))

    def market(self, budget: Budget, on: date, hours: tuple[Slot, ...]) -> tuple[Values, Values]:
        """Per group and hour the micros the market would take, and the part of the hour it was switched on."""
        demand = np.array([self.demand(group, on, hours) for group in budget.groups])
        active = np.array([self._active(group, hours) for group in budget.groups])
        bidding = np.array([self._bidding(group, hours) for group in budget.groups])
        return demand * active * bidding, active

    def _simulate(self, budget: Budget, on: date, carry: Carry) -> BudgetDay:
        hours = slots(on, budget.account.timezone)
        wanted, active = self.market(budget, on, hours)
        amounts = [self._amount_at(budget, (slot.start + slot.end) / 2, on, carry) for slot in hours]
        room = self._cap_room(budget, on, hours, carry)
        spent_before = carry.total_spent
        spent, carry = self._spend(budget, on, carry, amounts, wanted, active, room)
        unit = budget.account.unit
        whole = _in_units(spent, wanted, unit)
        carry = replace(carry, total_spent=spent_before + float(whole.sum()))  # limits count what is billed
        return BudgetDay(on, hours, {g.id: whole[i] for i, g in enumerate(budget.groups)}, carry)

    def _spend(
        self,
        budget: Budget,
        on: date,
        carry: Carry,
        amounts: list[float],
        wanted: Values,
        active: Values,
        room: list[float],
    ) -> tuple[Values, Carry]:
        carry = _new_period(budget, on, carry, amounts[0])
        google = budget.account.platform == GOOGLE
        limit = GOOGLE_DAY_LIMIT if google else META_DAY_LIMIT
        noise = DELIVERY_NOISE * (LEARNING_NOISE if carry.learning_left else 1.0)
        ratio = MEAN_DELIVERY * math.exp(noise * rng(self.seed, "delivery", budget.id, on).standard_normal())
        ratio = min(max(ratio, 0.3), 2.0) * _lean(carry)
        market, usual = (
            wanted.sum(axis=0),
            active.max(axis=0) * np.array(HOUR_SHARES)[_hours(wanted, on, budget)],
        )
        left_share = np.cumsum(usual[::-1])[::-1]
        spent, so_far, highest = np.zeros(len(amounts)), 0.0, 0.0
        month_limit, last = carry.month_limit, carry.last_amount
        for k, amount in enumerate(amounts):
            highest = max(highest, amount)
            if amount != last:
                month_limit = carry.month_spent + amount * _days_left_in_month(on)
                last = amount
            effective = amount if amount >= highest else (amount + highest) / 2
            cap = month_limit - carry.month_spent if google else _week_left(on, carry, highest)
            if budget.lifetime:
                cap = budget_total(self._amounts(budget)) - carry.total_spent
            goal = min(effective * ratio, limit * highest, max(cap, 0.0))
            if usual[k] > 0:
                fair = max(goal - so_far, 0.0) * usual[k] / left_share[k]
                spent[k] = min(fair, market[k], max(room[k] - so_far, 0.0))
                so_far += spent[k]
        return spent, _after(carry, so_far, highest, last, month_limit)

    def _amount_at(self, budget: Budget, instant: float, on: date, carry: Carry) -> float:
        """Micros a day; a lifetime total is spread evenly over the days it has left."""
        amount = float(str(value_at(self._amounts(budget), instant)))
        if not budget.lifetime:
            return amount
        first = self._begins(budget.account.timezone)
        left = max((first + timedelta(days=LIFETIME_STARTS + budget.spec.lifetime_days) - on).days, 0)
        began = (on - first).days >= LIFETIME_STARTS
        return max(amount - carry.total_spent, 0.0) / left if left and began else 0.0

    def _cap_room(self, budget: Budget, on: date, hours: tuple[Slot, ...], carry: Carry) -> list[float]:
        """Micros the campaign's spend cap leaves this budget today, as it stands in each hour."""
        campaign = budget.groups[0].campaign
        caps = self._caps(campaign)
        if not caps:
            return [math.inf] * len(hours)
        spent = carry.total_spent
        others = list({group.budget.id: group.budget for group in campaign.groups}.values())
        for place, other in enumerate(others):
            # The ad sets of a campaign take their turns: one sees the earlier ones' today, the later ones' yesterday.
            if other is not budget:
                earlier = place < others.index(budget)
                day = self.day(other, on if earlier else on - timedelta(days=1))
                spent += day.carry.total_spent if day else 0.0
        found = []
        for slot in hours:
            cap = value_at(caps, (slot.start + slot.end) / 2)
            found.append(math.inf if cap is None else float(str(cap)) - spent)
        return found

    def _bidding(self, group: Group, hours: tuple[Slot, ...]) -> Values:
        """How much more (or less) of the market a changed target reaches than the first one did."""
        bids = self._bids(group)
        if len(bids) < 2:
            return np.ones(len(hours))
        first = float(str(bids[0][1]))
        now = np.array([float(str(value_at(bids, (slot.start + slot.end) / 2))) for slot in hours])
        ratio = first / now if group.campaign.is_roas else now / first
        return np.asarray(np.clip(ratio, 0.2, 5.0) ** BID_ELASTICITY)

    def _active(self, group: Group, hours: tuple[Slot, ...]) -> Values:
        """The part of each hour in which the group and its campaign were both switched on."""
        on = np.ones(len(hours))
        for entity in (group.campaign.id, group.id):
            on = np.minimum(on, [_share_on(self._switches(entity), slot) for slot in hours])
        return on


LIFETIME_STARTS = 60
"""A lifetime budget begins this many days after the world, so that its flight is under way now."""


def value_at(timeline: Timeline, instant: float) -> object:
    """The value in force at an instant; the first one before that."""
    position = bisect_right([at for at, _ in timeline], instant) - 1
    return timeline[max(position, 0)][1]


def budget_total(timeline: Timeline) -> float:
    """The latest total of a lifetime budget."""
    return float(str(timeline[-1][1]))


def _share_on(timeline: Timeline, slot: Slot) -> float:
    if len(timeline) == 1:
        return 1.0 if timeline[0][1] == "active" else 0.0
    times = [at for at, _ in timeline]
    cuts = [slot.start, *times[bisect_right(times, slot.start) : bisect_left(times, slot.end)], slot.end]
    on = sum(b - a for a, b in pairwise(cuts) if value_at(timeline, a) == "active")
    return on / (slot.end - slot.start)


def _hours(wanted: Values, on: date, budget: Budget) -> list[int]:
    return [slot.hour for slot in slots(on, budget.account.timezone)]


def _lean(carry: Carry) -> float:
    """Platforms lean against what they over- or underspent earlier in the month."""
    if not carry.month_budgets:
        return 1.0
    return math.exp(-0.5 * min(max(carry.month_spent / carry.month_budgets - 1, -0.5), 0.5))


def _new_period(budget: Budget, on: date, carry: Carry, amount: float) -> Carry:
    if on.day == 1 or not carry.last_amount:
        full = GOOGLE_MONTH_DAYS if on.day == 1 else _days_left_in_month(on)
        carry = replace(carry, month_spent=0.0, month_budgets=0.0, month_limit=full * amount)
    if on.weekday() == 6:  # Meta's weeks begin on Sunday
        carry = replace(carry, week_spent=0.0, week_budgets=0.0)
    jump = abs(amount / carry.last_amount - 1) > LEARNING_JUMP if carry.last_amount else False
    learning = LEARNING_DAYS if jump and not budget.lifetime else max(carry.learning_left - 1, 0)
    return replace(carry, learning_left=learning, last_amount=carry.last_amount or amount)


def _days_left_in_month(on: date) -> int:
    return months.monthrange(on.year, on.month)[1] - on.day + 1


def _week_left(on: date, carry: Carry, amount: float) -> float:
    """Meta: what is left of seven times the budget between Sunday and Saturday."""
    days_left = 7 - (on.weekday() + 1) % 7
    return carry.week_budgets + amount * days_left - carry.week_spent


def _after(carry: Carry, spent: float, highest: float, last: float, month_limit: float) -> Carry:
    return replace(
        carry,
        month_spent=carry.month_spent + spent,
        month_budgets=carry.month_budgets + highest,
        month_limit=month_limit,
        week_spent=carry.week_spent + spent,
        week_budgets=carry.week_budgets + highest,
        total_spent=carry.total_spent + spent,
        last_amount=last,
    )


def _in_units(spent: Values, wanted: Values, unit: int) -> NDArray[np.int64]:
    """Split each hour over the groups by what they wanted, in whole units and without losing one."""
    total = wanted.sum(axis=0)
    shares = np.divide(wanted, total, out=np.zeros_like(wanted), where=total > 0)
    bounds = np.vstack([np.zeros(len(spent)), np.cumsum(shares, axis=0)])
    return np.asarray(np.diff(np.floor(bounds * spent / unit + 1e-9).astype(np.int64), axis=0) * unit)
