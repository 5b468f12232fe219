"""Facts into PostgreSQL: COPY into a staging table, then one statement that inserts, updates and remembers.

A row whose numbers did not change is not written again. What did change is appended to the revisions (the first
revision is the first-seen value) and added to the account's day, all in the transaction of the facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

_COPIED = (
    'organization_id, client_id, ad_account_id, level, entity_id, "on", hour, spend_micros, impressions, clicks, '
    "conversions_milli, conversion_value_micros, fetched_at, is_final"
)
_MEASURES = ("spend_micros", "impressions", "clicks", "conversions_milli", "conversion_value_micros")
_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS lane_staged_facts (
    organization_id bigint, client_id bigint, ad_account_id bigint, level smallint, entity_id bigint,
    "on" date, hour smallint, spend_micros bigint, impressions bigint, clicks bigint, conversions_milli bigint,
    conversion_value_micros bigint, fetched_at timestamptz, is_final boolean
) ON COMMIT DELETE ROWS;
TRUNCATE lane_staged_facts
"""


def _list(template: str, glue: str = ", ") -> str:
    return glue.join(template.format(m=measure) for measure in _MEASURES)


# Unknown stays unknown: a sum of nothing but NULLs is NULL, and a number that became unknown is taken out.
_MOVED_BY = (
    "sum(CASE WHEN {m} IS NOT NULL OR was_{m} IS NOT NULL "
    "THEN coalesce({m}, 0) - coalesce(was_{m}, 0) END)::bigint"
)
_KEY = 'ad_account_id, level, entity_id, "on"'
_DAILY = f"""
WITH changed AS (
    INSERT INTO campaigns_daily_performance AS f (organization_id, client_id, {_KEY}, {_list("{m}")},
                                                  fetched_at, is_final)
    SELECT organization_id, client_id, {_KEY}, {_list("{m}")}, fetched_at, is_final
    FROM lane_staged_facts ORDER BY {_KEY}
    ON CONFLICT ({_KEY}) DO UPDATE SET {_list("{m} = excluded.{m}")},
        fetched_at = excluded.fetched_at, is_final = excluded.is_final
    WHERE ({_list("f.{m}")}, f.is_final) IS DISTINCT FROM ({_list("excluded.{m}")}, excluded.is_final)
    RETURNING new.organization_id, new.client_id, new.ad_account_id, new.level, new.entity_id, new."on",
        new.fetched_at, {_list("new.{m}")}, {_list("old.{m} AS was_{m}")}, old.fetched_at AS was_fetched_at
), moved AS MATERIALIZED (
    SELECT * FROM changed
    WHERE was_fetched_at IS NULL OR ({_list("{m}")}) IS DISTINCT FROM ({_list("was_{m}")})
), revised AS (
    INSERT INTO campaigns_performance_revision (organization_id, {_KEY}, known_from, {_list("{m}")})
    SELECT organization_id, {_KEY}, fetched_at, {_list("{m}")} FROM moved
    ON CONFLICT ({_KEY}, known_from) DO UPDATE SET {_list("{m} = excluded.{m}")}
    RETURNING 1
), rolled AS (
    INSERT INTO campaigns_accountday AS d (organization_id, client_id, ad_account_id, "on", {_list("{m}")})
    SELECT organization_id, client_id, ad_account_id, "on",
        {_list(_MOVED_BY)}
    FROM moved WHERE level = 1
    GROUP BY organization_id, client_id, ad_account_id, "on"
    ORDER BY ad_account_id, "on"
    ON CONFLICT (ad_account_id, "on") DO UPDATE SET
        {_list("{m} = coalesce(d.{m} + excluded.{m}, d.{m}, excluded.{m})")}
    RETURNING 1
)
SELECT (SELECT count(*) FROM lane_staged_facts), count(*) FILTER (WHERE was_fetched_at IS NULL),
    count(*) FILTER (WHERE was_fetched_at IS NOT NULL), (SELECT count(*) FROM revised),
    (SELECT count(*) FROM rolled)
FROM moved
"""
_HOURLY = f"""
WITH changed AS (
    INSERT INTO campaigns_hourly_performance AS f (organization_id, client_id, {_KEY}, hour, {_list("{m}")},
                                                   fetched_at, is_final)
    SELECT organization_id, client_id, {_KEY}, hour, {_list("{m}")}, fetched_at, is_final
    FROM lane_staged_facts ORDER BY {_KEY}, hour
    ON CONFLICT ({_KEY}, hour) DO UPDATE SET {_list("{m} = excluded.{m}")},
        fetched_at = excluded.fetched_at, is_final = excluded.is_final
    WHERE ({_list("f.{m}")}, f.is_final) IS DISTINCT FROM ({_list("excluded.{m}")}, excluded.is_final)
    RETURNING old.fetched_at AS was_fetched_at
)
SELECT (SELECT count(*) FROM lane_staged_facts), count(*) FILTER (WHERE was_fetched_at IS NULL),
    count(*) FILTER (WHERE was_fetched_at IS NOT NULL), 0, 0
FROM changed
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """One number row on its way in. ``hour`` is None for a whole day; money is micros of the account."""

    organization_id: int
    client_id: int
    ad_account_id: int
    level: int
    entity_id: int
    on: date
    spend_micros: int
    impressions: int | None
    clicks: int | None
    conversions_milli: int | None
    conversion_value_micros: int | None
    fetched_at: datetime
    is_final: bool
    hour: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an upsert did; ``read`` rows less ``new`` and ``changed`` were known already."""

    read: int = 0
    new: int = 0
    changed: int = 0
    revisions: int = 0
    days_rolled: int = 0

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.read + other.read,
            self.new + other.new,
            self.changed + other.changed,
            self.revisions + other.revisions,
            self.days_rolled + other.days_rolled,
        )


def encode(facts: Iterable[Fact]) -> bytes:
    """Facts as COPY text, in the order of the staging table."""
    return "".join(
        f"{f.organization_id}\t{f.client_id}\t{f.ad_account_id}\t{f.level}\t{f.entity_id}\t{f.on.isoformat()}\t"
        f"{_text(f.hour)}\t{f.spend_micros}\t{_text(f.impressions)}\t{_text(f.clicks)}\t{_text(f.conversions_milli)}\t"
        f"{_text(f.conversion_value_micros)}\t{f.fetched_at.isoformat()}\t{'t' if f.is_final else 'f'}\n"
        for f in facts
    ).encode()


def daily(facts: bytes) -> Outcome:
    """Upsert encoded daily facts with their revisions and account days. Keys must be unique in one call."""
    return _upsert(facts, _DAILY)


def hourly(facts: bytes) -> Outcome:
    """Upsert encoded hourly facts."""
    return _upsert(facts, _HOURLY)


@transaction.atomic
def _upsert(facts: bytes, statement: str) -> Outcome:
    if not facts:
        return Outcome()
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        with cursor.copy(f"COPY lane_staged_facts ({_COPIED}) FROM STDIN") as copy:
            copy.write(facts)
        cursor.execute(statement)
        return Outcome(*(int(number) for number in cursor.fetchone()))


def _text(value: int | None) -> str:
    return r"\N" if value is None else str(value)
