"""How many things wait for a person, for the badges of the side bar."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, Value

from approvals.models import ApprovalRequest
from campaigns.models import Connection
from lane.core.actors import Actor
from pacing.models import AllocationLook, Recommendation


def waiting_for(actor: Actor) -> dict[str, int]:
    """Counts by badge: requests this person was asked to decide, open recommendations, broken connections.

    One query: every page asks.
    """
    if actor.user_id is None:
        return {}
    asked = ApprovalRequest.objects.visible_to(actor).filter(state="open", approvers__user_id=actor.user_id)
    counted = [
        _count("approvals", asked.filter(~Q(barred_user_ids__contains=[actor.user_id]))),
        _count("recommendations", Recommendation.objects.visible_to(actor).filter(state="open")),
        _count("portfolios", AllocationLook.objects.visible_to(actor).filter(proposal="open")),
        _count("connections", Connection.objects.visible_to(actor).filter(status="reconnect")),
    ]
    return dict(counted[0].union(*counted[1:], all=True))


def _count(badge: str, rows: Any) -> Any:
    """One row with the badge and how many there are."""
    named = rows.order_by().annotate(badge=Value(badge)).values("badge")
    return named.annotate(waiting=Count("pk")).values_list("badge", "waiting")
