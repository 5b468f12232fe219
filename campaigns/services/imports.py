"""CSV files as a way in without API access: upload, map, look at it, carry it out; twice changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db import connection as database
from django.db import transaction

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
from campaigns.platforms.records import Platform
from campaigns.sync import csv_files, partitions, reconcile, upsert, windows
from campaigns.sync.csv_columns import FIELDS
from campaigns.sync.csv_files import Parsed, Row, Table
from campaigns.sync.csv_values import NotReadable
from lane.accounts import policies
from lane.accounts.models import Client
from lane.audit.services import record
from lane.core import clock, dates, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate
from lane.core.outbox import publish

ERRORS_KEPT = 200
RECOMMEND_ONLY = "Fed by CSV files: Lane recommends and cannot write here."
_ON = ("enabled", "active", "eligible", "learning")
_OFF = ("paused", "inactive", "not delivering", "off")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do: its rows and problems, and how the rows compare with what is stored."""

    parsed: Parsed
    header: list[str]
    new: int
    changed: int
    unchanged: int

    @property
    def can_run(self) -> bool:
        """Whether there is anything to import."""
        return not self.parsed.blocking and bool(self.parsed.rows)


def upload(
    *,
    client: Client,
    account_name: str,
    currency: str,
    timezone: str,
    file_name: str,
    data: bytes,
    actor: Actor,
    platform: str = "",
) -> CsvImport:
    """Keep an uploaded export for its preview. The file imported last is recognised and returned again.

    ``platform`` empty means: tell by the column names.
    """
    policies.require(actor, "change", client)
    name = " ".join(account_name.split())
    _require_account(name, currency, timezone)
    found, text = _read(data)
    chosen = platform or (found.recognised.platform or "")
    if chosen not in list(Platform):
        raise InvalidInput(
            fields={"platform": "The columns fit no platform Lane knows. Choose the platform."}
        )
    digest = hashlib.sha256(data).hexdigest()
    with transaction.atomic():
        account = _known_account(client, chosen, name)
        if account is not None:
            if account.currency != currency:
                raise InvalidInput(
                    fields={"currency": f"Earlier files of this account are in {account.currency}."}
                )
            last = CsvImport.objects.filter(ad_account=account, state=CsvImport.State.DONE).first()
            if last is not None and last.content_digest == digest:
                return last
        csv_import = CsvImport.objects.create(
            organization_id=client.organization_id,
            client=client,
            platform=chosen,
            ad_account=account,
            account_name=name,
            currency=currency,
            timezone=account.timezone if account else timezone,
            file_name=file_name[:200],
            content_digest=digest,
            content=text.replace("\0", ""),
            mapping=found.recognised.columns,
            uploaded_by_id=actor.user_id,
        )
        _keep_preview(csv_import, preview(csv_import))
    return csv_import


def map_columns(import_id: UUID | str, *, columns: Mapping[str, int], actor: Actor) -> CsvImport:
    """Say by hand which column is which; the preview is made again."""
    with transaction.atomic():
        csv_import = _own(import_id, actor)
        width = len(csv_files.table(csv_import.content).header)
        if unknown := set(columns) - set(FIELDS):
            raise InvalidInput(fields={"columns": f"Lane knows no field called {sorted(unknown)[0]}."})
        if any(not 0 <= at < width for at in columns.values()):
            raise InvalidInput(fields={"columns": "One of the chosen columns is not in the file."})
        if len(set(columns.values())) < len(columns):
            raise InvalidInput(fields={"columns": "One column was chosen for two fields."})
        csv_import.mapping = dict(columns)
        _keep_preview(csv_import, preview(csv_import))
    return csv_import


def preview(csv_import: CsvImport) -> Preview:
    """What the file would do now; writes nothing."""
    found = csv_files.table(csv_import.content)
    parsed = csv_files.parse(
        found,
        csv_import.mapping,
        currency=csv_import.currency,
        today=clock.today(csv_import.timezone),
    )
    known = _stored(csv_import.ad_account, parsed.rows)
    fresh = [row for row in parsed.rows if (row.campaign_key, row.on) not in known]
    same = sum(known.get((row.campaign_key, row.on)) == _numbers(row) for row in parsed.rows)
    return Preview(parsed, found.header, len(fresh), len(parsed.rows) - len(fresh) - same, same)


def carry_out(
    import_id: UUID | str, *, actor: Actor, leave_out_bad_rows: bool = False, dry_run: bool = False
) -> CsvImport:
    """Write the file's account, campaigns, budgets and facts in one transaction; a dry run only counts.

    Rows with problems stop the import unless the person says to leave them out.
    """
    with transaction.atomic():
        csv_import = _own(import_id, actor)
        made = preview(csv_import)
        _keep_preview(csv_import, made)
        if dry_run:
            return csv_import
        if made.parsed.blocking:
            raise InvalidInput(made.parsed.blocking)
        if made.parsed.problems and not leave_out_bad_rows:
            raise InvalidInput(
                f"{len(made.parsed.problems)} rows cannot be used. Correct the file, or choose to leave them out."
            )
        if not made.parsed.rows:
            raise InvalidInput("No usable row is left in this file.")
        _write(csv_import, made.parsed.rows, actor)
        csv_import.state = CsvImport.State.DONE
        csv_import.save()
        record(
            "campaigns.import.done",
            actor=actor,
            obj=csv_import,
            object_label=csv_import.file_name,
            after={
                "account": csv_import.account_name,
                "rows_new": made.new,
                "rows_changed": made.changed,
                "rows_unchanged": made.unchanged,
                "rows_left_out": len(made.parsed.problems),
                "digest": csv_import.content_digest,
            },
        )
    return csv_import


def _read(data: bytes) -> tuple[Table, str]:
    if not data.strip():
        raise InvalidInput(fields={"file": "The file is empty. Export the report again."})
    if len(data) > csv_files.MAX_BYTES:
        raise InvalidInput(fields={"file": "The file is larger than 10 MB. Export a shorter period."})
    text = csv_files.decode(data)
    try:
        return csv_files.table(text), text
    except NotReadable as wrong:
        raise InvalidInput(fields={"file": f"{wrong.problem} {wrong.fix}"}) from wrong


def _require_account(name: str, currency: str, timezone: str) -> None:
    problems = {}
    if not name:
        problems["account_name"] = "Write the account's name, as you know it at the platform."
    if len(currency) != 3 or not currency.isalpha() or not currency.isupper():
        problems["currency"] = "Write a currency code like EUR."
    if not dates.is_zone(timezone):
        problems["timezone"] = "Choose a time zone like Europe/Berlin."
    if problems:
        raise InvalidInput(fields=problems)


def _known_account(client: Client, platform: str, name: str) -> AdAccount | None:
    return (
        AdAccount.objects.locked()
        .filter(
            client=client,
            platform=platform,
            source=AdAccount.Source.CSV,
            external_id=_account_key(client, name),
        )
        .first()
    )


def _account_key(client: Client, name: str) -> str:
    return "csv-" + hashlib.sha256(f"{client.public_id}|{name.lower()}".encode()).hexdigest()[:24]


def _own(import_id: UUID | str, actor: Actor) -> CsvImport:
    try:
        csv_import = CsvImport.objects.visible_to(actor).locked().get(public_id=import_id)
    except (CsvImport.DoesNotExist, ValueError):
        raise NotVisible from None
    policies.require(actor, "change", csv_import)
    if csv_import.state == CsvImport.State.DONE:
        raise OutOfDate("This file was already imported.")
    return csv_import


def _keep_preview(csv_import: CsvImport, made: Preview) -> None:
    problems = [problem.as_record() for problem in made.parsed.problems[:ERRORS_KEPT]]
    if made.parsed.blocking:
        problems.insert(0, {"row": 0, "column": "", "problem": made.parsed.blocking, "fix": ""})
    csv_import.errors = problems
    csv_import.rows_total = made.parsed.total
    csv_import.rows_new, csv_import.rows_changed = made.new, made.changed
    csv_import.rows_unchanged = made.unchanged
    csv_import.save()


def _numbers(row: Row) -> tuple[int | None, ...]:
    return (row.spend_micros, row.impressions, row.clicks, row.conversions_milli, row.conversion_value_micros)


def _stored(account: AdAccount | None, rows: Iterable[Row]) -> dict[tuple[str, date], tuple[int | None, ...]]:
    """The facts already stored for these rows, by campaign key and day."""
    days = [row.on for row in rows]
    if account is None or not days:
        return {}
    with database.cursor() as cursor:
        cursor.execute(
            'SELECT c.external_id, f."on", f.spend_micros, f.impressions, f.clicks, f.conversions_milli, '
            "f.conversion_value_micros FROM campaigns_daily_performance f "
            "JOIN campaigns_adcampaign c ON c.id = f.entity_id "
            'WHERE f.ad_account_id = %s AND f.level = 1 AND f."on" BETWEEN %s AND %s',
            [account.pk, min(days), max(days)],
        )
        return {(row[0], row[1]): tuple(row[2:]) for row in cursor.fetchall()}


def _write(csv_import: CsvImport, rows: list[Row], actor: Actor) -> None:
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
        external_id=_account_key(csv_import.client, csv_import.account_name),
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
