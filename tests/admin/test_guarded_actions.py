"""Stopping writes, resuming them, and the few things done to single rows: each with a reason, each on the trail."""

from __future__ import annotations

from django.test import Client as Browser
from django.urls import reverse

from campaigns.models import Connection, KillSwitch
from campaigns.selectors import kill_switches
from lane.audit.models import AuditEntry
from tests.admin.world import World, sign_in

INDEX = reverse("admin:index")
STOP = reverse("admin:stop-writes")


def dialog(page: str, row: object, action: str) -> str:
    return reverse(f"admin:{page}_{action}", args=[row.pk])  # type: ignore[attr-defined]


def test_an_admin_stops_and_resumes_the_writes_of_a_client(world: World, client: Browser) -> None:
    sign_in(client, world.admin)
    scope = f"client:{world.client.public_id}"
    assert scope in client.get(INDEX).content.decode()
    assert b"Say why" in client.post(STOP, {"scope": scope, "reason": ""}, follow=True).content
    assert not KillSwitch.objects.filter(client=world.client).exists()
    client.post(STOP, {"scope": scope, "reason": "Wrong budgets"})
    switch = KillSwitch.objects.get(client=world.client)
    assert switch.resumed_at is None
    page = client.get(INDEX).content.decode()
    assert "Wrong budgets" in page
    assert "Their own stop" not in page
    resume = reverse("admin:resume-writes", args=[switch.public_id])
    assert client.get(resume).status_code == 405
    client.post(resume, {"reason": ""})
    switch.refresh_from_db()
    assert switch.resumed_at is None
    client.post(resume, {"reason": "Budgets corrected"})
    switch.refresh_from_db()
    assert switch.resume_reason == "Budgets corrected"
    noted = AuditEntry.objects.filter(action__startswith="campaigns.writes").order_by("id")
    assert [(e.action, e.reason, e.actor_id, e.via) for e in noted] == [
        ("campaigns.writes.stopped", "Wrong budgets", world.admin.pk, "admin"),
        ("campaigns.writes.resumed", "Budgets corrected", world.admin.pk, "admin"),
    ]


def test_a_superuser_without_a_role_stops_and_resumes_everything(world: World, client: Browser) -> None:
    sign_in(client, world.root)
    client.post(STOP, {"scope": "everything", "reason": "Breach"})
    switch = kill_switches.on().get(organization=None)
    for organization in (world.us, world.them):
        place = {"client_id": None, "platform": "meta", "connection_id": None}
        assert kill_switches.active_for(organization_id=organization.pk, **place)
    client.post(reverse("admin:resume-writes", args=[switch.public_id]), {"reason": "Over"})
    assert not kill_switches.on().filter(organization=None).exists()


def test_staff_stop_only_what_the_page_offers_them(world: World, client: Browser) -> None:
    sign_in(client, world.viewer)
    before = KillSwitch.objects.count()
    for scope in ("everything", "organization", f"client:{world.client.public_id}", "platform:meta", ""):
        client.post(STOP, {"scope": scope, "reason": "Because"})
    sign_in(client, world.stranger)
    for scope in (f"client:{world.client.public_id}", f"connection:{world.connection.public_id}"):
        client.post(STOP, {"scope": scope, "reason": "Because"})
    assert KillSwitch.objects.count() == before


def test_another_organizations_stop_cannot_be_resumed(world: World, client: Browser) -> None:
    sign_in(client, world.admin)
    theirs = KillSwitch.objects.get(organization=world.them)
    client.post(reverse("admin:resume-writes", args=[theirs.public_id]), {"reason": "Because"})
    theirs.refresh_from_db()
    assert theirs.resumed_at is None


def test_links_of_a_request_expire_with_a_reason(world: World, client: Browser) -> None:
    sign_in(client, world.admin)
    url = dialog("approvals_approvalrequest", world.request, "expire_links")
    assert client.get(url).status_code == 200
    client.post(url, {"reason": ""})
    world.link.refresh_from_db()
    assert world.link.revoked_at is None
    answer = client.post(
        url, {"reason": "Sent to the wrong person", "_form_submitted": "1"}, headers={"HX-Request": "true"}
    )
    assert answer.headers["HX-Redirect"]
    world.link.refresh_from_db()
    assert world.link.revoked_reason == "Sent to the wrong person"
    assert AuditEntry.objects.filter(action="approvals.links.revoked", actor_id=world.admin.pk).exists()


def test_a_key_is_revoked_by_an_admin_and_by_a_superuser_without_a_role(
    world: World, client: Browser
) -> None:
    url = dialog("accounts_apikey", world.key, "revoke")
    for who, revoked in ((world.viewer, False), (world.stranger, False), (world.root, True)):
        sign_in(client, who)
        client.post(url, {"reason": "Leaked", "_form_submitted": "1"})
        world.key.refresh_from_db()
        assert (world.key.revoked_at is not None) is revoked
    entry = AuditEntry.objects.get(action="accounts.api_key.revoked")
    assert (entry.actor_id, entry.organization_id, entry.reason) == (world.root.pk, world.us.pk, "Leaked")


def test_a_disabled_person_is_out_with_the_next_request(world: World, client: Browser) -> None:
    theirs = Browser()
    sign_in(theirs, world.admin)
    assert theirs.get(INDEX).status_code == 200
    sign_in(client, world.root)
    client.post(dialog("accounts_user", world.admin, "disable"), {"reason": "Left", "_form_submitted": "1"})
    assert theirs.get(INDEX).status_code == 302
    world.key.refresh_from_db()
    assert world.key.revoked_at is not None
    client.post(dialog("accounts_user", world.root, "disable"), {"reason": "Oops", "_form_submitted": "1"})
    assert client.get(INDEX).status_code == 200
    client.post(dialog("accounts_user", world.admin, "enable"), {"reason": "Back", "_form_submitted": "1"})
    world.admin.refresh_from_db()
    assert world.admin.is_active
    noted = AuditEntry.objects.filter(action__startswith="accounts.user.", organization_id=world.us.pk)
    assert sorted(noted.values_list("action", "reason")) == [
        ("accounts.user.disabled", "Left"),
        ("accounts.user.enabled", "Back"),
    ]


def test_only_superusers_disable_people(world: World, client: Browser) -> None:
    sign_in(client, world.admin)
    url = dialog("accounts_user", world.viewer, "disable")
    assert client.post(url, {"reason": "Because", "_form_submitted": "1"}).status_code == 403


def test_an_account_is_synced_again_unless_its_login_is_broken(
    world: World, client: Browser, django_capture_on_commit_callbacks: object
) -> None:
    sign_in(client, world.admin)
    url = dialog("campaigns_adaccount", world.account, "resync")
    with django_capture_on_commit_callbacks() as asked:  # type: ignore[operator]
        client.post(url, {"reason": "Numbers look off", "_form_submitted": "1"})
    assert asked
    assert AuditEntry.objects.filter(
        action="campaigns.account.sync_asked", reason="Numbers look off"
    ).exists()
    Connection.objects.update(status=Connection.Status.RECONNECT)
    with django_capture_on_commit_callbacks() as asked:  # type: ignore[operator]
        client.post(url, {"reason": "Again", "_form_submitted": "1"})
    assert not asked
