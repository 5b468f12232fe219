"""In-app notices: written once per person and thing, counted live, read when looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from lane.core import clock, realtime
from lane.core.actors import Actor
from lane.core.errors import NotVisible
from notifications.messages.notice import Notice
from notifications.models import Notification
from notifications.services import deliveries

KEPT = timedelta(days=90)


@transaction.atomic
def notify(notices: Sequence[Notice]) -> int:
    """Tell people; telling the same thing twice changes nothing. Returns how many e-mails are owed anew."""
    if not notices:
        return 0
    now = clock.now()
    Notification.objects.bulk_create(
        [
            Notification(
                organization_id=notice.organization_id,
                client_id=notice.client_id,
                user=notice.user,
                kind=notice.kind,
                severity=notice.severity,
                title=notice.title[:300],
                body=notice.body,
                url=notice.url[:300],
                dedupe_key=notice.dedupe_key[:200],
                created_at=now,
                expires_at=now + KEPT,
            )
            for notice in notices
        ],
        ignore_conflicts=True,
    )
    for notice in notices:
        realtime.changed(notice.organization_id, "notification", user_id=notice.user.pk)
    return sum(deliveries.owe(notice) for notice in notices if notice.mail)


def mark_read(notification_id: UUID | str, *, actor: Actor) -> None:
    """Mark one of the actor's own notices as read; reading twice is fine."""
    mine = Notification.objects.filter(
        user_id=actor.user_id or 0, organization_id=actor.organization_id, public_id=notification_id
    )
    if not mine.exists():
        raise NotVisible
    mine.filter(read_at=None).update(read_at=clock.now())
    _refresh(actor)


def mark_all_read(*, actor: Actor, ids: Iterable[UUID | str] | None = None) -> int:
    """Mark all of the actor's notices as read, or the given ones among them."""
    mine = Notification.objects.filter(
        user_id=actor.user_id or 0, organization_id=actor.organization_id, read_at=None
    )
    if ids is not None:
        mine = mine.filter(public_id__in=list(ids))
    count = mine.update(read_at=clock.now())
    _refresh(actor)
    return count


def clean_up() -> int:
    """Remove notices whose time is over."""
    removed, _ = Notification.objects.filter(expires_at__lt=clock.now()).delete()
    return removed


def _refresh(actor: Actor) -> None:
    if actor.user_id:
        realtime.changed(actor.organization_id, "notification", user_id=actor.user_id)
