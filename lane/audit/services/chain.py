"""One gapless hash chain per organization, so that a changed, removed or moved entry shows.

Entries are written unsealed in the transaction that did the thing. The sealer then numbers them and ties each
to the one before with an HMAC of its content, keyed by the installation's pepper: whoever holds only the
database cannot forge a chain. Cutting the newest entries *and* rewriting the head to match is the one thing a
chain alone cannot show; keep the output of ``manage.py audit head`` elsewhere and check against it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from lane.audit.models import AuditEntry, AuditHead
from lane.core import clock

BATCH = 1000
_PROBLEMS_TOLD = 50
_SEAL_FIELDS = frozenset({"seq", "prev_hash", "hash"})
_CONTENT_FIELDS = [
    f.attname for f in AuditEntry._meta.concrete_fields if f.attname not in _SEAL_FIELDS | {"id"}
]


@dataclass(slots=True)
class Verification:
    """What checking one organization's chain found. ``problems`` is empty when it is whole."""

    organization_id: int
    entries: int = 0
    unsealed: int = 0
    head_seq: int = 0
    head_hash: str = ""
    problems: list[str] = field(default_factory=list)
    problem_count: int = 0

    @property
    def ok(self) -> bool:
        """Whether the chain is whole."""
        return self.problem_count == 0

    def add(self, problem: str) -> None:
        """Note a problem; only the first ones are told, all are counted."""
        self.problem_count += 1
        if len(self.problems) < _PROBLEMS_TOLD:
            self.problems.append(problem)


def seal(organization_id: int | None = None) -> int:
    """Chain every entry that waits, of one organization or of all. Returns how many were sealed."""
    waiting = AuditEntry.objects.filter(seq__isnull=True)
    if organization_id is not None:
        waiting = waiting.filter(organization_id=organization_id)
    organizations = sorted(set(waiting.order_by().values_list("organization_id", flat=True).distinct()))
    return sum(_seal_all(each) for each in organizations)


def _seal_all(organization_id: int) -> int:
    sealed = 0
    while batch := _seal_batch(organization_id):
        sealed += batch
        if batch < BATCH:
            break
    return sealed


@transaction.atomic
def _seal_batch(organization_id: int) -> int:
    """Seal the oldest waiting entries. The locked head lets one sealer at a time number them."""
    AuditHead.objects.get_or_create(organization_id=organization_id)
    head = AuditHead.objects.select_for_update().get(organization_id=organization_id)
    rows = list(
        AuditEntry.objects.filter(organization_id=organization_id, seq__isnull=True)
        .order_by("id")
        .values("id", *_CONTENT_FIELDS)[:BATCH]
    )
    if not rows:
        return 0
    numbers, before, after = [], [], []
    for row in rows:
        numbers.append(head.seq + 1)
        before.append(head.hash)
        head.seq, head.hash = head.seq + 1, entry_hash(row, seq=head.seq + 1, prev_hash=head.hash)
        after.append(head.hash)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_auditentry AS entry SET seq = new.seq, prev_hash = new.before, hash = new.after"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[]) AS new(id, seq, before, after)"
            " WHERE entry.id = new.id AND entry.seq IS NULL",
            [[row["id"] for row in rows], numbers, before, after],
        )
    head.sealed_at = clock.machine_now()
    head.save(update_fields=["seq", "hash", "sealed_at"])
    return len(rows)


def verify(organization_id: int, *, head: tuple[int, str] | None = None) -> Verification:
    """Recompute an organization's chain from its first entry, and note the result on its head.

    ``head`` is a number and hash kept elsewhere: the chain must still hold that entry.
    """
    result = Verification(organization_id)
    stored = AuditHead.objects.filter(organization_id=organization_id).first()
    expected_seq, last_hash = 1, ""
    kept = head
    for row in _sealed(organization_id):
        result.entries += 1
        seq = row["seq"]
        if seq != expected_seq:
            last = seq - 1
            missing = f"Entry {expected_seq}" if last == expected_seq else f"Entries {expected_seq} to {last}"
            result.add(f"{missing} missing.")
        elif row["prev_hash"] != last_hash:
            result.add(f"Entry {seq} does not follow entry {seq - 1}: the order was changed.")
        if not hmac.compare_digest(row["hash"], entry_hash(row, seq=seq, prev_hash=row["prev_hash"])):
            result.add(f"Entry {seq} ({row['action']}) was changed after it was sealed.")
        if kept and seq == kept[0]:
            if row["hash"] != kept[1]:
                result.add(f"Entry {seq} is not the one whose hash was kept elsewhere.")
            kept = None
        expected_seq, last_hash = seq + 1, row["hash"]
    if kept and kept[0]:
        result.add(f"Entry {kept[0]}, whose hash was kept elsewhere, is missing.")
    result.head_seq, result.head_hash = expected_seq - 1, last_hash
    _compare_head(result, stored)
    result.unsealed = AuditEntry.objects.filter(organization_id=organization_id, seq__isnull=True).count()
    AuditHead.objects.filter(organization_id=organization_id).update(
        verified_at=clock.machine_now(), verified_ok=result.ok
    )
    return result


def _compare_head(result: Verification, stored: AuditHead | None) -> None:
    if stored is None:
        if result.entries:
            result.add("The head of the chain is missing.")
        return
    # The sealer may have gone on since the head was read; then the chain is longer, never shorter.
    if stored.seq > result.head_seq:
        result.add(f"Entries {result.head_seq + 1} to {stored.seq} were cut off the end.")
    elif stored.seq == result.head_seq and stored.hash != result.head_hash:
        result.add("The head of the chain does not match its last entry.")
    elif stored.seq < result.head_seq:
        now = AuditHead.objects.filter(organization_id=result.organization_id).first()
        if now is None or now.seq < result.head_seq:
            result.add("The head of the chain lies before its last entry: the head was changed.")


def _sealed(organization_id: int) -> Iterator[dict[str, Any]]:
    sealed = AuditEntry.objects.filter(organization_id=organization_id, seq__isnull=False).order_by("seq")
    yield from sealed.values("id", *_CONTENT_FIELDS, *_SEAL_FIELDS).iterator(chunk_size=2000)


def entry_hash(row: dict[str, Any], *, seq: int, prev_hash: str) -> str:
    """The seal of one entry: an HMAC over its number, its predecessor's seal and all of its content."""
    content = {name: _canonical(row[name]) for name in _CONTENT_FIELDS}
    text = json.dumps(
        ["lane-audit-1", seq, prev_hash, content], sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hmac.new(_key(), text.encode(), hashlib.sha256).hexdigest()


def _key() -> bytes:
    return hmac.new(settings.LANE_TOKEN_PEPPER.encode(), b"audit chain", hashlib.sha256).digest()


def _canonical(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, UUID) else value
