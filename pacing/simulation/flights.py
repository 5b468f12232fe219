"""Random flights: demand, shocks, delivery noise and report faults, drawn once per seed.

The figures behind the distributions were measured on public series of real campaigns. Money is in units of a
hundredth of a mean day: every flight has an amount of 100 a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

TICKS = 12
DAY_AMOUNT = 100.0
FEASIBLE = 1.05  # a market that allows this much of the amount: whoever misses it missed it himself
COVERED = 1.1  # "strict": demand covers this much of an even rest from every day on
HOURLY = [
    0.0143, 0.0096, 0.0079, 0.0083, 0.0103, 0.0140, 0.0201, 0.0292, 0.0437, 0.0601, 0.0706, 0.0733,
    0.0727, 0.0715, 0.0693, 0.0666, 0.0629, 0.0583, 0.0540, 0.0493, 0.0436, 0.0376, 0.0307, 0.0222,
]  # fmt: skip
INTRADAY: Floats = np.array(HOURLY).reshape(TICKS, 2).sum(axis=1)
STRESS_POWER = 1.6


class Rules(StrEnum):
    """Whose over-delivery rules a flight runs under."""

    GOOGLE = "google"  # twice the budget in a day, a limit on the month
    META = "meta"  # 75 % over in a day, a loose limit on the week, none on the flight: the harder case


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with the reports and interfaces of N flights, tick by tick."""

    lag: Ints  # [N] ticks a report is late
    trim: Floats  # [N, T * 12] share of the current day's spend missing in a report read at that tick
    credit: Floats  # [N] share of spend credited back two days later
    down: Flags  # [N, T * 12] neither reads nor writes work


@dataclass(frozen=True, slots=True)
class Flights:
    """N flights of T days, 12 ticks a day. Nothing here depends on what a policy does."""

    rules: Rules
    amount: float
    days: int
    first_weekday: Ints  # [N] of the first day, Monday = 0
    season: Floats  # [N, T] the weekday shape of demand
    season_seen: Floats  # [N, T] the same as a forecaster would know it, with error
    demand: Floats  # [N, T, 12] most that could be spent in each tick
    share: Floats  # [N, T, 12] intraday shape of delivery
    stopped: Flags  # [N, T * 12] the campaign is stopped by others
    delivery: Floats  # [N, T] the platform's own over- and under-delivery of a day
    faults: Faults

    @property
    def count(self) -> int:
        """Number of flights."""
        return int(self.first_weekday.shape[0])

    def most(self) -> Floats:
        """Most each flight could bill with unlimited budget."""
        return np.asarray(self._open_demand().sum(axis=1))

    def feasible(self) -> Flags:
        """Flights whose market allows at least 5 % more than the amount."""
        return self.most() >= FEASIBLE * self.amount

    def strict(self) -> Flags:
        """Flights with room at all times: demand from every day on, the last two excepted, covers the even rest."""
        rest = np.cumsum(self._open_demand()[:, ::-1], axis=1)[:, ::-1]
        needed = COVERED * DAY_AMOUNT * np.arange(self.days, 0, -1)
        checked = max(self.days - 2, 1)
        return np.asarray((rest >= needed)[:, :checked].all(axis=1))

    def _open_demand(self) -> Floats:
        running = self.demand.reshape(self.count, -1) * ~self.stopped
        days = running.reshape(self.count, self.days, TICKS).sum(axis=2)
        return np.asarray(days * (1 - self.faults.credit[:, None]))


def draw(
    count: int,
    days: int,
    rng: np.random.Generator,
    *,
    rules: Rules = Rules.META,
    headroom: float = 1.9,
    shocks: bool = True,
    stress: bool = False,
) -> Flights:
    """Draw ``count`` flights; ``headroom`` is the median of demand over budget.

    ``shocks`` are jumps of demand, stops and outages. Under ``stress`` reports are 8 to 12 hours late and delivery
    strays further (to the power of 1.6).
    """
    weekdays, first = _weekday_factors(count, rng)
    of_day = (first[:, None] + np.arange(days)) % 7
    season = np.take_along_axis(weekdays, of_day, axis=1)
    forecast = weekdays * np.exp(rng.normal(0, 0.08, (count, 7)))
    level = rng.lognormal(np.log(headroom), 0.45, count)[:, None] * _drift(count, days, rng)
    if shocks:
        level = level * _shock_factors(count, days, rng)
    daily = DAY_AMOUNT * level * season * _noise(count, days, rng)
    share = intraday_shares(count, days, rng)
    wobble = rng.lognormal(np.log(0.16), 0.35, count)[:, None] * np.sqrt(0.6)
    delivery = np.clip(1.02 * np.exp(wobble * rng.standard_t(5, (count, days))), 0.3, 2.0)
    return Flights(
        rules=rules,
        amount=DAY_AMOUNT * days,
        days=days,
        first_weekday=first,
        season=season,
        season_seen=np.take_along_axis(forecast, of_day, axis=1),
        demand=daily[:, :, None] * share,
        share=share,
        stopped=_stops(count, days, rng, 0.15 if shocks else 0.0),
        delivery=delivery**STRESS_POWER if stress else delivery,
        faults=draw_faults(count, days, rng, outages=shocks, stress=stress),
    )


def intraday_shares(count: int, days: int, rng: np.random.Generator) -> Floats:
    """The mean shape of a day with noise of the flight and of each day."""
    noise = rng.normal(0, 0.15, (count, 1, TICKS)) + rng.normal(0, 0.15, (count, days, TICKS))
    share = INTRADAY * np.exp(noise)
    return np.asarray(share / share.sum(axis=2, keepdims=True))


def draw_faults(
    count: int, days: int, rng: np.random.Generator, *, outages: bool = True, stress: bool = False
) -> Faults:
    """Draw lateness, what is missing from the current day, credits, and when the interfaces are down."""
    return Faults(
        lag=rng.integers(4, 7, count) if stress else rng.integers(1, 4, count),
        trim=rng.uniform(0, 0.04, (count, days * TICKS)),
        credit=np.where(rng.random(count) < 0.5, rng.uniform(0, 0.006, count), 0.0),
        down=_outages(count, days, rng) if outages else np.zeros((count, days * TICKS), dtype=np.bool_),
    )


def _weekday_factors(count: int, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Seven factors of mean 1, and the weekday each flight starts on."""
    factors = np.exp(rng.normal(0, 0.12, (count, 7)))
    quiet = rng.random(count) < 0.3
    weekend = np.where(quiet, rng.uniform(0.25, 0.6, count), rng.uniform(0.75, 1.1, count))
    factors[:, 5:] *= weekend[:, None]
    return factors / factors.mean(axis=1, keepdims=True), rng.integers(0, 7, count)


def _drift(count: int, days: int, rng: np.random.Generator) -> Floats:
    place = np.arange(1, days + 1) / days - 0.5
    return np.exp(rng.normal(0, 0.25, count)[:, None] * place)


def _shock_factors(count: int, days: int, rng: np.random.Generator) -> Floats:
    factors = np.ones((count, days))
    day = np.arange(1, days + 1)[None, :]
    up = rng.random(count) < 0.5
    size = np.where(up, rng.uniform(1.2, 1.8, count), rng.uniform(0.5, 0.8, count))
    start = rng.integers(2, max(days, 3), count)
    lasting = (rng.random(count) < 0.25)[:, None] & (day >= start[:, None])
    factors = np.where(lasting, size[:, None], factors)
    single = (rng.random(count) < 0.15)[:, None] & (day == rng.integers(1, days + 1, count)[:, None])
    return np.where(single, factors * rng.uniform(2, 3, count)[:, None], factors)


def _noise(count: int, days: int, rng: np.random.Generator) -> Floats:
    """A lognormal walk of mean 1 that forgets two thirds of itself each day."""
    spread = rng.lognormal(np.log(0.18), 0.3, count)
    logs = np.zeros((count, days))
    logs[:, 0] = rng.normal(0, 1, count)
    for index in range(1, days):
        logs[:, index] = 0.3 * logs[:, index - 1] + np.sqrt(1 - 0.09) * rng.normal(0, 1, count)
    return np.exp(logs * spread[:, None] - spread[:, None] ** 2 / 2)


def _stops(count: int, days: int, rng: np.random.Generator, chance: float) -> Flags:
    """Some flights are stopped once, for 12 to 46 hours."""
    ticks = np.arange(days * TICKS)[None, :]
    start = rng.integers(0, days * TICKS, count)[:, None]
    end = start + rng.integers(6, 24, count)[:, None]
    return np.asarray((rng.random(count) < chance)[:, None] & (ticks >= start) & (ticks < end))


def _outages(count: int, days: int, rng: np.random.Generator) -> Flags:
    """Each day an outage of 2 to 24 hours begins with a chance of 2 %."""
    down = np.zeros((count, days * TICKS), dtype=np.bool_)
    ticks = np.arange(days * TICKS)[None, :]
    for day in range(days):
        start = day * TICKS + rng.integers(0, TICKS, count)[:, None]
        end = start + rng.integers(1, 13, count)[:, None]
        down |= (rng.random(count) < 0.02)[:, None] & (ticks >= start) & (ticks < end)
    return down
