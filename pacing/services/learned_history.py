"""The days things are learned from, as arrays: spend, amounts and hours of the budgets of some accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from campaigns.models import AdAccount, Budget
from campaigns.selectors import facts
from lane.core.dates import day_hours, local_date
from pacing.learning import BOUND, Evidence, delivery_evidence, intraday_evidence, usable_days

HISTORY_DAYS = 84
SETTLING_DAYS = 2  # spend of younger days still moves
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts of one organization on one platform: what is learned together."""

    organization_id: int
    platform: str
    accounts: list[AdAccount]
    budgets: list[Budget]


@dataclass(frozen=True, slots=True)
class History:
    """What the budgets of a group did, one row each."""

    spend: Floats  # [N, H], NaN where a day says nothing about demand
    bound: Flags  # [N, H] days on which the budget was the limit
    weekdays: Ints  # [H], Monday = 0
    mean_spend: Floats  # [N] of the days that count
    hours: Evidence
    delivery: Evidence


def history_of(group: Group, now: datetime) -> History:
    """Read the last twelve weeks of a group that has settled."""
    lasts = {a.pk: local_date(now, a.timezone) - timedelta(days=SETTLING_DAYS) for a in group.accounts}
    first = max(lasts.values()) - timedelta(days=HISTORY_DAYS - 1)
    asked = [(row, b.pk, first, lasts[b.ad_account_id]) for row, b in enumerate(group.budgets)]
    spend = usable_days(_spend(group, asked, first))
    budgets, steady = _amounts(asked, first)
    share = np.divide(spend, budgets, out=np.zeros_like(spend), where=np.nan_to_num(budgets) > 0)
    days = (~np.isnan(spend)).sum(axis=1)
    total = np.nansum(spend, axis=1)
    return History(
        spend=spend,
        bound=np.nan_to_num(share) >= BOUND,
        weekdays=(np.arange(HISTORY_DAYS) + first.toordinal() - 1) % 7,
        mean_spend=np.divide(total, days, out=np.zeros_like(total), where=days > 0),
        hours=_hours(group, asked, first),
        delivery=delivery_evidence(spend, budgets, steady),
    )


def _spend(group: Group, asked: Sequence[facts.Asked], first: date) -> Floats:
    """Spend [N, H] by day; a day its account was read for without a row spent nothing, others are unknown."""
    read = facts.budget_day_spend(asked)
    sums = np.zeros((len(asked), HISTORY_DAYS))
    hit = np.zeros((len(asked), HISTORY_DAYS), dtype=np.bool_)
    columns = read.days - first.toordinal()
    np.add.at(sums, (read.keys, columns), read.spend_micros)
    hit[read.keys, columns] = True
    known = np.zeros((len(group.accounts), HISTORY_DAYS), dtype=np.bool_)
    place = {account.pk: i for i, account in enumerate(group.accounts)}
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT ad_account_id, "on" FROM campaigns_accountdayfreshness '
            'WHERE ad_account_id = ANY(%s) AND "on" BETWEEN %s AND %s',
            [list(place), first, first + timedelta(days=HISTORY_DAYS - 1)],
        )
        for account_id, on in cursor.fetchall():
            known[place[account_id], (on - first).days] = True
    homes = np.array([place[budget.ad_account_id] for budget in group.budgets], dtype=np.int64)
    lasts = np.array([row[3].toordinal() - first.toordinal() for row in asked])
    inside = np.arange(HISTORY_DAYS)[None, :] <= lasts[:, None]
    return np.where((hit | known[homes]) & inside, sums, np.nan)


def _amounts(asked: Sequence[facts.Asked], first: date) -> tuple[Floats, Flags]:
    """Daily amounts [N, H], NaN where not noted, and whether a day had one amount only."""
    values = facts.budget_value_days(asked)
    amounts = np.full((len(asked), HISTORY_DAYS), np.nan)
    steady = np.zeros((len(asked), HISTORY_DAYS), dtype=np.bool_)
    columns = values.days - first.toordinal()
    amounts[values.keys, columns] = values.last_micros
    steady[values.keys, columns] = values.last_micros == values.highest_micros
    return amounts, steady


def _hours(group: Group, asked: Sequence[facts.Asked], first: date) -> Evidence:
    """Intraday evidence of budgets whose platform reports hours, over days of exactly 24 of them."""
    read = facts.budget_hour_spend(asked)
    zone_of = {account.pk: account.timezone for account in group.accounts}
    odd_in = {zone: _odd_days(zone, first) for zone in set(zone_of.values())}
    odd = np.array([odd_in[zone_of[budget.ad_account_id]] for budget in group.budgets])
    plain = ~odd[read.keys, read.days - first.toordinal()]
    return intraday_evidence(
        read.keys[plain],
        read.days[plain],
        read.hours[plain],
        read.spend_micros[plain].astype(np.float64),
        len(group.budgets),
    )


def _odd_days(zone: str, first: date) -> list[bool]:
    """Which days of a history have 23 or 25 hours."""
    return [day_hours(first + timedelta(days=n), zone) != 24 for n in range(HISTORY_DAYS)]
