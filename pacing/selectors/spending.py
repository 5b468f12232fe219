"""What a plan has spent, in its own currency: every day of every budget converted by that day's rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from campaigns.models import Budget
from campaigns.selectors import facts
from pacing.exchange import RateBook, convert
from pacing.models import BudgetPlan
from pacing.selectors import fx


@dataclass(frozen=True, slots=True)
class BudgetSpend:
    """One budget's reported spend over the flight; ``micros`` is None where a day's rate is not known."""

    budget: Budget
    own_micros: int  # in the budget's currency
    micros: int | None  # in the plan's
    missing_rate_on: date | None = None


def spent_by_budget(
    plan: BudgetPlan, budgets: Sequence[Budget] | None = None, *, book: RateBook | None = None
) -> list[BudgetSpend]:
    """Reported spend of each budget of a plan so far, restatements included."""
    rows = (
        list(plan.budgets.select_related("ad_account").order_by("name", "pk")) if budgets is None else budgets
    )
    days = _days(plan, rows)
    rates = book or _book(plan, rows)
    found = []
    for place, budget in enumerate(rows):
        own = sum(days[place].values())
        total, missing = 0, None
        for on, micros in sorted(days[place].items()):
            worth = worth_of(micros, budget.currency, plan.currency, on, rates)
            if worth is None:
                missing = on
                break
            total += worth
        found.append(BudgetSpend(budget, own, None if missing else total, missing))
    return found


def spent_so_far(plan: BudgetPlan) -> int | None:
    """Reported spend of the whole plan; None where a rate is missing."""
    parts = [part.micros for part in spent_by_budget(plan)]
    return None if any(part is None for part in parts) else sum(part or 0 for part in parts)


def spend_days(plan: BudgetPlan, first: date, last: date) -> dict[date, int | None]:
    """Spend of a plan per day in its currency; days without a fact are absent, None where a rate is missing."""
    rows = list(plan.budgets.select_related("ad_account").order_by("pk"))
    rates = _book(plan, rows)
    found: dict[date, int | None] = {}
    for place, by_day in enumerate(_days(plan, rows, first, last)):
        for on, micros in by_day.items():
            worth = worth_of(micros, rows[place].currency, plan.currency, on, rates)
            before = found.get(on, 0)
            found[on] = None if worth is None or before is None else before + worth
    return dict(sorted(found.items()))


def spend_days_as_known(
    plan: BudgetPlan, budgets: Sequence[Budget], first: date, last: date, known_at: datetime
) -> dict[date, int | None]:
    """The same as it was known at an instant (UTC), converted by the rates known today."""
    rates = _book(plan, budgets)
    found: dict[date, int | None] = {}
    for currency in sorted({budget.currency for budget in budgets}):
        ids = [budget.pk for budget in budgets if budget.currency == currency]
        for on, micros in facts.spend_as_known_on(ids, first, last, known_at).items():
            worth = worth_of(micros, currency, plan.currency, on, rates)
            before = found.get(on, 0)
            found[on] = None if worth is None or before is None else before + worth
    return dict(sorted(found.items()))


def worth_of(micros: int, source: str, target: str, on: date, rates: RateBook) -> int | None:
    """One day's spend in another currency; nothing spent is nothing whatever the rate."""
    if source == target or micros == 0:
        return micros
    quote = rates.quote(source, target, on)
    return None if quote is None else convert(micros, quote.rate)


def _book(plan: BudgetPlan, budgets: Sequence[Budget]) -> RateBook:
    foreign = any(budget.currency != plan.currency for budget in budgets)
    return fx.book(plan.organization_id) if foreign else RateBook()


def _days(
    plan: BudgetPlan, budgets: Sequence[Budget], first: date | None = None, last: date | None = None
) -> list[dict[date, int]]:
    """Spend by day of each budget in its own currency."""
    span = (first or plan.starts_on, last or plan.ends_on)
    if span[1] < span[0]:
        return [{} for _ in budgets]
    read = facts.budget_day_spend([(place, budget.pk, *span) for place, budget in enumerate(budgets)])
    found: list[dict[date, int]] = [{} for _ in budgets]
    for place, day, micros in zip(
        read.keys.tolist(), read.days.tolist(), np.asarray(read.spend_micros).tolist(), strict=True
    ):
        on = date.fromordinal(day)
        found[place][on] = found[place].get(on, 0) + micros
    return found
