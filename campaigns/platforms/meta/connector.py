"""Meta in Lane's words: reads through Graph, writes one absolute value at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from campaigns.platforms.currencies import micros_of
from campaigns.platforms.days import last_settled_day
from campaigns.platforms.errors import Ambiguous, AuthError, Invalid, NotFound
from campaigns.platforms.meta import fields, mapping, oauth, pager, reports, writes
from campaigns.platforms.meta.config import MetaConfig
from campaigns.platforms.meta.usage import INSIGHTS
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

if TYPE_CHECKING:
    from campaigns.platforms.meta.session import GraphLine

STATES_PER_CALL = 50


class MetaConnector:
    """One Meta login or system user.

    Meta has no budget of its own: a budget is the campaign or ad set that carries it, under that id.
    """

    platform: ClassVar[Platform] = Platform.META
    capabilities: ClassVar[Capabilities] = Capabilities(
        hourly=True,
        shared_budgets=False,
        lifetime_budgets=True,
        validate_only=True,
        external_changes=True,
        max_lookback_days=1095,
        settle_days=3,
        restate_days=28,
        report_lag_hours=3,
        writes_per_entity_per_hour=2,  # Meta blocks an ad set at four; the other two stay free for people
        in_flight_seconds=120,
        spend_caps=True,
        bid_targets=frozenset({BidKind.TARGET_CPA, BidKind.BID_CAP}),
        budget_simulations=False,
    )

    def __init__(
        self, config: MetaConfig, *, access_token: str, now: Callable[[], datetime] | None = None
    ) -> None:
        self.config = config
        self._access_token = access_token
        self._now = now or _utc_now
        self._opened: GraphLine | None = None

    def refresh_auth(self) -> TokenBundle:
        """Prove the token, then trade it for a fresh one.

        A system user's token does not end and is not traded: it stays as it is.
        """
        self._line.get(("me",), {"fields": "id"})
        try:
            return oauth.extend(self.config, self._access_token)
        except (AuthError, Invalid) as refused:
            if refused.code.startswith("190"):
                raise
            return TokenBundle(access_token=self._access_token)

    @property
    def calls_made(self) -> int:
        """Graph calls made so far."""
        return self._opened.calls if self._opened is not None else 0

    def list_accounts(self) -> Sequence[AccountRecord]:
        """Every ad account this login may see."""
        nodes = pager.rows(
            self._line, ("me", "adaccounts"), {"fields": fields.ACCOUNT, "limit": self.config.page_size}
        )
        return [mapping.account(node) for node in nodes]

    def list_entities(
        self, account: AccountRecord, level: Level, since: datetime | None = None
    ) -> Sequence[EntityRecord]:
        """All entities of a level, archived and deleted ones included; ``since`` narrows nothing."""
        now = self._now()
        if level is not Level.BUDGET:
            return [mapping.entity(node, level, account, now) for node in self._nodes(account, level)]
        carried = (
            mapping.budget(node, carrier, account, now)
            for carrier in (Level.CAMPAIGN, Level.GROUP)
            for node in self._nodes(account, carrier)
        )
        return [record for record in carried if record is not None]

    def fetch_metrics(
        self, account: AccountRecord, level: Level, grain: Grain, start: date, end: date
    ) -> Iterable[MetricRow]:
        """Daily facts of campaigns, ad sets and ads; hourly facts of campaigns. Idle days are absent."""
        asked = reports.parameters(level, grain, start, end, self.config.insights_page_size)
        path = (self._node(account), "insights")
        if reports.wants_report(level, start, end):
            rows = reports.run(
                self._line, path, asked, account.external_id, timeout=self.config.report_timeout
            )
        else:
            rows = pager.rows(self._line, path, asked, account_id=account.external_id, kind=INSIGHTS)
        fetched_at = self._now()
        final_until = last_settled_day(account, fetched_at, self.capabilities.settle_days)
        return [
            mapping.metric(
                row,
                level,
                grain,
                conversion_actions=self.config.conversion_actions,
                fetched_at=fetched_at,
                final_until=final_until,
            )
            for row in rows
        ]

    def account_spend(self, account: AccountRecord, start: date, end: date) -> Mapping[date, int]:
        """The account's total per day, which Meta adds up over deleted campaigns too."""
        rows = pager.rows(
            self._line,
            (self._node(account), "insights"),
            reports.account_parameters(start, end, self.config.insights_page_size),
            account_id=account.external_id,
            kind=INSIGHTS,
        )
        return {date.fromisoformat(row["date_start"]): micros_of(row.get("spend", "0")) for row in rows}

    def lifetime_spend(self, account: AccountRecord, level: Level) -> Mapping[EntityRef, int]:
        """Micros each campaign or ad set has ever spent, as far back as Meta tells (37 months)."""
        rows = pager.rows(
            self._line,
            (self._node(account), "insights"),
            reports.lifetime_parameters(level, self.config.insights_page_size),
            account_id=account.external_id,
            kind=INSIGHTS,
        )
        key = fields.INSIGHT_IDS[level]
        return {EntityRef(level, str(row[key])): micros_of(row.get("spend", "0")) for row in rows}

    def budget_simulations(self, account: AccountRecord) -> Sequence[BudgetSimulation]:
        """None: Meta tells no such estimates of running campaigns."""
        return ()

    def read_state(
        self, account: AccountRecord, refs: Sequence[EntityRef]
    ) -> Mapping[EntityRef, EntityState]:
        """Live switches and amounts; unknown entities, and those of other accounts, are absent."""
        states: dict[EntityRef, EntityState] = {}
        for level, asked in fields.STATE.items():
            wanted = [ref for ref in refs if ref.level is level]
            nodes = self._by_id(account, sorted({ref.external_id for ref in wanted}), asked)
            for ref in wanted:
                node = nodes.get(ref.external_id)
                if node is not None and str(node.get("account_id", "")) == _bare(account):
                    states[ref] = mapping.state(node, ref, account)
        return states

    def apply(self, account: AccountRecord, change: PlatformChange, *, dry_run: bool = False) -> Receipt:
        """Post one absolute value to one node. ``{"success": true}`` proves nothing: read back.

        ``Transient`` is raised only when nothing was sent; a lost answer is ``Ambiguous``.
        """
        from campaigns.platforms.meta.session import graph_id

        node = graph_id(change.ref.external_id)
        params = writes.params(account, change)
        if dry_run:
            params["execution_options"] = ["validate_only"]
        answer = self._line.write((node,), params, account_id=account.external_id)
        request_id = self._line.last_request_id
        if not (answer.get("success") is True or answer.get("id")):
            raise Ambiguous(
                "Meta answered without saying that it was done.", code="no_success", request_id=request_id
            )
        return Receipt(ReceiptStatus.VALIDATED if dry_run else ReceiptStatus.ACCEPTED, request_id)

    def external_changes(self, account: AccountRecord, since: datetime) -> Sequence[ExternalChange]:
        """Edits of budgets and switches from the account's activity log, Lane's own included."""
        rows = pager.rows(
            self._line,
            (self._node(account), "activities"),
            {
                "fields": fields.ACTIVITIES,
                "since": int(since.timestamp()),
                "until": int(self._now().timestamp()) + 60,
                "limit": self.config.page_size,
            },
            account_id=account.external_id,
        )
        changes = (mapping.change(row, account) for row in rows)
        found = [change for change in changes if change is not None and change.at >= since]
        return sorted(found, key=lambda change: change.at)

    def close(self) -> None:
        """Close the sockets."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _line(self) -> GraphLine:
        from campaigns.platforms.meta.session import GraphLine

        if self._opened is None:
            self._opened = GraphLine(self.config, self._access_token)
        return self._opened

    def _node(self, account: AccountRecord) -> str:
        from campaigns.platforms.meta.session import account_node

        return account_node(account.external_id)

    def _nodes(self, account: AccountRecord, level: Level) -> list[dict[str, Any]]:
        return pager.rows(
            self._line,
            (self._node(account), fields.EDGES[level]),
            {
                "fields": fields.ENTITIES[level],
                "effective_status": fields.STATUSES[level],
                "limit": self.config.page_size,
            },
            account_id=account.external_id,
        )

    def _by_id(self, account: AccountRecord, ids: Sequence[str], asked: str) -> dict[str, Any]:
        """Nodes by id. One unknown id fails a whole batch at Graph, so such a batch is read one by one."""
        from campaigns.platforms.meta.session import graph_id

        found: dict[str, Any] = {}
        for at in range(0, len(ids), STATES_PER_CALL):
            batch = [graph_id(external_id) for external_id in ids[at : at + STATES_PER_CALL]]
            try:
                found |= self._batch(account, batch, asked)
            except (NotFound, Invalid):
                for external_id in batch:
                    try:
                        found |= self._batch(account, [external_id], asked)
                    except NotFound:
                        continue
        return found

    def _batch(self, account: AccountRecord, ids: Sequence[str], asked: str) -> dict[str, Any]:
        return self._line.get(("",), {"ids": ",".join(ids), "fields": asked}, account_id=account.external_id)


def _bare(account: AccountRecord) -> str:
    return account.external_id.removeprefix("act_")


def _utc_now() -> datetime:
    return datetime.now(UTC)
