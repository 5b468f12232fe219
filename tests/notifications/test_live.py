"""Live hints reach the people who may see what changed, and nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import get_channel_layer

from lane.accounts.models import Client, Membership, User
from lane.core import realtime
from lane.core.realtime import organization_group, user_group
from notifications import consumers
from tests.approvals.world import World


class Page(ApplicationCommunicator):
    """An open page that listens."""

    async def hears(self) -> Any:
        answer = await self.receive_output(timeout=5)
        assert answer["type"] == "websocket.send"
        return json.loads(answer["text"])

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait()


async def opened(user: Any, *, age_ms: int = 0) -> Page:
    """A page of this person listening, which was asked for that long ago."""
    scope = {
        "type": "websocket",
        "path": "/ws/live/",
        "user": user,
        "session": {},
        "query_string": f"age={age_ms}".encode(),
    }
    page = Page(consumers.LiveConsumer.as_asgi(), scope)
    await page.send_input({"type": "websocket.connect"})
    assert (await page.receive_output(timeout=5))["type"] == "websocket.accept"
    if not age_ms:
        await page.receive_nothing(timeout=0.2)
    return page


async def hint(world: World, client_id: int | None = None, user: User | None = None) -> None:
    """Say that something changed."""
    group = user_group(user.pk) if user else organization_group(world.client.organization_id)
    message = {"type": "changed", "kind": "request", "id": "abc", "client_id": client_id}
    await get_channel_layer().group_send(group, message)


async def test_a_member_hears_what_changed_but_not_the_data(transactional_db: None, world: World) -> None:
    page = await opened(world.viewer)
    await hint(world, client_id=world.client.pk)
    assert await page.hears() == {"type": "changed", "kind": "request", "id": "abc"}
    await hint(world, user=world.viewer)
    assert (await page.hears())["kind"] == "request"
    await page.leave()


async def test_a_page_learns_what_it_missed_before_its_socket_was_open(
    transactional_db: None, world: World
) -> None:
    await sync_to_async(realtime.changed)(world.client.organization_id, "plan", "abc")
    page = await opened(world.viewer, age_ms=60_000)
    assert await page.hears() == {"type": "missed"}
    await page.leave()


async def test_somebody_not_signed_in_is_sent_away(transactional_db: None, world: World) -> None:
    page = await opened(None)
    assert (await page.receive_output())["code"] == consumers.SIGN_IN


async def test_hints_about_other_clients_are_kept_back(transactional_db: None, world: World) -> None:
    def guest() -> tuple[User, int]:
        organization = world.client.organization
        other = Client.objects.create(organization=organization, name="Tervo Kitchens")
        user = User.objects.create_user("guest@tervo.example", "a-long-password")
        Membership.objects.create(organization=organization, user=user, client=other)
        return user, other.pk

    user, own_client = await sync_to_async(guest)()
    page = await opened(user)
    await hint(world, client_id=world.client.pk)
    await hint(world, client_id=own_client)
    assert (await page.hears())["kind"] == "request"
    assert await page.receive_nothing()
    await page.leave()


async def test_who_loses_the_membership_is_cut_off(
    transactional_db: None, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RIGHTS_SECONDS", 0)
    page = await opened(world.viewer)
    await sync_to_async(Membership.objects.filter(user=world.viewer).delete)()
    await hint(world)
    assert (await page.receive_output())["code"] == consumers.NO_RIGHTS
