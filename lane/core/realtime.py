"""Live hints: "this changed, look again". They carry no data, so that rights are checked when reading."""

from __future__ import annotations

import logging
import time
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.cache import cache
from django.db import transaction

logger = logging.getLogger(__name__)
# A page older than this asks again by itself when its socket comes late.
_REMEMBERED_SECONDS = 120


def organization_group(organization_id: int) -> str:
    """The channel group of everybody in an organization."""
    return f"org.{organization_id}"


def user_group(user_id: int) -> str:
    """The channel group of one person's open pages."""
    return f"user.{user_id}"


def changed(
    organization_id: int,
    kind: str,
    public_id: str = "",
    *,
    client_id: int | None = None,
    user_id: int | None = None,
) -> None:
    """After commit, tell open pages that a thing changed. Silence is harmless: pages also poll."""
    message = {"type": "changed", "kind": kind, "id": public_id, "client_id": client_id}
    group = user_group(user_id) if user_id else organization_group(organization_id)

    def send() -> None:
        _send(group, message)

    transaction.on_commit(send, robust=True)


def told_within(group: str, seconds: float) -> bool:
    """Whether a hint went to this group in the last seconds: whoever joins only now has missed it."""
    last = cache.get(_last_key(group))
    return last is not None and time.time() - float(last) <= seconds


def _last_key(group: str) -> str:
    return f"live:last:{group}"


def _send(group: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        cache.set(_last_key(group), time.time(), _REMEMBERED_SECONDS)
        async_to_sync(layer.group_send)(group, message)
    except Exception:  # noqa: BLE001 - a page that misses a hint polls
        logger.warning("live hint not sent: %s", message["kind"])
