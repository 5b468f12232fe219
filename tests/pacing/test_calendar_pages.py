"""The calendar's pages and API: what they show, keep and refuse."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from lane.core import clock
from pacing.models import PlannedEvent
from pacing.services import calendar
from tests.api.callers import Caller
from tests.campaigns.world import make_world, person
from tests.pacing.pages_world import another_client, make_pages, make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages():
    clock.forget()
    return make_pages()


def text(answer):
    return " ".join(answer.content.decode().split())


def plan_event(pages, **terms):
    first = clock.today("Europe/Berlin") + timedelta(days=3)
    values = {"name": "Black Friday", "kind": "promo", "starts_on": first, "ends_on": first}
    return calendar.create(
        client=terms.pop("client", pages.world.client),
        actor=pages.world.admin,
        **(values | {"factor": Decimal("1.5")} | terms),
    )


def typed(pages, **changed):
    first = clock.today("Europe/Berlin") + timedelta(days=3)
    values = {
        "client": pages.world.client.public_id, "name": "Black Friday", "kind": "promo", "starts_on": first,
        "ends_on": "", "factor": "1.5", "platform": "", "plan": "", "note": "",
    }  # fmt: skip
    return {name: value for name, value in (values | changed).items() if value is not None}


def test_the_month_shows_each_event_on_its_days_with_the_plans_it_touches(pages):
    make_plan(pages.world, name="Cold brew")
    event = plan_event(pages)
    shown = text(pages.browser().get(reverse("calendar"), {"month": f"{event.starts_on:%Y-%m}"}))
    assert shown.count("Black Friday") >= 2
    assert "Cold brew" in shown
    assert "×1.5" in shown
    other = text(pages.browser().get(reverse("calendar"), {"month": "2020-01"}))
    assert "January 2020" in other


@pytest.mark.parametrize("month", ["nonsense", "0001-01", "9999-12", "2026-13", "%00"])
def test_an_address_that_names_no_month_shows_this_one(pages, month):
    answer = pages.browser().get(reverse("calendar"), {"month": month})
    assert answer.status_code == 200
    assert f"{clock.today('Europe/Berlin'):%B %Y}" in text(answer)


def test_an_empty_calendar_says_what_to_do_next(pages):
    assert "Add the first event" in text(pages.browser().get(reverse("calendar")))
    seen = text(pages.browser(pages.viewer).get(reverse("calendar")))
    assert "Nothing planned" in seen
    assert "Add the first event" not in seen


def test_an_event_is_added_changed_and_removed_on_its_pages(pages):
    make_plan(pages.world, name="Cold brew")
    browser = pages.browser()
    answer = browser.post(reverse("event-create"), typed(pages), follow=True)
    assert "1 plan is looked at again" in text(answer)
    event = PlannedEvent.objects.get()
    assert event.ends_on == event.starts_on
    page = reverse("event-edit", args=[event.public_id])
    assert "Cold brew" in text(browser.get(page))
    browser.post(page, typed(pages, client=None, factor="2", recurs_yearly="on"))
    event.refresh_from_db()
    assert (event.factor, event.recurs_yearly) == (2, True)
    browser.post(reverse("event-remove", args=[event.public_id]))
    assert not PlannedEvent.objects.exists()


def test_what_was_typed_survives_a_refusal_that_names_the_field(pages):
    answer = pages.browser().post(reverse("event-create"), typed(pages, factor="0", name="Keep me"))
    assert answer.status_code == 422
    assert "for 0 choose Blackout" in text(answer)
    assert "Keep me" in text(answer)
    assert not PlannedEvent.objects.exists()


def test_viewers_read_the_calendar_and_cannot_change_it(pages):
    event = plan_event(pages)
    browser = pages.browser(pages.viewer)
    assert browser.get(reverse("calendar")).status_code == 200
    shown = browser.get(reverse("event-edit", args=[event.public_id]))
    assert "Save event" not in text(shown)
    assert browser.post(reverse("event-edit", args=[event.public_id]), typed(pages)).status_code == 403
    assert browser.post(reverse("event-remove", args=[event.public_id])).status_code == 403
    assert browser.get(reverse("event-create")).status_code == 403
    stranger = pages.browser(person(make_world().organization, "admin")[0])
    assert stranger.get(reverse("event-edit", args=[event.public_id])).status_code == 404
    assert "Black Friday" not in text(stranger.get(reverse("calendar")))


def test_a_paste_is_looked_at_first_and_refused_lines_stay_in_the_box(pages):
    browser, lines = pages.browser(), "name,starts_on,factor\nSale,2027-01-02,1.2\nBad,someday,1.2\n"
    data = {"client": str(pages.world.client.public_id), "text": lines}
    looked = browser.post(reverse("event-paste"), data)
    assert "nothing is kept yet" in text(looked)
    assert not PlannedEvent.objects.exists()
    kept = browser.post(reverse("event-paste"), data | {"keep": "1"})
    assert PlannedEvent.objects.get().name == "Sale"
    assert "1 event added" in text(kept)
    assert kept.context["text"] == "name,starts_on,factor\nBad,someday,1.2"
    again = browser.post(
        reverse("event-paste"), data | {"text": "name,starts_on,factor\nBad,2027-01-05,1.2", "keep": "1"}
    )
    assert again.status_code == 302
    assert browser.post(reverse("event-paste"), data | {"text": ""}).status_code == 422


def test_the_month_costs_the_same_queries_for_many_events(pages, django_assert_max_num_queries):
    for number in range(4):
        make_plan(pages.world, name=f"Plan {number}")
    browser = pages.browser()
    plan_event(pages)
    browser.get(reverse("calendar"))
    with django_assert_max_num_queries(16) as few:
        browser.get(reverse("calendar"))
    for number in range(8):
        plan_event(pages, name=f"Event {number}", client=another_client(pages.world, f"Brand {number}"))
    with django_assert_max_num_queries(len(few)):
        browser.get(reverse("calendar"))


def test_the_api_reads_writes_pastes_and_removes_events(pages):
    caller, client = Caller(pages.editor), str(pages.world.client.public_id)
    plan = make_plan(pages.world, name="Cold brew")
    first = (clock.today("Europe/Berlin") + timedelta(days=2)).isoformat()
    body = {"client": client, "name": "Sale", "kind": "promo", "starts_on": first, "factor": "1.50"}
    made = caller.post("planned-events/", body, once="a")
    assert made.status_code == 201
    assert made.json()["plans"] == [{"id": str(plan.public_id), "name": "Cold brew"}]
    assert caller.post("planned-events/", body, once="a").json()["id"] == made.json()["id"]
    address = f"planned-events/{made.json()['id']}/"
    assert caller.patch(address, {"factor": "2"}).json()["factor"] == "2.00"
    refused = caller.patch(address, {"factor": "0"})
    assert refused.status_code == 422
    assert "factor" in refused.content.decode()
    assert caller.post("planned-events/", body | {"kind": "blackout"}).status_code == 422
    pasted = caller.post(
        "planned-events/paste/", {"client": client, "text": "A,promo,2027-01-01\nB,promo,soon"}
    )
    assert pasted.json()["stored"] == 1
    assert pasted.json()["refused"][0]["line"] == 2
    listed = caller.get("planned-events/", starts_before="2026-12-31").json()["results"]
    assert [one["name"] for one in listed] == ["Sale"]
    assert Caller(pages.viewer).delete(address).status_code == 403
    assert caller.delete(address).status_code == 204
    assert caller.get(address).status_code == 404
