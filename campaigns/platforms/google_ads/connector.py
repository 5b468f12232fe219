"""Google Ads in Lane's words: reads by GAQL, writes one absolute value at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from campaigns.platforms.days import last_settled_day, zone_of
from campaigns.platforms.errors import Ambiguous, AuthError, Invalid, NotFound
from campaigns.platforms.google_ads import errors, mapping, queries, simulations, writes
from campaigns.platforms.google_ads.client import GoogleAdsLine
from campaigns.platforms.google_ads.config import GoogleAdsConfig
from campaigns.platforms.records import (
    AccountRecord,
    BidKind,
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
    ReceiptStatus,
    TokenBundle,
)

STATES_PER_QUERY = 500
_PROHIBITED_WITH_HOUR = frozenset(
    {
        "PROHIBITED_SEGMENT_WITH_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
        "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
    }
)


class GoogleAdsConnector:
    """One Google login. ``login_customer_id`` is the manager to act through where an account names none."""

    platform: ClassVar[Platform] = Platform.GOOGLE_ADS
    capabilities: ClassVar[Capabilities] = Capabilities(
        hourly=True,
        shared_budgets=True,
        lifetime_budgets=True,
        validate_only=True,
        external_changes=True,
        max_lookback_days=1095,
        settle_days=3,  # invalid clicks are credited for up to three days
        restate_days=30,  # conversions are dated on the click; lag beyond this is read weekly, up to 90 days
        report_lag_hours=3,
        writes_per_entity_per_hour=None,
        in_flight_seconds=120,
        bid_targets=frozenset({BidKind.TARGET_CPA, BidKind.TARGET_ROAS}),
        budget_simulations=True,
    )

    def __init__(
        self,
        config: GoogleAdsConfig,
        *,
        refresh_token: str,
        login_customer_id: str = "",
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.config = config
        self._now = now or _utc_now
        self._line = GoogleAdsLine(config, refresh_token, login_customer_id)
        self._hourly_conversions = True

    @property
    def calls_made(self) -> int:
        """Operations of Google's daily quota used so far: a query counts one, whatever it returns."""
        return self._line.calls

    def refresh_auth(self) -> TokenBundle:
        """Prove the refresh token by using it. Raises ``AuthError`` once it is revoked."""
        return self._line.refresh()

    def list_accounts(self) -> Sequence[AccountRecord]:
        """Every account below the ones this login can open, each with the manager to act through.

        A root account that is closed or refuses this login is left out; it must not hide the others.
        """
        service = self._line.service("CustomerService")
        answer = self._line.call(
            lambda: service.list_accessible_customers(
                request=self._line.client().get_type("ListAccessibleCustomersRequest"),
                timeout=self.config.read_timeout,
            )
        )
        found: dict[str, AccountRecord] = {}
        for root in sorted(mapping.id_of(name) for name in answer.resource_names):
            try:
                rows = self._line.rows(root, queries.ACCOUNTS, via=root)
            except (Invalid, NotFound):
                continue
            except AuthError as refused:
                if refused.reauth_required:
                    raise
                continue
            for row in rows:
                record = mapping.account(row, root)
                known = found.get(record.external_id)
                # Through a manager is the better path: it shows the parent and survives a change of login.
                if known is None or (known.access_path == known.external_id and not record.is_manager):
                    found[record.external_id] = record
        return list(found.values())

    def list_entities(
        self, account: AccountRecord, level: Level, since: datetime | None = None
    ) -> Sequence[EntityRecord]:
        """All entities of a level. Google has no filter by time of change, so ``since`` narrows nothing."""
        rows = self._rows(account, queries.entities(level))
        return [mapping.entity(row, level, account) for row in rows]

    def fetch_metrics(
        self, account: AccountRecord, level: Level, grain: Grain, start: date, end: date
    ) -> Iterable[MetricRow]:
        """Daily facts of campaigns, groups and ads; hourly facts of campaigns. Idle days are absent."""
        rows, conversions = self._metric_rows(account, level, grain, start, end)
        fetched_at = self._now()
        final_until = last_settled_day(account, fetched_at, self.capabilities.settle_days)
        return [
            mapping.metric(
                row,
                level,
                grain,
                fetched_at=fetched_at,
                final_until=final_until,
                conversions=conversions,
            )
            for row in rows
        ]

    def account_spend(self, account: AccountRecord, start: date, end: date) -> Mapping[date, int]:
        """The account's total per day, which Google adds up over removed campaigns too."""
        rows = self._rows(account, queries.account_spend(start, end))
        return {date.fromisoformat(row.segments.date): row.metrics.cost_micros for row in rows}

    def lifetime_spend(self, account: AccountRecord, level: Level) -> Mapping[EntityRef, int]:
        """Micros each campaign or group has ever spent: without a date Google adds up all time."""
        rows = self._rows(account, queries.lifetime(level))
        return {mapping.state_ref(row, level): row.metrics.cost_micros for row in rows}

    def budget_simulations(self, account: AccountRecord) -> Sequence[BudgetSimulation]:
        """What Google simulated for other budgets of its campaigns; most campaigns have no simulation."""
        rows = self._rows(account, queries.BUDGET_SIMULATIONS)
        return [found for row in rows if (found := simulations.of(row)) is not None]

    def read_state(
        self, account: AccountRecord, refs: Sequence[EntityRef]
    ) -> Mapping[EntityRef, EntityState]:
        """Live switches and amounts; unknown entities are absent."""
        states: dict[EntityRef, EntityState] = {}
        for level in Level:
            ids = sorted({ref.external_id for ref in refs if ref.level is level})
            for at in range(0, len(ids), STATES_PER_QUERY):
                query = queries.states(level, ids[at : at + STATES_PER_QUERY])
                for row in self._rows(account, query):
                    ref = mapping.state_ref(row, level)
                    states[ref] = mapping.state(row, ref, account)
        return states

    def apply(self, account: AccountRecord, change: PlatformChange, *, dry_run: bool = False) -> Receipt:
        """Send one mutate with one hand-written field mask.

        The SDK's mask maker drops fields set to 0, and no mask means that Google changes nothing. ``Transient``
        is raised only when nothing was sent; a lost answer is ``Ambiguous``.
        """
        mutate = writes.mutate(self._line.client(account.access_path), account, change)
        mutate.request.partial_failure = True
        mutate.request.validate_only = dry_run
        send = getattr(self._line.service(mutate.service, account.access_path), mutate.method)
        answer = self._line.call(
            lambda: send(request=mutate.request, timeout=self.config.write_timeout), writing=True
        )
        request_id = self._line.last_request_id
        if answer.HasField("partial_failure_error"):
            failed = errors.partial_failures(answer.partial_failure_error, self.config.api_version)
            if failed:
                raise errors.from_failure(failed[min(failed)], request_id=request_id, writing=True)
            raise Ambiguous(
                "Google reported a failure without saying which.",
                code="PARTIAL_FAILURE",
                request_id=request_id,
            )
        if dry_run:
            return Receipt(ReceiptStatus.VALIDATED, request_id)
        if not answer.results or not answer.results[0].resource_name:
            raise Ambiguous(
                "Google accepted the change without naming it.", code="EMPTY_RESULT", request_id=request_id
            )
        return Receipt(ReceiptStatus.ACCEPTED, request_id)

    def external_changes(self, account: AccountRecord, since: datetime) -> Sequence[ExternalChange]:
        """Edits of campaigns and budgets, by whatever tool; Lane's own show as client GOOGLE_ADS_API.

        Google tells about three minutes late, for 30 days, 10,000 at a time: a full page is followed by the
        next one from its last instant on.
        """
        zone = zone_of(account)
        until = self._now() + timedelta(minutes=1)
        start = max(since, until - timedelta(days=queries.CHANGE_LOOKBACK_DAYS)).astimezone(zone)
        end = until.astimezone(zone)
        seen: dict[bytes, ExternalChange | None] = {}
        while start <= end:
            rows = self._rows(account, queries.changes(start, end))
            fresh = 0
            for row in rows:
                event = row.change_event
                key = event.SerializeToString()
                if key not in seen:
                    seen[key] = mapping.change(row, zone)
                    fresh += 1
            if len(rows) < queries.CHANGE_LIMIT or not fresh:
                break
            start = datetime.fromisoformat(rows[-1].change_event.change_date_time).replace(tzinfo=zone)
        return [change for change in seen.values() if change is not None]

    def close(self) -> None:
        """Close the channels."""
        self._line.close()

    def _rows(self, account: AccountRecord, query: str) -> list[Any]:
        return self._line.rows(account.external_id, query, via=account.access_path)

    def _metric_rows(
        self, account: AccountRecord, level: Level, grain: Grain, start: date, end: date
    ) -> tuple[list[Any], bool]:
        """Rows, and whether they tell conversions: Google decides which metrics go with the hour."""
        if grain is Grain.DAY or self._hourly_conversions:
            try:
                return self._rows(account, queries.metrics(level, grain, start, end)), True
            except Invalid as refused:
                if grain is Grain.DAY or refused.code not in _PROHIBITED_WITH_HOUR:
                    raise
                self._hourly_conversions = False
        query = queries.metrics(level, grain, start, end, conversions=False)
        return self._rows(account, query), False


def _utc_now() -> datetime:
    return datetime.now(UTC)
