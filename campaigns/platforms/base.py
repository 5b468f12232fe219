"""The contract every ad-platform connector keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar, Protocol

from campaigns.platforms.records import (
    AccountRecord,
    BudgetSimulation,
    Capabilities,
    EntityRecord,
    EntityRef,
    EntityState,
    ExternalChange,
    Grain,
    Level,
    MetricRow,
    Platform,
    PlatformChange,
    Receipt,
    TokenBundle,
)


class AdPlatform(Protocol):
    """One connection to one platform. Every method raises only the errors of ``errors.py``.

    Reads either return everything asked for or raise: rows of a stream that broke are discarded. A connector
    is cheap to build, is not shared between threads of different connections, and is closed by its user.
    """

    platform: ClassVar[Platform]
    capabilities: ClassVar[Capabilities]

    @property
    def calls_made(self) -> int:
        """Calls that counted against the platform's limits since this connector was built."""

    def refresh_auth(self) -> TokenBundle:
        """Prove the credentials and return the ones to store from now on. Raises ``AuthError``."""

    def list_accounts(self) -> Sequence[AccountRecord]:
        """Every account the login can reach, managers included."""

    def list_entities(
        self, account: AccountRecord, level: Level, since: datetime | None = None
    ) -> Sequence[EntityRecord]:
        """All entities of one level, removed ones included where the platform still lists them."""

    def fetch_metrics(
        self, account: AccountRecord, level: Level, grain: Grain, start: date, end: date
    ) -> Iterable[MetricRow]:
        """Facts of the days ``start``..``end`` inclusive, in account-local days."""

    def account_spend(self, account: AccountRecord, start: date, end: date) -> Mapping[date, int]:
        """Micros spent per account-local day as the platform itself totals them: what facts must add up to.

        A day without spend is absent.
        """

    def lifetime_spend(self, account: AccountRecord, level: Level) -> Mapping[EntityRef, int]:
        """Micros each campaign or group has ever spent; one that never spent may be absent."""

    def budget_simulations(self, account: AccountRecord) -> Sequence[BudgetSimulation]:
        """The platform's own estimates of its campaigns at other budgets; none where it makes none."""

    def read_state(
        self, account: AccountRecord, refs: Sequence[EntityRef]
    ) -> Mapping[EntityRef, EntityState]:
        """Live state of the named entities; unknown ones are absent from the answer.

        ``status`` is the switch as it is set (active, paused, removed), so that it compares with a
        ``SetStatus``; delivery health (limited, ended) is told by ``list_entities`` only.
        """

    def apply(self, account: AccountRecord, change: PlatformChange, *, dry_run: bool = False) -> Receipt:
        """Send one write once. Reading before and after, and comparing, belong to the ledger.

        Raises ``Ambiguous`` when the answer was lost, ``Invalid`` when the platform said no, and ``Transient``
        or ``RateLimited`` only when it is certain that nothing landed.
        """

    def external_changes(self, account: AccountRecord, since: datetime) -> Sequence[ExternalChange]:
        """Edits since an instant, oldest first; Lane's own writes may be among them (see ``client``)."""

    def close(self) -> None:
        """Release sockets and channels."""
