"""What every connector keeps, read and written against the running sandbox through the real SDKs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.platforms.errors import Invalid, NotFound
from campaigns.platforms.records import (
    AccountRecord,
    BudgetKind,
    EntityRef,
    EntityStatus,
    Grain,
    Level,
    MetricRow,
    Money,
    ReceiptStatus,
    SetBudget,
    SetStatus,
)
from tests.platforms.conftest import Connected, Control


@dataclass
class Scene:
    """One connector, one advertiser account of it and a day that has long settled."""

    connector: Any
    account: AccountRecord
    settled: date
    connected: Connected
    control: Control

    def budget(self) -> Any:
        """A daily budget in use, the largest of the account."""
        daily = [
            record
            for record in self.connector.list_entities(self.account, Level.BUDGET)
            if record.budget_kind is BudgetKind.DAILY and record.status is EntityStatus.ACTIVE
        ]
        return max(daily, key=lambda record: record.budget.micros)

    def campaign(self) -> Any:
        """A campaign that is switched on."""
        return next(
            record
            for record in self.connector.list_entities(self.account, Level.CAMPAIGN)
            if record.raw_status in {"ENABLED", "ACTIVE"}
        )

    def raised(self, budget: Any, by: int = 2_000_000) -> SetBudget:
        target = Money(budget.budget.micros + by, budget.budget.currency)
        return SetBudget(budget.ref, budget.budget_kind, target, budget.budget)

    def amount(self, ref: EntityRef) -> Money | None:
        state = self.connector.read_state(self.account, [ref])[ref]
        return state.budget


@pytest.fixture
def scene(connected: Connected, control: Control) -> Scene:
    return scene_of(connected, control)


def scene_of(connected: Connected, control: Control) -> Scene:
    connector = connected.connector()
    account = next(
        account
        for account in sorted(connector.list_accounts(), key=lambda account: account.external_id)
        if not account.is_manager and account.currency in {"EUR", "GBP", "USD"}
    )
    today = control.now().astimezone(ZoneInfo(account.timezone)).date()
    return Scene(connector, account, today - timedelta(days=20), connected, control)


def spend(rows: Iterable[MetricRow]) -> dict[tuple[str, date], int]:
    sums: dict[tuple[str, date], int] = defaultdict(int)
    for row in rows:
        sums[row.ref.external_id, row.on] += row.spend_micros
    return dict(sums)


def test_the_credentials_are_proved_and_renewed(scene: Scene) -> None:
    bundle = scene.connector.refresh_auth()
    assert bundle.access_token


def test_accounts_tell_currency_zone_and_the_way_to_them(connected: Connected) -> None:
    accounts = connected.connector().list_accounts()
    advertisers = [account for account in accounts if not account.is_manager]
    assert len({account.external_id for account in accounts}) == len(accounts)
    assert len(advertisers) >= 3
    for account in advertisers:
        assert account.name
        assert len(account.currency) == 3
        ZoneInfo(account.timezone)
    if connected.platform.value == "google_ads":
        managers = {account.external_id for account in accounts if account.is_manager}
        assert all(account.access_path in managers for account in advertisers)


def test_every_parent_and_budget_named_by_an_entity_exists(scene: Scene) -> None:
    records = {
        level: {record.ref: record for record in scene.connector.list_entities(scene.account, level)}
        for level in Level
    }
    known = {ref for level in records.values() for ref in level}
    assert all(records[level] for level in Level)
    for level in Level:
        for record in records[level].values():
            assert record.name
            assert record.parent_ref is None or record.parent_ref in known
            assert record.budget_ref is None or record.budget_ref in known
    used = {
        record.budget_ref for level in (Level.CAMPAIGN, Level.GROUP) for record in records[level].values()
    }
    assert set(records[Level.BUDGET]) <= used
    for budget in records[Level.BUDGET].values():
        assert budget.budget.currency == scene.account.currency
        assert budget.budget.micros > 0


def test_the_hours_of_a_settled_day_add_up_to_the_day(scene: Scene) -> None:
    days = scene.connector.fetch_metrics(
        scene.account, Level.CAMPAIGN, Grain.DAY, scene.settled, scene.settled
    )
    hours = list(
        scene.connector.fetch_metrics(scene.account, Level.CAMPAIGN, Grain.HOUR, scene.settled, scene.settled)
    )
    assert spend(days) == spend(hours)
    assert sum(spend(hours).values()) > 0
    assert {row.hour for row in hours} <= set(range(24))
    assert all(row.is_final for row in hours)


@pytest.mark.parametrize("level", [Level.GROUP, Level.AD])
def test_the_parts_of_a_day_add_up_to_its_campaigns(scene: Scene, level: Level) -> None:
    totals = []
    for part in (Level.CAMPAIGN, level):
        rows = list(
            scene.connector.fetch_metrics(scene.account, part, Grain.DAY, scene.settled, scene.settled)
        )
        totals.append(
            (
                sum(row.spend_micros for row in rows),
                sum(row.clicks for row in rows),
                sum(row.impressions for row in rows),
            )
        )
    assert totals[0] == totals[1]
    assert totals[0][0] > 0


def test_the_accounts_own_total_is_what_its_campaigns_spent(scene: Scene) -> None:
    first = scene.settled - timedelta(days=2)
    rows = scene.connector.fetch_metrics(scene.account, Level.CAMPAIGN, Grain.DAY, first, scene.settled)
    sums: dict[date, int] = defaultdict(int)
    for row in rows:
        sums[row.on] += row.spend_micros
    assert scene.connector.account_spend(scene.account, first, scene.settled) == sums


def test_a_month_is_the_sum_of_its_weeks(scene: Scene) -> None:
    first = scene.settled - timedelta(days=13)
    middle = first + timedelta(days=6)
    whole = scene.connector.fetch_metrics(scene.account, Level.CAMPAIGN, Grain.DAY, first, scene.settled)
    halves = [
        *scene.connector.fetch_metrics(scene.account, Level.CAMPAIGN, Grain.DAY, first, middle),
        *scene.connector.fetch_metrics(
            scene.account, Level.CAMPAIGN, Grain.DAY, middle + timedelta(days=1), scene.settled
        ),
    ]
    assert spend(whole) == spend(halves)


def test_a_recent_day_is_not_final(scene: Scene) -> None:
    recent = scene.settled + timedelta(days=18)
    rows = list(scene.connector.fetch_metrics(scene.account, Level.CAMPAIGN, Grain.DAY, recent, recent))
    assert rows
    assert not any(row.is_final for row in rows)


def test_figures_of_a_budget_or_hours_of_an_ad_are_refused(scene: Scene) -> None:
    with pytest.raises(Invalid):
        scene.connector.fetch_metrics(scene.account, Level.BUDGET, Grain.DAY, scene.settled, scene.settled)
    with pytest.raises(Invalid):
        scene.connector.fetch_metrics(scene.account, Level.AD, Grain.HOUR, scene.settled, scene.settled)


def test_conversions_are_restated_while_settled_spend_stays(scene: Scene) -> None:
    settled, last = scene.settled + timedelta(days=14), scene.settled + timedelta(days=19)

    def read() -> tuple[dict[tuple[str, date], int], Decimal]:
        rows = list(scene.connector.fetch_metrics(scene.account, Level.CAMPAIGN, Grain.DAY, settled, last))
        conversions = sum((row.conversions for row in rows if row.conversions is not None), Decimal(0))
        return spend(row for row in rows if row.on == settled), conversions

    before = read()
    scene.control.advance(12 * 86_400)
    after = read()
    assert after[0] == before[0]
    assert after[1] > before[1]


def test_a_budget_is_set_once_and_reads_back(scene: Scene) -> None:
    budget = scene.budget()
    change = scene.raised(budget)
    assert scene.amount(budget.ref) == budget.budget
    receipt = scene.connector.apply(scene.account, change)
    assert receipt.status is ReceiptStatus.ACCEPTED
    assert scene.amount(budget.ref) == change.target
    written = [entry for entry in scene.control.journal() if entry["effective"]]
    assert len(written) == 1
    assert str(written[0]["entity"]).endswith(budget.ref.external_id)
    assert receipt.request_id == written[0]["request_id"]


def test_a_dry_run_is_validated_and_changes_nothing(scene: Scene) -> None:
    budget = scene.budget()
    receipt = scene.connector.apply(scene.account, scene.raised(budget), dry_run=True)
    assert receipt.status is ReceiptStatus.VALIDATED
    assert scene.amount(budget.ref) == budget.budget
    assert not [entry for entry in scene.control.journal() if entry["effective"]]


def test_a_campaign_is_paused_and_resumed(scene: Scene) -> None:
    campaign = scene.campaign()
    for target in (EntityStatus.PAUSED, EntityStatus.ACTIVE):
        scene.connector.apply(scene.account, SetStatus(campaign.ref, target))
        state = scene.connector.read_state(scene.account, [campaign.ref])[campaign.ref]
        assert state.status is target


def test_a_budget_the_platform_could_not_store_is_refused_before_it_is_sent(scene: Scene) -> None:
    budget = scene.budget()
    for micros in (0, -5_000_000, budget.budget.micros + 1):
        change = SetBudget(budget.ref, budget.budget_kind, Money(micros, budget.budget.currency))
        with pytest.raises(Invalid) as refused:
            scene.connector.apply(scene.account, change)
        assert refused.value.field == "target"
    with pytest.raises(Invalid):
        scene.connector.apply(
            scene.account, SetBudget(budget.ref, budget.budget_kind, Money(5_000_000, "JPY"))
        )
    assert scene.control.journal() == []


def test_a_budget_below_the_platform_minimum_is_refused_by_the_platform(scene: Scene) -> None:
    budget = scene.budget()
    change = SetBudget(budget.ref, budget.budget_kind, Money(10_000, budget.budget.currency))
    with pytest.raises(Invalid) as refused:
        scene.connector.apply(scene.account, change)
    assert refused.value.code
    assert scene.amount(budget.ref) == budget.budget


def test_an_unknown_entity_is_absent_when_read_and_not_found_when_written(scene: Scene) -> None:
    budget, unknown = scene.budget(), EntityRef(Level.BUDGET, "999999999999")
    assert set(scene.connector.read_state(scene.account, [unknown, budget.ref])) == {budget.ref}
    with pytest.raises(NotFound):
        scene.connector.apply(
            scene.account, SetBudget(unknown, BudgetKind.DAILY, Money(5_000_000, scene.account.currency))
        )


def test_an_entity_of_another_account_is_absent(scene: Scene) -> None:
    others = [
        account
        for account in scene.connector.list_accounts()
        if not account.is_manager and account.external_id != scene.account.external_id
    ]
    assert scene.connector.read_state(others[0], [scene.budget().ref]) == {}


def test_somebody_elses_edit_is_told_with_its_author_and_values(scene: Scene) -> None:
    budget = scene.budget()
    since = scene.control.now() - timedelta(minutes=1)
    micros = budget.budget.micros + 7_000_000
    scene.control.edit(
        scene.connected.platform, budget.ref.external_id, daily_budget_micros=micros, actor="anna@example.com"
    )
    scene.control.advance(600)
    (change,) = [
        change
        for change in scene.connector.external_changes(scene.account, since)
        if change.ref.external_id == budget.ref.external_id
    ]
    assert (change.ref, change.actor) == (budget.ref, "anna@example.com")
    assert change.old == {"budget_micros": budget.budget.micros}
    assert change.new == {"budget_micros": micros}
    assert since <= change.at <= scene.control.now()
    assert scene.amount(budget.ref) == Money(micros, budget.budget.currency)


def test_a_closed_connector_can_be_used_again(scene: Scene) -> None:
    scene.connector.close()
    assert scene.connector.list_accounts()


def test_a_shared_budget_is_one_budget_of_several_campaigns(google: Connected, control: Control) -> None:
    connector = google.connector()
    shared = {}
    for account in connector.list_accounts():
        if account.is_manager:
            continue
        for budget in connector.list_entities(account, Level.BUDGET):
            if budget.shared:
                campaigns = connector.list_entities(account, Level.CAMPAIGN)
                shared[budget.ref] = [record for record in campaigns if record.budget_ref == budget.ref]
    assert shared
    assert all(len(campaigns) > 1 for campaigns in shared.values())


def test_only_amounts_of_budgets_and_switches_of_campaigns_are_written(scene: Scene) -> None:
    budget, campaign = scene.budget(), scene.campaign()
    for change in (
        SetBudget(campaign.ref, BudgetKind.DAILY, scene.raised(budget).target),
        SetBudget(budget.ref, BudgetKind.NONE, scene.raised(budget).target),
        SetStatus(budget.ref, EntityStatus.PAUSED),
        SetStatus(campaign.ref, EntityStatus.REMOVED),
    ):
        with pytest.raises(Invalid):
            scene.connector.apply(scene.account, change)
    assert scene.control.journal() == []


def test_a_lifetime_budget_is_read_and_set_as_one_total(meta: Connected, control: Control) -> None:
    connector = meta.connector()
    account, budget = next(
        (account, record)
        for account in connector.list_accounts()
        for record in connector.list_entities(account, Level.BUDGET)
        if record.budget_kind is BudgetKind.LIFETIME
    )
    target = Money(budget.budget.micros + 50_000_000, budget.budget.currency)
    connector.apply(account, SetBudget(budget.ref, BudgetKind.LIFETIME, target))
    state = connector.read_state(account, [budget.ref])[budget.ref]
    assert (state.budget_kind, state.budget) == (BudgetKind.LIFETIME, target)
    assert budget.ends_on
