"""From an amount in the plan's currency back to what is written at the platform, in each budget's own money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pacing.exchange import back_down, back_up, convert
from pacing.services.observation import BudgetRow


@dataclass(frozen=True, slots=True)
class OwnStep:
    """One budget's step: what is written in its own currency, and what that is worth in the plan's."""

    budget: BudgetRow
    now_micros: int | None
    new_micros: int | None
    in_plan_micros: int
    rate: Decimal | None = None
    rate_on: date | None = None

    @property
    def moves(self) -> bool:
        """Whether the platform would be told another amount."""
        return self.new_micros != self.now_micros

    def as_row(self) -> dict[str, Any]:
        """A row of a recommendation; with currency and rate where the currency is not the plan's."""
        row: dict[str, Any] = {
            "budget_id": self.budget.public_id,
            "name": self.budget.name,
            "now_micros": self.now_micros,
            "new_micros": self.new_micros,
        }
        if self.budget.foreign is not None:
            row["currency"] = self.budget.currency
            row["rate"] = str(self.rate)
            row["rate_on"] = self.rate_on.isoformat() if self.rate_on else None
        return row


def own_step(budget: BudgetRow, new_micros: int) -> OwnStep:
    """A budget's new amount in its own money.

    A raise is rounded down and a cut up to the budget's smallest unit, so that no step is larger than decided.
    """
    foreign = budget.foreign
    if foreign is None or foreign.rate is None or budget.amount_micros is None:
        return OwnStep(budget, budget.amount_micros, new_micros, new_micros)
    if new_micros == budget.amount_micros:
        own = foreign.amount_micros
    else:
        rounded = back_down if new_micros > budget.amount_micros else back_up
        own = rounded(new_micros, foreign.rate, foreign.currency)
    worth = convert(own or 0, foreign.rate, "")
    return OwnStep(budget, foreign.amount_micros, own, worth, foreign.rate, foreign.rate_on)
