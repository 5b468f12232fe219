"""What budgets spent and got, by day: for deciding where the next unit of money earns most.

Everything is in account-local days and in micros of the account's currency; conversions are thousandths. A
platform that does not tell conversions is UNKNOWN on that day, never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from campaigns.selectors.facts import EPOCH, Asked, packed

UNKNOWN = np.iinfo(np.int64).min
_EPOCH_ORDINAL = EPOCH.toordinal()
_PACKED_RESULT = np.dtype(
    [("key", ">i4"), ("day", ">i4"), ("spend", ">i8"), ("conversions", ">i8"), ("value", ">i8")]
)
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ResultDays:
    """Spend, conversions and value by key and day, one element per (spender, day); days are ordinals."""

    keys: Ints
    days: Ints
    spend_micros: Ints
    conversions_milli: Ints
    value_micros: Ints


@dataclass(frozen=True, slots=True)
class SeenLater:
    """What the results of one day were when they were read ``age_days`` later."""

    on: date
    age_days: int
    conversions_milli: int
    value_micros: int


def budget_day_results(pairs: Sequence[Asked]) -> ResultDays:
    """Daily spend, conversions and value of budgets, over each one's own days, in one packed read."""
    raw = packed(
        "SELECT string_agg(int4send(a.key) || int4send(f.\"on\" - DATE '2000-01-01') || int8send(f.spend_micros) || "
        f"int8send(coalesce(f.conversions_milli, {UNKNOWN})) || "
        f"int8send(coalesce(f.conversion_value_micros, {UNKNOWN})), ''::bytea) FROM asked a "
        "JOIN campaigns_budgetspender s ON s.budget_id = a.budget_id "
        "JOIN campaigns_daily_performance f ON f.level = s.level AND f.entity_id = s.entity_id "
        'AND f."on" BETWEEN a.first AND a.last AND f."on" BETWEEN %(first)s AND %(last)s',
        pairs,
    )
    rows = np.frombuffer(raw, dtype=_PACKED_RESULT)
    return ResultDays(
        rows["key"].astype(np.int64),
        rows["day"].astype(np.int64) + _EPOCH_ORDINAL,
        rows["spend"].astype(np.int64),
        rows["conversions"].astype(np.int64),
        rows["value"].astype(np.int64),
    )


def days_read(account_ids: Iterable[int], zone: str, first: date, last: date) -> dict[int, set[int]]:
    """Per account the days (ordinals) that were read after they had ended, even where nothing was found.

    A day that was last read while it ran shows a part of it, and that part must not pass for the day.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ad_account_id, (\"on\" - DATE '0001-01-01') + 1 FROM campaigns_accountdayfreshness "
            'WHERE ad_account_id = ANY(%s) AND "on" BETWEEN %s AND %s '
            'AND (fetched_at AT TIME ZONE %s)::date > "on"',
            [list(account_ids), first, last, zone],
        )
        found: dict[int, set[int]] = {}
        for account_id, day in cursor:
            found.setdefault(account_id, set()).add(day)
    return found


def running_budgets(budget_ids: Iterable[int]) -> set[int]:
    """Those of some budgets from which at least one campaign or ad set that is switched on spends."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT p.budget_id FROM campaigns_budgetspender p
            LEFT JOIN campaigns_adgroup g ON p.level = 2 AND g.id = p.entity_id
            JOIN campaigns_adcampaign c ON c.id = CASE p.level WHEN 1 THEN p.entity_id ELSE g.ad_campaign_id END
            WHERE p.budget_id = ANY(%s) AND c.status IN ('active', 'limited', 'unknown')
              AND coalesce(g.status IN ('active', 'limited', 'unknown'), true)
            """,
            [list(budget_ids)],
        )
        return {row[0] for row in cursor}


def results_as_seen(budget_ids: Iterable[int], zone: str, first: date, last: date) -> list[SeenLater]:
    """How the results of each day of some budgets grew with its age, all budgets together.

    Only facts that were first read within a day count: history read in one go tells nothing about lateness.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT r."on", r.entity_id, ((r.known_from AT TIME ZONE %s)::date - r."on") AS age,
                   coalesce(r.conversions_milli, 0), coalesce(r.conversion_value_micros, 0)
            FROM campaigns_budgetspender s JOIN campaigns_budget b ON b.id = s.budget_id
            JOIN campaigns_performance_revision r ON r.ad_account_id = b.ad_account_id AND r.level = s.level
                 AND r.entity_id = s.entity_id AND r."on" BETWEEN %s AND %s
            WHERE s.budget_id = ANY(%s) ORDER BY r."on", r.entity_id, r.known_from
            """,
            [zone, first, last, list(budget_ids)],
        )
        rows = cursor.fetchall()
    by_fact: dict[tuple[date, int], list[tuple[int, int, int]]] = {}
    for on, entity, age, milli, micros in rows:
        by_fact.setdefault((on, entity), []).append((age, milli, micros))
    by_day: dict[date, list[list[tuple[int, int, int]]]] = {}
    for (on, _), revisions in by_fact.items():
        if revisions[0][0] <= 1:
            by_day.setdefault(on, []).append(revisions)
    return [seen for on, facts in sorted(by_day.items()) for seen in _grown(on, facts)]


def _grown(on: date, facts: list[list[tuple[int, int, int]]]) -> list[SeenLater]:
    """The sum of a day's facts at each age at which one of them was restated."""
    found = []
    for age in sorted({seen[0] for revisions in facts for seen in revisions}):
        latest = [[seen for seen in revisions if seen[0] <= age] for revisions in facts]
        known = [revisions[-1] for revisions in latest if revisions]
        found.append(SeenLater(on, age, sum(one[1] for one in known), sum(one[2] for one in known)))
    return found
