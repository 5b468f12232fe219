"""Who may do what, through which door: each action is tried by every kind of person, on the page and by API.

What counts is what happened: a refused action leaves the thing, the trail and the events as they were.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import reverse
from guardian.shortcuts import assign_perm

from campaigns.models import ChangeSet, Connection, Drift, KillSwitch
from lane.accounts.models import ApiKey, Client, Membership, Scope, User
from lane.audit.models import AuditEntry
from lane.core.models import Event
from tests.api.callers import Caller, Everything, everything, hire, key_of
from tests.campaigns.world import make_world

pytestmark = pytest.mark.django_db
REASON = {"reason": "We looked into it."}
ROLES = ("viewer", "editor", "admin", "owner")


@dataclass(frozen=True)
class Action:
    """One thing to do; ``least`` is the weakest role that may, ``approver`` the flag."""

    least: str
    page: str
    api: str
    happened: Callable[[Everything], bool]
    of: str
    body: Callable[[Everything], dict[str, Any]] = lambda world: REASON
    form: Callable[[Everything], dict[str, Any]] | None = None
    scope: str = "write"

    def by_page(self, world: Everything, user: User) -> Any:
        args = [] if not self.of else [world.ids[self.of]]
        args += self.page.split()[1:]
        sent = (self.form or self.body)(world)
        return Caller(user).browser.post(reverse(self.page.split()[0], args=args), sent)

    def by_api(self, world: Everything, caller: Caller) -> Any:
        place = f"{world.ids[self.of]}/{self.api}/" if self.of else ""
        return caller.post(f"{self.of or self.api}/{place}", self.body(world))


def fresh(thing: Any) -> Any:
    thing.refresh_from_db()
    return thing


ACTIONS = {
    "pause a plan": Action(
        "editor", "plan-pause", "pause", lambda w: fresh(w.plan).status == "paused", "plans"
    ),
    "archive a plan": Action(
        "editor", "plan-archive", "archive", lambda w: fresh(w.plan).status == "archived", "plans"
    ),
    "accept a recommendation": Action(
        "editor", "recommendation-accept", "accept",
        lambda w: fresh(w.recommendation).state == "accepted", "recommendations",
        body=lambda w: {}, scope="propose",
    ),
    "decline a recommendation": Action(
        "editor", "recommendation-decline", "decline",
        lambda w: fresh(w.recommendation).state == "declined", "recommendations", scope="propose",
    ),
    "withdraw a change set": Action(
        "editor", "change-set-withdraw", "withdraw",
        lambda w: ChangeSet.objects.get(pk=w.change_set.pk).state == "withdrawn", "change-sets", scope="propose",
    ),
    "adopt an outside edit": Action(
        "editor", "drift-settle adopt", "adopt", lambda w: Drift.objects.get(pk=w.drift.pk).state == "adopted",
        "drifts",
    ),
    "stop every write": Action(
        "editor", "kill-switch-stop", "kill-switches",
        lambda w: KillSwitch.objects.filter(reason=REASON["reason"]).exists(), "",
        form=lambda w: REASON | {"platform": "", "client": "", "connection": ""},
    ),
    "resume writes": Action(
        "admin", "kill-switch-resume", "resume", lambda w: fresh(w.switch).resumed_at is not None,
        "kill-switches", scope="manage",
    ),
    "disconnect a login": Action(
        "admin", "connection-disconnect", "disconnect",
        lambda w: Connection.objects.get(pk=w.world.connection.pk).status == "disconnected", "connections",
        scope="manage",
    ),
    "archive a client": Action(
        "admin", "client-archive", "archive",
        lambda w: Client.objects.get(pk=w.world.client.pk).archived_at is not None, "clients", scope="manage",
    ),
    "revoke somebody's key": Action(
        "admin", "api-key-revoke", "revoke",
        lambda w: ApiKey.objects.get(public_id=w.ids["api-keys"]).revoked_at is not None, "api-keys",
        scope="manage",
    ),
    "invite somebody": Action(
        "admin", "member-invite", "invitations",
        lambda w: w.world.organization.pk in AuditEntry.objects.filter(
            action="accounts.invitation.sent", after__email="new@example.com"
        ).values_list("organization_id", flat=True), "",
        body=lambda w: {"email": "new@example.com", "role": "viewer"},
        form=lambda w: {"email": "new@example.com", "role": "viewer", "client": "every"}, scope="manage",
    ),
    "decide a request": Action(
        "approver", "request-decide", "decide", lambda w: fresh(w.request).state == "declined",
        "approval-requests",
        body=lambda w: {
            "kind": "decline", "comment": "Not this month.", "content_hash": w.request.content_hash,
        },
        scope="decide",
    ),
}  # fmt: skip


def people_of(world: Everything) -> dict[str, User]:
    """One person of each kind. Nobody but the approver has the flag."""
    people = {role: hire(world.world, role)[0] for role in ROLES}
    people["approver"] = hire(world.world, "viewer", is_approver=True)[0]
    people["guest"] = User.objects.create_user(f"guest{world.plan.pk}@example.com", "a long password")
    assign_perm("view_client", people["guest"], world.world.client)
    people["stranger"] = make_world().user
    return people


def allowed(action: Action, kind: str) -> bool:
    if action.least == "approver":
        return kind == "approver"
    return kind in ROLES and ROLES.index(kind) >= ROLES.index(action.least)


def traces() -> tuple[int, int]:
    return AuditEntry.objects.count(), Event.objects.count()


@pytest.mark.parametrize("door", ["page", "api"])
@pytest.mark.parametrize("name", ACTIONS)
def test_only_those_who_may_can_and_a_refusal_leaves_no_trace(name, door):
    action, world = ACTIONS[name], everything()
    people = people_of(world)
    for kind, user in people.items():
        if allowed(action, kind) or (kind == "stranger" and not action.of):
            continue  # where nothing is named, strangers act on their own organization
        before = traces()
        answer = action.by_page(world, user) if door == "page" else action.by_api(world, Caller(user))
        assert not action.happened(world), (kind, answer.content)
        assert traces() == before, kind
        assert answer.status_code in ((302, 403, 404, 422) if door == "page" else (403, 404)), kind
    weakest = next(kind for kind in people if allowed(action, kind))
    before = traces()
    user = people[weakest]
    answer = action.by_page(world, user) if door == "page" else action.by_api(world, Caller(user))
    assert answer.status_code < 400, answer.content
    assert action.happened(world), weakest
    entry = AuditEntry.objects.filter(actor_id=user.pk).order_by("-id").first()
    assert entry is not None
    assert entry.via == ("web" if door == "page" else "api")
    assert traces() > before


@pytest.mark.parametrize("name", [name for name, action in ACTIONS.items() if action.least != "approver"])
def test_an_owner_may_do_what_the_weakest_may(name):
    action, world = ACTIONS[name], everything()
    owner, _ = hire(world.world, "owner")
    assert action.by_api(world, Caller(owner)).status_code < 400
    assert action.happened(world)


@pytest.mark.parametrize("name", ACTIONS)
def test_a_key_needs_exactly_the_scope_of_the_action(name):
    action, world = ACTIONS[name], everything()
    _, actor = hire(world.world, "owner", is_approver=True)
    for scope in Scope.values:
        if scope == action.scope:
            continue
        refused = action.by_api(world, key_of(actor, *{"read", scope}))
        assert refused.status_code == 403, (scope, refused.content)
        assert action.scope in refused.json()["title"]
    assert not action.happened(world)
    done = action.by_api(world, key_of(actor, "read", action.scope))
    assert done.status_code < 400, done.content
    assert action.happened(world)


def test_nobody_decides_their_own_proposal_by_any_door():
    world = everything()
    Membership.objects.filter(user=world.world.user).update(is_approver=True)
    action = ACTIONS["decide a request"]
    action.by_page(world, world.world.user)
    refused = action.by_api(world, Caller(world.world.user))
    assert refused.status_code == 403
    assert refused.json()["code"] == "own_proposal"
    assert not action.happened(world)


@pytest.mark.parametrize("role", ["boss", "", "Owner", "superuser"])
def test_an_unknown_role_is_refused_and_nothing_changes(role):
    world = everything()
    user, _ = hire(world.world, "viewer")
    membership = Membership.objects.get(user=user)
    caller = Caller(hire(world.world, "owner")[0])
    before = traces()
    by_api = caller.patch(f"memberships/{membership.public_id}/", {"role": role})
    by_page = caller.browser.post(reverse("member-edit", args=[membership.public_id]), {"role": role})
    assert by_api.status_code == by_page.status_code == 422
    assert by_api.json()["errors"][0]["pointer"] == "/role"
    assert fresh(membership).role == "viewer"
    assert traces() == before


def test_an_admin_makes_nobody_an_owner():
    world = everything()
    membership = Membership.objects.get(user=hire(world.world, "viewer")[0])
    caller = Caller(hire(world.world, "admin")[0])
    refused = caller.patch(f"memberships/{membership.public_id}/", {"role": "owner"})
    assert refused.status_code == 403
    assert fresh(membership).role == "viewer"


def test_the_last_owner_stays():
    world = everything()
    owner, _ = hire(world.world, "owner")
    membership = Membership.objects.get(user=owner)
    refused = Caller(owner).delete(f"memberships/{membership.public_id}/")
    assert refused.status_code == 422
    assert refused.json()["code"] == "last_owner"
    assert Membership.objects.filter(pk=membership.pk).exists()
