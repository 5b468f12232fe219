"""An ad platform in memory that speaks the connector protocol and fails on request.

It stands for the external system only: what Lane does with it is the real code on a real database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import ClassVar

from campaigns.platforms.errors import Ambiguous
from campaigns.platforms.records import (
    AccountRecord,
    BudgetKind,
    Capabilities,
    EntityRecord,
    EntityRef,
    EntityState,
    EntityStatus,
    ExternalChange,
    Grain,
    Level,
    MetricRow,
    Money,
    Platform,
    PlatformChange,
    Receipt,
    ReceiptStatus,
    SetBudget,
    TokenBundle,
)

CAPABILITIES = Capabilities(
    hourly=True,
    shared_budgets=True,
    lifetime_budgets=True,
    validate_only=True,
    external_changes=True,
    max_lookback_days=1095,
    settle_days=3,
    restate_days=30,
    report_lag_hours=3,
    writes_per_entity_per_hour=None,
    in_flight_seconds=120,
)


class FakePlatform:
    """Holds live values, journals every write that lands, and plays one fault per call when told to."""

    platform: ClassVar[Platform] = Platform.GOOGLE_ADS

    def __init__(self) -> None:
        self.capabilities = CAPABILITIES
        self.states: dict[EntityRef, EntityState] = {}
        self.journal: list[tuple[EntityRef, object]] = []
        self.calls = 0
        self.write_faults: list[object] = []
        self.read_faults: list[object] = []
        self.late: list[PlatformChange] = []
        self.before_apply: Callable[[], None] | None = None

    def budget(self, external_id: str, micros: int, currency: str = "EUR") -> EntityRef:
        """A daily budget that exists there."""
        ref = EntityRef(Level.BUDGET, external_id)
        money = Money(micros, currency)
        self.states[ref] = EntityState(ref, EntityStatus.ACTIVE, "ENABLED", money, BudgetKind.DAILY)
        return ref

    def campaign(self, external_id: str, status: EntityStatus = EntityStatus.ACTIVE) -> EntityRef:
        """A campaign that exists there."""
        ref = EntityRef(Level.CAMPAIGN, external_id)
        self.states[ref] = EntityState(ref, status, status.upper())
        return ref

    def micros(self, ref: EntityRef) -> int:
        """What a budget is there now."""
        money = self.states[ref].budget
        assert money is not None
        return money.micros

    def land_late_writes(self) -> None:
        """Writes whose answer was lost arrive now."""
        for change in self.late:
            self._land(change)
        self.late.clear()

    # --- the connector protocol ----------------------------------------------------------------------
    def read_state(
        self, account: AccountRecord, refs: Sequence[EntityRef]
    ) -> Mapping[EntityRef, EntityState]:
        fault = self.read_faults.pop(0) if self.read_faults else None
        if isinstance(fault, Exception):
            raise fault
        if isinstance(fault, int):  # a stale reading
            return {ref: replace(self.states[ref], budget=Money(fault, "EUR")) for ref in refs}
        return {ref: self.states[ref] for ref in refs if ref in self.states}

    def apply(self, account: AccountRecord, change: PlatformChange, *, dry_run: bool = False) -> Receipt:
        self.calls += 1
        if self.before_apply is not None:
            self.before_apply()
        fault = self.write_faults.pop(0) if self.write_faults else None
        if fault == "ignore":
            return Receipt(ReceiptStatus.ACCEPTED, f"req-{self.calls}")
        if fault == "drop_after":
            self._land(change)
            raise Ambiguous("The connection broke.")
        if fault == "late":
            self.late.append(change)
            raise Ambiguous("The connection broke.")
        if isinstance(fault, Exception):
            raise fault
        self._land(change)
        return Receipt(ReceiptStatus.ACCEPTED, f"req-{self.calls}")

    def _land(self, change: PlatformChange) -> None:
        state = self.states[change.ref]
        if isinstance(change, SetBudget):
            self.states[change.ref] = replace(state, budget=change.target)
            self.journal.append((change.ref, change.target.micros))
        else:
            self.states[change.ref] = replace(state, status=change.target, raw_status=change.target.upper())
            self.journal.append((change.ref, str(change.target)))

    def refresh_auth(self) -> TokenBundle:
        return TokenBundle("token")

    def list_accounts(self) -> Sequence[AccountRecord]:
        return []

    def list_entities(
        self, account: AccountRecord, level: Level, since: datetime | None = None
    ) -> Sequence[EntityRecord]:
        return []

    def fetch_metrics(
        self, account: AccountRecord, level: Level, grain: Grain, start: date, end: date
    ) -> Iterable[MetricRow]:
        return []

    def external_changes(self, account: AccountRecord, since: datetime) -> Sequence[ExternalChange]:
        return []

    def close(self) -> None:
        return None
