"""CSV files as a way in without API access: upload, map, look at it, carry it out; twice changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from campaigns.models import AdAccount, CsvImport
from campaigns.platforms.records import Platform
from campaigns.services import import_writing
from campaigns.sync import csv_files
from campaigns.sync.csv_columns import FIELDS
from campaigns.sync.csv_files import Parsed, Row, Table
from campaigns.sync.csv_values import NotReadable
from lane.accounts import policies
from lane.accounts.models import Client
from lane.audit.services import record
from lane.core import clock, dates
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate

ERRORS_KEPT = 200


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
        import_writing.write(csv_import, made.parsed.rows, actor)
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
            external_id=import_writing.account_key(client, name),
        )
        .first()
    )


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
