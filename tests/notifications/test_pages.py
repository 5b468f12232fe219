"""The notices page, the bell and the dev mail page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.test import Client as Browser

from lane.core import outbox
from notifications.channels.dev_mailbox import DevMailboxBackend
from notifications.models import DevMail, Notification
from notifications.services import deliveries
from tests.approvals.world import World

PASSWORD = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def told(world: World) -> World:
    """The approver has one unread notice."""
    world.request = world.open()
    outbox.drain()
    return world


def test_the_bell_counts_and_opening_a_notice_reads_it(told: World) -> None:
    tab = Browser()
    tab.force_login(told.approver, PASSWORD)
    assert "1 unread" in tab.get("/notifications/badge/").content.decode()
    assert "Approve? Raise Cold brew" in tab.get("/notifications/").content.decode()
    notice = Notification.objects.get(user=told.approver)
    answer = tab.post(f"/notifications/{notice.public_id}/open/")
    assert answer["Location"] == f"/approvals/{told.request.public_id}/"
    assert "unread" not in tab.get("/notifications/badge/").content.decode()


def test_nobody_opens_the_notices_of_others(told: World) -> None:
    tab = Browser()
    tab.force_login(told.other_approver, PASSWORD)
    notice = Notification.objects.get(user=told.approver)
    assert tab.post(f"/notifications/{notice.public_id}/open/").status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


def test_everything_can_be_marked_as_read(told: World) -> None:
    tab = Browser()
    tab.force_login(told.approver, PASSWORD)
    assert tab.get("/notifications/read/").status_code == 405
    assert tab.post("/notifications/read/").status_code == 302
    assert not Notification.objects.filter(user=told.approver, read_at=None).exists()


def test_the_dev_mailbox_keeps_both_parts_of_a_mail(told: World, settings: Any) -> None:
    settings.LANE_DEV_MAILBOX = True
    settings.EMAIL_BACKEND = "notifications.channels.dev_mailbox.DevMailboxBackend"
    assert deliveries.send_due() == 2
    kept = DevMail.objects.first()
    assert "/a/l/lane_link_" in kept.text and "<html" in kept.html
    assert kept.sender.startswith("Tallow Street Agency via Lane")
    assert mail.outbox == []


def test_the_dev_mailbox_refuses_to_run_without_debug() -> None:
    with pytest.raises(ImproperlyConfigured):
        DevMailboxBackend()


def test_the_dev_mail_pages_do_not_exist_without_debug(world: World) -> None:
    assert Browser().get("/dev/mail/").status_code == 404
