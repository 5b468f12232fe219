"""In-app notices belong to one person and count live."""

from __future__ import annotations

import pytest

from lane.core import outbox
from lane.core.errors import NotVisible
from notifications.models import Notification
from notifications.selectors import notifications_for, unread_count
from notifications.services import notices
from tests.approvals.world import World


def test_a_notice_is_read_by_its_own_person_only(world: World) -> None:
    world.open()
    outbox.drain()
    mine, other = world.actor(world.approver), world.actor(world.other_approver)
    notice = notifications_for(mine).get()
    with pytest.raises(NotVisible):
        notices.mark_read(notice.public_id, actor=other)
    assert unread_count(mine) == 1
    notices.mark_read(notice.public_id, actor=mine)
    notices.mark_read(notice.public_id, actor=mine)
    assert (unread_count(mine), unread_count(other)) == (0, 1)


def test_notices_about_clients_a_person_lost_are_hidden(world: World) -> None:
    from lane.accounts.models import Membership

    world.open()
    outbox.drain()
    Membership.objects.filter(user=world.approver).delete()
    assert unread_count(world.actor(world.approver)) == 0


def test_old_notices_are_removed(world: World) -> None:
    world.open()
    outbox.drain()
    assert notices.clean_up() == 0
    Notification.objects.update(expires_at="2020-01-01T00:00Z")
    assert notices.clean_up() == 2
