"""What a caller reads: everything of theirs, nothing of others, and no difference between foreign and unknown."""

from __future__ import annotations

import uuid

import pytest

from lane.accounts.models import Client
from lane.audit.models import AuditEntry
from tests.api.callers import Caller, everything, hire, key_of
from tests.campaigns.world import make_world, person

pytestmark = pytest.mark.django_db


def said(answer):
    """A refusal without what differs by request."""
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def test_everything_is_listed_and_shown_to_its_own_people_only():
    ours, theirs = everything(), everything()
    caller, stranger = Caller(ours.world.user), Caller(theirs.world.user)
    for resource, public_id in ours.ids.items():
        shown = caller.get(f"{resource}/{public_id}/")
        assert shown.status_code == 200, (resource, shown.content)
        assert shown.json()["id"] == str(public_id)
        listed = caller.get(f"{resource}/", limit=500)
        assert listed.status_code == 200, (resource, listed.content)
        assert str(public_id) in [row["id"] for row in listed.json()["results"]], resource

        foreign = stranger.get(f"{resource}/{public_id}/")
        unknown = stranger.get(f"{resource}/{uuid.uuid4()}/")
        assert foreign.status_code == unknown.status_code == 404, resource
        assert said(foreign) == said(unknown)
        rows = stranger.get(f"{resource}/", limit=500)
        assert rows.status_code == 404 or str(public_id) not in rows.content.decode(), resource


def test_named_actions_on_foreign_things_are_not_found_and_do_nothing():
    ours, stranger = everything(), Caller(make_world().user)
    before = AuditEntry.objects.count()
    reason = {"reason": "Because of this."}
    for path in (
        f"clients/{ours.ids['clients']}/archive/",
        f"connections/{ours.ids['connections']}/disconnect/",
        f"ad-accounts/{ours.ids['ad-accounts']}/sync/",
        f"drifts/{ours.ids['drifts']}/adopt/",
        f"drifts/{ours.ids['drifts']}/reapply/",
        f"drifts/{ours.ids['drifts']}/pause-automation/",
        f"budgets/{ours.ids['budgets']}/pause-automation/",
        f"ad-accounts/{ours.ids['ad-accounts']}/resume-automation/",
        f"imports/{ours.ids['imports']}/carry-out/",
        f"change-sets/{ours.ids['change-sets']}/withdraw/",
        f"change-sets/{ours.ids['change-sets']}/undo/",
        f"kill-switches/{ours.ids['kill-switches']}/resume/",
        f"plans/{ours.ids['plans']}/pause/",
        f"plans/{ours.ids['plans']}/run/",
        f"recommendations/{ours.ids['recommendations']}/accept/",
        f"recommendations/{ours.ids['recommendations']}/decline/",
        f"approval-requests/{ours.ids['approval-requests']}/decide/",
        f"approval-policies/{ours.ids['approval-policies']}/retire/",
        f"notifications/{ours.ids['notifications']}/read/",
        f"api-keys/{ours.ids['api-keys']}/revoke/",
        f"invitations/{ours.ids['invitations']}/resend/",
    ):
        foreign = stranger.post(path, reason)
        unknown = stranger.post(f"{path.split('/')[0]}/{uuid.uuid4()}/{path.split('/')[2]}/", reason)
        assert foreign.status_code == unknown.status_code == 404, (path, foreign.content)
        assert said(foreign) == said(unknown)
    assert AuditEntry.objects.count() == before


def test_a_foreign_id_in_a_body_is_refused_like_an_unknown_one():
    ours, theirs = everything(), everything()
    caller = Caller(ours.world.user)

    def propose(budget):
        amount = {"amount": "12.00", "currency": "EUR"}
        return caller.post(
            "change-sets/",
            {
                "client": str(ours.world.client.public_id),
                "title": "Raise it",
                "reason": "It is behind.",
                "targets": [{"budget": str(budget), "amount": amount}],
            },
        )

    foreign, unknown = propose(theirs.budget.public_id), propose(uuid.uuid4())
    assert foreign.status_code == 422
    assert said(foreign) == said(unknown)
    assert foreign.json()["errors"][0]["pointer"] == "/targets/0/budget"


def test_a_key_limited_to_clients_narrows_every_list():
    ours = everything()
    other = Client.objects.create(organization=ours.world.organization, name="Other client")
    limited = key_of(ours.world.admin, clients=[other])
    assert [row["name"] for row in limited.get("clients/").json()["results"]] == ["Other client"]
    for resource in ("ad-accounts", "ad-campaigns", "budgets", "plans", "change-sets", "changes", "drifts",
                     "recommendations", "approval-requests", "sync-runs", "imports"):  # fmt: skip
        assert limited.get(f"{resource}/").json()["results"] == [], resource
        assert limited.get(f"{resource}/{ours.ids[resource]}/").status_code == 404, resource
    me = limited.get("me/").json()
    assert me["kind"] == "api_key"
    assert [client["name"] for client in me["clients"]] == ["Other client"]


def test_who_holds_a_role_on_one_client_sees_only_that_client():
    ours = everything()
    other = Client.objects.create(organization=ours.world.organization, name="Other client")
    user, _ = person(ours.world.organization, "editor", client=other)
    caller = Caller(user)
    assert [row["name"] for row in caller.get("clients/").json()["results"]] == ["Other client"]
    assert caller.get(f"plans/{ours.plan.public_id}/").status_code == 404
    assert caller.get(f"plans/{ours.plan.public_id}/runs/").status_code == 404


def test_origin_addresses_in_the_activity_are_for_admins():
    ours = everything()
    viewer, _ = hire(ours.world, "viewer")
    rows = Caller(ours.world.user).get("activity/").json()["results"]
    assert all(row["ip"] is not None for row in rows)
    assert all(row["ip"] is None for row in Caller(viewer).get("activity/").json()["results"])


def test_no_answer_carries_a_secret():
    ours = everything()
    caller = Caller(ours.world.user)
    for resource, public_id in ours.ids.items():
        text = caller.get(f"{resource}/{public_id}/").content.decode()
        for secret in ("sealed", "made-up", "digest", "token_digest", "password"):
            assert f'"{secret}' not in text, (resource, secret)
