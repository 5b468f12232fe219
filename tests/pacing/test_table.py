"""The pacing table as people arrange it: groups, columns, saved views, and rows edited in place."""

from __future__ import annotations

import pytest
from django.urls import reverse

from lane.accounts.models import Client, SavedView
from pacing.filters import table_query
from pacing.models import BudgetPlan
from pacing.selectors.table import table
from pacing.selectors.table_groups import SHOWN
from tests.campaigns.world import person
from tests.pacing.pages_world import EURO, Pages, look, make_pages, make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages() -> Pages:
    return make_pages()


def text(response) -> str:
    assert response.status_code == 200, response.content[:500]
    return " ".join(response.content.decode().split())


def url(**query: str) -> str:
    return reverse("plan-list") + "?" + "&".join(f"{key}={value}" for key, value in query.items())


def table_of(pages: Pages, **query: str):
    return table(person(pages.world.organization, "viewer")[1], table_query(query))


# --- groups --------------------------------------------------------------------------------------------


def test_grouping_by_client_sums_each_client_over_all_its_plans(pages):
    other = Client.objects.create(organization=pages.world.organization, name="Quillon Books")
    for number in range(SHOWN + 3):
        look(make_plan(pages.world, amount=1_000, name=f"A{number}"), "on_track", end=(900, 1_000, 1_100))
    make_plan(pages.world, client=other, amount=500, name="Bookshop", budgets=[])
    shown = table_of(pages, group="client")
    groups = {group.label: group for group in shown.groups}
    ours = groups[pages.world.client.name]
    assert ours.count == SHOWN + 3 and len(ours.rows) == SHOWN and ours.hidden == 3
    assert ours.totals[0].budget_micros == (SHOWN + 3) * 1_000 * EURO
    assert groups["Quillon Books"].totals[0].budget_micros == 500 * EURO


def test_the_groups_add_up_to_the_total_in_each_currency(pages):
    for currency, amount in (("EUR", 1_000), ("USD", 700), ("EUR", 300)):
        make_plan(pages.world, amount=amount, currency=currency, budgets=[])
    shown = table_of(pages, group="owner")
    parts = [total for group in shown.groups for total in group.totals]
    for total in shown.totals:
        in_currency = [part for part in parts if part.currency == total.currency]
        assert sum(part.budget_micros for part in in_currency) == total.budget_micros


def test_groups_with_more_at_risk_come_first(pages):
    other = Client.objects.create(organization=pages.world.organization, name="Aardvark Shoes")
    calm = make_plan(pages.world, client=other, budgets=[])
    look(calm, "on_track", end=(15_900, 16_000, 16_100))
    look(make_plan(pages.world), "behind", end=(13_000, 14_000, 15_000))
    assert [group.label for group in table_of(pages, group="client").groups] == [
        pages.world.client.name,
        "Aardvark Shoes",
    ]


def test_a_grouped_table_takes_a_fixed_number_of_queries(pages, django_assert_max_num_queries):
    for number in range(30):
        client = Client.objects.create(organization=pages.world.organization, name=f"Client no {number:02}")
        look(make_plan(pages.world, client=client, budgets=[]), "behind", end=(13_000, 14_000, 15_000))
    browser = pages.browser()
    browser.get(reverse("plan-list"))
    with django_assert_max_num_queries(12):
        page = text(browser.get(url(group="client")))
    assert "Client no 29" in page


@pytest.mark.parametrize("group", ["client", "platform", "owner"])
def test_every_grouping_shows_every_plan_or_says_how_many_more(pages, group):
    look(make_plan(pages.world, name="Seen"), "behind", end=(13_000, 14_000, 15_000))
    make_plan(pages.world, name="Not seen")
    page = text(pages.browser().get(url(group=group)))
    assert "Seen" in page and "Not seen" in page


# --- columns -------------------------------------------------------------------------------------------


def test_columns_are_chosen_in_the_address(pages):
    look(make_plan(pages.world), "behind", end=(13_000, 14_000, 15_000))
    page = text(pages.browser().get(url(cols="spent,strategy,owner")))
    assert "Strategy<br>Landing" in page and "Projected end<br>" not in page


# --- saved views ---------------------------------------------------------------------------------------


def save(pages: Pages, **values: str):
    return pages.browser().post(
        reverse("plan-view-save"), {"name": "Behind", "query": "status=behind"} | values
    )


def test_a_view_is_kept_and_opened_from_its_tab(pages):
    look(make_plan(pages.world, name="Late"), "behind", end=(13_000, 14_000, 15_000))
    look(make_plan(pages.world, name="Fine"), "on_track", end=(15_900, 16_000, 16_100))
    answer = save(pages)
    page = text(pages.browser().get(answer.url))
    assert "Late" in page and "Fine" not in page and 'aria-current="page">Behind' in page


def test_a_view_that_opens_first_leads_there_and_all_plans_stay_within_reach(pages):
    save(pages, is_default="on")
    answer = pages.browser().get(reverse("plan-list"))
    assert answer.status_code == 302 and "status=behind" in answer.url
    assert pages.browser().get(url(view="all")).status_code == 200


def test_a_view_that_was_narrowed_further_says_edited(pages):
    address = save(pages).url
    assert "edited" not in text(pages.browser().get(address)).split("Filters")[0]
    assert "edited" in text(pages.browser().get(address + "&owner=me")).split("Filters")[0]


def test_a_view_without_a_name_is_refused_and_nothing_is_kept(pages):
    browser = pages.browser()
    answer = browser.post(reverse("plan-view-save"), {"name": " ", "query": "status=behind"})
    assert "Give the view a name" in text(browser.get(answer.url))
    assert not SavedView.objects.exists()


def test_a_stranger_opens_and_deletes_nothing(pages):
    save(pages, is_shared="on")
    view = SavedView.objects.get()
    stranger = make_pages().browser()
    assert stranger.post(reverse("plan-view-delete", args=[view.public_id])).status_code == 404
    assert SavedView.objects.exists()


# --- rows edited in place ------------------------------------------------------------------------------


def edit(pages: Pages, plan: BudgetPlan, browser=None, **values: str):
    given = {
        "amount": "16000",
        "ends_on": plan.ends_on.isoformat(),
        "strategy": plan.strategy,
        "mode": plan.mode,
        "version": str(plan.version),
        "reason": "The client said so",
    }
    return (browser or pages.browser()).post(
        reverse("plan-row-edit", args=[plan.public_id]), given | values, headers={"HX-Request": "true"}
    )


def test_a_row_is_edited_where_it_stands(pages):
    plan = make_plan(pages.world)
    browser = pages.browser()
    form = browser.get(reverse("plan-row-edit", args=[plan.public_id]), headers={"HX-Request": "true"})
    assert "16000" in text(form)
    page = text(edit(pages, plan, mode="auto", strategy="linear"))
    plan.refresh_from_db()
    assert (plan.mode, plan.strategy, plan.version) == ("auto", "linear", 2)
    assert "<form" not in page and plan.name in page


def test_an_amount_that_needs_approval_says_that_it_waits(pages):
    plan = make_plan(pages.world)
    page = text(edit(pages, plan, amount="90000"))
    plan.refresh_from_db()
    assert "wait for approval" in page and plan.amount_micros == 16_000 * EURO


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"amount": "a lot"}, "is not an amount"),
        ({"amount": "0"}, "more than zero"),
        ({"ends_on": "2000-01-01"}, "before the first"),
        ({"version": "7"}, "Somebody changed this plan"),
    ],
)
def test_a_refused_row_says_why_and_keeps_what_was_typed(pages, given, words):
    plan = make_plan(pages.world)
    before = BudgetPlan.objects.filter(pk=plan.pk).values().get()
    answer = edit(pages, plan, **given)
    assert answer.status_code == 422
    page = " ".join(answer.content.decode().split())
    assert words in page and 'value="The client said so"' in page
    assert BudgetPlan.objects.filter(pk=plan.pk).values().get() == before


def test_a_viewer_edits_no_row_and_is_offered_none(pages):
    plan = make_plan(pages.world)
    assert edit(pages, plan, pages.browser(pages.viewer), mode="auto").status_code == 403
    assert "data-edit" not in text(pages.browser(pages.viewer).get(url(view="all")))


def test_without_a_script_the_pencil_leads_to_the_whole_form(pages):
    plan = make_plan(pages.world)
    answer = pages.browser().get(reverse("plan-row-edit", args=[plan.public_id]))
    assert answer.status_code == 302 and answer.url == reverse("plan-edit", args=[plan.public_id])


def test_a_row_of_another_organization_is_not_found(pages):
    plan = make_plan(pages.world)
    stranger = make_pages()
    assert edit(pages, plan, stranger.browser()).status_code == 404
    assert stranger.browser().get(reverse("plan-row", args=[plan.public_id])).status_code == 404
