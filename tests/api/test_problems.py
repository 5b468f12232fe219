"""Refusals: problem+json that names each field and what to do."""

from __future__ import annotations

import pytest

from campaigns.models import ChangeSet
from lane.core.models import Event
from pacing.models import BudgetPlan
from tests.api.callers import Caller, everything
from tests.campaigns.world import make_budget, make_world

pytestmark = pytest.mark.django_db


def errors(answer, status: int = 422) -> dict[str, str]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["type"] == f"/api/problems/{body['code']}"
    assert body["request_id"]
    return {error["pointer"]: error["detail"] for error in body["errors"]}


@pytest.fixture
def plan_body():
    world = make_world()
    budget = make_budget(world)
    return world, {
        "client": str(world.client.public_id),
        "name": "Spring sale",
        "amount": {"amount": "900.00", "currency": "EUR"},
        "starts_on": "2099-03-01",
        "ends_on": "2099-03-31",
        "budgets": [str(budget.public_id)],
    }


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"ends_on": "2099-02-01"}, "/ends_on"),
        ({"starts_on": "1 March"}, "/starts_on"),
        ({"amount": {"amount": "0", "currency": "EUR"}}, "/amount"),
        ({"amount": {"amount": "-5", "currency": "EUR"}}, "/amount"),
        ({"amount": {"amount": "9.001", "currency": "EUR"}}, "/amount"),
        ({"amount": {"amount_micros": 5, "currency": "EUR"}}, "/amount"),
        ({"amount": {"amount": "900.00", "currency": "USD"}}, "/amount"),
        ({"amount": {"amount": 900.5, "currency": "EUR"}}, "/amount"),
        ({"amount": {"amount": "1.00", "amount_micros": 2_000_000, "currency": "EUR"}}, "/amount"),
        ({"amount": "900"}, "/amount"),
        ({"budgets": []}, "/budgets"),
        ({"budgets": ["x"]}, "/budgets/0"),
        ({"strategy": "wild"}, "/strategy"),
        ({"name": ""}, "/name"),
        ({"nmae": "Typo"}, "/nmae"),
        ({"client": "3b1d6c1e-0000-4000-8000-000000000000"}, "/client"),
    ],
)
def test_a_plan_that_cannot_be_names_the_field_and_makes_nothing(plan_body, change, pointer):
    world, body = plan_body
    found = errors(Caller(world.user).post("plans/", body | change))
    assert pointer in found
    assert found[pointer]
    assert (BudgetPlan.objects.count(), Event.objects.count()) == (0, 0)


def test_a_good_plan_is_made_and_shown_as_it_is_read(plan_body):
    world, body = plan_body
    made = Caller(world.user).post("plans/", body)
    assert made.status_code == 201, made.content
    shown = made.json()
    assert shown["amount"] == {"amount_micros": 900_000_000, "currency": "EUR", "amount": "900.00"}
    assert shown["status"] == "scheduled"
    assert shown["pace"] is None
    assert Caller(world.user).get(f"plans/{shown['id']}/").json() == shown


def test_an_overlapping_plan_is_refused_by_name(plan_body):
    world, body = plan_body
    caller = Caller(world.user)
    assert caller.post("plans/", body).status_code == 201
    found = errors(caller.post("plans/", body | {"name": "Second"}))
    assert "Spring sale" in found["/budgets"]


def test_editing_an_old_version_is_refused(plan_body):
    world, body = plan_body
    caller = Caller(world.user)
    made = caller.post("plans/", body).json()
    path = f"plans/{made['id']}/"
    edited = caller.patch(path, {"version": 1, "amount": {"amount": "800.00", "currency": "EUR"}})
    assert edited.json()["amount"]["amount"] == "800.00"
    assert edited.json()["version"] == 2
    stale = caller.patch(path, {"version": 1, "name": "Other"})
    assert stale.status_code == 409
    assert stale.json()["code"] == "out_of_date"


@pytest.mark.parametrize(
    ("target", "pointer"),
    [
        ({"amount": {"amount": "0", "currency": "EUR"}}, "/targets/0"),
        ({"amount": {"amount": "5.00", "currency": "USD"}}, "/targets/0/amount"),
        ({}, "/targets/0"),
    ],
)
def test_a_target_that_cannot_be_is_named_by_its_place(target, pointer):
    world = make_world()
    budget = make_budget(world)
    body = {
        "client": str(world.client.public_id),
        "title": "Raise it",
        "reason": "It is behind.",
        "targets": [{"budget": str(budget.public_id), **target}],
    }
    assert pointer in errors(Caller(world.user).post("change-sets/", body))
    assert ChangeSet.objects.count() == 0


def test_json_that_cannot_be_read_is_said():
    caller = Caller(make_world().user)
    answer = caller.browser.post("/api/v1/clients/", "{", content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] == "parse_error"


def test_a_filter_that_cannot_be_read_is_named():
    caller = Caller(make_world().user)
    assert "/client" in errors(caller.get("plans/", client="x"))
    assert "/status" in errors(caller.get("plans/", status="great"))


def test_an_address_that_leads_nowhere_is_a_problem_too():
    answer = Caller(make_world().user).get("nothing/")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


def test_a_csv_file_lists_its_bad_rows_and_imports_nothing_by_default():
    ours = make_world()
    text = "Campaign name,Day,Amount spent (EUR)\nCold brew,2026-11-01,12.50\nCold brew,2026-11-02,abc\n"
    body = {
        "client": str(ours.client.public_id), "account_name": "Meta file", "currency": "EUR",
        "timezone": "Europe/Berlin", "platform": "meta", "csv": text,
    }  # fmt: skip
    seen = Caller(ours.user).post("imports/", body)
    assert seen.status_code == 201, seen.content
    assert seen.json()["state"] == "preview"
    assert [error["row"] for error in seen.json()["errors"]]
    refused = Caller(ours.user).post(f"imports/{seen.json()['id']}/carry-out/", {})
    assert refused.status_code == 422
    done = Caller(ours.user).post(f"imports/{seen.json()['id']}/carry-out/", {"leave_out_bad_rows": True})
    assert done.status_code == 200, done.content
    assert done.json()["state"] == "done"
    assert done.json()["rows_new"] == 1


def test_deciding_something_else_than_what_was_read_is_refused():
    ours = everything()
    caller = Caller(ours.world.user)
    path = f"approval-requests/{ours.request.public_id}/decide/"
    stale = caller.post(path, {"kind": "approve", "content_hash": "0" * 64})
    assert stale.status_code in (403, 409)
    ours.request.refresh_from_db()
    assert ours.request.state == "open"
