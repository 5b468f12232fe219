"""What is kept and told of an amendment: its terms, their digest, the audit entry, the event."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from lane.audit.services import record
from lane.core import outbox, realtime
from lane.core.actors import Actor
from pacing.models import PlanAmendment


def values_of(amendment: PlanAmendment) -> dict[str, Any]:
    """The terms asked for, as the audit and the digest keep them."""
    return {
        "base_amount_micros": amendment.base_amount_micros,
        "base_starts_on": amendment.base_starts_on.isoformat(),
        "base_ends_on": amendment.base_ends_on.isoformat(),
        "new_amount_micros": amendment.new_amount_micros,
        "new_starts_on": amendment.new_starts_on.isoformat(),
        "new_ends_on": amendment.new_ends_on.isoformat(),
        "effective_on": amendment.effective_on.isoformat(),
        "reverts_at_cycle_end": amendment.reverts_at_cycle_end,
        "currency": amendment.currency,
    }


def digest(amendment: PlanAmendment) -> str:
    """A digest of everything an approver says yes to."""
    content = json.dumps(
        {"plan": str(amendment.plan.public_id), "version": amendment.version} | values_of(amendment),
        sort_keys=True,
    )
    return hashlib.sha256(content.encode()).hexdigest()


def note(
    what: str,
    amendment: PlanAmendment,
    actor: Actor,
    *,
    reason: str = "",
    before: dict[str, Any] | None = None,
) -> None:
    """Write an amendment's move into the audit trail."""
    record(
        f"pacing.amendment.{what}",
        actor=actor,
        obj=amendment,
        object_label=f"{amendment.plan.name}: amendment",
        before=before,
        after=values_of(amendment) | {"state": amendment.state, "hash": amendment.content_hash},
        reason=reason,
        links={"plan": amendment.plan.public_id},
    )


def tell(amendment: PlanAmendment, event: Any, **more: Any) -> None:
    """Publish what became of an amendment and refresh open pages."""
    outbox.publish(
        event(
            organization_id=amendment.organization_id,
            amendment_id=str(amendment.public_id),
            plan_id=str(amendment.plan.public_id),
            client_id=str(amendment.client.public_id),
            **more,
        )
    )
    refresh(amendment)


def refresh(amendment: PlanAmendment) -> None:
    """Hint open pages of the plan."""
    plan = amendment.plan
    realtime.changed(plan.organization_id, "plan", str(plan.public_id), client_id=plan.client_id)
