"""Syncing accounts of the running sandbox through the unmodified SDKs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from campaigns.models import (
    AccountDay,
    AccountDayFreshness,
    Ad,
    AdAccount,
    AdCampaign,
    AdGroup,
    Budget,
    BudgetValue,
    Connection,
    DailyPerformance,
    Drift,
    HourlyPerformance,
    PerformanceRevision,
    SyncRun,
)
from campaigns.platforms import registry
from campaigns.services import accounts, sync
from campaigns.sync import reconcile, windows
from lane.accounts.models import Client, Organization
from lane.core import clock
from lane.core.actors import Actor
from lane.core.dates import DateRange
from lane.core.errors import InvalidInput
from lane.core.models import Event
from tests.campaigns.sandbox_login import connect, control
from tests.campaigns.world import fact, person, put

pytestmark = pytest.mark.django_db
PLATFORMS = ["google_ads", "meta"]


@dataclass
class Connected:
    """A login with its first accounts assigned to one client."""

    sandbox: dict
    admin: Actor
    connection: Connection
    accounts: list[AdAccount]

    @property
    def organization(self) -> Organization:
        return self.connection.organization

    @property
    def account(self) -> AdAccount:
        return self.accounts[0]

    @property
    def client(self) -> Client:
        return self.account.client

    def fault(self, effect: str, **rule) -> None:
        control(self.sandbox, "POST", "faults", platform=self.connection.platform, effect=effect, **rule)

    def calm(self) -> None:
        control(self.sandbox, "DELETE", "faults")

    def advance(self, **delta: float) -> None:
        """Move the sandbox and business time together."""
        seconds = timedelta(**delta).total_seconds()
        control(self.sandbox, "POST", "clock", advance_seconds=seconds)
        follow(self.sandbox)


def follow(sandbox: dict) -> None:
    """Business time is what the sandbox's clock says."""
    now = datetime.fromisoformat(control(sandbox, "GET", "clock")["now"])
    clock.set_offset(now - clock.machine_now())


def make(sandbox: dict, platform: str, count: int = 1) -> Connected:
    follow(sandbox)
    organization = Organization.objects.create(name="Northbank")
    client = Client.objects.create(organization=organization, name="Pinewick")
    _, admin = person(organization, "admin")
    connection = connect(admin, platform)
    found = [each.record for each in accounts.available(connection) if each.can_be_assigned]
    made = [
        accounts.assign(connection, each.external_id, client, admin, found=each) for each in found[:count]
    ]
    return Connected(sandbox, admin, connection, made)


@pytest.fixture
def google(sandbox_reset) -> Connected:
    yield make(sandbox_reset, "google_ads", 2)
    clock.forget()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_first_sync_brings_structure_ninety_days_and_hours_that_add_up(sandbox_reset, platform):
    world = make(sandbox_reset, platform)
    account = world.accounts[0]
    run = sync.sync_account(account.pk, "history")
    assert (run.state, run.error) == ("done", "")
    assert (run.days_done, run.days_total, run.rows_new) == (91, 91, run.rows_read)
    account.refresh_from_db()
    today = clock.today(account.timezone)
    assert account.facts_synced_at == run.started_at
    assert account.final_through == today - timedelta(days=4)
    for model in (Budget, AdCampaign, AdGroup, Ad):
        assert model.objects.filter(ad_account=account).exists(), model
    assert BudgetValue.objects.filter(on=today).exists()
    days = AccountDayFreshness.objects.filter(ad_account=account)
    assert days.count() == 91
    assert not reconcile.mismatches(account, windows.window(windows.SyncKind.HISTORY, today,
                                    registry.capabilities_of(platform)))  # fmt: skip
    assert AccountDay.objects.filter(spend_micros__gt=0).count() > 60
    assert reconcile.account_day_drift() == 0
    assert HourlyPerformance.objects.exists()
    by_level = [
        sum(DailyPerformance.objects.filter(level=level).values_list("spend_micros", flat=True))
        for level in (1, 2)
    ]
    assert by_level[0] == by_level[1] > 0
    assert Event.objects.filter(name="campaigns.account.synced").count() == 1
    clock.forget()


def test_reading_again_changes_nothing_and_a_later_day_restates(google):
    account = google.accounts[0]
    sync.sync_account(account.pk, "history")
    revisions = PerformanceRevision.objects.count()
    again = sync.sync_account(account.pk, "recent")
    assert (again.state, again.rows_new, again.rows_changed) == ("done", 0, 0)
    assert PerformanceRevision.objects.count() == revisions
    google.advance(days=2)
    later = sync.sync_account(account.pk, "nightly")
    assert later.state == "done", later.error
    assert later.rows_new > 0
    assert later.rows_changed > 0
    assert PerformanceRevision.objects.count() > revisions
    assert reconcile.account_day_drift() == 0


def test_one_failing_account_does_not_stop_the_other(google):
    broken, fine = google.accounts
    google.fault("transient", account=broken.external_id)
    runs = [sync.sync_account(account.pk, "recent") for account in (broken, fine)]
    assert [run.state for run in runs] == ["failed", "done"]
    assert runs[0].error
    assert runs[0].retry_at > clock.machine_now()
    assert not DailyPerformance.objects.filter(ad_account_id=broken.pk).exists()
    google.connection.refresh_from_db()
    assert google.connection.status == "ok"


def test_a_failed_history_goes_on_where_it_stopped(google):
    account = google.accounts[0]
    google.fault("transient", method="*SearchStream", account=account.external_id, nth=11)
    run = sync.sync_account(account.pk, "history")
    assert run.state == "failed", "the fault must hit the second batch"
    assert run.done_through is not None
    google.calm()
    first = run.done_through
    seen = DailyPerformance.objects.count()
    run = sync.sync_account(account.pk, "history")
    assert (run.state, run.days_done, run.days_total) == ("done", 91, 91)
    assert DailyPerformance.objects.count() > seen
    assert not DailyPerformance.objects.filter(on__lte=first, fetched_at__gte=run.started_at).exists()


def test_a_stream_that_breaks_leaves_no_half_day(google):
    account = google.accounts[0]
    google.fault("mid_stream_abort", account=account.external_id)
    run = sync.sync_account(account.pk, "recent")
    assert run.state == "failed"
    assert not DailyPerformance.objects.exists()
    assert not AdCampaign.objects.exists()


def test_a_revoked_login_stops_the_syncs_and_is_told_once(google):
    google.fault("revoked_refresh")
    for account in google.accounts:
        if Connection.objects.get().status == "ok":
            assert sync.sync_account(account.pk, "recent").error_kind == "signed_out"
    assert Connection.objects.get().status == "reconnect"
    assert Event.objects.filter(name="campaigns.connection.lost").count() == 1
    assert sync.sync_due() == []
    with pytest.raises(InvalidInput, match="connected again"):
        sync.sync_account(google.accounts[0].pk, "recent")


def test_an_expired_access_token_is_renewed_without_anybody_noticing(google):
    google.fault("expired_token", times=1)
    run = sync.sync_account(google.accounts[0].pk, "recent")
    assert (run.state, run.error) == ("done", "")


def test_two_workers_cannot_read_one_account_at_once_and_a_dead_one_is_replaced(google):
    account = google.accounts[0]
    running = SyncRun.objects.create(
        organization_id=account.organization_id, client_id=account.client_id, ad_account=account,
        kind="recent", started_at=clock.now(), heartbeat_at=clock.machine_now(),
    )  # fmt: skip
    assert sync.sync_account(account.pk, "recent") == running
    assert not DailyPerformance.objects.exists()
    SyncRun.objects.update(heartbeat_at=clock.machine_now() - timedelta(minutes=11))
    assert sync.sync_account(account.pk, "recent").state == "done"
    running.refresh_from_db()
    assert (running.state, running.error_kind) == ("failed", "worker_lost")


def test_what_is_due_follows_what_was_done(google):
    first, second = google.accounts
    assert {(due.account_id, due.kind) for due in sync.sync_due()} == {
        (first.pk, "history"),
        (second.pk, "history"),
    }
    sync.sync_account(first.pk, "history")
    assert [due.account_id for due in sync.sync_due()] == [second.pk]
    assert sync.sync_if_due(first.pk) is None
    google.advance(hours=1)
    assert {due.kind for due in sync.sync_due(account_id=first.pk)} <= {"today", "nightly"}


def test_somebody_elses_budget_edit_shows_as_drift_with_who(google):
    account = google.accounts[0]
    sync.sync_account(account.pk, "recent")
    budget = Budget.objects.filter(ad_account=account, removed_at=None, kind="daily").first()
    Budget.objects.filter(pk=budget.pk).update(verified_micros=budget.amount_micros)
    control(
        google.sandbox, "POST", "edit", platform="google_ads", entity_id=budget.external_id,
        daily_budget_micros=budget.amount_micros + 10_000_000, actor="jonas@northbank.example",
    )  # fmt: skip
    assert sync.sync_account(account.pk, "today").state == "done"
    assert Drift.objects.get().edited_by == ""
    google.advance(minutes=10)
    assert sync.sync_account(account.pk, "today").state == "done"
    drift = Drift.objects.get()
    assert drift.observed_micros == budget.amount_micros + 10_000_000
    assert drift.edited_by == "jonas@northbank.example"
    assert drift.edited_at is not None


def test_a_change_of_currency_stops_automation_and_says_why(google):
    account = google.accounts[0]
    AdAccount.objects.filter(pk=account.pk).update(currency="CHF")
    run = sync.sync_account(account.pk, "recent")
    account.refresh_from_db()
    assert (run.state, run.error_kind) == ("failed", "account_changed")
    assert "CHF" in account.recommend_only_reason
    assert not DailyPerformance.objects.exists()


def test_a_listed_campaign_that_left_the_report_becomes_zero(google):
    account = google.accounts[0]
    sync.sync_account(account.pk, "today")
    idle = AdCampaign.objects.filter(ad_account=account, status="active").first()
    control(
        google.sandbox, "POST", "edit", platform="google_ads", entity_id=idle.external_id, status="paused"
    )
    google.advance(days=3)
    day = clock.today(account.timezone) - timedelta(days=1)
    put([fact(google, idle.pk, day, 7_000_000)])
    run = sync.sync_account(account.pk, "today")
    assert (run.state, run.error) == ("done", "")
    assert DailyPerformance.objects.get(entity_id=idle.pk, on=day, level=1).spend_micros == 0
    assert reconcile.account_day_drift() == 0


def test_a_removed_campaign_the_platform_no_longer_reports_keeps_its_spend_and_the_total_tells(google):
    account = google.accounts[0]
    sync.sync_account(account.pk, "nightly")
    day = clock.today(account.timezone) - timedelta(days=12)
    gone = AdCampaign.objects.create(
        organization=google.organization, client=google.client, ad_account=account, external_id="1",
        name="Gone", status="removed", removed_at=clock.now(), seen_at=clock.now(),
    )  # fmt: skip
    put([fact(google, gone.pk, day, 7_000_000)])
    run = sync.sync_account(account.pk, "nightly")
    assert (run.state, run.error_kind) == ("done", "totals_differ")
    (wrong,) = reconcile.mismatches(account, DateRange(day, day))
    assert wrong.facts_micros - wrong.platform_micros == 7_000_000
    assert DailyPerformance.objects.get(entity_id=gone.pk, level=1).spend_micros == 7_000_000


def test_the_large_reads_bring_ads_whose_spend_adds_up_to_their_campaigns(google):
    account = google.accounts[0]
    sync.sync_account(account.pk, "history")
    total = {
        level: sum(DailyPerformance.objects.filter(level=level).values_list("spend_micros", flat=True))
        for level in (1, 3)
    }
    assert total[1] > 0
    assert abs(total[3] - total[1]) <= total[1] // 1000
