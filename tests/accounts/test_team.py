"""Roles: who gives them, who ends them, and that the last owner stays."""

from __future__ import annotations

import uuid

import pytest

from lane.accounts import policies, selectors
from lane.accounts.models import ApiKey, Invitation, Membership, Role
from lane.accounts.services import api_keys, invitations, team
from lane.audit.models import AuditEntry
from lane.core.errors import InvalidInput, NotAllowed, NotVisible
from tests.accounts.world import World

VERBS = ("view", "propose", "change", "apply", "manage", "approve")
MAY = {
    "viewer": {"view"},
    "editor": {"view", "propose", "change"},
    "admin": {"view", "propose", "change", "apply", "manage"},
    "owner": {"view", "propose", "change", "apply", "manage"},
    "approver": {"view", "approve"},
}


@pytest.mark.parametrize("who", MAY)
def test_each_role_may_exactly_its_verbs(world: World, who: str):
    actor = world.actor(who)
    assert {verb for verb in VERBS if policies.may(actor, verb, client_id=world.pinewick.pk)} == MAY[who]


def test_a_role_on_one_client_ends_at_that_client(world: World):
    lead = world.actor("lead")
    assert policies.may(lead, "manage", client_id=world.pinewick.pk)
    assert not policies.may(lead, "view", client_id=world.aldermoor.pk)
    assert not policies.may(lead, "manage", client_id=None)
    assert list(selectors.clients_for(lead)) == [world.pinewick]
    with pytest.raises(NotVisible):
        policies.require(lead, "view", world.aldermoor)


def test_nobody_changes_anything_across_organizations(world: World):
    for thing in (world.pinewick, world.membership("viewer")):
        with pytest.raises(NotVisible):
            policies.require(world.actor("stranger"), "manage", thing)
    with pytest.raises(NotVisible):
        team.change(world.membership("viewer").public_id, role="owner", actor=world.actor("stranger"))
    assert world.membership("viewer").role == "viewer"


@pytest.mark.parametrize("who", ["viewer", "editor", "approver", "contact"])
def test_who_may_not_manage_changes_no_role(world: World, who: str):
    with pytest.raises((NotAllowed, NotVisible)):
        team.change(world.membership("viewer").public_id, role="editor", actor=world.actor(who))
    with pytest.raises((NotAllowed, NotVisible)):
        team.remove(world.membership("owner").public_id, actor=world.actor(who))
    assert world.membership("viewer").role == "viewer"
    assert AuditEntry.objects.count() == 0


def test_an_admin_makes_an_editor_but_no_owner_and_touches_no_owner(world: World):
    admin = world.actor("admin")
    team.change(
        world.membership("viewer").public_id, role="editor", is_approver=True, actor=admin, reason="grew"
    )
    changed = world.membership("viewer")
    assert (changed.role, changed.is_approver) == ("editor", True)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.reason) == ("accounts.membership.changed", "grew")
    assert (entry.before["role"], entry.after["role"]) == ("viewer", "editor")
    for attempt in (
        lambda: team.change(changed.public_id, role="owner", actor=admin),
        lambda: team.change(world.membership("owner").public_id, role="viewer", actor=admin),
        lambda: team.remove(world.membership("owner").public_id, actor=admin),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_an_unknown_role_is_refused_and_the_known_ones_are_named(world: World):
    with pytest.raises(InvalidInput) as refused:
        team.change(world.membership("viewer").public_id, role="emperor", actor=world.actor("owner"))
    assert "viewer, editor, admin, owner" in refused.value.fields["role"]
    with pytest.raises(InvalidInput):
        invitations.invite(email="new@tallow.example", role="emperor", actor=world.actor("owner"))


def test_the_last_owner_can_be_neither_demoted_nor_removed_nor_leave(world: World):
    owner, mine = world.actor("owner"), world.membership("owner")
    for attempt in (
        lambda: team.change(mine.public_id, role="viewer", actor=owner),
        lambda: team.remove(mine.public_id, actor=owner),
    ):
        with pytest.raises(InvalidInput, match="at least one owner"):
            attempt()
    team.change(world.membership("admin").public_id, role="owner", actor=owner)
    team.remove(mine.public_id, actor=owner)
    assert Membership.objects.filter(organization=world.us, role=Role.OWNER).count() == 1


def test_somebody_who_leaves_takes_their_keys_and_offers_along(world: World):
    admin = world.actor("admin")
    key, _ = api_keys.create(name="Script", scopes=["read"], actor=admin)
    invitations.invite(email="new@tallow.example", role="viewer", actor=admin)
    team.remove(world.membership("admin").public_id, actor=admin)
    assert ApiKey.objects.get(pk=key.pk).revoked_at is not None
    assert Invitation.objects.get().revoked_at is not None
    assert AuditEntry.objects.filter(action="accounts.membership.left").exists()


def test_offers_above_a_demoted_admins_new_role_are_withdrawn(world: World):
    invitations.invite(email="new@tallow.example", role="viewer", actor=world.actor("admin"))
    team.change(world.membership("admin").public_id, role="editor", actor=world.actor("owner"))
    assert Invitation.objects.get().revoked_at is not None


def test_who_works_for_one_client_sees_only_its_team(world: World):
    seen = {m.user.name for m in selectors.memberships_for(world.actor("contact"))}
    assert seen == {"Contact", "Lead"}
    assert "Stranger" not in {m.user.name for m in selectors.memberships_for(world.actor("owner"))}


def test_an_unknown_and_a_foreign_membership_are_refused_alike(world: World):
    told = []
    for public_id in (uuid.uuid4(), world.membership("stranger").public_id, "nonsense"):
        with pytest.raises(NotVisible) as refused:
            team.remove(public_id, actor=world.actor("owner"))
        told.append(refused.value.message)
    assert len(set(told)) == 1
