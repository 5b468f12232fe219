"""Proof that nothing was lost on the way: per account and day, the platform's total against the stored facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection as database

from campaigns.models import AccountDayFreshness, AdAccount
from lane.core.dates import DateRange


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A day whose facts do not add up to what the platform says of the account."""

    on: date
    platform_micros: int
    facts_micros: int


def note_days(
    account: AdAccount,
    days: Iterable[date],
    *,
    fetched_at: datetime,
    settled: date,
    platform_micros: Mapping[date, int] | None,
) -> None:
    """Note for each day when it was read, whether its spend is final, and both totals.

    Facts that did not change are not rewritten, so that this row alone tells how fresh a day is. A day the
    platform reported no spend for is a true zero; ``platform_micros`` None means that it was not asked.
    """
    on = sorted(set(days))
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO campaigns_accountdayfreshness AS f "
            '(ad_account_id, "on", fetched_at, is_final, platform_spend_micros, facts_spend_micros) '
            'SELECT %(account)s, d."on", %(at)s, d."on" <= %(settled)s, d.platform, coalesce(a.spend_micros, 0) '
            'FROM unnest(%(days)s::date[], %(platform)s::bigint[]) AS d("on", platform) '
            'LEFT JOIN campaigns_accountday a ON a.ad_account_id = %(account)s AND a."on" = d."on" '
            'ORDER BY d."on" '
            'ON CONFLICT (ad_account_id, "on") DO UPDATE SET fetched_at = excluded.fetched_at, '
            "is_final = excluded.is_final, platform_spend_micros = excluded.platform_spend_micros, "
            "facts_spend_micros = excluded.facts_spend_micros",
            {
                "account": account.pk,
                "at": fetched_at,
                "settled": settled,
                "days": on,
                "platform": [None if platform_micros is None else platform_micros.get(day, 0) for day in on],
            },
        )


def mismatches(account: AdAccount, days: DateRange) -> list[Mismatch]:
    """The final days of a window whose totals differ, oldest first. Other days still move between two reads."""
    rows = AccountDayFreshness.objects.filter(
        ad_account=account,
        on__range=(days.first, days.last),
        is_final=True,
        platform_spend_micros__isnull=False,
    ).order_by("on")
    return [
        Mismatch(row.on, row.platform_spend_micros or 0, row.facts_spend_micros or 0)
        for row in rows
        if row.platform_spend_micros != row.facts_spend_micros
    ]


def account_day_drift(account: AdAccount | None = None, days: DateRange | None = None) -> int:
    """How many account days differ from the sum of their facts; the roll-up is kept by delta, so 0 is the goal."""
    only = "AND ad_account_id = %(account)s" if account else ""
    only += ' AND "on" BETWEEN %(first)s AND %(last)s' if days else ""
    with database.cursor() as cursor:
        cursor.execute(
            "WITH facts AS ("
            'SELECT ad_account_id, "on", sum(spend_micros) AS spend, sum(impressions) AS impressions, '
            "sum(clicks) AS clicks, coalesce(sum(conversions_milli), 0) AS conversions "
            f'FROM campaigns_daily_performance WHERE level = 1 {only} GROUP BY ad_account_id, "on"), '
            f"rolled AS (SELECT * FROM campaigns_accountday WHERE true {only}) "
            'SELECT count(*) FROM facts FULL JOIN rolled USING (ad_account_id, "on") '
            "WHERE (coalesce(facts.spend, 0), coalesce(facts.impressions, 0), coalesce(facts.clicks, 0), "
            "coalesce(facts.conversions, 0)) IS DISTINCT FROM (coalesce(rolled.spend_micros, 0), "
            "coalesce(rolled.impressions, 0), coalesce(rolled.clicks, 0), "
            "coalesce(rolled.conversions_milli, 0))",
            {
                "account": account.pk if account else None,
                "first": days.first if days else None,
                "last": days.last if days else None,
            },
        )
        return int(cursor.fetchone()[0])
