"""Who is told what about portfolios."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from notifications.messages.notice import Notice, people_who_may
from pacing.events import SplitProposed
from pacing.models import AllocationLook


def split_proposed(event: SplitProposed) -> list[Notice]:
    """Tell those who may propose it that Lane would move money between arms, or take a move back."""
    found = (
        AllocationLook.objects.filter(organization_id=event.organization_id, public_id=event.look_id)
        .select_related("portfolio")
        .first()
    )
    if found is None or found.proposal != AllocationLook.Proposal.OPEN:
        return []
    takes_back = found.decision == AllocationLook.Decision.ROLLBACK
    words = "take the last move back in" if takes_back else "move money in"
    people = people_who_may("propose", organization_id=event.organization_id, client_id=found.client_id)
    return [
        Notice(
            user=user,
            organization_id=event.organization_id,
            client_id=found.client_id,
            kind=event.name,
            title=f"Lane recommends: {words} {found.portfolio.name}",
            url=_url(event.portfolio_id),
            dedupe_key=f"split:{event.look_id}",
        )
        for user in people
    ]


def _url(portfolio_id: str) -> str:
    try:
        return reverse("portfolio-detail", args=[portfolio_id])
    except NoReverseMatch:
        return ""
