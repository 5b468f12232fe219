"""CSV files as a way in: preview, refusals, the import, and importing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.models import (
    AccountDay,
    AdAccount,
    AdCampaign,
    Budget,
    BudgetSpender,
    CsvImport,
    DailyPerformance,
)
from campaigns.selectors import facts, freshness_of
from campaigns.services import imports
from lane.accounts.models import Client, Organization
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.errors import InvalidInput, NotAllowed, NotVisible, OutOfDate
from lane.core.models import Event
from tests.campaigns.world import person

pytestmark = pytest.mark.django_db
DAY = datetime.now(UTC).date() - timedelta(days=10)


def _csv(*rows: tuple[int, str, str, str]) -> bytes:
    lines = [
        f"{(DAY + timedelta(days=after)).isoformat()},{name},{budget},{cost}"
        for after, name, budget, cost in rows
    ]
    return ("Day,Campaign,Budget,Cost\n" + "\n".join(lines) + "\n").encode()


ROWS = (
    (0, "Cold brew", "50.00", "48.20"),
    (1, "Cold brew", "60.00", "61.90"),
    (1, "Espresso", "--", "12.00"),
)


@pytest.fixture
def client_row() -> Client:
    return Client.objects.create(organization=Organization.objects.create(name="Northbank"), name="Pinewick")


@pytest.fixture
def editor(client_row):
    return person(client_row.organization, "editor")[1]


def _upload(client_row, editor, data=None, **changes) -> CsvImport:
    given = {
        "account_name": "Pinewick search",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "file_name": "may.csv",
    }
    return imports.upload(client=client_row, data=data or _csv(*ROWS), actor=editor, **(given | changes))


def test_a_preview_counts_and_writes_nothing(client_row, editor):
    made = _upload(client_row, editor)
    assert (made.state, made.platform) == ("preview", "google_ads")
    assert (made.rows_total, made.rows_new, made.rows_changed, made.rows_unchanged, made.errors) == (
        3,
        3,
        0,
        0,
        [],
    )
    imports.carry_out(made.public_id, actor=editor, dry_run=True)
    assert not AdAccount.objects.exists()
    assert not DailyPerformance.objects.exists()


def test_an_import_makes_an_account_that_lane_can_pace_but_never_write(client_row, editor):
    done = imports.carry_out(_upload(client_row, editor).public_id, actor=editor)
    account = AdAccount.objects.get()
    assert (done.state, done.ad_account) == ("done", account)
    assert (account.source, account.connection) == ("csv", None)
    assert "cannot write" in account.recommend_only_reason
    assert account.final_through == DAY + timedelta(days=1)
    assert not freshness_of(account).is_stale
    budget = Budget.objects.get(name="Cold brew")
    assert (budget.kind, budget.amount_micros) == ("daily", 60_000_000)
    assert Budget.objects.get(name="Espresso").amount_micros is None
    assert facts.daily_spend([budget.pk], DAY, DAY + timedelta(days=9)) == {
        DAY: 48_200_000, DAY + timedelta(days=1): 61_900_000,
    }  # fmt: skip
    assert facts.budget_values([budget.pk], DAY, DAY)[budget.pk][DAY] == (50_000_000, 50_000_000)
    assert sum(AccountDay.objects.values_list("spend_micros", flat=True)) == 122_100_000
    assert Event.objects.filter(name="campaigns.account.synced").count() == 1
    assert AuditEntry.objects.filter(action="campaigns.import.done").count() == 1


def test_importing_the_same_file_again_changes_nothing(client_row, editor):
    imports.carry_out(_upload(client_row, editor).public_id, actor=editor)
    again = _upload(client_row, editor)
    assert (again.state, CsvImport.objects.count()) == ("done", 1)
    with pytest.raises(OutOfDate):
        imports.carry_out(again.public_id, actor=editor)
    assert DailyPerformance.objects.count() == 3


def test_a_newer_file_adds_and_restates_the_same_account(client_row, editor):
    imports.carry_out(_upload(client_row, editor).public_id, actor=editor)
    data = _csv(ROWS[0], (1, "Cold brew", "60.00", "59.00"), (2, "Cold brew", "60.00", "60.00"))
    made = _upload(client_row, editor, data)
    assert (made.rows_new, made.rows_changed, made.rows_unchanged) == (1, 1, 1)
    imports.carry_out(made.public_id, actor=editor)
    assert (AdAccount.objects.count(), AdCampaign.objects.count(), BudgetSpender.objects.count()) == (1, 2, 2)
    assert AccountDay.objects.get(on=DAY + timedelta(days=1)).spend_micros == 71_000_000
    assert (
        facts.spend_as_known_on(
            [Budget.objects.get(name="Cold brew").pk], DAY, DAY + timedelta(days=9), clock.now()
        )[DAY + timedelta(days=1)]
        == 59_000_000
    )


def test_rows_with_problems_stop_the_import_until_they_are_left_out(client_row, editor):
    made = _upload(client_row, editor, _csv(ROWS[0], (1, "Cold brew", "", "many")))
    assert [(error["row"], error["column"]) for error in made.errors] == [(3, "Cost")]
    with pytest.raises(InvalidInput, match="leave them out"):
        imports.carry_out(made.public_id, actor=editor)
    assert not DailyPerformance.objects.exists()
    imports.carry_out(made.public_id, actor=editor, leave_out_bad_rows=True)
    assert DailyPerformance.objects.count() == 1


def test_mixed_currencies_are_never_imported(client_row, editor):
    data = b"Day,Campaign,Cost,Currency code\n2026-05-01,A,1,EUR\n2026-05-02,A,1,USD\n"
    made = _upload(client_row, editor, data)
    assert "mixes currencies" in made.errors[0]["problem"]
    with pytest.raises(InvalidInput, match="mixes currencies"):
        imports.carry_out(made.public_id, actor=editor, leave_out_bad_rows=True)
    assert not AdAccount.objects.exists()


def test_another_currency_than_the_accounts_earlier_files_is_refused(client_row, editor):
    imports.carry_out(_upload(client_row, editor).public_id, actor=editor)
    with pytest.raises(InvalidInput) as refused:
        _upload(client_row, editor, currency="USD")
    assert "EUR" in refused.value.fields["currency"]


def test_unknown_columns_wait_for_a_person_to_name_them(client_row, editor):
    data = b"Tag;Kampagne;Kosten\n2026-05-01;A;1,50\n"
    with pytest.raises(InvalidInput) as refused:
        _upload(client_row, editor, data)
    assert "platform" in refused.value.fields
    made = _upload(client_row, editor, data, platform="google_ads")
    assert "No column for Day and Campaign and Spend" in made.errors[0]["problem"]
    mapped = imports.map_columns(made.public_id, columns={"day": 0, "campaign": 1, "cost": 2}, actor=editor)
    assert (mapped.errors, mapped.rows_new) == ([], 1)


@pytest.mark.parametrize(
    "columns", [{"day": 0, "campaign": 0, "cost": 2}, {"day": 0, "campaign": 1, "cost": 9}, {"nonsense": 1}]
)
def test_a_mapping_that_cannot_be_is_refused(client_row, editor, columns):
    made = _upload(client_row, editor)
    with pytest.raises(InvalidInput):
        imports.map_columns(made.public_id, columns=columns, actor=editor)
    made.refresh_from_db()
    assert made.mapping["day"] == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"currency": "euro"}, "currency"), ({"timezone": "Mars/Base"}, "timezone"), ({"account_name": "  "}, "account_name")],
)  # fmt: skip
def test_what_is_wrong_with_the_account_is_named(client_row, editor, changes, field):
    with pytest.raises(InvalidInput) as refused:
        _upload(client_row, editor, **changes)
    assert field in refused.value.fields
    assert not CsvImport.objects.exists()


@pytest.mark.parametrize("data", [b"  \n", b"\x00\x01PK", b"x" * (10 * 1024 * 1024 + 1)])
def test_a_file_that_is_no_export_is_refused(client_row, editor, data):
    with pytest.raises(InvalidInput) as refused:
        _upload(client_row, editor, data)
    assert "file" in refused.value.fields


def test_a_viewer_cannot_import_and_a_stranger_sees_nothing(client_row, editor):
    _, viewer = person(client_row.organization, "viewer")
    with pytest.raises(NotAllowed):
        _upload(client_row, viewer)
    made = _upload(client_row, editor)
    with pytest.raises(NotAllowed):
        imports.carry_out(made.public_id, actor=viewer)
    _, stranger = person(Organization.objects.create(name="Other"), "owner")
    with pytest.raises(NotVisible):
        imports.carry_out(made.public_id, actor=stranger)
    assert not DailyPerformance.objects.exists()


def test_counts_the_file_does_not_tell_are_unknown_and_never_zero(client_row, editor):
    imports.carry_out(_upload(client_row, editor).public_id, actor=editor)
    told = DailyPerformance.objects.values_list("impressions", "clicks", "conversions_milli")
    assert set(told) == {(None, None, None)}
    assert set(AccountDay.objects.values_list("impressions", "clicks")) == {(None, None)}
