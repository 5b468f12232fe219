"""What a Google campaign would have spent and got at other budgets, as the platform itself would estimate it.

The estimate knows the market of the days it looks back on, not their luck: it follows the demand there was and the
curve by which more money finds less keen buyers, and is off by a few per cent as a whole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from campaigns.sandbox.calendar import local_date, slots
from campaigns.sandbox.delivery import MEAN_DELIVERY, rng
from campaigns.sandbox.facts import ORDER_SPREAD, days_between, returns
from campaigns.sandbox.market import MICROS, Budget, Campaign
from campaigns.sandbox.world import World

CHANNELS = frozenset({"SEARCH", "SHOPPING", "PERFORMANCE_MAX"})  # the ones Google simulates budgets for
DAYS = 7
TIMES = tuple(tenth / 10 for tenth in range(5, 16))  # of the budget it has
COST_NOISE, RESULT_NOISE = 0.02, 0.06
_MEAN_ORDER = math.exp(ORDER_SPREAD**2 / 2)


@dataclass(frozen=True, slots=True)
class Point:
    """One daily budget; everything else is a total over the days of the simulation. ``value`` is in major units."""

    budget_micros: int
    cost_micros: int
    impressions: int
    clicks: int
    conversions: float
    value: float


@dataclass(frozen=True, slots=True)
class Simulation:
    """The points of one campaign over the local days ``first``..``last``."""

    first: date
    last: date
    points: tuple[Point, ...]


def simulate(world: World, campaign: Campaign, now: float) -> Simulation | None:
    """The last seven complete days of a campaign at half to one and a half times its budget.

    None where Google makes no simulation: other channels, totals, budgets of several campaigns, and campaigns
    that did not run on each of those days.
    """
    budget, zone = campaign.budget, campaign.account.timezone
    if campaign.channel not in CHANNELS or budget is None or budget.lifetime or len(budget.campaigns) > 1:
        return None
    last = local_date(now, zone) - timedelta(days=1)
    first = last - timedelta(days=DAYS - 1)
    if first < world.begins(zone) or not world.is_on(campaign.id):
        return None
    with world.lock:
        days = [
            world.delivery.market(budget, on, slots(on, zone))[0].sum(axis=1)
            for on in days_between(first, last)
        ]
    if any(wanted.sum() <= 0 for wanted in days):
        return None
    seed = world.market.seed
    off = np.exp(
        np.array([COST_NOISE, RESULT_NOISE]) * rng(seed, "simulation", campaign.id, first).standard_normal(2)
    )
    unit, amount = campaign.account.unit, world.amount(budget)
    amounts = [round(amount * times / unit) * unit for times in TIMES]
    return Simulation(
        first,
        last,
        tuple(_point(budget, micros, days, seed, float(off[0]), float(off[1])) for micros in amounts),
    )


def _point(
    budget: Budget, micros: int, days: list[np.ndarray], seed: int, cost_off: float, result_off: float
) -> Point:
    """Each day spends the amount as far as the market takes it; groups share it by what they want."""
    cost = views = clicks = sales = value = 0.0
    for wanted in days:
        spent = min(micros * MEAN_DELIVERY, float(wanted.sum())) * wanted / wanted.sum()
        for group, part in zip(budget.groups, spent.tolist(), strict=True):
            spec = group.campaign.spec
            found = part / (spec.cost_per_click * MICROS)
            sold = found * min(spec.conversion_rate * returns(group, part, seed), 0.5)
            cost, clicks, views = cost + part, clicks + found, views + found / spec.click_rate
            sales, value = sales + sold, value + sold * spec.order_value * _MEAN_ORDER
    unit = budget.account.unit
    return Point(
        micros, round(cost * cost_off / unit) * unit, round(views), round(clicks),
        sales * result_off, value * result_off,
    )  # fmt: skip
