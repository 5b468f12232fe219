"""Live hints for open pages."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from lane.accounts.middleware import SESSION_KEY
from lane.accounts.selectors import organizations_of
from lane.accounts.visibility import Access, access_of
from lane.core.actors import Actor, ActorKind
from lane.core.realtime import organization_group, told_within, user_group

RIGHTS_SECONDS = 5
SIGN_IN = 4401
NO_RIGHTS = 4403


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """Passes "this changed" on to the pages of people who may see it; rights are at most 5 s old."""

    organization_id: int = 0
    user_id: int = 0
    _access: Access | None = None
    _read_at: float = 0.0

    async def connect(self) -> None:
        """Let a signed-in member in; anybody else is told to sign in."""
        user = self.scope.get("user")
        self.user_id = user.pk if user is not None and user.is_authenticated else 0
        await self.accept()
        if not self.user_id:
            await self.close(SIGN_IN)
            return
        self.organization_id = await self._organization()
        if not self.organization_id:
            await self.close(NO_RIGHTS)
            return
        groups = (organization_group(self.organization_id), user_group(self.user_id))
        for group in groups:
            await self.channel_layer.group_add(group, self.channel_name)
        age = self._page_age_seconds()
        if age and any([await sync_to_async(told_within)(group, age) for group in groups]):
            await self.send_json({"type": "missed"})

    async def disconnect(self, code: int) -> None:
        """Leave the groups."""
        if self.organization_id:
            for group in (organization_group(self.organization_id), user_group(self.user_id)):
                await self.channel_layer.group_discard(group, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Pages only listen."""

    async def changed(self, message: dict[str, Any]) -> None:
        """Pass one hint on if this person may see what it is about."""
        access = await self._rights()
        if not (access.every_client or access.client_roles):
            await self.close(NO_RIGHTS)
            return
        client_id = message.get("client_id")
        if client_id is not None and not (access.every_client or client_id in access.client_roles):
            return
        await self.send_json({"type": "changed", "kind": message["kind"], "id": message["id"]})

    def _page_age_seconds(self) -> float:
        """How long ago the page was asked for, as it says itself; what happened since, it may not show."""
        given = parse_qs(self.scope.get("query_string", b"").decode("ascii", "replace")).get("age", [""])[0]
        return min(int(given), 120_000) / 1000 if given.isdecimal() and len(given) < 10 else 0.0

    async def _rights(self) -> Access:
        if self._access is None or time.monotonic() - self._read_at > RIGHTS_SECONDS:
            self._access = await self._read_rights()
            self._read_at = time.monotonic()
        return self._access

    @database_sync_to_async
    def _read_rights(self) -> Access:
        return access_of(Actor(ActorKind.PERSON, self.organization_id, user_id=self.user_id))

    @database_sync_to_async
    def _organization(self) -> int:
        """The organization this person's pages show, by the same rule as the pages."""
        mine = organizations_of(self.scope["user"])
        chosen = self.scope["session"].get(SESSION_KEY) if "session" in self.scope else None
        found = mine.filter(public_id=chosen).first() if chosen else None
        organization = found or mine.first()
        return organization.pk if organization else 0
