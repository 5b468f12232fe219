"""What budgets were worth on days before Lane first looked, from the platform's own list of edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from campaigns.models import AdAccount, Budget, BudgetValue
from campaigns.platforms.records import ExternalChange, Level
from lane.core import clock
from lane.core.dates import DateRange, local_date

LOOKBACK_DAYS = 29  # Google tells edits of 30 days; the day before the first full one is left unknown


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of one budget; amounts in micros, None where the platform does not tell."""

    at: datetime
    before: int | None
    after: int | None


def day_values(
    current_micros: int, edits: Sequence[Edit], days: DateRange, zone: str
) -> dict[date, tuple[int, int]]:
    """Per day the last and the highest amount, walking back from the present one through the edits.

    A day before an edit whose old amount is unknown stays unknown.
    """
    found: dict[date, tuple[int, int]] = {}
    value: int | None = current_micros
    waiting = sorted(edits, key=lambda edit: edit.at, reverse=True)
    for on in sorted(days, reverse=True):
        while waiting and local_date(waiting[0].at, zone) > on:
            value = waiting.pop(0).before
        if value is None:
            break
        last, highest = value, value
        while waiting and local_date(waiting[0].at, zone) == on:
            value = waiting.pop(0).before
            highest = max(highest, value or 0)
        found[on] = (last, highest)
        if value is None:
            break
    return found


def backfill(account: AdAccount, edits: Sequence[ExternalChange]) -> int:
    """Note the past days' amounts of every budget of an account. Days already noted are left as they are."""
    today = clock.today(account.timezone)
    days = DateRange(
        date.fromordinal(today.toordinal() - LOOKBACK_DAYS), date.fromordinal(today.toordinal() - 1)
    )
    by_budget: dict[str, list[Edit]] = {}
    for edit in edits:
        if edit.ref.level is Level.BUDGET and "budget_micros" in edit.fields:
            by_budget.setdefault(edit.ref.external_id, []).append(
                Edit(edit.at, edit.old.get("budget_micros"), edit.new.get("budget_micros"))
            )
    now = clock.now()
    rows = [
        BudgetValue(budget=budget, on=on, last_micros=last, highest_micros=highest, seen_at=now)
        for budget in account.budgets.filter(kind=Budget.Kind.DAILY, amount_micros__isnull=False)
        for on, (last, highest) in day_values(
            budget.amount_micros or 0, by_budget.get(budget.external_id, []), days, account.timezone
        ).items()
    ]
    return len(BudgetValue.objects.bulk_create(rows, ignore_conflicts=True))
