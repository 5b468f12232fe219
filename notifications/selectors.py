"""What a person asks about their notices."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from lane.accounts.models import Client
from lane.core import clock
from lane.core.actors import Actor
from notifications.models import Notification


def notifications_for(actor: Actor) -> QuerySet[Notification]:
    """The actor's own notices that still matter, about clients they still see."""
    visible = Client.objects.visible_to(actor).values("pk")
    return Notification.objects.filter(
        Q(client=None) | Q(client__in=visible),
        Q(expires_at=None) | Q(expires_at__gt=clock.now()),
        user=actor.user_id or 0,
        organization_id=actor.organization_id,
    )


def unread_count(actor: Actor) -> int:
    """How many of them are unread."""
    return notifications_for(actor).filter(read_at=None).count()
