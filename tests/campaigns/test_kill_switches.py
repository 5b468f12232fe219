"""Stopping and resuming writes."""

from __future__ import annotations

import pytest

from campaigns.models import KillSwitch
from campaigns.selectors import kill_switches as selectors
from campaigns.services import kill_switches
from lane.accounts.models import Client, Membership, Organization, Role, User
from lane.audit.models import AuditEntry
from lane.core.actors import Actor, ActorKind
from lane.core.errors import InvalidInput, NotAllowed, NotVisible, OutOfDate
from lane.core.models import Event
from tests.campaigns.ledger_world import LedgerWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> LedgerWorld:
    return LedgerWorld(monkeypatch)


def _scopes(world):
    return {
        "organization": {},
        "client": {"client": world.client},
        "platform": {"platform": "google_ads"},
        "connection": {"connection": world.connection},
    }


@pytest.mark.parametrize("scope", ["organization", "client", "platform", "connection"])
def test_each_scope_blocks_what_it_covers_and_says_who_stopped_it_and_why(world, scope):
    change = world.approved(world.budget(), 110)
    kill_switches.stop(actor=world.editor, reason="Wrong landing page.", **_scopes(world)[scope])
    assert world.apply(change).state == "blocked"
    assert "Edda" in change.outcome and "Wrong landing page." in change.outcome
    assert world.platform.calls == 0


def test_a_switch_elsewhere_blocks_nothing_here(world):
    other = Client.objects.create(organization=world.organization, name="Tervo Kitchens")
    kill_switches.stop(actor=world.editor, reason="Not ours.", client=other)
    kill_switches.stop(actor=world.editor, reason="Not ours.", platform="meta")
    KillSwitch.objects.create(
        organization=Organization.objects.create(name="Other"),
        reason="x",
        stopped_by_label="x",
        stopped_at="2026-01-01T00:00Z",
    )
    assert world.apply(world.approved(world.budget(), 110)).state == "verified"


def test_any_editor_stops_but_only_an_admin_resumes_and_says_why(world):
    with pytest.raises(NotAllowed):
        kill_switches.stop(actor=world.approver, reason="I may not.")
    switch = kill_switches.stop(actor=world.editor, reason="Careful.")
    with pytest.raises(NotAllowed):
        kill_switches.resume(switch.public_id, actor=world.editor, reason="All good.")
    with pytest.raises(InvalidInput):
        kill_switches.resume(switch.public_id, actor=world.admin, reason=" ")
    assert selectors.on().count() == 1
    kill_switches.resume(switch.public_id, actor=world.admin, reason="Checked with the client.")
    assert selectors.on().count() == 0
    with pytest.raises(OutOfDate):
        kill_switches.resume(switch.public_id, actor=world.admin, reason="Again.")
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "campaigns.writes.stopped",
        "campaigns.writes.resumed",
    ]
    assert list(Event.objects.order_by("id").values_list("name", flat=True)) == [
        "campaigns.writes.stopped",
        "campaigns.writes.resumed",
    ]


def test_stopping_everything_is_for_staff_of_the_installation(world):
    with pytest.raises(NotAllowed):
        kill_switches.stop(actor=world.owner, reason="All of it.", everything=True)
    User.objects.filter(pk=world.owner.user_id).update(is_staff=True)
    kill_switches.stop(actor=world.owner, reason="All of it.", everything=True)
    assert world.apply(world.approved(world.budget(), 110, actor=world.approver)).state == "blocked"


def test_switches_of_other_organizations_do_not_exist(world):
    switch = kill_switches.stop(actor=world.editor, reason="Careful.")
    elsewhere = Organization.objects.create(name="Other agency")
    user = User.objects.create_user("eve@other.example")
    Membership.objects.create(organization=elsewhere, user=user, role=Role.OWNER)
    stranger = Actor(ActorKind.PERSON, elsewhere.pk, user_id=user.pk, label="Eve")
    with pytest.raises(NotVisible):
        kill_switches.resume(switch.public_id, actor=stranger, reason="Mine now.")
    with pytest.raises(NotVisible):
        kill_switches.stop(actor=stranger, reason="Not mine.", client=world.client)
    assert not selectors.switches_for(stranger).exists()


def test_what_was_blocked_stays_blocked_after_writes_resume(world):
    change = world.approved(world.budget(), 110)
    switch = kill_switches.stop(actor=world.editor, reason="Careful.")
    world.apply(change)
    kill_switches.resume(switch.public_id, actor=world.admin, reason="All good.")
    assert (world.apply(change).state, world.platform.calls) == ("blocked", 0)
