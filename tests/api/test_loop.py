"""The loop through the API: a recommendation is accepted, approved for exactly its amount, withdrawn, undone."""

from __future__ import annotations

import pytest

from approvals.models import ApprovalRequest
from campaigns.models import Change
from lane.core import outbox
from tests.api.callers import Caller, everything, hire, key_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def accepted():
    """A recommendation accepted by a key, and the request that opened."""
    ours = everything()
    editor = key_of(hire(ours.world, "editor")[1], "read", "propose")
    answer = editor.post(f"recommendations/{ours.recommendation.public_id}/accept/", {}, once="accept")
    assert answer.status_code == 201, answer.content
    outbox.drain()
    approver = key_of(hire(ours.world, "viewer", is_approver=True)[1], "read", "decide")
    listed = approver.get("approval-requests/", subject_id=answer.json()["id"]).json()["results"]
    return ours, answer.json(), approver, listed[0]


def test_approving_needs_the_amount_that_was_shown(accepted):
    _, change_set, approver, request = accepted
    path = f"approval-requests/{request['id']}/decide/"
    asked = {"kind": "approve", "content_hash": request["content_hash"]}
    wrong = dict(request["new_total"], amount=None, amount_micros=1_000_000)
    for body, pointer in (
        (asked, "/typed"),
        (asked | {"amount": {"amount": "1.00", "currency": "EUR"}}, "/typed"),
        (asked | {"amount": {"amount": "1.00", "currency": "USD"}}, "/amount"),
        (asked | {"amount": wrong}, "/typed"),
    ):
        refused = approver.post(path, body)
        assert refused.status_code == 422, refused.content
        assert refused.json()["errors"][0]["pointer"] == pointer
    stale = approver.post(path, asked | {"amount": request["new_total"], "content_hash": "0" * 64})
    assert stale.status_code == 409
    assert ApprovalRequest.objects.get(public_id=request["id"]).state == "open"

    done = approver.post(path, asked | {"amount": request["new_total"]}, once="yes")
    assert done.status_code == 200, done.content
    assert done.json()["state"] == "approved"
    assert done.json()["decisions"][0]["via"] == "api"
    assert approver.post(path, asked | {"amount": request["new_total"]}, once="yes").status_code == 200
    again = approver.post(path, asked | {"amount": request["new_total"]})
    assert again.status_code == 410
    assert again.json()["code"] == "already_decided"

    shown = approver.get(f"change-sets/{change_set['id']}/").json()
    assert shown["state"] == "approved"
    assert [row["state"] for row in shown["changes"]] == ["approved"]
    row = approver.get(f"changes/{shown['changes'][0]['id']}/").json()
    assert row["calls"] == []
    assert row["target"] == request["new_total"]


def test_a_lower_amount_is_approved_in_proportion(accepted):
    _, change_set, approver, request = accepted
    now, new = request["now_total"]["amount_micros"], request["new_total"]["amount_micros"]
    amount = {"amount_micros": now + 1_000_000, "currency": "EUR"}
    assert now < amount["amount_micros"] < new
    body = {"kind": "approve_lower", "content_hash": request["content_hash"], "amount": amount}
    done = approver.post(f"approval-requests/{request['id']}/decide/", body)
    assert done.status_code == 200, done.content
    row = Change.objects.get(change_set__public_id=change_set["id"])
    assert row.target_micros == amount["amount_micros"]


def test_declining_needs_a_reason(accepted):
    _, _, approver, request = accepted
    body = {"kind": "decline", "content_hash": request["content_hash"]}
    refused = approver.post(f"approval-requests/{request['id']}/decide/", body)
    assert refused.json()["errors"][0]["pointer"] == "/comment"


def test_an_edited_proposal_is_a_new_version_with_a_new_request(accepted):
    ours, change_set, approver, request = accepted
    editor = Caller(ours.world.user)
    target = change_set["changes"][0]
    body = {
        "version": 1,
        "reason": "A little less.",
        "targets": [{"budget": target["budget"]["id"], "amount": {"amount": "51.00", "currency": "EUR"}}],
    }
    edited = editor.post(f"change-sets/{change_set['id']}/edit/", body)
    assert edited.status_code == 200, edited.content
    assert edited.json()["version"] == 2
    assert [row["target"]["amount"] for row in edited.json()["changes"]] == ["51.00"]
    assert editor.post(f"change-sets/{change_set['id']}/edit/", body).status_code == 409
    outbox.drain()
    old = approver.post(
        f"approval-requests/{request['id']}/decide/",
        {"kind": "approve", "content_hash": request["content_hash"], "amount": request["new_total"]},
    )
    assert old.status_code == 409
    assert ApprovalRequest.objects.filter(subject_id=change_set["id"], state="open").count() == 1


def test_what_was_not_applied_cannot_be_undone(accepted):
    ours, change_set, _, _ = accepted
    answer = Caller(ours.world.user).post(f"change-sets/{change_set['id']}/undo/", {"reason": "Back again"})
    assert answer.status_code == 409


def test_accepting_with_other_amounts_proposes_those():
    ours = everything()
    row = ours.recommendation.rows[0]
    amount = {"amount_micros": row["now_micros"] + 1_000_000, "currency": "EUR"}
    answer = Caller(ours.world.user).post(
        f"recommendations/{ours.recommendation.public_id}/accept/",
        {"rows": [{"budget": row["budget_id"], "amount": amount}]},
    )
    assert answer.status_code == 201, answer.content
    assert answer.json()["changes"][0]["target"]["amount_micros"] == amount["amount_micros"]


def test_clients_are_made_limited_archived_and_brought_back():
    ours = everything()
    caller = Caller(ours.world.user)
    body = {"name": "Juniper Books", "currency": "EUR", "timezone": "Europe/Berlin"}
    made = caller.post("clients/", body | {"budget_limit": {"amount": "5000", "currency": "EUR"}})
    assert made.status_code == 201, made.content
    assert made.json()["budget_limit"]["amount"] == "5000.00"
    path = f"clients/{made.json()['id']}/"
    assert caller.patch(path, {"budget_limit": None}).json()["budget_limit"] is None
    assert caller.post(f"{path}archive/").json()["archived_at"]
    assert caller.post(f"{path}restore/").json()["archived_at"] is None
    taken = caller.post("clients/", body)
    assert taken.json()["errors"][0]["pointer"] == "/name"
    wrong = caller.post("clients/", {"name": "X", "currency": "ABC", "timezone": "Mars/One"})
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"/currency", "/timezone"}
