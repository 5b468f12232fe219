"""Which accounts need a sync now, and the largest kind each needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Max

from campaigns.models import AdAccount, Connection, SyncRun
from campaigns.services.sync.runs import SILENT_AFTER
from campaigns.sync import windows
from campaigns.sync.windows import LastDone, SyncKind
from lane.core import clock


@dataclass(frozen=True, slots=True)
class Due:
    """One account that needs one kind of sync now."""

    account_id: int
    kind: SyncKind


def sync_due(now: datetime | None = None, *, account_id: int | None = None) -> list[Due]:
    """Every account that needs a sync now, with the largest kind it needs. The caller fans them out."""
    at = now or clock.now()
    machine = clock.machine_now()
    accounts = (
        AdAccount.objects.filter(
            source=AdAccount.Source.API,
            sync_enabled=True,
            status=AdAccount.Status.ACTIVE,
            connection__status=Connection.Status.OK,
            client__archived_at__isnull=True,
        )
        .exclude(sync_runs__state=SyncRun.State.RUNNING, sync_runs__heartbeat_at__gt=machine - SILENT_AFTER)
        .exclude(sync_runs__state=SyncRun.State.FAILED, sync_runs__retry_at__gt=machine)
        .order_by("pk")
    )
    if account_id is not None:
        accounts = accounts.filter(pk=account_id)
    done = _last_done([account.pk for account in accounts])
    found = []
    for account in accounts:
        kind = windows.due(done.get(account.pk, LastDone()), at, at.astimezone(ZoneInfo(account.timezone)))
        if kind is not None:
            found.append(Due(account.pk, kind))
    return found


def _last_done(account_ids: Iterable[int]) -> dict[int, LastDone]:
    rows = (
        SyncRun.objects.filter(ad_account_id__in=list(account_ids), state=SyncRun.State.DONE)
        .values("ad_account_id", "kind")
        .annotate(at=Max("started_at"))
        .order_by()
    )
    found: dict[int, dict[str, datetime]] = {}
    for row in rows:
        found.setdefault(row["ad_account_id"], {})[row["kind"]] = row["at"]
    return {account_id: LastDone(**kinds) for account_id, kinds in found.items()}
