"""How many things wait for a person, for the badges of the side bar."""

from __future__ import annotations

from django.db.models import Q

from approvals.models import ApprovalRequest
from campaigns.models import Connection
from lane.core.actors import Actor
from pacing.models import Recommendation


def waiting_for(actor: Actor) -> dict[str, int]:
    """Counts by badge: requests this person was asked to decide, open recommendations, broken connections."""
    if actor.user_id is None:
        return {}
    asked = ApprovalRequest.objects.visible_to(actor).filter(state="open", approvers__user_id=actor.user_id)
    return {
        "approvals": asked.filter(~Q(barred_user_ids__contains=[actor.user_id])).count(),
        "recommendations": Recommendation.objects.visible_to(actor).filter(state="open").count(),
        "connections": Connection.objects.visible_to(actor).filter(status="reconnect").count(),
    }
