"""Invitations: one mail, one link, one use, by the invited address."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client as Browser

from lane.accounts.models import Invitation, Membership, Organization, User
from lane.accounts.services import invitations
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.errors import Gone, InvalidInput, NotAllowed
from lane.core.logging import SecretFilter
from tests.accounts.world import PASSWORD, World


def invite(world: World, email: str = "new@tallow.example", **asked: object) -> str:
    """Send an invitation and return the path of the link in its mail."""
    sent = invitations.invite(**{"email": email, "role": "editor", "actor": world.actor("admin"), **asked})
    assert sent.delivered
    return link_in(mail.outbox[-1])


def link_in(message: object) -> str:
    found = re.search(r"/join/lane_invite_[\w-]+/", message.body)  # type: ignore[attr-defined]
    assert found
    return found.group()


def test_a_new_person_joins_with_a_name_and_a_password(world: World, client: Browser):
    link = invite(world, is_approver=True, client=world.pinewick)
    message = mail.outbox[-1]
    html = message.alternatives[0][0]
    assert "Pinewick Coffee" in message.body and link in html
    assert "<style" not in html.split("</head>")[1] and 'style="' in html

    opened = client.get(link)
    assert (opened.status_code, opened["Location"]) == (302, "/join/")
    page = client.get("/join/")
    assert page.status_code == 200 and "lane_invite_" not in page.content.decode()
    assert not User.objects.filter(email="new@tallow.example").exists()

    short = client.post("/join/", {"name": "Nils Ahrens", "password": "short"})
    assert short.status_code == 422 and b"at least 12" in short.content
    joined = client.post("/join/", {"name": "Nils Ahrens", "password": PASSWORD})
    assert joined.status_code == 302
    membership = Membership.objects.get(user__email="new@tallow.example")
    assert (membership.role, membership.is_approver, membership.client) == ("editor", True, world.pinewick)
    assert client.get("/settings/").status_code == 200
    assert Browser().get(link).status_code == 410
    assert (
        AuditEntry.objects.filter(action="accounts.membership.joined", actor_label="Nils Ahrens").count() == 1
    )


def test_a_known_person_joins_only_with_their_own_login(world: World, client: Browser):
    link = invite(world, email="stranger@tallow.example")
    client.get(link)
    assert b"You have a login already" in client.get("/join/").content
    refused = client.post("/join/", {"name": "Mallory", "password": PASSWORD})
    assert refused.status_code == 200
    client.force_login(world.people["viewer"], backend="django.contrib.auth.backends.ModelBackend")
    client.get(link)
    assert b"the invitation is for stranger@tallow.example" in client.get("/join/").content
    client.post("/join/")
    assert not world.people["stranger"].memberships.filter(organization=world.us).exists()

    own = Browser()
    own.force_login(world.people["stranger"], backend="django.contrib.auth.backends.ModelBackend")
    own.get(link)
    assert own.post("/join/").status_code == 302
    assert world.people["stranger"].memberships.get(organization=world.us).role == "editor"
    assert b"Tallow Street Agency" in own.get("/settings/").content


def test_a_link_ends_by_use_expiry_withdrawal_and_a_newer_one(world: World, client: Browser):
    first = invite(world)
    second = invite(world)
    assert client.get(first).status_code == 410
    invitation = Invitation.objects.get(revoked_at__isnull=True)
    third = link_in(
        (invitations.resend(invitation.public_id, actor=world.actor("admin")), mail.outbox[-1])[1]
    )
    assert client.get(second).status_code == 404
    assert client.get(third).status_code == 302
    clock.set_offset(timedelta(days=8))
    expired = client.get("/join/")
    assert expired.status_code == 410 and b"has expired" in expired.content
    clock.set_offset(timedelta(0))
    invitations.withdraw(invitation.public_id, actor=world.actor("admin"))
    assert client.get(third).status_code == 410
    assert client.get("/join/lane_invite_made-up/").status_code == 404


def test_two_acceptances_of_one_link_make_one_person(world: World):
    invite(world)
    digest = Invitation.objects.get().token_digest
    invitations.accept_as_new(digest, name="Nils", password=PASSWORD)
    with pytest.raises(Gone):
        invitations.accept_as_new(digest, name="Mallory", password=PASSWORD)
    assert User.objects.get(email="new@tallow.example").name == "Nils"


def test_an_invitation_never_lowers_a_role(world: World):
    world.add("both", "admin", client=world.pinewick)
    invite(world, email="both@tallow.example", role="viewer")
    with pytest.raises(InvalidInput, match="has this access already"):
        invite(world, email="both@tallow.example", role="viewer", client=world.pinewick)
    digest = Invitation.objects.get().token_digest
    Membership.objects.create(organization=world.us, user=world.people["both"], role="editor")
    assert invitations.accept(digest, user=world.people["both"]).role == "editor"


def test_nobody_invites_above_their_own_role_or_without_managing(world: World):
    with pytest.raises(NotAllowed):
        invite(world, role="owner")
    for who in ("viewer", "editor", "approver", "contact"):
        with pytest.raises(NotAllowed):
            invite(world, actor=world.actor(who), role="viewer")
    with pytest.raises(NotAllowed):
        invite(world, actor=world.actor("lead"), role="viewer")
    invite(world, actor=world.actor("lead"), role="viewer", client=world.pinewick)
    assert len(mail.outbox) == 1


def test_bad_addresses_are_refused_and_names_cannot_add_headers(world: World):
    with pytest.raises(InvalidInput) as refused:
        invite(world, email="not an address")
    assert "email" in refused.value.fields
    Organization.objects.filter(pk=world.us.pk).update(name="Evil\nBcc: all@example.com")
    invite(world)
    assert "\n" not in mail.outbox[-1].subject
    assert mail.outbox[-1].recipients() == ["new@tallow.example"]


def test_the_token_is_in_the_mail_and_nowhere_else(world: World, caplog: pytest.LogCaptureFixture):
    token = invite(world).split("/")[2]
    assert Invitation.objects.get().token_digest != token
    assert not AuditEntry.objects.filter(after__icontains=token[12:]).exists()
    line = logging.LogRecord("x", logging.INFO, "", 0, "GET /join/%s/", (token,), None)
    SecretFilter().filter(line)
    assert token[12:] not in line.getMessage()


@pytest.mark.django_db
def test_the_operator_founds_an_organization_whose_owner_joins_by_link(client: Browser):
    out = StringIO()
    call_command("organization", "create", "New Agency", "--owner", "Boss@Example.com", stdout=out)
    path = re.search(r"/join/\S+", out.getvalue())
    assert path
    client.get(path.group())
    client.post("/join/", {"name": "The Boss", "password": PASSWORD})
    membership = Membership.objects.get(organization__name="New Agency")
    assert (membership.user.email, membership.role) == ("boss@example.com", "owner")
