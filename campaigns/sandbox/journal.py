"""Every write request that arrived, and whether it took effect: what tests hold against Lane's ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from campaigns.sandbox.calendar import utc_text
from campaigns.sandbox.clock import Clock
from campaigns.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Write:
    """One field of one entity that a client wants changed."""

    platform: str
    account: str
    entity: str
    field: str  # budget_micros | status | spend_cap_micros | bid
    value: Any
    request_id: str
    actor: str
    client: str


class Journal:
    """Append-only; only ``effective`` of an entry is written later, when a delayed change lands."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def add(
        self, write: Write, before: Any, *, effective: bool, note: str = "", dry_run: bool = False
    ) -> int:
        """Note one request."""
        entry = {
            "platform": write.platform,
            "account": write.account,
            "entity": write.entity,
            "field": write.field,
            "before": before,
            "after": write.value,
            "request_id": write.request_id,
            "actor": write.actor,
            "effective": effective,
            "dry_run": dry_run,
            "note": note,
            "at_virtual": utc_text(self._clock.now()),
            "at_real": utc_text(self._clock.real()),
        }
        return self._store.run("INSERT INTO journal (entry) VALUES (?)", json.dumps(entry))

    def landed(self, seq: int, before: Any) -> None:
        """A delayed change took effect after all."""
        rows = self._store.rows("SELECT entry FROM journal WHERE seq = ?", seq)
        if rows:
            entry = json.loads(rows[0][0]) | {
                "effective": True,
                "before": before,
                "landed_virtual": utc_text(self._clock.now()),
                "landed_real": utc_text(self._clock.real()),
            }
            self._store.run("UPDATE journal SET entry = ? WHERE seq = ?", json.dumps(entry), seq)

    def entries(self, *, since: int = 0, dry_runs: bool = False) -> list[dict[str, Any]]:
        """Entries after ``since`` in order of arrival; dry runs on request."""
        rows = self._store.rows("SELECT seq, entry FROM journal WHERE seq > ? ORDER BY seq", since)
        entries = [{"seq": seq} | json.loads(entry) for seq, entry in rows]
        return [entry for entry in entries if dry_runs or not entry["dry_run"]]
