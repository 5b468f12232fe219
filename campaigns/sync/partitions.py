"""A fact needs the partition of its month: make it before the facts come."""

from __future__ import annotations

from datetime import date

from django.db import connection

from lane.core import clock

MONTHS_AHEAD = 3


def months(first: date, last: date) -> list[date]:
    """The first day of every month from one day to another."""
    return [_month(number) for number in range(_number(first), _number(last) + 1)]


def ensure(first: date, last: date) -> None:
    """Make the partitions of all days from ``first`` to ``last``; those that exist stay as they are.

    Only the missing months call the maker: it locks the parent tables and readers would wait.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT month FROM unnest(%s::date[]) AS month WHERE to_regclass("
            "'campaigns_performance_revision_' || to_char(month, 'YYYYMM')) IS NULL",
            [months(first, last)],
        )
        for (month,) in cursor.fetchall():
            cursor.execute("SELECT campaigns_ensure_month(%s)", [month])


def ensure_ahead() -> int:
    """Make the partitions of this month and the next three. Returns how many months are covered."""
    today = clock.now().date()
    last = _month(_number(today) + MONTHS_AHEAD)
    ensure(today, last)
    return len(months(today, last))


def _number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _month(number: int) -> date:
    return date(number // 12, number % 12 + 1, 1)
