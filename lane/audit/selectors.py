"""How far an organization's trail is sealed and checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lane.audit.models import AuditEntry, AuditHead


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """What can be said of the chain right now. ``verified_ok`` is None when it was never checked."""

    sealed_to: int
    sealed_at: datetime | None
    verified_at: datetime | None
    verified_ok: bool | None
    unsealed: int


def chain_status(organization_id: int) -> ChainStatus:
    """The head of the chain and the tail that still waits for its seal."""
    head = AuditHead.objects.filter(organization_id=organization_id).first()
    unsealed = AuditEntry.objects.filter(organization_id=organization_id, seq__isnull=True).count()
    if head is None:
        return ChainStatus(0, None, None, None, unsealed)
    return ChainStatus(head.seq, head.sealed_at, head.verified_at, head.verified_ok, unsealed)
