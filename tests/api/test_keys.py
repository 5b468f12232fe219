"""Keys: what opens the door, what does not, and what is shown once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lane.accounts.models import ApiKey, Membership
from lane.accounts.services import api_keys
from lane.core import clock
from lane.core.models import IdempotentRequest
from tests.api.callers import Caller, hire, key_of
from tests.campaigns.world import make_world

pytestmark = pytest.mark.django_db


def test_without_a_key_or_session_nothing_is_answered():
    answer = Caller().get("clients/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("spoil", ["revoked", "expired", "unknown", "left"])
def test_a_key_that_is_over_opens_nothing(spoil):
    world = make_world()
    user, actor = hire(world, "editor")
    made = api_keys.create(name="test", scopes=["read"], actor=actor)
    caller = Caller(token=made.token if spoil != "unknown" else made.token[:-1] + "x")
    if spoil == "revoked":
        api_keys.revoke(made.key.public_id, actor=actor)
    if spoil == "expired":
        ApiKey.objects.update(expires_at=clock.machine_now() - timedelta(seconds=1))
    if spoil == "left":
        user.is_active = False
        user.save()
    answer = caller.get("clients/")
    assert answer.status_code == 401
    assert answer.json()["title"] == "The API key is unknown, expired or revoked."


def test_a_key_never_reaches_further_than_its_person():
    world = make_world()
    user, actor = hire(world, "editor")
    caller = key_of(actor)
    assert caller.get("clients/").status_code == 200
    Membership.objects.filter(user=user).update(role="viewer")
    refused = caller.post("kill-switches/", {"reason": "Stop it all"})
    assert refused.status_code == 403
    Membership.objects.filter(user=user).delete()
    assert caller.get("clients/").json()["results"] == []


def test_reading_needs_the_read_scope():
    caller = key_of(make_world().admin, "propose")
    refused = caller.get("clients/")
    assert refused.status_code == 403
    assert refused.json()["title"] == "This API key lacks the scope “read”."


def test_the_token_is_shown_once_and_never_kept_in_a_replay():
    world = make_world()
    caller = Caller(world.user)
    body = {"name": "Reports", "scopes": ["read"]}
    first = caller.post("api-keys/", body, once="k1")
    assert first.status_code == 201
    token = first.json()["token"]
    assert Caller(token=token).get("me/").status_code == 200
    again = caller.post("api-keys/", body, once="k1")
    assert again.status_code == 201
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["token"] is None
    assert token not in str(IdempotentRequest.objects.get().response)
    assert token not in caller.get("api-keys/").content.decode()


def test_a_key_makes_no_key_wider_than_itself():
    caller = key_of(make_world().admin, "read", "manage")
    refused = caller.post("api-keys/", {"name": "Wider", "scopes": ["read", "write"]})
    assert refused.status_code == 403
    assert ApiKey.objects.count() == 1


def test_a_session_without_the_forgery_token_changes_nothing():
    world = make_world()
    caller = Caller(world.user)
    caller.browser.handler.enforce_csrf_checks = True
    refused = caller.post("kill-switches/", {"reason": "Stop it all"})
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["title"]
