"""API keys: shown once, never wider than their maker, gone at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser

from lane.accounts import policies, selectors
from lane.accounts.models import ApiKey
from lane.accounts.services import api_keys
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.actors import Actor, ActorKind
from lane.core.errors import InvalidInput, NotAllowed, NotVisible
from tests.accounts.world import World


def test_only_a_digest_of_the_key_is_kept(world: World):
    key, token = api_keys.create(name="Script", scopes=["read", "read"], actor=world.actor("editor"))
    stored = ApiKey.objects.filter(pk=key.pk).values().get()
    assert token.startswith(stored["prefix"]) and len(stored["prefix"]) == 16
    assert all(token != value for value in stored.values())
    assert token[16:] not in repr(key) + str(key) + str(AuditEntry.objects.values().get())
    assert stored["scopes"] == ["read"]


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "x" * 81}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["read", "everything"]}),
        ("expires_at", {"expires_at": clock.machine_now() - timedelta(seconds=1)}),
    ],
)
def test_bad_terms_name_the_field(world: World, field: str, asked: dict):
    with pytest.raises(InvalidInput) as refused:
        api_keys.create(**{"name": "Script", "scopes": ["read"], "actor": world.actor("editor"), **asked})
    assert list(refused.value.fields) == [field]


def test_a_key_is_limited_by_scope_client_and_the_role_of_its_owner(world: World):
    narrow = world.actor(
        "admin", scopes=frozenset({"read", "manage"}), client_ids=frozenset({world.pinewick.pk})
    )
    assert policies.may(narrow, "manage", client_id=world.pinewick.pk)
    assert not policies.may(narrow, "propose", client_id=world.pinewick.pk)
    assert not policies.may(narrow, "view", client_id=world.aldermoor.pk)
    assert not policies.may(narrow, "manage", client_id=None)
    assert list(selectors.clients_for(narrow)) == [world.pinewick]
    viewer = world.actor("viewer", scopes=frozenset({"read", "write", "manage", "propose", "decide"}))
    assert not policies.may(viewer, "propose", client_id=world.pinewick.pk)
    assert not policies.may(viewer, "approve", client_id=world.pinewick.pk)


def test_a_key_makes_no_wider_key(world: World):
    managing = world.actor(
        "admin", scopes=frozenset({"read", "manage"}), client_ids=frozenset({world.pinewick.pk})
    )
    with pytest.raises(NotAllowed):
        api_keys.create(name="W", scopes=["write"], clients=[world.pinewick], actor=managing)
    with pytest.raises(InvalidInput):
        api_keys.create(name="W", scopes=["read"], actor=managing)
    with pytest.raises(NotVisible):
        api_keys.create(name="W", scopes=["read"], clients=[world.aldermoor], actor=managing)
    api_keys.create(name="W", scopes=["read"], clients=[world.pinewick], actor=managing)
    with pytest.raises(NotAllowed):
        api_keys.create(name="W", scopes=["read"], actor=world.actor("admin", scopes=frozenset({"read"})))


@pytest.mark.parametrize("kind", [ActorKind.AGENT, ActorKind.RULE, ActorKind.LINK, ActorKind.SYSTEM])
def test_only_people_make_keys(world: World, kind: ActorKind):
    actor = Actor(kind, world.us.pk, world.people["owner"].pk, label="x")
    with pytest.raises(NotAllowed):
        api_keys.create(name="W", scopes=["read"], actor=actor)


def test_one_revokes_ones_own_keys_and_an_admin_everybodys(world: World):
    mine = api_keys.create(name="Mine", scopes=["read"], actor=world.actor("editor")).key
    for who in ("viewer", "stranger"):
        with pytest.raises(NotVisible):
            api_keys.revoke(mine.public_id, actor=world.actor(who))
    assert not selectors.api_keys_for(world.actor("viewer")).exists()
    assert list(selectors.api_keys_for(world.actor("admin"))) == [mine]
    api_keys.revoke(mine.public_id, actor=world.actor("admin"))
    mine.refresh_from_db()
    assert mine.revoked_at is not None


def test_the_page_shows_a_new_key_once_and_a_revoked_key_opens_nothing(world: World, client: Browser):
    client.force_login(world.people["viewer"], backend="django.contrib.auth.backends.ModelBackend")
    made = client.post("/settings/api-keys/", {"name": "Script", "scopes": ["read"], "days": "30"})
    token = made.context["made"].token
    assert token in made.content.decode() and "no-store" in made["Cache-Control"]
    assert token not in client.get("/settings/api-keys/").content.decode()
    refused = client.post("/settings/api-keys/", {"name": "", "scopes": [], "days": "30"})
    assert refused.status_code == 422
    key = ApiKey.objects.get()
    assert client.post(f"/settings/api-keys/{key.public_id}/revoke/").status_code == 302
    assert ApiKey.objects.get().revoked_at is not None
