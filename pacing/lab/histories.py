"""A market read off what really happened: each day delivers as it did, per unit of the budget it then had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np

from pacing.controllers import INTRADAY_PRIOR, UNKNOWN
from pacing.controllers.base import Floats, Ints
from pacing.lab.market import Market

DEMAND_BOUND = 0.70  # a day that spent less than this of its budget was limited by something else
LEAST_KNOWN = 0.8  # share of days that need a budget and a report before a flight is worth replaying
_MOST_RATIO, _LEAST_RATIO = 2.0, 0.2


@dataclass(frozen=True, slots=True)
class FlightHistory:
    """One flight cut from the past: what was spent and budgeted on each of its days; UNKNOWN where not known."""

    name: str
    starts_on: date
    spend_micros: Sequence[int]
    budget_micros: Sequence[int]

    @property
    def days(self) -> int:
        """Length of the flight."""
        return len(self.spend_micros)

    @property
    def known_days(self) -> int:
        """Days with both figures."""
        return sum(
            spend != UNKNOWN and budget > 0
            for spend, budget in zip(self.spend_micros, self.budget_micros, strict=True)
        )

    @property
    def complete(self) -> bool:
        """Whether enough of it is known, and anything was spent at all."""
        spent = sum(spend for spend in self.spend_micros if spend != UNKNOWN)
        return self.known_days >= LEAST_KNOWN * self.days and spent > 0

    @property
    def amount_micros(self) -> int:
        """What its daily budgets allowed together; a day without a known budget counts as the mean of the others."""
        known = [budget for budget in self.budget_micros if budget > 0]
        return round(sum(known) * self.days / len(known)) if known else 0

    @property
    def spent_micros(self) -> int:
        """What was reported."""
        return sum(spend for spend in self.spend_micros if spend != UNKNOWN)

    @property
    def changes(self) -> int:
        """Days that ended with another daily budget than the day before."""
        known = [budget for budget in self.budget_micros if budget > 0]
        return sum(before != after for before, after in pairwise(known))


def market_of(flights: Sequence[FlightHistory]) -> Market:
    """The market of flights of one length.

    A day that spent at least 70 % of its budget would have spent the same share of another budget. A day that
    spent less was limited by demand: it would have spent no more whatever its budget. An unknown day delivers like
    the flight's median day.
    """
    spend, budget = (
        _matrix([getattr(one, name) for one in flights]) for name in ("spend_micros", "budget_micros")
    )
    known = (spend != UNKNOWN) & (budget > 0)
    share = np.divide(spend, budget, out=np.full(spend.shape, np.nan), where=known)
    short = known & (share < DEMAND_BOUND)
    usual = np.array([_usual(row, bound) for row, bound in zip(share, short, strict=True)])[:, None]
    ratio = np.where(known & ~short, share, usual)
    demand: Floats = np.where(short, spend, np.inf).astype(np.float64)
    shares = np.repeat(INTRADAY_PRIOR[None, :] / INTRADAY_PRIOR.sum(), len(flights), axis=0)
    return Market(np.clip(ratio, _LEAST_RATIO, _MOST_RATIO), demand, shares)


def _usual(share: Floats, short: Floats) -> float:
    """The median share of budget-limited days; 1 where there is none."""
    bound = share[~np.isnan(share) & ~short.astype(bool)]
    return float(np.median(bound)) if bound.size else 1.0


def _matrix(rows: Sequence[Sequence[int]]) -> Ints:
    return np.array(rows, dtype=np.int64)
