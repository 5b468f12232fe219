"""From a platform's report to facts: entities get Lane's keys, days without a row become true zeros."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import connection as database

from campaigns.models import Ad, AdAccount, AdCampaign, AdGroup, BudgetSpender
from campaigns.platforms.records import EntityStatus, Level, MetricRow
from campaigns.sync import partitions
from campaigns.sync.upsert import Fact, Outcome, daily, encode, hourly
from lane.core import clock
from lane.core.dates import DateRange

LEVELS = {
    Level.CAMPAIGN: int(BudgetSpender.Level.CAMPAIGN),
    Level.GROUP: int(BudgetSpender.Level.GROUP),
    Level.AD: int(BudgetSpender.Level.AD),
}


def store_daily(
    account: AdAccount,
    level: Level,
    rows: Sequence[MetricRow],
    days: DateRange,
    ids: Mapping[str, int],
    *,
    fetched_at: datetime,
    settled: date,
) -> Outcome:
    """Store one complete daily report of one level; call it inside a transaction.

    Reports leave out rows without activity, so a fact that was there and is not reported any more has become
    zero. Removed entities are left as they are: some platforms stop reporting them, and their spend stays true.
    """
    partitions.ensure(days.first, days.last)
    keys = with_missing(account, level, {row.ref.external_id for row in rows}, ids)
    facts = [_fact(account, level, row, keys[row.ref.external_id], fetched_at, settled) for row in rows]
    facts += _vanished(
        account, level, days, {(fact.entity_id, fact.on) for fact in facts}, fetched_at, settled
    )
    return daily(encode(facts))


def store_hourly(
    account: AdAccount,
    rows: Sequence[MetricRow],
    days: DateRange,
    ids: Mapping[str, int],
    *,
    fetched_at: datetime,
    settled: date,
) -> Outcome:
    """Store one complete hourly report of campaigns; call it inside a transaction."""
    partitions.ensure(days.first, days.last)
    keys = with_missing(account, Level.CAMPAIGN, {row.ref.external_id for row in rows}, ids)
    return hourly(
        encode(
            _fact(account, Level.CAMPAIGN, row, keys[row.ref.external_id], fetched_at, settled)
            for row in rows
        )
    )


def with_missing(
    account: AdAccount, level: Level, wanted: Iterable[str], ids: Mapping[str, int]
) -> dict[str, int]:
    """Keys of all wanted entities. One the platform reports but does not list was removed there: its spend
    still counts, so it gets a row that says so."""
    found = dict(ids)
    missing = sorted(set(wanted) - set(found))
    if not missing:
        return found
    mirrored = {Level.CAMPAIGN: account.ad_campaigns, Level.GROUP: account.ad_groups, Level.AD: account.ads}
    found |= dict(mirrored[level].filter(external_id__in=missing).values_list("external_id", "pk"))
    for external_id in sorted(set(missing) - set(found)):
        found[external_id] = _stand_in(account, level, external_id)
    return found


def _stand_in(account: AdAccount, level: Level, external_id: str) -> int:
    now = clock.now()
    values = {
        "organization_id": account.organization_id,
        "client_id": account.client_id,
        "ad_account": account,
        "external_id": external_id,
        "name": f"Removed {level.value} {external_id}",
        "status": EntityStatus.REMOVED.value,
        "removed_at": now,
        "seen_at": now,
    }
    if level is Level.CAMPAIGN:
        return AdCampaign.objects.create(**values).pk
    parent = _unlisted_parent(account)
    if level is Level.GROUP:
        return AdGroup.objects.create(ad_campaign=parent, **values).pk
    group, _ = AdGroup.objects.get_or_create(
        ad_account=account,
        external_id="unlisted",
        defaults={**values, "external_id": "unlisted", "name": "No longer listed", "ad_campaign": parent},
    )
    return Ad.objects.create(ad_group=group, **values).pk


def _unlisted_parent(account: AdAccount) -> AdCampaign:
    now = clock.now()
    campaign, _ = AdCampaign.objects.get_or_create(
        ad_account=account,
        external_id="unlisted",
        defaults={
            "organization_id": account.organization_id,
            "client_id": account.client_id,
            "name": "No longer listed",
            "status": EntityStatus.REMOVED.value,
            "removed_at": now,
            "seen_at": now,
        },
    )
    return campaign


def _fact(
    account: AdAccount, level: Level, row: MetricRow, entity_id: int, fetched_at: datetime, settled: date
) -> Fact:
    return Fact(
        organization_id=account.organization_id,
        client_id=account.client_id,
        ad_account_id=account.pk,
        level=LEVELS[level],
        entity_id=entity_id,
        on=row.on,
        hour=row.hour,
        spend_micros=row.spend_micros,
        impressions=row.impressions,
        clicks=row.clicks,
        conversions_milli=milli(row.conversions),
        conversion_value_micros=row.conversion_value_micros,
        fetched_at=fetched_at,
        is_final=row.on <= settled,
    )


def milli(conversions: Decimal | None) -> int | None:
    """Conversions as thousandths; attribution shares them out in fractions."""
    return None if conversions is None else int((conversions * 1000).to_integral_value())


def _vanished(
    account: AdAccount,
    level: Level,
    days: DateRange,
    reported: set[tuple[int, object]],
    fetched_at: datetime,
    settled: date,
) -> list[Fact]:
    table = {Level.CAMPAIGN: AdCampaign, Level.GROUP: AdGroup, Level.AD: Ad}[level]._meta.db_table
    with database.cursor() as cursor:
        cursor.execute(
            f'SELECT f.entity_id, f."on", f.conversions_milli IS NULL, f.conversion_value_micros IS NULL '
            f"FROM campaigns_daily_performance f JOIN {table} e ON e.id = f.entity_id "
            f'WHERE f.ad_account_id = %s AND f.level = %s AND f."on" BETWEEN %s AND %s '
            "AND e.removed_at IS NULL AND (f.spend_micros, f.impressions, f.clicks, "
            "coalesce(f.conversions_milli, 0), coalesce(f.conversion_value_micros, 0)) <> (0, 0, 0, 0, 0)",
            [account.pk, LEVELS[level], days.first, days.last],
        )
        known = cursor.fetchall()
    return [
        Fact(
            organization_id=account.organization_id,
            client_id=account.client_id,
            ad_account_id=account.pk,
            level=LEVELS[level],
            entity_id=entity_id,
            on=on,
            spend_micros=0,
            impressions=0,
            clicks=0,
            conversions_milli=None if no_conversions else 0,
            conversion_value_micros=None if no_value else 0,
            fetched_at=fetched_at,
            is_final=on <= settled,
        )
        for entity_id, on, no_conversions, no_value in known
        if (entity_id, on) not in reported
    ]
