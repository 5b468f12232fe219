"""Idempotency-Key: the same POST sent twice is done once and answered twice."""

from __future__ import annotations

import pytest

from campaigns.models import KillSwitch
from lane.core.models import IdempotentRequest
from tests.api.callers import Caller, hire, key_of
from tests.campaigns.world import make_world

pytestmark = pytest.mark.django_db
STOP = {"reason": "Looking into it"}


def test_a_repeated_call_is_done_once_and_answered_twice():
    caller = Caller(make_world().user)
    first, second = (caller.post("kill-switches/", STOP, once="a") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second["Idempotency-Replayed"] == "true"
    assert KillSwitch.objects.count() == 1


def test_the_same_key_for_another_body_is_refused():
    caller = Caller(make_world().user)
    caller.post("kill-switches/", STOP, once="a")
    other = caller.post("kill-switches/", {"reason": "Another one"}, once="a")
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert KillSwitch.objects.count() == 1


def test_a_call_whose_first_is_still_running_waits():
    caller = Caller(make_world().user)
    caller.post("kill-switches/", STOP, once="a")
    IdempotentRequest.objects.update(status=None, response=None)
    running = caller.post("kill-switches/", STOP, once="a")
    assert running.status_code == 409
    assert running.json()["code"] == "request_running"


def test_a_refusal_is_repeated_as_a_refusal():
    caller = Caller(make_world().user)
    first, second = (caller.post("kill-switches/", {"reason": ""}, once="a") for _ in range(2))
    assert first.status_code == second.status_code == 422
    assert second["Content-Type"] == "application/problem+json"
    assert first.json() == second.json()


def test_a_crash_frees_the_key(monkeypatch):
    from campaigns.services import kill_switches

    caller = Caller(make_world().user)
    caller.browser.raise_request_exception = False

    def crash(**_: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as broken:
        broken.setattr(kill_switches, "stop", crash)
        assert caller.post("kill-switches/", STOP, once="a").status_code == 500
    assert caller.post("kill-switches/", STOP, once="a").status_code == 201


def test_two_people_and_two_keys_may_use_the_same_word():
    world = make_world()
    other, _ = hire(world, "editor")
    assert Caller(world.user).post("kill-switches/", STOP, once="a").status_code == 201
    assert Caller(other).post("kill-switches/", STOP, once="a").status_code == 201
    assert key_of(world.admin).post("kill-switches/", STOP, once="a").status_code == 201
    assert key_of(world.admin).post("kill-switches/", STOP, once="a").status_code == 201
    assert KillSwitch.objects.count() == 4
