"""The pages and the API of series and exchange rates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from lane.core import clock
from pacing.models import BudgetPlan, FxRate, PlanSeries
from tests.api.callers import Caller
from tests.campaigns.world import make_budget, make_world
from tests.pacing.pages_world import make_pages, make_plan
from tests.pacing.test_fx import british, pounds
from tests.pacing.world import MICROS

pytestmark = pytest.mark.django_db
CSV = "2026-05-01,GBP,EUR,1.15\n2026-05-02,GBP,EUR,oops\n"


def terms(budget, **values):
    today = clock.today("Europe/Berlin")
    return {
        "client": str(budget.client.public_id), "name": "Always on", "amount": "3000", "cadence": "month",
        "anchor_on": today.replace(day=1).isoformat(), "make_ahead_days": "3", "rollover": "both",
        "rollover_cap": "10", "mode": "recommend", "pause_at_target": "on", "budgets": [str(budget.public_id)],
    } | values  # fmt: skip


def test_a_series_is_begun_edited_ended_and_gone_on_with_on_its_pages():
    pages = make_pages()
    budget = make_budget(pages.world)
    browser = pages.browser()
    answer = browser.post(reverse("series-create"), terms(budget))
    assert answer.status_code == 302, answer.content.decode()
    made = PlanSeries.objects.get()
    assert BudgetPlan.objects.get().series == made
    shown = browser.get(answer["Location"]).content.decode()
    assert BudgetPlan.objects.get().name in shown
    assert "Always on" in browser.get(reverse("series-list")).content.decode()
    edit = reverse("series-edit", args=[made.public_id])
    browser.post(edit, terms(budget, name="Evergreen", version=made.version))
    made.refresh_from_db()
    assert made.name == "Evergreen"
    browser.post(reverse("series-end", args=[made.public_id]), {"reason": "Season over"})
    made.refresh_from_db()
    assert not made.is_active
    browser.post(reverse("series-resume", args=[made.public_id]))
    made.refresh_from_db()
    assert made.is_active


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"amount": "x"}, "not an amount"),
        ({"budgets": []}, "Choose at least one budget"),
        ({"cadence": "custom"}, "how many days"),
        ({"last_on": "2001-01-01"}, "before the first cycle"),
        ({"rollover_cap": "101"}, "less than or equal to 100"),
    ],
)
def test_a_refused_series_says_why_and_keeps_what_was_typed(values, words):
    pages = make_pages()
    budget = make_budget(pages.world)
    answer = pages.browser().post(reverse("series-create"), terms(budget, name="Kept name", **values))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "Kept name" in answer.content.decode()
    assert not PlanSeries.objects.exists()


def test_a_viewer_reads_series_and_begins_none():
    pages = make_pages()
    browser = pages.browser(pages.viewer)
    assert browser.get(reverse("series-list")).status_code == 200
    assert browser.get(reverse("series-create")).status_code == 403


def test_rates_are_entered_previewed_imported_and_forgotten():
    pages = make_pages()
    browser = pages.browser()
    today = clock.today("UTC").isoformat()
    wrong = browser.post(reverse("fx-enter"), {"on": today, "base": "GBP", "quote": "GBP", "value": "1"})
    assert wrong.status_code == 422
    assert "two different currencies" in wrong.content.decode()
    browser.post(reverse("fx-enter"), {"on": today, "base": "gbp", "quote": "eur", "value": "1.2"})
    assert str(FxRate.objects.get().rate) == "1.20000000"
    preview = browser.post(reverse("fx-import"), {"text": CSV}).content.decode()
    assert "1 to import, 1 refused" in preview
    assert "“oops” is not a rate" in preview
    assert FxRate.objects.count() == 1
    browser.post(reverse("fx-import"), {"text": CSV, "rows": "1", "confirm": "1"})
    assert FxRate.objects.count() == 2
    listed = browser.get(reverse("fx-list")).content.decode()
    assert "1 GBP = <b>1.15</b> EUR" in listed
    browser.post(reverse("fx-remove", args=[FxRate.objects.get(source="csv").public_id]))
    assert FxRate.objects.count() == 1


def test_a_viewer_sees_rates_and_changes_none():
    pages = make_pages()
    browser = pages.browser(pages.viewer)
    assert "Enter a rate" not in browser.get(reverse("fx-list")).content.decode()
    sent = {"on": clock.today("UTC").isoformat(), "base": "GBP", "quote": "EUR", "value": "1.2"}
    assert browser.post(reverse("fx-enter"), sent).status_code == 403
    assert browser.post(reverse("fx-import"), {"text": CSV}).status_code == 403
    assert not FxRate.objects.exists()


def test_the_api_of_series_and_rates():
    world, other = make_world(), make_world()
    caller, stranger = Caller(world.user), Caller(other.user)
    budget = make_budget(world)
    today = clock.today("Europe/Berlin")
    made = caller.post(
        "plan-series/",
        {
            "client": str(world.client.public_id), "name": "Always on", "cadence": "week",
            "amount": {"amount": "700.00", "currency": "EUR"}, "anchor_on": today.isoformat(),
            "budgets": [str(budget.public_id)], "rollover": "underspend",
        },
    )  # fmt: skip
    assert made.status_code == 201, made.content
    assert len(made.json()["plans"]) == 1
    path = f"plan-series/{made.json()['id']}/"
    assert stranger.get(path).status_code == 404
    edited = caller.patch(path, {"version": 1, "amount": {"amount": "800.00", "currency": "EUR"}})
    assert edited.json()["amount"]["amount"] == "800.00"
    assert caller.patch(path, {"version": 1, "name": "Late"}).status_code == 409
    assert caller.post(f"{path}end/", {}).json()["is_active"] is False

    rate = caller.post(
        "exchange-rates/", {"base": "GBP", "quote": "EUR", "on": today.isoformat(), "rate": "1.2"}
    )
    assert rate.status_code == 201, rate.content
    read = caller.post("exchange-rates/import/", {"text": CSV, "preview": True}).json()
    assert (read["imported"], [row["changes"] for row in read["rows"]]) == (0, ["new", "refused"])
    assert caller.post("exchange-rates/import/", {"text": CSV}).json()["imported"] == 1
    assert stranger.get("exchange-rates/").json()["results"] == []
    assert caller.delete(f"exchange-rates/{rate.json()['id']}/").status_code == 204


def test_a_plan_over_two_currencies_is_made_on_the_page_and_shows_the_rate():
    pages = make_pages()
    world = pages.world
    home, away = make_budget(world), pounds(british(world))
    today = clock.today("Europe/Berlin")
    FxRate.objects.create(
        organization=world.organization, base="GBP", quote="EUR", on=today, rate="1.2", entered_label="Test"
    )
    sent = {
        "client": str(world.client.public_id), "name": "Both", "amount": "3000", "currency": "EUR",
        "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=29)).isoformat(), "strategy": "adaptive",
        "landing": "none", "tolerance": "5", "mode": "recommend", "pause_at_target": "on",
        "budgets": [str(home.public_id), str(away.public_id)],
    }  # fmt: skip
    assert pages.browser().post(reverse("plan-create"), sent | {"currency": ""}).status_code == 422
    answer = pages.browser().post(reverse("plan-create"), sent)
    assert answer.status_code == 302, answer.content.decode()
    plan = BudgetPlan.objects.get()
    assert (plan.currency, plan.amount_micros) == ("EUR", 3000 * MICROS)


def test_the_form_of_a_running_plan_says_that_the_ledger_rules():
    pages = make_pages()
    plan = make_plan(pages.world)
    shown = pages.browser().get(reverse("plan-edit", args=[plan.public_id])).content.decode()
    assert "may need a yes first" in shown
    assert "Who may change amount" not in shown
    boss = pages.browser(pages.world.user).get(reverse("plan-edit", args=[plan.public_id])).content.decode()
    assert "Who may change amount" in boss
