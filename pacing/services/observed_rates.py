"""Budgets in other currencies than their plan's: what they are worth by dated rates, and where no rate is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from lane.core.dates import local_date
from pacing.exchange import RateBook, convert, convert_up
from pacing.selectors import fx

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a budget says in its own currency, and the rate its plan counts it by."""

    currency: str
    amount_micros: int | None
    floor_micros: int
    rate: Decimal | None  # into the plan's currency; None when not known
    rate_on: date | None


class Priced(Protocol):
    """A budget of a plan whose amounts may have to be converted."""

    @property
    def currency(self) -> str:
        """Its own currency."""

    @property
    def amount_micros(self) -> int | None:
        """Its daily amount."""

    @property
    def floor_micros(self) -> int:
        """The platform's smallest daily amount."""


B = TypeVar("B", bound=Any)


@dataclass(slots=True)
class PlanRates:
    """Rate books of the organizations that need one, and the plans whose spend cannot be added up."""

    books: dict[int, RateBook] = field(default_factory=dict)
    unknown: dict[int, dict[str, str]] = field(default_factory=dict)  # plan row -> pair and day

    @classmethod
    def of(cls, plans: Sequence[dict[str, Any]], budgets: Sequence[Sequence[Any]]) -> PlanRates:
        """Read the rates of organizations with a plan over several currencies; no query where there is none."""
        needed = {
            plan["organization_id"]
            for plan, own in zip(plans, budgets, strict=True)
            if any(budget.currency != plan["currency"] for budget in own)
        }
        return cls(fx.books(needed) if needed else {})

    def priced(
        self, plans: Sequence[dict[str, Any]], budgets: Sequence[list[B]], at: datetime
    ) -> list[list[B]]:
        """The same budgets with their amounts in the plan's currency by the latest rate, their own kept beside."""
        if not self.books:
            return list(budgets)
        priced = []
        for row, own in enumerate(budgets):
            plan = plans[row]
            today = local_date(at, plan["timezone"])
            priced.append(
                [b if b.currency == plan["currency"] else self._priced(b, row, plan, today) for b in own]
            )
        return priced

    def worth(
        self, row: int, plan: dict[str, Any], source: str, micros: int, on: date, *, note: bool = True
    ) -> int | None:
        """What a day's amount is worth in the plan's currency; a missing rate is noted against the plan."""
        if micros == 0:
            return 0
        quote = self.books[plan["organization_id"]].quote(source, plan["currency"], on)
        if quote is None and not note:
            return None
        if quote is None:
            self.unknown.setdefault(row, {"pair": f"{source}→{plan['currency']}", "day": f"{on:%-d %b %Y}"})
            return None
        return convert(micros, quote.rate)

    def _priced(self, budget: B, row: int, plan: dict[str, Any], today: date) -> B:
        quote = self.books[plan["organization_id"]].quote(budget.currency, plan["currency"], today)
        kept = Foreign(
            budget.currency,
            budget.amount_micros,
            budget.floor_micros,
            quote.rate if quote else None,
            quote.on if quote else None,
        )
        if quote is None:
            self.unknown.setdefault(
                row, {"pair": f"{budget.currency}→{plan['currency']}", "day": f"{today:%-d %b %Y}"}
            )
            return dataclasses.replace(budget, amount_micros=None, foreign=kept)
        amount = budget.amount_micros
        return dataclasses.replace(
            budget,
            amount_micros=None if amount is None else convert(amount, quote.rate, plan["currency"]),
            floor_micros=convert_up(budget.floor_micros, quote.rate, plan["currency"]),
            foreign=kept,
        )


def by_key_and_day(keys: Ints, days: Ints, micros: Ints) -> list[tuple[int, int, int]]:
    """Amounts added up per key and day, so that each day is converted once."""
    if not keys.size:
        return []
    pairs, places = np.unique(np.stack([keys, days]), axis=1, return_inverse=True)
    sums = np.zeros(pairs.shape[1], dtype=np.int64)
    np.add.at(sums, places.reshape(-1), micros)
    return [
        (int(key), int(day), int(total)) for key, day, total in zip(pairs[0], pairs[1], sums, strict=True)
    ]
