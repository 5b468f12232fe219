"""What a CSV file writes: its account, campaigns, budgets and facts, all in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta

from campaigns.events import AccountAdded, AccountSynced
from campaigns.models import (
    AdAccount,
    AdCampaign,
    Budget,
    BudgetSpender,
    BudgetValue,
    CsvImport,
    EntityStatus,
)
from campaigns.platforms import registry
from campaigns.sync import partitions, reconcile, upsert, windows
from campaigns.sync.csv_files import Row
from lane.accounts.models import Client
from lane.audit.services import record
from lane.core import clock, dates, realtime
from lane.core.actors import Actor
from lane.core.outbox import publish

RECOMMEND_ONLY = "Fed by CSV files: Lane recommends and cannot write here."
_ON = ("enabled", "active", "eligible", "learning")
_OFF = ("paused", "inactive", "not delivering", "off")


def account_key(client: Client, name: str) -> str:
    """The id of an account that no platform gave one: the same client and name are the same account."""
    return "csv-" + hashlib.sha256(f"{client.public_id}|{name.lower()}".encode()).hexdigest()[:24]


def write(csv_import: CsvImport, rows: list[Row], actor: Actor) -> None:
    """Store the file's rows in the caller's transaction; the account is made when it is the first file of it."""
    account = csv_import.ad_account or _make_account(csv_import, actor)
    csv_import.ad_account = account
    campaigns = _write_campaigns(account, rows)
    _write_budgets(account, rows, campaigns)
    _write_facts(account, rows, campaigns)
    publish(
        AccountSynced(
            organization_id=account.organization_id, account_id=str(account.public_id), kind="import"
        )
    )
    realtime.changed(account.organization_id, "account", str(account.public_id), client_id=account.client_id)


def _make_account(csv_import: CsvImport, actor: Actor) -> AdAccount:
    account = AdAccount.objects.create(
        organization_id=csv_import.organization_id,
        client_id=csv_import.client_id,
        platform=csv_import.platform,
        source=AdAccount.Source.CSV,
        external_id=account_key(csv_import.client, csv_import.account_name),
        name=csv_import.account_name,
        currency=csv_import.currency,
        timezone=csv_import.timezone,
        recommend_only_reason=RECOMMEND_ONLY,
    )
    record("campaigns.account.added", actor=actor, obj=account, after={"source": "csv", "name": account.name})
    publish(
        AccountAdded(
            organization_id=account.organization_id,
            account_id=str(account.public_id),
            client_id=str(csv_import.client.public_id),
        )
    )
    return account


def _write_campaigns(account: AdAccount, rows: list[Row]) -> dict[str, AdCampaign]:
    """One campaign per id, or per name where the file has no ids; the last row's name and status count."""
    now = clock.now()
    latest = {row.campaign_key: row for row in sorted(rows, key=lambda row: row.on)}
    known = {row.external_id: row for row in account.ad_campaigns.select_for_update().order_by("pk")}
    for key, row in latest.items():
        campaign = known.get(key) or AdCampaign(
            organization_id=account.organization_id,
            client_id=account.client_id,
            ad_account=account,
            external_id=key[:64],
        )
        campaign.name, campaign.raw_status = row.campaign[:400], row.status[:60]
        campaign.status, campaign.seen_at = _status(row.status), now
        campaign.save()
        known[key] = campaign
    return known


def _status(raw: str) -> str:
    said = raw.lower()
    if said.startswith(_OFF):
        return str(EntityStatus.PAUSED)
    return str(EntityStatus.ACTIVE if said.startswith(_ON) else EntityStatus.UNKNOWN)


def _write_budgets(account: AdAccount, rows: list[Row], campaigns: Mapping[str, AdCampaign]) -> None:
    """A budget per campaign, or per budget name where the file has one; an amount only if the file tells it."""
    now = clock.now()
    known = {row.external_id: row for row in account.budgets.select_for_update().order_by("pk")}
    spent_from: dict[str, str] = {}
    values: dict[tuple[str, date], int] = {}
    for row in sorted(rows, key=lambda row: row.on):
        key = f"name:{row.budget_name}"[:64] if row.budget_name else f"campaign:{row.campaign_key}"[:64]
        spent_from[row.campaign_key] = key
        budget = known.setdefault(
            key,
            Budget(
                organization_id=account.organization_id,
                client_id=account.client_id,
                ad_account=account,
                external_id=key,
                name=(row.budget_name or row.campaign)[:400],
                kind=Budget.Kind.NONE,
                currency=account.currency,
                shared=bool(row.budget_name),
                seen_at=now,
            ),
        )
        budget.seen_at = now
        if row.budget_micros is not None:
            budget.kind, budget.amount_micros = Budget.Kind.DAILY, row.budget_micros
            values[key, row.on] = row.budget_micros
    for budget in known.values():
        budget.save()
    for campaign_key, key in spent_from.items():
        campaign, budget = campaigns[campaign_key], known[key]
        if campaign.budget_id != budget.pk:
            campaign.budget = budget
            campaign.save(update_fields=["budget", "updated_at"])
        BudgetSpender.objects.update_or_create(
            level=BudgetSpender.Level.CAMPAIGN, entity_id=campaign.pk, defaults={"budget": budget}
        )
    BudgetValue.objects.bulk_create(
        [
            BudgetValue(budget=known[key], on=on, last_micros=micros, highest_micros=micros, seen_at=now)
            for (key, on), micros in values.items()
        ],
        update_conflicts=True,
        unique_fields=["budget", "on"],
        update_fields=["last_micros", "highest_micros", "seen_at"],
    )


def _write_facts(account: AdAccount, rows: list[Row], campaigns: Mapping[str, AdCampaign]) -> None:
    now = clock.now()
    today = clock.today(account.timezone)
    settled = windows.final_through(today, registry.capabilities_of(account.platform))
    first, last = min(row.on for row in rows), max(row.on for row in rows)
    partitions.ensure(first, last)
    upsert.daily(
        upsert.encode(
            upsert.Fact(
                organization_id=account.organization_id,
                client_id=account.client_id,
                ad_account_id=account.pk,
                level=int(BudgetSpender.Level.CAMPAIGN),
                entity_id=campaigns[row.campaign_key].pk,
                on=row.on,
                spend_micros=row.spend_micros,
                impressions=row.impressions,
                clicks=row.clicks,
                conversions_milli=row.conversions_milli,
                conversion_value_micros=row.conversion_value_micros,
                fetched_at=now,
                is_final=row.on <= settled,
            )
            for row in rows
        )
    )
    totals: dict[date, int] = {}
    for row in rows:
        totals[row.on] = totals.get(row.on, 0) + row.spend_micros
    reconcile.note_days(account, totals, fetched_at=now, settled=settled, platform_micros=totals)
    # A file knows nothing of the time after its last day, however late it is uploaded.
    known_until = min(now, dates.day_start(last + timedelta(days=1), account.timezone))
    account.facts_synced_at = max(known_until, account.facts_synced_at or known_until)
    account.structure_synced_at = account.facts_synced_at
    account.final_through = max(min(last, settled), account.final_through or min(last, settled))
    account.save(update_fields=["facts_synced_at", "structure_synced_at", "final_through", "updated_at"])
