"""How an account's spend became known: readings of each day while it ran, and what the hours were in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading that changed an account's day, and the day's spend as known from then on."""

    account_id: int
    on: date
    known_from: datetime
    spend_micros: int


def readings(account_ids: Sequence[int], first: date, last: date) -> list[Reading]:
    """Campaign spend of accounts by day and the instant it became known, oldest first within each day."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT ad_account_id, "on", known_from, '
            'sum(sum(step)) OVER (PARTITION BY ad_account_id, "on" ORDER BY known_from)::bigint FROM ('
            'SELECT ad_account_id, "on", known_from, spend_micros - coalesce(lag(spend_micros) OVER ('
            'PARTITION BY ad_account_id, level, entity_id, "on" ORDER BY known_from), 0) AS step '
            "FROM campaigns_performance_revision "
            'WHERE ad_account_id = ANY(%s) AND level = 1 AND "on" BETWEEN %s AND %s) AS steps '
            'GROUP BY ad_account_id, "on", known_from ORDER BY ad_account_id, "on", known_from',
            [list(account_ids), first, last],
        )
        return [Reading(*row) for row in cursor.fetchall()]


def account_hours(account_ids: Sequence[int], first: date, last: date) -> dict[tuple[int, date], list[int]]:
    """Spend of each local hour of accounts' days, in 24 places; days without hourly facts are absent."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT ad_account_id, "on", hour, sum(spend_micros)::bigint FROM campaigns_hourly_performance '
            'WHERE ad_account_id = ANY(%s) AND level = 1 AND "on" BETWEEN %s AND %s '
            'GROUP BY ad_account_id, "on", hour',
            [list(account_ids), first, last],
        )
        found: dict[tuple[int, date], list[int]] = {}
        for account_id, on, hour, spend in cursor.fetchall():
            found.setdefault((account_id, on), [0] * 24)[hour] = spend
    return found
