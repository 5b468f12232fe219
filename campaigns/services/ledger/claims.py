"""T1: taking a change to work on. One worker at a time per entity, in the order of approval."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from campaigns.models import Change
from campaigns.selectors import changes as selectors
from campaigns.services import content, guards
from campaigns.services.ledger.limits import MachineNow, from_now, limits
from lane.core.locks import transaction_lock

_RELATED = (
    "change_set",
    "organization",
    "client",
    "ad_account__connection",
    "budget",
    "ad_campaign",
    "ad_group",
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A change this worker may work on until its lease ends.

    ``change`` is the row as claimed; ``state`` its state then. ``refusal`` says why it must not be written.
    """

    change: Change
    fence: int
    lease_ends: float  # monotonic seconds of this process
    is_quiet_over: bool
    refusal: str = ""

    def remaining(self) -> float:
        """Seconds until others may take over, by this process' steady clock."""
        return self.lease_ends - time.monotonic()


def due(limit: int, rows: QuerySet[Change] | None = None) -> list[int]:
    """Changes that can be worked on now: nobody holds them and nothing of the same entity goes first."""
    wanted = Change.objects.all() if rows is None else rows
    earlier = Change.objects.filter(entity_key=OuterRef("entity_key"), state__in=Change.OPEN).filter(
        Q(state=Change.State.SENT)
        | Q(change_set__authorised_at__lt=OuterRef("change_set__authorised_at"))
        | Q(change_set__authorised_at=OuterRef("change_set__authorised_at"), pk__lt=OuterRef("pk"))
    )
    ready = _free(wanted.filter(state__in=Change.OPEN)).annotate(
        waits=Exists(earlier.exclude(pk=OuterRef("pk")))
    )
    return list(
        ready.filter(Q(state=Change.State.SENT) | Q(waits=False))
        .order_by("next_at", "id")
        .values_list("pk", flat=True)[:limit]
    )


def take(change_id: int) -> Claim | None:
    """Claim one change, or None when it is over, not due, held by another worker or not next in line."""
    bounds = limits()
    started = time.monotonic()
    with transaction.atomic():
        entity_key = Change.objects.filter(pk=change_id).values_list("entity_key", flat=True).first()
        if entity_key is None:
            return None
        # Claims of one entity come one after the other, so that "nothing else is open" stays true.
        transaction_lock(f"ledger:{entity_key}")
        change = _lock_free_row(change_id)
        if change is None or _somebody_goes_first(change):
            return None
        refusal = _refusal(change) if change.state == Change.State.APPROVED else ""
        Change.objects.filter(pk=change.pk).update(
            fence=F("fence") + 1, owner=_owner(), lease_until=from_now(bounds.lease)
        )
        quiet_until: datetime | None = change.quiet_until
        return Claim(
            change=change,
            fence=change.fence + 1,
            lease_ends=started + bounds.lease,
            is_quiet_over=quiet_until is None or quiet_until <= change.machine_now,  # type: ignore[attr-defined]
            refusal=refusal,
        )


def _lock_free_row(change_id: int) -> Change | None:
    return (
        _free(Change.objects.filter(pk=change_id, state__in=Change.OPEN))
        .select_related(*_RELATED)
        .select_for_update(of=("self",), skip_locked=True)
        .annotate(machine_now=MachineNow())
        .first()
    )


def _free(rows: QuerySet[Change]) -> QuerySet[Change]:
    return rows.filter(Q(lease_until=None) | Q(lease_until__lte=MachineNow()), next_at__lte=MachineNow())


def _somebody_goes_first(change: Change) -> bool:
    """Whether another change of the entity is at the platform, in a worker's hands, or was approved before."""
    others = Change.objects.filter(entity_key=change.entity_key, state__in=Change.OPEN).exclude(pk=change.pk)
    in_hand = Q(state=Change.State.SENT) | Q(lease_until__gt=MachineNow())
    first = in_hand if change.state == Change.State.SENT else in_hand | selectors.ordered_before(change)
    return others.filter(first).exists()


def _refusal(change: Change) -> str:
    if not content.is_as_approved(change):
        return "What would be written is not what was approved. Propose it again."
    refused = guards.refusal(change)
    return refused.reason if refused else ""


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"[:80]
