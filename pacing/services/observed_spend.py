"""Spend and budgets of many plans by flight day, from stored facts, as arrays of micros in the plan's currency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from campaigns.selectors import facts
from pacing.controllers import UNKNOWN
from pacing.services.observed_rates import PlanRates, by_key_and_day

Ints = NDArray[np.int64]


class HasBudgetId(Protocol):
    """A budget of a plan, as the observation reads it."""

    @property
    def budget_id(self) -> int:
        """Primary key of the budget."""

    @property
    def currency(self) -> str:
        """The currency its facts are in."""


def spend_by_day(
    plans: list[dict[str, Any]],
    budgets: Sequence[Sequence[HasBudgetId]],
    accounts: dict[int, dict[str, Any]],
    account_ids: list[list[int]],
    first: Ints,
    days: Ints,
    today: Ints,
    width: int,
    rates: PlanRates,
) -> tuple[Ints, Ints]:
    """Spend per plan and flight day, and today's part. Days no account was read for stay UNKNOWN, not zero.

    Foreign spend counts by its own day's rate; a plan that lacks one rate has no known spend at all. Each account's
    local day is the plan's day; spend that an account reports for a day the plan has not reached counts today.
    """
    count = len(plans)
    asked, foreign = _asked(plans, budgets)
    sums = np.zeros((count, width), dtype=np.int64)
    hit = np.zeros((count, width), dtype=np.bool_)
    if asked:
        read = facts.budget_day_spend(asked)
        columns = read.days - first[read.keys]
        np.add.at(sums, (read.keys, columns), read.spend_micros)
        hit[read.keys, columns] = True
    if foreign:
        read = facts.budget_day_spend([(key, *each[1:]) for key, each in enumerate(foreign)])
        for key, day, micros in by_key_and_day(read.keys, read.days, read.spend_micros):
            plan_row, budget_id = foreign[key][:2]
            at = day - int(first[plan_row])
            source = _currency_of(budgets[plan_row], budget_id)
            worth = rates.worth(plan_row, plans[plan_row], source, micros, date.fromordinal(day))
            sums[plan_row, at] += worth or 0
            hit[plan_row, at] = True
    known = hit | _days_read(plans, accounts, account_ids, first, width)
    known[list(rates.unknown)] = False
    column = np.arange(width)[None, :]
    past = column < (today - first)[:, None]
    spend = np.where(known & past, sums, UNKNOWN)
    inside = np.clip(today - first, 0, width - 1)
    rows = np.arange(count)
    now_known = known[rows, inside] & (today >= first) & (today <= first + days - 1)
    from_today = np.where(column >= inside[:, None], sums, 0).sum(axis=1)
    return spend, np.where(now_known, from_today, UNKNOWN)


def _asked(
    plans: list[dict[str, Any]], budgets: Sequence[Sequence[HasBudgetId]]
) -> tuple[list[facts.Asked], list[facts.Asked]]:
    """What to read of which budget: those in their plan's currency, and the others."""
    same: list[facts.Asked] = []
    foreign: list[facts.Asked] = []
    for row, plan in enumerate(plans):
        for budget in budgets[row]:
            one = (row, budget.budget_id, plan["starts_on"], plan["ends_on"])
            (same if budget.currency == plan["currency"] else foreign).append(one)
    return same, foreign


def _currency_of(budgets: Sequence[HasBudgetId], budget_id: int) -> str:
    return next(budget.currency for budget in budgets if budget.budget_id == budget_id)


def _days_read(
    plans: list[dict[str, Any]],
    accounts: dict[int, dict[str, Any]],
    account_ids: list[list[int]],
    first: Ints,
    width: int,
) -> NDArray[np.bool_]:
    """Which flight days every account of a plan was read for; a day read without a row had no spend."""
    known = np.zeros((len(plans), width), dtype=np.bool_)
    if not accounts:
        return known
    start, end = int(first.min()), int(first.max()) + width
    index = {account_id: i for i, account_id in enumerate(accounts)}
    read = np.zeros((len(index), end - start), dtype=np.bool_)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ad_account_id, (\"on\" - DATE '0001-01-01') + 1 FROM campaigns_accountdayfreshness "
            'WHERE ad_account_id = ANY(%s) AND "on" BETWEEN %s AND %s',
            [list(index), date.fromordinal(start), date.fromordinal(end - 1)],
        )
        found = cursor.fetchall()
    if found:
        pairs = np.array(found, dtype=np.int64)
        read[[index[int(one)] for one in pairs[:, 0]], pairs[:, 1] - start] = True
    for row, ids in enumerate(account_ids):
        if ids:
            offset = int(first[row]) - start
            known[row] = read[[index[one] for one in ids], offset : offset + width].all(axis=0)
    return known


def budget_by_day(
    plans: list[dict[str, Any]],
    budgets: Sequence[Sequence[HasBudgetId]],
    first: Ints,
    width: int,
    rates: PlanRates,
) -> Ints:
    """Total daily budget of each past day, where every budget of the plan was seen that day and has a rate."""
    asked, foreign = _asked(plans, budgets)
    totals = np.zeros((len(plans), width), dtype=np.int64)
    seen = np.zeros((len(plans), width), dtype=np.int64)
    if asked:
        values = facts.budget_value_days(asked)
        columns = values.days - first[values.keys]
        np.add.at(totals, (values.keys, columns), values.last_micros)
        np.add.at(seen, (values.keys, columns), 1)
    if foreign:
        values = facts.budget_value_days([(key, *each[1:]) for key, each in enumerate(foreign)])
        for key, day, micros in by_key_and_day(values.keys, values.days, values.last_micros):
            row, column = foreign[key][0], day - int(first[foreign[key][0]])
            source = _currency_of(budgets[row], foreign[key][1])
            worth = rates.worth(row, plans[row], source, micros, date.fromordinal(day), note=False)
            if worth is not None:
                totals[row, column] += worth
                seen[row, column] += 1
    wanted = np.array([len(rows) or 1 for rows in budgets], dtype=np.int64)[:, None]
    return np.where(seen >= wanted, totals, UNKNOWN)
