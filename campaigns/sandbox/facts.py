"""What a report shows at an instant: late, partial today, restated by conversions and invalid-click credits.

Spend is settled two days after a day; conversions keep arriving on the day of their click.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from campaigns.sandbox.calendar import HOUR, day_end
from campaigns.sandbox.delivery import BudgetDay, Delivery, rng
from campaigns.sandbox.market import Ad, Group, fraction
from campaigns.sandbox.scenario import GOOGLE

DAY = 24 * HOUR
SHORTEST_LAG, LONGEST_LAG = 1 * HOUR, 3 * HOUR
PARTIAL_FOR = 12 * HOUR  # an hour's spend is up to 4 % short until it is this old
CREDIT_AFTER = 2 * DAY
LARGEST_CREDIT = 0.006
ORDER_SPREAD = 0.35  # of the logarithm of an order's value
MEAN_CONVERSION_LAG = 1.6 * DAY
LONGEST_CONVERSION_LAG = {True: 30 * DAY, False: 7 * DAY}  # Google, Meta


class Fact(NamedTuple):
    """Figures of one hour or day; conversion value in micros."""

    spend_micros: int = 0
    impressions: int = 0
    clicks: int = 0
    conversions: int = 0
    value_micros: int = 0

    def plus(self, other: Fact) -> Fact:
        """Both together."""
        return Fact(*(a + b for a, b in zip(self, other, strict=True)))


NOTHING = Fact()


@dataclass(frozen=True, slots=True)
class GroupDay:
    """Everything that happened in one group on one day, known or not yet known."""

    spend: NDArray[np.int64]
    impressions: NDArray[np.int64]
    clicks: NDArray[np.int64]
    partial: NDArray[np.float64]  # part of an hour's spend that fresh reports miss
    slot_of: NDArray[np.int64]  # per conversion: the hour of its click
    known_at: NDArray[np.float64]
    value: NDArray[np.int64]
    place: NDArray[np.float64]  # per conversion: where in the group's ads it belongs


class Reports:
    """Facts of groups and ads per local hour."""

    def __init__(self, seed: int, delivery: Delivery) -> None:
        self.seed = seed
        self._delivery = delivery
        self._kept: dict[tuple[str, date], tuple[BudgetDay, GroupDay]] = {}

    def hours(self, group: Group, on: date, now: float, ad: Ad | None = None) -> dict[int, Fact]:
        """Facts by local hour as a report asked for at ``now`` shows them; quiet hours are absent."""
        budget_day = self._delivery.day(group.budget, on)
        if budget_day is None:
            return {}
        account = group.campaign.account
        lag = SHORTEST_LAG + (LONGEST_LAG - SHORTEST_LAG) * fraction(self.seed, "lag", account.id, on)
        seen = [k for k, slot in enumerate(budget_day.hours) if slot.end + lag <= now]
        if not seen:
            return {}
        happened = self._group_day(group, on, budget_day)
        spend = self._reported_spend(happened, budget_day, group, now)
        low, high = _place(group, ad)
        counts, values = self._conversions(happened, now, low, high, len(budget_day.hours))
        found: dict[int, Fact] = {}
        unit = account.unit
        for k in seen:
            fact = Fact(
                _part(int(spend[k]) // unit, low, high) * unit,
                _part(int(happened.impressions[k]), low, high),
                _part(int(happened.clicks[k]), low, high),
                int(counts[k]),
                int(values[k]),
            )
            if any(fact):
                hour = budget_day.hours[k].hour
                found[hour] = found.get(hour, NOTHING).plus(fact)
        return found

    def day(self, group: Group, on: date, now: float, ad: Ad | None = None) -> Fact:
        """The sum of a day's hours."""
        total = NOTHING
        for fact in self.hours(group, on, now, ad).values():
            total = total.plus(fact)
        return total

    def _reported_spend(
        self, happened: GroupDay, day: BudgetDay, group: Group, now: float
    ) -> NDArray[np.int64]:
        account = group.campaign.account
        ends = np.array([slot.end for slot in day.hours])
        factor = np.where(ends > now - PARTIAL_FOR, 1 - happened.partial, 1.0)
        if now >= day_end(day.on, account.timezone) + CREDIT_AFTER:
            factor = factor * (1 - self._credit(group, day.on))
        return np.asarray(
            np.floor(happened.spend * factor / account.unit + 1e-9).astype(np.int64) * account.unit
        )

    def _credit(self, group: Group, on: date) -> float:
        """Invalid clicks given back on half of the budgets."""
        if fraction(self.seed, "credited", group.budget.id) < 0.5:
            return 0.0
        return LARGEST_CREDIT * fraction(self.seed, "credit", group.id, on)

    def _conversions(
        self, happened: GroupDay, now: float, low: float, high: float, hours: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        mask = (happened.known_at <= now) & (happened.place >= low) & (happened.place < high)
        where = happened.slot_of[mask]
        return (
            np.bincount(where, minlength=hours).astype(np.int64),
            np.bincount(where, weights=happened.value[mask], minlength=hours).astype(np.float64),
        )

    def _group_day(self, group: Group, on: date, day: BudgetDay) -> GroupDay:
        kept = self._kept.get((group.id, on))
        if kept is not None and kept[0] is day:
            return kept[1]
        made = self._happen(group, on, day)
        self._kept[group.id, on] = (day, made)
        return made

    def _happen(self, group: Group, on: date, day: BudgetDay) -> GroupDay:
        spec, spend = group.campaign.spec, day.spent[group.id]
        draw = rng(self.seed, "market", group.id, on)
        price = spec.cost_per_click * 1e6 * float(np.exp(0.08 * draw.standard_normal()))
        rate = spec.click_rate * float(np.exp(0.1 * draw.standard_normal()))
        sells = spec.conversion_rate * float(np.exp(0.12 * draw.standard_normal()))
        sells *= returns(group, float(spend.sum()), self.seed)
        partial = 0.04 * rng(self.seed, "partial", group.id, on).random(len(spend))
        clicks = rng(self.seed, "clicks", group.id, on).poisson(spend / price)
        missed = rng(self.seed, "views", group.id, on).poisson(
            np.maximum(clicks, spend / price) * (1 / rate - 1)
        )
        bought = rng(self.seed, "sales", group.id, on).poisson(clicks * min(sells, 0.5))
        count = int(bought.sum())
        slot_of = np.repeat(np.arange(len(spend)), bought)
        draw = rng(self.seed, "buyers", group.id, on)
        longest = LONGEST_CONVERSION_LAG[group.campaign.account.platform == GOOGLE]
        late = draw.exponential(MEAN_CONVERSION_LAG, count) * (draw.random(count) > 0.45)
        clicked = np.array([slot.start for slot in day.hours])[slot_of] + draw.random(count) * HOUR
        unit = group.campaign.account.unit
        value = np.rint(spec.order_value * 1e6 * np.exp(ORDER_SPREAD * draw.standard_normal(count)) / unit)
        return GroupDay(
            spend, clicks + missed, clicks, partial, slot_of,
            clicked + np.minimum(late, longest), value.astype(np.int64) * unit, draw.random(count),
        )  # fmt: skip


def returns(group: Group, spent: float, seed: int) -> float:
    """How much better or worse a day's clicks sell than at the group's usual spend: the first money finds the keenest.

    Value follows ``log(1 + spend / bend)``; where it bends differs from budget to budget, from 0.3 to 3 times usual.
    """
    usual = group.demand / group.budget.spec.headroom
    if spent <= 0 or usual <= 0:
        return 1.0
    bend = usual * 0.3 * 10 ** fraction(seed, "bend", group.budget.id)
    return (math.log1p(spent / bend) / spent) / (math.log1p(usual / bend) / usual)


def _place(group: Group, ad: Ad | None) -> tuple[float, float]:
    """The part of a group's traffic that is an ad's: a disapproved ad gets none."""
    if ad is None:
        return 0.0, 1.0
    if ad.approval == "DISAPPROVED":
        return 1.0, 1.0
    earlier = [other.until for other in group.ads if other.until < ad.until]
    refused = any(other.approval == "DISAPPROVED" for other in group.ads)
    return max(earlier, default=0.0), 1.0 if refused else ad.until


def _part(whole: int, low: float, high: float) -> int:
    """An ad's part of a whole number; the parts of all ads add up to it."""
    return whole if (low, high) == (0.0, 1.0) else int(whole * high) - int(whole * low)


def days_between(first: date, last: date) -> list[date]:
    """Every day from ``first`` to ``last`` inclusive."""
    return [first + timedelta(days=k) for k in range((last - first).days + 1)]
