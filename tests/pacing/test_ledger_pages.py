"""The pages and the API of the ledger: who said yes is read there, and every refusal keeps what was typed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from lane.core import clock
from pacing.models import LedgerEntry, PlanAmendment
from tests.api.callers import Caller, hire
from tests.pacing.pages_world import look, make_pages, make_plan
from tests.pacing.test_ledger import Desk
from tests.pacing.world import MICROS

pytestmark = pytest.mark.django_db


def typed(plan, **values):
    terms = {
        "amount": "18000",
        "starts_on": plan.starts_on.isoformat(),
        "ends_on": plan.ends_on.isoformat(),
        "effective_on": clock.today(plan.timezone).isoformat(),
        "reason": "The client wants more",
        "version": plan.version,
    }
    return terms | values


def test_an_editor_asks_on_the_page_and_reads_there_that_it_waits(django_assert_max_num_queries):
    pages = make_pages()
    plan = make_plan(pages.world)
    look(plan)
    browser = pages.browser()
    answer = browser.post(reverse("plan-amend", args=[plan.public_id]), typed(plan))
    assert answer.status_code == 302
    with django_assert_max_num_queries(30):
        shown = browser.get(answer["Location"]).content.decode()
    assert "Waits for approval" in shown
    assert "€18,000.00" in shown
    plan.refresh_from_db()
    assert plan.amount_micros == 16_000 * MICROS
    made = PlanAmendment.objects.get()
    browser.post(reverse("amendment-withdraw", args=[made.public_id]))
    made.refresh_from_db()
    assert made.state == "withdrawn"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"amount": "1e400"}, "too large"),
        ({"amount": "12.345"}, "at most 2 decimals"),
        ({"amount": ""}, "whole new amount"),
        ({"reason": ""}, "Say why"),
        ({"ends_on": "2001-01-01"}, "last day"),
        ({"amount": "16000"}, "This is the plan as it stands"),
    ],
)
def test_a_refused_amendment_says_what_to_do_and_keeps_what_was_typed(values, words):
    pages = make_pages()
    plan = make_plan(pages.world)
    answer = pages.browser().post(
        reverse("plan-amend", args=[plan.public_id]), typed(plan, **{"reason": "Kept words", **values})
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    if "reason" not in values:
        assert "Kept words" in text
    assert PlanAmendment.objects.count() == 0


def test_the_preview_follows_what_is_being_typed():
    pages = make_pages()
    plan = make_plan(pages.world, amount=3100, day=1, days=31)
    look(plan, spent=0)
    page = reverse("plan-amend", args=[plan.public_id])
    assert "€100.00" in pages.browser().get(page).content.decode()
    assert "€200.00" in pages.browser().get(page, {"amount": "6200"}).content.decode()


def test_a_viewer_reads_the_ledger_and_cannot_amend():
    pages = make_pages()
    plan = make_plan(pages.world)
    browser = pages.browser(pages.viewer)
    assert browser.get(reverse("plan-ledger", args=[plan.public_id])).status_code == 200
    assert browser.post(reverse("plan-amend", args=[plan.public_id]), typed(plan)).status_code == 403
    assert make_pages().browser().get(reverse("plan-ledger", args=[plan.public_id])).status_code == 404


def test_a_figure_is_explained_in_place_and_as_a_page():
    pages = make_pages()
    plan = make_plan(pages.world)
    address = reverse("plan-explain", args=[plan.public_id, "amount"])
    part = pages.browser().get(address, headers={"HX-Request": "true"}).content.decode()
    assert "Base" in part
    assert "<html" not in part
    assert "<html" in pages.browser().get(address).content.decode()
    assert pages.browser().get(reverse("plan-explain", args=[plan.public_id, "nothing"])).status_code == 404


def test_the_approver_reads_and_decides_the_amendment_as_an_amount_for_the_flight():
    desk = Desk()
    amendment = desk.ask(1600)
    request = desk.request(amendment)
    from django.test import Client as Browser

    browser = Browser()
    browser.force_login(desk.approver_user, backend="django.contrib.auth.backends.ModelBackend")
    page = browser.get(reverse("request-detail", args=[request.public_id]) + "?step=approve").content.decode()
    assert "Raise the approved amount of Spring sale by €100.00" in page
    assert "a day" not in page.split('id="request"')[1]
    sent = {"kind": "approve", "content_hash": request.content_hash, "typed": "1600"}
    browser.post(reverse("request-decide", args=[request.public_id]), sent)
    amendment.refresh_from_db()
    assert amendment.state == "approved"
    assert (
        "Entered in the ledger"
        in browser.get(reverse("request-detail", args=[request.public_id])).content.decode()
    )


def test_the_api_asks_shows_withdraws_and_explains():
    desk = Desk()
    caller = Caller(hire(desk.world, "editor")[0])
    plan = str(desk.plan.public_id)
    body = {"plan": plan, "reason": "More stock", "amount": {"amount": "1700.00", "currency": "EUR"}}
    made = caller.post("amendments/", body)
    assert made.status_code == 201, made.content
    assert made.json()["state"] == "proposed"
    again = caller.post("amendments/", body)
    assert again.status_code == 409
    wrong = caller.post("amendments/", body | {"amount": {"amount": "5.00", "currency": "USD"}})
    assert wrong.json()["errors"][0]["pointer"] == "/amount"
    taken = caller.post(f"amendments/{made.json()['id']}/withdraw/", {})
    assert taken.json()["state"] == "withdrawn"
    entries = caller.get(f"plans/{plan}/ledger/").json()["results"]
    assert [entry["kind"] for entry in entries] == ["base"]
    told = caller.get(f"plans/{plan}/explain/", figure="amount").json()
    assert told["amount"]["amount"] == "1500.00"
    assert sum(part["amount"]["amount_micros"] for part in told["parts"]) == 1500 * MICROS
    assert caller.get(f"plans/{plan}/explain/", figure="luck").status_code == 422
    stranger = Caller(Desk().world.user)
    for path in (
        f"plans/{plan}/ledger/",
        f"plans/{plan}/explain/?figure=amount",
        f"amendments/{made.json()['id']}/",
    ):
        assert stranger.get(path).status_code == 404


def test_the_api_reverses_an_entry():
    desk = Desk()
    desk.ask(1700, actor=desk.world.admin)
    entry = LedgerEntry.objects.get(kind="amendment")
    caller = Caller(desk.world.user)
    plan = desk.plan.public_id
    back = caller.post(f"plans/{plan}/ledger/{entry.public_id}/reverse/", {"reason": "Wrong client"})
    assert back.status_code == 201, back.content
    desk.plan.refresh_from_db()
    assert desk.plan.amount_micros == 1500 * MICROS


def test_an_edit_of_an_editor_says_that_the_amount_waits():
    pages = make_pages()
    plan = make_plan(pages.world)
    browser = pages.browser()
    form = browser.get(reverse("plan-edit", args=[plan.public_id])).context["form"]
    sent = {name: value for name, value in form.initial.items() if value is not None}
    sent |= {"amount": "17000", "ends_on": (plan.ends_on + timedelta(days=1)).isoformat(), "reason": "More"}
    sent["budgets"] = [str(key) for key in form.initial["budgets"]]
    answer = browser.post(reverse("plan-edit", args=[plan.public_id]), sent, follow=True)
    assert "wait for approval" in answer.content.decode()
    plan.refresh_from_db()
    assert plan.amount_micros == 16_000 * MICROS


def test_a_plan_in_the_api_names_the_amendment_that_waits():
    desk = Desk()
    caller = Caller(hire(desk.world, "editor")[0])
    path = f"plans/{desk.plan.public_id}/"
    assert caller.get(path).json()["waiting_amendment"] is None
    body = {"version": 1, "amount": {"amount": "1800.00", "currency": "EUR"}, "reason": "More stock"}
    answer = caller.patch(path, body).json()
    assert answer["amount"]["amount"] == "1500.00"
    assert answer["waiting_amendment"] == str(PlanAmendment.objects.get().public_id)
    refused = caller.patch(path, {"version": 1, "amount_rule": "open"})
    assert refused.json()["errors"][0]["pointer"] == "/amount_rule"
