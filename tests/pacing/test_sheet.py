"""Plans from pasted rows: what is shown is what is done, and a bad row costs nobody anything."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import Budget
from lane.accounts.models import Client
from lane.core import clock, outbox
from lane.core.errors import InvalidInput, OutOfDate
from lane.core.models import Event
from pacing.models import BudgetPlan
from pacing.services import sheet
from pacing.services.sheet_cells import recognise
from tests.api.callers import Caller
from tests.campaigns.world import make_budget, person
from tests.pacing.pages_world import EURO, Pages, make_pages, make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages() -> Pages:
    return make_pages()


@pytest.fixture
def editor(pages):
    return person(pages.world.organization, "editor")[1]


def budget_called(pages: Pages, name: str) -> Budget:
    budget = make_budget(pages.world)
    budget.name = name
    budget.save()
    return budget


def rows(*lines: str) -> str:
    return "\n".join(line.replace("|", "\t") for line in lines)


def only(text: str, actor) -> sheet.SheetRow:
    (row,) = sheet.preview(text, actor).rows
    return row


def carry_out(text: str, actor) -> list[sheet.SheetRow]:
    return sheet.carry_out(text, digest=sheet.preview(text, actor).digest, actor=actor).rows


def day(after: int) -> str:
    return (clock.today("Europe/Berlin") + timedelta(days=after)).isoformat()


def test_a_row_changes_the_terms_it_names_and_no_other(pages, editor):
    plan = make_plan(pages.world, name="Search brand", strategy="linear")
    text = rows("Plan|Amount|Mode|Strategy", "search brand||auto|")
    (row,) = carry_out(text, editor)
    plan.refresh_from_db()
    assert row.result == "Changed" and not row.errors
    assert (plan.mode, plan.strategy, plan.amount_micros) == ("auto", "linear", 16_000 * EURO)


def test_an_amount_that_needs_approval_is_asked_for_and_stays_until_then(pages, editor):
    plan = make_plan(pages.world, name="Search brand")
    (row,) = carry_out(rows("Plan|Amount|Mode", "Search brand|90000|auto"), editor)
    plan.refresh_from_db()
    assert row.result == "Asked for approval"
    assert (plan.amount_micros, plan.mode) == (16_000 * EURO, "auto")
    assert plan.amendments.get().new_amount_micros == 90_000 * EURO


def test_looking_at_rows_writes_nothing(pages, editor):
    plan = make_plan(pages.world, name="Search brand")
    budget = budget_called(pages, "Free")
    text = rows(
        "Plan|Amount|First day|Last day|Budgets|Mode",
        "Search brand|||||auto",
        f"New one|500|{day(0)}|{day(9)}|{budget.name}|",
    )
    before, events = BudgetPlan.objects.values().get(pk=plan.pk), Event.objects.count()
    shown = sheet.preview(text, editor)
    assert shown.counts == {"create": 1, "change": 1, "same": 0, "error": 0}
    outbox.drain()
    assert BudgetPlan.objects.values().get() == before and Event.objects.count() == events


def test_a_new_plan_is_made_over_the_budgets_it_names(pages, editor):
    budget_called(pages, "One")
    budget_called(pages, "Two")
    text = rows(
        "Client|Plan|Amount|Currency|Start|End|Budgets",
        f"{pages.world.client.name}|Summer|1.234,50|EUR|{day(0)}|{day(9)}|One; two",
    )
    (row,) = carry_out(text, editor)
    made = BudgetPlan.objects.get(name="Summer")
    assert row.plan == made and made.amount_micros == 1_234_500_000
    assert sorted(budget.name for budget in made.budgets.all()) == ["One", "Two"]


def test_a_refused_row_stops_no_other_and_names_its_column(pages, editor):
    good = make_plan(pages.world, name="Good")
    make_plan(pages.world, name="Bad")
    text = rows("Plan|Amount|Mode", "Bad|many|auto", "Good||auto", "Nobody|5|")
    bad, done, unknown = carry_out(text, editor)
    good.refresh_from_db()
    assert good.mode == "auto" and done.result
    assert "amount_micros" in bad.errors and "budgets" in unknown.errors
    assert BudgetPlan.objects.filter(name="Bad", mode="recommend").exists()


def test_what_the_plan_service_refuses_is_said_before_anything_is_done(pages, editor):
    Client.objects.filter(pk=pages.world.client.pk).update(budget_limit_micros=17_000 * EURO)
    make_plan(pages.world, name="Search brand", amount=16_000)
    budget = budget_called(pages, "Free")
    text = rows("Plan|Amount|First day|Last day|Budgets", f"New one|5000|{day(0)}|{day(9)}|{budget.name}")
    row = only(text, editor)
    assert row.action == "error" and "limit" in row.errors["amount"]


def test_two_rows_about_one_plan_are_refused(pages, editor):
    make_plan(pages.world, name="Search brand")
    shown = sheet.preview(rows("Plan|Mode", "Search brand|auto", "search BRAND|observe"), editor)
    assert [row.action for row in shown.rows] == ["change", "error"]


def test_a_name_that_several_plans_have_needs_its_client(pages, editor):
    other = Client.objects.create(organization=pages.world.organization, name="Other")
    make_plan(pages.world, name="Search brand")
    make_plan(pages.world, name="Search brand", client=other)
    assert "Client" in only(rows("Plan|Mode", "Search brand|auto"), editor).errors["plan"]
    assert only(rows("Plan|Client|Mode", "Search brand|Other|auto"), editor).action == "change"


def test_rows_that_would_do_something_else_by_now_are_not_carried_out(pages, editor):
    plan = make_plan(pages.world, name="Search brand")
    text = rows("Plan|Mode", "Search brand|auto")
    digest = sheet.preview(text, editor).digest
    BudgetPlan.objects.filter(pk=plan.pk).update(version=9)
    with pytest.raises(OutOfDate):
        sheet.carry_out(text, digest=digest, actor=editor)
    plan.refresh_from_db()
    assert plan.mode == "recommend"


def test_the_same_rows_twice_change_nothing_the_second_time(pages, editor):
    make_plan(pages.world, name="Search brand")
    text = rows("Plan|Mode", "Search brand|auto")
    carry_out(text, editor)
    assert only(text, editor).action == "same"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "header row"),
        ("Plan", "at least one row"),
        ("Amount\n5", "“Plan”"),
        ("Plan\n" + "x\n" * 201, "At most"),
    ],
)
def test_text_without_a_table_is_refused(editor, text, words):
    with pytest.raises(InvalidInput) as refused:
        sheet.preview(text, editor)
    assert words in refused.value.fields["rows"]


def test_plans_of_others_cannot_be_named(pages, editor):
    make_plan(make_pages().world, name="Foreign")
    assert only(rows("Plan|Mode", "Foreign|auto"), editor).plan is None


def test_a_viewer_may_look_and_every_row_is_refused(pages):
    make_plan(pages.world, name="Search brand")
    viewer = person(pages.world.organization, "viewer")[1]
    row = only(rows("Plan|Mode", "Search brand|auto"), viewer)
    assert row.action == "error" and "Editor" in row.errors["row"]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6))
def test_no_header_breaks_the_reader(header):
    columns, unknown = recognise(header)
    assert len(columns) + len(unknown) <= len(header)


def test_the_page_shows_what_rows_would_do_then_does_it(pages):
    plan = make_plan(pages.world, name="Search brand")
    browser, text = pages.browser(), rows("Plan|Mode", "Search brand|auto", "Nobody|auto")
    page = browser.post(reverse("plan-paste"), {"rows": text})
    assert "Nothing is written yet" in page.content.decode()
    digest = page.context["preview"].digest
    done = browser.post(reverse("plan-paste"), {"rows": text, "digest": digest, "carry_out": "1"})
    plan.refresh_from_db()
    assert plan.mode == "auto" and "1 row carried out, 1 refused" in done.content.decode()


def test_a_stale_page_is_told_so_and_loses_nothing(pages):
    make_plan(pages.world, name="Search brand")
    text = rows("Plan|Mode", "Search brand|auto")
    page = pages.browser().post(reverse("plan-paste"), {"rows": text, "digest": "old", "carry_out": "1"})
    assert page.status_code == 409 and "Search brand" in page.content.decode()


def test_the_api_previews_then_carries_out_the_same_rows(pages):
    plan = make_plan(pages.world, name="Search brand")
    caller, text = Caller(pages.editor), rows("Plan|Mode", "Search brand|auto", "Nobody|auto")
    shown = caller.post("plans/sheet/", {"rows": text}).json()
    assert [row["action"] for row in shown["rows"]] == ["change", "error"] and not shown["carried_out"]
    done = caller.post("plans/sheet/", {"rows": text, "digest": shown["digest"]}).json()
    plan.refresh_from_db()
    assert plan.mode == "auto" and done["rows"][0]["result"] == "Changed"
    assert "client" in done["rows"][1]["row_errors"] or "budgets" in done["rows"][1]["row_errors"]
