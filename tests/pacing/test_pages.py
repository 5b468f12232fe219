"""The pages of pacing: what they show, what they refuse, and what they cost."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.models import Budget, ChangeSet, Drift
from campaigns.services import kill_switches
from lane.audit.models import AuditEntry
from lane.core import clock
from pacing.models import BudgetPlan, Recommendation
from tests.campaigns.world import fact, make_budget, make_world, person, put
from tests.pacing.pages_world import EURO, advise, look, make_pages, make_plan, run_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages():
    clock.forget()
    return make_pages()


def text(answer):
    return " ".join(answer.content.decode().split())


def form_of(pages, chosen, /, **changed):
    today = clock.today("Europe/Berlin")
    values = {
        "client": pages.world.client.public_id,
        "name": "Spring",
        "amount": "16000",
        "starts_on": today,
        "ends_on": today + timedelta(days=29),
        "budgets": [budget.public_id for budget in chosen],
        "strategy": "adaptive",
        "landing": "precise",
        "tolerance": "5",
        "mode": "recommend",
        "pause_at_target": "on",
    }
    return {name: value for name, value in (values | changed).items() if value is not None}


def named_budget(pages, name):
    budget = make_budget(pages.world)
    Budget.objects.filter(pk=budget.pk).update(name=name)
    return budget


# --- the table ------------------------------------------------------------------------------------------


def test_the_table_shows_plans_by_money_at_risk_with_what_is_proposed(pages):
    plan = make_plan(pages.world, name="Cold brew")
    look(plan, "behind", end=(13_420, 14_030, 14_690))
    advise(plan)
    page = text(pages.browser().get(reverse("plan-list")))
    for shown in ("Cold brew", "Behind", "€14,030", "13,420–14,690", "−€1,970", "+20.0", "Accept or decline"):
        assert shown in page


def test_the_table_takes_at_most_twelve_queries_whatever_it_shows(pages, django_assert_max_num_queries):
    for number in range(60):
        plan = make_plan(pages.world, budgets=[make_budget(pages.world)], name=f"p{number}")
        look(plan, "behind", end=(13_420, 14_030 - number, 14_690))
        if number % 3 == 0:
            advise(plan)
    browser = pages.browser()
    browser.get(reverse("plan-list"))
    with django_assert_max_num_queries(12):
        page = browser.get(reverse("plan-list"))
    assert "Next 40 plans" in text(page)
    assert len(page.content) < 400_000


@pytest.mark.parametrize(
    "query", ["?cursor=x", "?client=x&status=x&view=x&sort=x", "?currency=1234", "?owner=me&q=%00", "?q=%25"]
)
def test_an_address_nobody_made_is_no_error(pages, query):
    assert pages.browser().get(reverse("plan-list") + query).status_code == 200


def test_an_empty_table_says_what_a_plan_is_and_how_to_make_one(pages):
    page = text(pages.browser().get(reverse("plan-list")))
    assert "No plan yet" in page and reverse("plan-create") in page
    assert reverse("plan-create") not in text(pages.browser(pages.viewer).get(reverse("plan-list")))


@pytest.mark.parametrize("name", ["plan-list", "plan-create", "recommendation-list"])
def test_nobody_sees_a_page_without_signing_in(pages, client, name):
    assert client.get(reverse(name)).status_code == 302


# --- one plan -------------------------------------------------------------------------------------------


def spend(pages, plan, amounts):
    """One amount per flight day, in whole units, for the plan's first budget."""
    spender = plan.budgets.get().spenders.get()
    days = (plan.starts_on + timedelta(days=number) for number in range(len(amounts)))
    put([
        fact(pages.world, spender.entity_id, day, amount * EURO)
        for day, amount in zip(days, amounts, strict=True)
    ])  # fmt: skip


def test_a_plan_says_where_it_stands_why_and_where_it_ends(pages):
    plan = make_plan(pages.world, name="Cold brew")
    reason = {
        "code": "projected_under",
        "params": {"projected_micros": 14_030 * EURO, "error_ratio": 0.123, "trigger_ratio": 0.02},
    }
    look(plan, "behind", end=(13_420, 14_030, 14_690), reason=reason)
    spend(pages, plan, [450] * 19)
    advise(plan)
    page = text(pages.browser().get(reverse("plan-detail", args=[plan.public_id])))
    for shown in (
        "Projected end €14,030, 12.3",
        "Spent €8,550 by",
        "with the proposed change at €15,840",
        "Show as table",
        "Needed per day",
        "€625.45",
        "Accept",
        "Decline",
        "What if",
        "tolerance ±",
    ):
        assert shown in page, shown


def test_a_plan_can_be_seen_as_it_was_known_on_an_earlier_day(pages):
    plan = make_plan(pages.world)
    look(plan)
    spend(pages, plan, [100] * 10)
    browser = pages.browser()
    address = reverse("plan-detail", args=[plan.public_id])
    before = plan.starts_on + timedelta(days=2)
    assert "Nothing was known of this plan&#x27;s spend" in text(
        browser.get(f"{address}?known={before}")
    ) or ("As known at the end of" in text(browser.get(f"{address}?known={before}")))
    assert browser.get(f"{address}?known=never").status_code == 200


def test_a_plan_nobody_looked_at_shows_dashes_and_no_zero(pages):
    plan = make_plan(pages.world)
    page = text(pages.browser().get(reverse("plan-detail", args=[plan.public_id])))
    assert "Not looked at yet" in page
    assert "€0<" not in page.partition('id="curve"')[0]


def test_every_look_is_kept_with_its_reasons_and_inputs(pages):
    plan = make_plan(pages.world)
    look(plan)
    run = run_of(plan, inputs={"day": 20, "report_age_hours": 1.5})
    browser = pages.browser()
    assert "Cool-down until" in text(browser.get(reverse("plan-runs", args=[plan.public_id])))
    page = text(browser.get(reverse("run-detail", args=[run.public_id])))
    assert "report_age_hours" in page and "Cool-down until" in page


def test_a_plan_takes_a_fixed_number_of_queries(pages, django_assert_max_num_queries):
    budgets = [make_budget(pages.world) for _ in range(12)]
    plan = make_plan(pages.world, budgets=budgets)
    look(plan, "behind", end=(13_420, 14_030, 14_690))
    for number in range(30):
        run_of(plan, hours_ago=2 * number)
    advise(plan)
    browser = pages.browser()
    browser.get(reverse("plan-detail", args=[plan.public_id]))
    with django_assert_max_num_queries(20):
        browser.get(reverse("plan-detail", args=[plan.public_id]))


@pytest.mark.parametrize("part", ["rails", "history", "ledger", "learned"])
def test_a_part_of_a_plan_takes_a_fixed_number_of_queries(pages, part, django_assert_max_num_queries):
    plan = make_plan(pages.world, budgets=[make_budget(pages.world) for _ in range(12)])
    look(plan, "behind", end=(13_420, 14_030, 14_690))
    browser = pages.browser()
    address = reverse("plan-part", args=[plan.public_id, part])
    browser.get(address)
    with django_assert_max_num_queries(24):
        alone = text(browser.get(address))
    assert alone.startswith("<!doctype html>")
    assert not text(browser.get(address, headers={"HX-Request": "true"})).startswith("<!doctype")


def test_what_lane_may_do_shows_every_rail_with_its_figure(pages):
    budget = make_budget(pages.world)
    plan = make_plan(pages.world, budgets=[budget], amount=16_000)
    look(plan, "behind", end=(13_420, 14_030, 14_690))
    shown = text(pages.browser().get(reverse("plan-part", args=[plan.public_id, "rails"])))
    for words in (
        "Mode: recommend",
        "Pause at the target",
        "automatic changes left today",
        "Writes are on",
        "Nothing is in its learning phase",
        "No change made outside Lane waits",
        "Spend more than €16,000",
        "Write while data is older than",
    ):
        assert words in shown, words


def test_a_stop_switch_and_an_outside_change_are_shown_where_they_hold(pages):
    budget = make_budget(pages.world)
    plan = make_plan(pages.world, budgets=[budget])
    kill_switches.stop(actor=pages.world.admin, reason="Audit of the account")
    Drift.objects.create(
        organization=pages.world.organization, client=pages.world.client, budget=budget,
        expected_micros=50 * EURO, observed_micros=70 * EURO, seen_at=clock.now(),
    )  # fmt: skip
    shown = text(pages.browser().get(reverse("plan-part", args=[plan.public_id, "rails"])))
    for words in ("Audit of the account", "was changed outside Lane", "Keep their amount", "Propose ours again",
                  "Pause automation here", "Automation does not act now"):  # fmt: skip
        assert words in shown, words
    quiet = text(pages.browser(pages.viewer).get(reverse("plan-part", args=[plan.public_id, "rails"])))
    assert "Keep their amount" not in quiet


def test_an_unknown_part_and_a_strangers_part_are_not_found(pages):
    plan = make_plan(pages.world)
    assert pages.browser().get(reverse("plan-part", args=[plan.public_id, "secrets"])).status_code == 404
    stranger = person(make_world().organization, "owner")[0]
    for part in ("rails", "ledger", "history", "learned"):
        address = reverse("plan-part", args=[plan.public_id, part])
        assert pages.browser(stranger).get(address).status_code == 404


def test_pausing_asks_why_and_keeps_what_was_typed(pages):
    plan = make_plan(pages.world)
    browser = pages.browser()
    refused = browser.post(reverse("plan-pause", args=[plan.public_id]), {"reason": "x"})
    assert refused.status_code == 422
    assert 'value="x"' in text(refused) and "Say why" in text(refused)
    browser.post(reverse("plan-pause", args=[plan.public_id]), {"reason": "No stock until June"})
    plan.refresh_from_db()
    assert plan.status == "paused"
    assert "No stock until June" in text(browser.get(reverse("plan-detail", args=[plan.public_id])))
    browser.post(reverse("plan-resume", args=[plan.public_id]))
    plan.refresh_from_db()
    assert plan.status == "active"


def test_an_archived_plan_leaves_the_table_and_frees_its_budgets(pages):
    plan = make_plan(pages.world, name="Old")
    look(plan)
    browser = pages.browser()
    browser.post(reverse("plan-archive", args=[plan.public_id]))
    assert "No plan yet" in text(browser.get(reverse("plan-list")))
    assert plan.plan_budgets.get().status == "archived"


# --- making and editing -----------------------------------------------------------------------------------


def test_a_plan_is_made_from_the_page(pages):
    budget = make_budget(pages.world)
    answer = pages.browser().post(reverse("plan-create"), form_of(pages, [budget], tolerance="2.5"))
    plan = BudgetPlan.objects.get()
    assert answer.status_code == 302 and answer["Location"] == reverse("plan-detail", args=[plan.public_id])
    assert (plan.amount_micros, str(plan.tolerance_ratio), plan.owner) == (
        16_000 * EURO,
        "0.0250",
        pages.editor,
    )


def test_choosing_a_client_shows_its_budgets(pages):
    budget = named_budget(pages, "Prospecting")
    page = pages.browser().get(reverse("plan-create"), {"client": pages.world.client.public_id})
    assert str(budget.public_id) in text(page) and "Prospecting" in text(page)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": " "}, "Give the plan a name"),
        ({"amount": "0"}, "more than zero"),
        ({"amount": "-5"}, "more than zero"),
        ({"amount": "1.005"}, "at most 2 decimals"),
        ({"amount": "much"}, "is not an amount"),
        ({"starts_on": "2026-06-30", "ends_on": "2026-06-01"}, "last day is before the first"),
        ({"ends_on": "2036-06-01"}, "at most 366 days"),
        ({"starts_on": "soon"}, "Enter a valid date"),
        ({"budgets": []}, "Choose at least one budget"),
        ({"budgets": [str(uuid.uuid4())]}, "no longer exists"),
        ({"tolerance": "80"}, "less than or equal to 50"),
        ({"strategy": "yolo"}, "Select a valid choice"),
    ],
)
def test_bad_input_names_the_field_and_keeps_what_was_typed(pages, changed, words):
    budget = make_budget(pages.world)
    typed = form_of(pages, [budget], **({"name": "Kept name"} | changed))
    answer = pages.browser().post(reverse("plan-create"), typed)
    page = text(answer)
    assert answer.status_code == 422 and words in page
    assert ("Kept name" in page) is (changed.get("name") is None)
    assert BudgetPlan.objects.count() == 0


def test_overlapping_plans_are_refused_by_name_and_dates(pages):
    budget = named_budget(pages, "Prospecting")
    other = make_plan(pages.world, budgets=[budget], name="Always on")
    page = pages.browser().post(reverse("plan-create"), form_of(pages, [budget]))
    assert page.status_code == 422
    assert f"“Always on” from {other.starts_on:%-d %b %Y}" in text(page)


def test_budgets_of_several_currencies_cannot_share_a_plan(pages):
    euro, pound = make_budget(pages.world), make_budget(pages.world)
    Budget.objects.filter(pk=pound.pk).update(currency="GBP")
    page = pages.browser().post(reverse("plan-create"), form_of(pages, [euro, pound]))
    assert page.status_code == 422 and "different currencies" in text(page)


def test_an_edit_of_an_older_version_is_refused_and_loses_nothing(pages):
    budget = make_budget(pages.world)
    plan = make_plan(pages.world, budgets=[budget])
    typed = form_of(
        pages, [budget], client=None, name="Renamed", version="1", starts_on=plan.starts_on,
        ends_on=plan.ends_on, reason="Client asked",
    )  # fmt: skip
    browser = pages.browser()
    assert browser.post(reverse("plan-edit", args=[plan.public_id]), typed).status_code == 302
    again = browser.post(reverse("plan-edit", args=[plan.public_id]), typed | {"name": "Later"})
    plan.refresh_from_db()
    assert (again.status_code, plan.name) == (409, "Renamed")
    assert "Later" in text(again)
    assert AuditEntry.objects.filter(action="pacing.plan.changed").get().reason == "Client asked"


# --- recommendations --------------------------------------------------------------------------------------


def advised(pages, **values):
    budgets = [make_budget(pages.world, amount=amount * EURO) for amount in (250, 120)]
    plan = make_plan(pages.world, budgets=budgets)
    look(plan, "behind", end=(13_420, 14_030, 14_690))
    return advise(plan, **values)


def test_accepting_proposes_a_change_and_writes_nothing(pages):
    advice = advised(pages)
    answer = pages.browser().post(reverse("recommendation-accept", args=[advice.public_id]), follow=True)
    change_set = ChangeSet.objects.get()
    assert change_set.state == "proposed"
    assert sorted(change_set.changes.values_list("target_micros", flat=True)) == [144 * EURO, 300 * EURO]
    assert "It is written once it is approved" in text(answer)


def test_rows_can_be_edited_and_left_out_before_accepting(pages):
    advice = advised(pages)
    first, second = (row["budget_id"] for row in advice.rows)
    pages.browser().post(
        reverse("recommendation-accept", args=[advice.public_id]),
        {"edited": "1", "take": [first], f"amount-{first}": "270.50", f"amount-{second}": "144"},
    )
    change = ChangeSet.objects.get().changes.get()
    assert (str(change.budget.public_id), change.target_micros) == (first, 270_500_000)


@pytest.mark.parametrize(
    ("amount", "words"), [("x", "is not an amount"), ("0", "more than zero"), ("1.001", "2 decimals")]
)
def test_a_bad_amount_is_refused_beside_its_row_and_kept(pages, amount, words):
    advice = advised(pages)
    first = advice.rows[0]["budget_id"]
    answer = pages.browser().post(
        reverse("recommendation-accept", args=[advice.public_id]),
        {"edited": "1", "take": [first], f"amount-{first}": amount},
    )
    assert answer.status_code == 422
    assert words in text(answer) and f'value="{amount}"' in text(answer)
    assert ChangeSet.objects.count() == 0


def test_accepting_no_row_at_all_is_refused(pages):
    advice = advised(pages)
    address = reverse("recommendation-accept", args=[advice.public_id])
    assert "Tick at least one row" in text(pages.browser().post(address, {"edited": "1"}))


def test_declining_asks_why_and_keeps_the_reason(pages):
    advice = advised(pages)
    browser = pages.browser()
    address = reverse("recommendation-decline", args=[advice.public_id])
    assert browser.post(address, {"reason": ""}).status_code == 422
    browser.post(address, {"reason": "Client wants to wait"})
    advice.refresh_from_db()
    assert (advice.state, advice.decline_reason) == ("declined", "Client wants to wait")
    assert "Client wants to wait" in text(browser.get(reverse("recommendation-list"), {"view": "declined"}))


def test_a_recommendation_overtaken_by_newer_numbers_says_so(pages):
    advice = advised(pages, state="superseded")
    address = reverse("recommendation-accept", args=[advice.public_id])
    assert "Reload the plan" in text(pages.browser().post(address, follow=True))
    assert ChangeSet.objects.count() == 0


def test_the_inbox_lists_open_recommendations_by_money_at_risk(pages):
    for name, end in (("Misses a bit", 15_000), ("Misses a lot", 12_000)):
        plan = make_plan(pages.world, name=name)
        look(plan, "behind", end=(end - 1, end, end + 1))
        advise(plan)
    page = text(pages.browser().get(reverse("recommendation-list")))
    assert page.index("Misses a lot") < page.index("Misses a bit")


# --- who may ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "plan-pause",
        "plan-resume",
        "plan-archive",
        "plan-run",
        "recommendation-accept",
        "recommendation-decline",
    ],
)
def test_a_viewer_sees_but_changes_nothing(pages, name):
    advice = advised(pages)
    thing = advice if name.startswith("recommendation") else advice.plan
    before = AuditEntry.objects.count()
    answer = pages.browser(pages.viewer).post(reverse(name, args=[thing.public_id]), {"reason": "because"})
    assert answer.status_code == 403
    advice.refresh_from_db()
    assert (advice.state, ChangeSet.objects.count(), AuditEntry.objects.count()) == ("open", 0, before)
    page = text(pages.browser(pages.viewer).get(reverse("plan-detail", args=[advice.plan.public_id])))
    assert "An editor of the client can accept or decline" in page


@pytest.mark.parametrize("name", ["plan-create", "plan-edit"])
def test_a_viewer_gets_no_form(pages, name):
    plan = make_plan(pages.world)
    address = reverse(name, args=[] if name == "plan-create" else [plan.public_id])
    assert pages.browser(pages.viewer).get(address).status_code == 403


@pytest.mark.parametrize(
    "name",
    [
        "plan-detail", "plan-edit", "plan-runs", "run-detail", "plan-pause", "plan-resume", "plan-archive",
        "plan-run", "recommendation-accept", "recommendation-decline",
    ],
)  # fmt: skip
def test_things_of_other_organizations_and_unknown_ids_are_not_found(pages, name):
    advice = advised(pages)
    thing = {"run-detail": advice.run}.get(name, advice if "recommend" in name else advice.plan)
    stranger = person(make_world().organization, "owner")[0]
    browser = pages.browser(stranger)
    ask = browser.get if name in ("plan-detail", "plan-edit", "plan-runs", "run-detail") else browser.post
    assert ask(reverse(name, args=[thing.public_id])).status_code == 404
    assert ask(reverse(name, args=[uuid.uuid4()])).status_code == 404
    assert Recommendation.objects.get().state == "open"


def test_a_get_never_decides(pages):
    advice = advised(pages)
    for name in ("recommendation-accept", "recommendation-decline"):
        assert pages.browser().get(reverse(name, args=[advice.public_id])).status_code == 405
