"""How a client's limit is used: the plans of every day added up, other currencies by their latest rate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from lane.accounts.models import Client
from lane.core import clock
from pacing.exchange import RateBook, convert
from pacing.models import BudgetPlan
from pacing.selectors import fx

_HOLDING = (BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED, BudgetPlan.Status.PAUSED)


@dataclass(frozen=True, slots=True)
class LimitUse:
    """The fullest day of a range: what plans hold then, against the limit, in the client's currency."""

    client: Client
    limit_micros: int
    held_micros: int
    fullest_on: date
    plans: list[tuple[BudgetPlan, int | None]]  # what each counts for; None where no rate is known
    unknown_pair: str
    book: RateBook
    today: date

    @property
    def free_micros(self) -> int:
        """What is left on the fullest day; negative when the limit is exceeded."""
        return self.limit_micros - self.held_micros

    def in_limit_currency(self, micros: int, currency: str) -> int | None:
        """An amount as it counts against the limit; None without a rate."""
        quote = self.book.quote(currency, self.client.currency, self.today)
        return None if quote is None else convert(micros, quote.rate, self.client.currency)


def limit_use(client: Client, first: date, last: date, *, without: int | None = None) -> LimitUse:
    """The fullest day from ``first`` to ``last`` over the client's plans, leaving one out on wish."""
    found = BudgetPlan.objects.filter(
        client=client, status__in=_HOLDING, starts_on__lte=last, ends_on__gte=first
    ).order_by("starts_on", "pk")
    rows = list(found.exclude(pk=without) if without else found)
    foreign = any(plan.currency != client.currency for plan in rows)
    book = fx.book(client.organization_id) if foreign or without or not rows else RateBook()
    today = clock.today(client.timezone)
    use = LimitUse(client, client.budget_limit_micros or 0, 0, first, [], "", book, today)
    counted = [(plan, use.in_limit_currency(plan.amount_micros, plan.currency)) for plan in rows]
    unknown = next((f"{plan.currency}→{client.currency}" for plan, held in counted if held is None), "")
    # The sum only grows where a plan begins, so the fullest day is one of those.
    days = sorted({max(first, plan.starts_on) for plan in rows} | {first})
    held = {
        day: sum(micros or 0 for plan, micros in counted if plan.starts_on <= day <= plan.ends_on)
        for day in days
    }
    fullest = max(days, key=lambda day: (held[day], -day.toordinal()))
    on_it = [(plan, micros) for plan, micros in counted if plan.starts_on <= fullest <= plan.ends_on]
    return LimitUse(client, use.limit_micros, held[fullest], fullest, on_it, unknown, book, today)


def limit_ahead(client: Client, days: int = 92) -> LimitUse | None:
    """The fullest day of the coming quarter; None for a client without a limit."""
    if client.budget_limit_micros is None:
        return None
    today = clock.today(client.timezone)
    return limit_use(client, today, today + timedelta(days=days - 1))
