"""Moving the sandbox and business time together, so that a whole flight can be watched in minutes.

Only the demo and tests may do this: it is refused while any live connection exists.
"""

from __future__ import annotations

from datetime import timedelta

import httpx2
from django.conf import settings

from campaigns.models import AdAccount, Connection
from lane.core import clock
from lane.core.errors import NotAllowed

SLOT = timedelta(hours=2)
_TIMEOUT = 30.0


def available() -> bool:
    """Whether there is a sandbox whose clock may be moved."""
    return bool(settings.SANDBOX.get("control")) and not _live_connections()


def require_available() -> None:
    """Refuse unless time may be moved here. Raises ``NotAllowed`` with the reason."""
    if not settings.SANDBOX.get("control"):
        raise NotAllowed("There is no sandbox here, so time cannot be moved.")
    if _live_connections():
        raise NotAllowed("A live ad platform is connected, so time cannot be moved. Disconnect it first.")


def advance(by: timedelta) -> None:
    """Move the sandbox's clock, then business time, by the same span."""
    require_available()
    answer = httpx2.post(
        f"{settings.SANDBOX['control']}/clock",
        json={"advance_seconds": int(by.total_seconds())},
        headers={"X-Control-Token": settings.SANDBOX["control_token"]},
        timeout=_TIMEOUT,
    )
    answer.raise_for_status()
    clock.set_offset(clock.refresh() + by)


def sandbox_account_ids(organization_id: int) -> list[int]:
    """Connected accounts of one organization, in the order they are replayed."""
    return list(
        AdAccount.objects.filter(
            organization_id=organization_id, source=AdAccount.Source.API, sync_enabled=True
        )
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def _live_connections() -> bool:
    live = Connection.objects.filter(environment=Connection.Environment.LIVE)
    return live.exclude(status=Connection.Status.DISCONNECTED).exists()
