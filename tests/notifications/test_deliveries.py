"""E-mails: rendered when sent, sent once, tried again, given up, and never carrying what they should not."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from approvals.models import ApprovalLink
from approvals.services import decide, links
from lane.core import clock, outbox
from lane.core.errors import Gone
from lane.core.models import Event, EventDelivery
from notifications.models import EmailDelivery, Notification
from notifications.services import deliveries
from tests.approvals.world import World

TOKEN = re.compile(r"/a/l/(lane_link_[A-Za-z0-9_-]+)")


class BrokenBackend(BaseEmailBackend):
    """A mail server that never answers."""

    def send_messages(self, messages: Any) -> int:
        raise TimeoutError(f"timed out sending {messages[0].body}")


@pytest.fixture
def opened(world: World) -> World:
    """A request is open and its approvers were told."""
    world.request = world.open()
    outbox.drain()
    return world


def again() -> None:
    """Let every pause be over."""
    EmailDelivery.objects.update(next_at=clock.machine_now() - timedelta(seconds=1))


def test_each_approver_gets_one_mail_with_a_link_of_their_own(opened: World) -> None:
    assert deliveries.send_due() == 2
    assert deliveries.send_due() == 0
    assert {m.to[0] for m in mail.outbox} == {"ines@tallow.example", "jonas@tallow.example"}
    for message in mail.outbox:
        token = TOKEN.search(message.body)[1]
        assert links.find(token).user.email == message.to[0]
        html = message.alternatives[0][0]
        assert token in html
        assert "€455.00" in message.body and "€490.00" in html
        assert "<style" not in html.split("<body")[1]
        assert 'style="' in html
        assert message.subject == "Approve: Pinewick Coffee, Raise Cold brew by €90.00 a day (+7.7 %)?"


def test_telling_twice_owes_nothing_twice(opened: World) -> None:
    EventDelivery.objects.update(state="pending", done_at=None)
    outbox.drain()
    assert EmailDelivery.objects.count() == 2
    assert Notification.objects.filter(kind="approvals.request.opened").count() == 2


def test_a_token_is_in_no_table_and_no_log(opened: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        deliveries.send_due()
    tokens = [TOKEN.search(m.body)[1].removeprefix(links.PREFIX) for m in mail.outbox]
    stored = str(
        [list(model.objects.values()) for model in (EmailDelivery, Event, Notification, ApprovalLink)]
    )
    for token in tokens:
        assert token not in stored
        assert token not in caplog.text


def test_a_failed_mail_waits_and_tries_again_with_a_new_link(opened: World, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenBackend"
    assert deliveries.send_due() == 0
    first = set(ApprovalLink.objects.filter(revoked_at=None).values_list("digest", flat=True))
    row = EmailDelivery.objects.first()
    assert (row.state, row.attempts) == ("pending", 1)
    assert row.next_at > clock.machine_now()
    assert "[hidden]" in row.last_error
    assert not TOKEN.search(row.last_error)
    again()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliveries.send_due() == 2
    alive = set(ApprovalLink.objects.filter(revoked_at=None).values_list("digest", flat=True))
    assert len(alive) == 2 and not alive & first


def test_after_six_tries_a_mail_is_given_up(opened: World, settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenBackend"
    for _ in range(8):
        deliveries.send_due()
        again()
    assert set(EmailDelivery.objects.values_list("state", "attempts")) == {("dead", 6)}


def test_a_mail_that_is_no_longer_so_is_not_sent(opened: World) -> None:
    decide.decide(
        opened.request.public_id, kind="decline", actor=opened.actor(opened.approver),
        content_hash=opened.request.content_hash, comment="not now",
    )  # fmt: skip
    deliveries.send_due()
    assert [m for m in mail.outbox if m.subject.startswith("Approve")] == []
    assert EmailDelivery.objects.filter(state="cancelled").count() == 2


def test_a_claimed_mail_is_left_alone_until_its_lease_ends(opened: World) -> None:
    EmailDelivery.objects.update(lease_until=clock.machine_now() + timedelta(minutes=1))
    assert deliveries.send_due() == 0
    EmailDelivery.objects.update(lease_until=clock.machine_now() - timedelta(seconds=1))
    assert deliveries.send_due() == 2


def test_mail_is_never_sent_inside_a_transaction(transactional_db: None, world: World) -> None:
    world.open()
    outbox.drain()
    with pytest.raises(RuntimeError), transaction.atomic():
        deliveries.send_due()
    assert mail.outbox == []


def test_names_cannot_add_headers(world: World) -> None:
    organization = world.client.organization
    organization.name = "Tallow\r\nBcc: thief@evil.example"
    organization.save()
    world.client.name = "Pine\nwick\r\nX-Evil: 1"
    world.client.save()
    world.open()
    outbox.drain()
    deliveries.send_due()
    sent = mail.outbox[0]
    headers = dict(sent.message().items())
    assert "Bcc" not in headers and "X-Evil" not in headers
    assert "\n" not in sent.subject
    assert sent.recipients() == sent.to


def test_requester_and_approver_are_told_the_decision(opened: World) -> None:
    deliveries.send_due()
    mail.outbox.clear()
    actor = opened.actor(opened.approver)
    decide.decide(
        opened.request.public_id, kind="approve", actor=actor, typed="490",
        content_hash=opened.request.content_hash,
    )  # fmt: skip
    outbox.drain()
    deliveries.send_due()
    assert {m.to[0] for m in mail.outbox} == {"ines@tallow.example", "lena@tallow.example"}
    own = next(m for m in mail.outbox if m.to == ["ines@tallow.example"])
    assert "If this was not you" in own.body
    kinds = Notification.objects.filter(user=opened.requester).values_list("kind", flat=True)
    assert list(kinds) == ["approvals.request.decided"]


def test_where_nobody_can_approve_the_admins_hear_of_it(world: World) -> None:
    from lane.accounts.models import Membership, Role

    Membership.objects.update(is_approver=False)
    Membership.objects.filter(user=world.viewer).update(role=Role.ADMIN)
    world.open()
    outbox.drain()
    notice = Notification.objects.get()
    assert notice.user == world.viewer
    assert notice.title.startswith("Nobody can approve")


def test_an_unanswered_request_is_reported_to_the_requester(opened: World) -> None:
    from approvals.services import expiry

    clock.set_offset(timedelta(hours=49))
    expiry.expire_due()
    outbox.drain()
    deliveries.send_due()
    assert [m.to[0] for m in mail.outbox] == ["lena@tallow.example"]
    with pytest.raises(Gone):
        links.require_alive(links.issue(opened.request, opened.approver)[0])


def test_an_approver_whose_mail_is_given_up_is_reported_to_the_requester(
    opened: World, settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenBackend"
    for _ in range(7):
        deliveries.send_due()
        again()
    outbox.drain()
    titles = Notification.objects.filter(user=opened.requester).values_list("title", flat=True)
    assert sorted(titles) == [
        "Mail not delivered to ines@tallow.example",
        "Mail not delivered to jonas@tallow.example",
    ]
