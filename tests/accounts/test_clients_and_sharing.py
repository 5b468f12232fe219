"""Clients: valid terms, unique names, guests who only look."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client as Browser

from lane.accounts import policies, selectors
from lane.accounts.models import Client, User
from lane.accounts.services import clients, sharing
from lane.audit.models import AuditEntry
from lane.core.errors import InvalidInput, NotAllowed, NotVisible
from tests.accounts.world import World


def make(world: World, who: str = "admin", **terms: object) -> Client:
    given = {"name": "Tervo Kitchens", "currency": "EUR", "timezone": "Europe/Helsinki", **terms}
    return clients.create(actor=world.actor(who), **given)  # type: ignore[arg-type]


def test_an_admin_makes_a_client_and_the_trail_says_so(world: World):
    client = make(world, name="  Tervo   Kitchens ", currency="eur")
    assert (client.name, client.currency) == ("Tervo Kitchens", "EUR")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.client_id, entry.actor_label) == (
        "accounts.client.created",
        client.pk,
        "Admin",
    )


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "   ", "Write the client's name"),
        ("name", "pinewick COFFEE", "already a client of this name"),
        ("name", "x" * 121, "at most 120"),
        ("currency", "EURO", "ISO code"),
        ("timezone", "Mars/Olympus", "Europe/Berlin"),
        ("budget_limit_micros", 0, "above zero"),
        ("budget_limit_micros", 1, "more decimals than EUR"),
    ],
)
def test_bad_terms_name_the_field_and_the_fix(world: World, field: str, value: object, words: str):
    with pytest.raises(InvalidInput) as refused:
        make(world, **{field: value})
    assert words in refused.value.fields[field]
    assert Client.objects.filter(organization=world.us).count() == 2


def test_editing_keeps_before_and_after_and_no_change_leaves_no_entry(world: World):
    admin = world.actor("admin")
    terms = {"name": "Pinewick Coffee", "currency": "EUR", "timezone": "Europe/Berlin"}
    clients.edit(world.pinewick.public_id, actor=admin, **terms)
    assert AuditEntry.objects.count() == 0
    clients.edit(
        world.pinewick.public_id, actor=admin, budget_limit_micros=5_000_000_000, reason="new contract"
    )
    entry = AuditEntry.objects.get()
    assert (entry.before, entry.after) == (
        {"budget_limit_micros": None},
        {"budget_limit_micros": 5_000_000_000},
    )


def test_archiving_hides_and_restoring_brings_back(world: World):
    admin = world.actor("admin")
    clients.archive(world.pinewick.public_id, actor=admin)
    clients.archive(world.pinewick.public_id, actor=admin)
    assert AuditEntry.objects.count() == 1
    assert world.pinewick not in selectors.clients_for(admin).current()
    clients.restore(world.pinewick.public_id, actor=admin)
    assert world.pinewick in selectors.clients_for(admin).current()


@pytest.mark.parametrize("who", ["viewer", "editor", "approver", "contact", "stranger"])
def test_who_may_not_manage_changes_no_client(world: World, who: str):
    with pytest.raises((NotAllowed, NotVisible)):
        clients.edit(world.pinewick.public_id, actor=world.actor(who), name="Taken over")
    with pytest.raises((NotAllowed, NotVisible)):
        clients.archive(world.pinewick.public_id, actor=world.actor(who))
    world.pinewick.refresh_from_db()
    assert (world.pinewick.name, world.pinewick.archived_at) == ("Pinewick Coffee", None)


def test_a_guest_sees_one_client_and_may_do_nothing_until_the_sharing_ends(world: World):
    admin = world.actor("admin")
    guest, delivered = sharing.share(world.pinewick.public_id, email="Guest@Example.com", actor=admin)
    assert delivered and mail.outbox[-1].recipients() == ["guest@example.com"]
    sharing.share(world.pinewick.public_id, email="guest@example.com", actor=admin)
    assert AuditEntry.objects.filter(action="accounts.client.shared").count() == 1
    world.people["guest"] = guest
    seen = world.actor("guest")
    assert list(selectors.clients_for(seen)) == [world.pinewick]
    assert policies.may(seen, "view", client_id=world.pinewick.pk)
    assert not policies.may(seen, "propose", client_id=world.pinewick.pk)
    assert guest.has_perm("accounts.view_client", world.pinewick)
    assert not guest.has_perm("accounts.view_client", world.aldermoor)

    browser = Browser()
    browser.force_login(guest, backend="django.contrib.auth.backends.ModelBackend")
    body = browser.get("/settings/clients/").content.decode()
    assert "Pinewick Coffee" in body and "Aldermoor" not in body

    sharing.unshare(world.pinewick.public_id, guest.public_id, actor=admin)
    assert list(selectors.clients_for(world.actor("guest"))) == []
    with pytest.raises(NotVisible):
        sharing.unshare(world.pinewick.public_id, guest.public_id, actor=admin)


def test_a_guest_of_another_organization_keeps_their_own_and_can_switch(world: World):
    stranger = sharing.share(
        world.pinewick.public_id, email="stranger@tallow.example", actor=world.actor("admin")
    ).guest
    browser = Browser()
    browser.force_login(stranger, backend="django.contrib.auth.backends.ModelBackend")
    browser.post("/settings/switch/", {"organization": str(world.them.public_id)})
    assert b"Quokka Kitchens" in browser.get("/settings/clients/").content
    browser.post("/settings/switch/", {"organization": str(world.us.public_id), "next": "//evil.example/"})
    body = browser.get("/settings/clients/").content
    assert b"Pinewick Coffee" in body and b"Quokka" not in body and b"Aldermoor" not in body
    assert User.objects.filter(email="stranger@tallow.example").count() == 1


def test_switching_to_an_organization_one_is_not_in_is_not_found(world: World):
    browser = Browser()
    browser.force_login(world.people["owner"], backend="django.contrib.auth.backends.ModelBackend")
    assert browser.post("/settings/switch/", {"organization": str(world.them.public_id)}).status_code == 404
    assert browser.post("/settings/switch/", {"organization": "nonsense"}).status_code == 404
