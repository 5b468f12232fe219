"""E-mails: owed in a transaction, sent outside of any, tried again with growing pauses, given up after six.

A mail is rendered at each try from what is true then. A link it carries exists only in memory: a new try
issues a new link. Sending happens before it is marked as sent, so a crash in between may send twice, never
not at all.
"""

from __future__ import annotations

import logging
import random
import time
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.db.models import Q

from lane.core import clock, outbox
from lane.core.logging import scrub
from notifications.events import MailUndelivered
from notifications.messages.mails import Mail, NoLongerNeeded, render
from notifications.messages.notice import Notice
from notifications.models import EmailDelivery

logger = logging.getLogger(__name__)
MAX_ATTEMPTS = 6
LEASE = timedelta(minutes=3)
FIRST_PAUSE_SECONDS = 30
PASS_SECONDS = 60


def owe(notice: Notice) -> int:
    """Write down that a mail is owed; owing it twice changes nothing. Returns 1 when it is new."""
    _, created = EmailDelivery.objects.get_or_create(
        dedupe_key=f"{notice.mail}:{notice.user.pk}:{notice.dedupe_key}"[:200],
        defaults={
            "organization_id": notice.organization_id,
            "user": notice.user,
            "email": notice.user.email,
            "message": notice.mail,
            "params": notice.params,
            "next_at": clock.machine_now(),
        },
    )
    return int(created)


def send_due(limit: int = 100) -> int:
    """Send what is due, one by one; any number of senders may run at once. Returns how many were sent."""
    started, sent = time.monotonic(), 0
    for _ in range(limit):
        delivery = _claim()
        if delivery is None or time.monotonic() - started > PASS_SECONDS:
            break
        sent += _send(delivery)
    return sent


@transaction.atomic(durable=True)
def _claim() -> EmailDelivery | None:
    """Take the next due mail for a while; a sender that dies loses it when the lease ends.

    Durable: calling this inside a transaction, and so sending inside one, is an error.
    """
    now = clock.machine_now()
    delivery = (
        EmailDelivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("organization", "user")
        .filter(
            Q(lease_until=None) | Q(lease_until__lt=now),
            state=EmailDelivery.State.PENDING,
            next_at__lte=now,
        )
        .order_by("next_at", "id")
        .first()
    )
    if delivery is not None:
        delivery.attempts += 1
        delivery.lease_until = now + LEASE
        delivery.save(update_fields=["attempts", "lease_until", "updated_at"])
    return delivery


def _send(delivery: EmailDelivery) -> bool:
    """Render and send one claimed mail and note how it went."""
    try:
        mail = render(delivery)
        message = _message(mail)
        message.send()
    except NoLongerNeeded as reason:
        _note(delivery, state=EmailDelivery.State.CANCELLED, last_error=str(reason))
        return False
    except Exception as error:  # noqa: BLE001 - any mail library's error means: not sent, try again
        _failed(delivery, error)
        return False
    _note(
        delivery,
        state=EmailDelivery.State.SENT,
        sent_at=clock.now(),
        last_error="",
        provider_id=_provider_id(message),
    )
    return True


def _message(mail: Mail) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=mail.sender,
        to=[mail.to],
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        connection=get_connection(timeout=settings.EMAIL_TIMEOUT)
        if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend")
        else get_connection(),
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _failed(delivery: EmailDelivery, error: Exception) -> None:
    words = scrub(f"{type(error).__name__}: {error}")[:2000]
    logger.warning("mail %s not sent, attempt %s: %s", delivery.public_id, delivery.attempts, words)
    if delivery.attempts >= MAX_ATTEMPTS:
        _give_up(delivery, words)
        return
    pause = FIRST_PAUSE_SECONDS * 2 ** (delivery.attempts - 1) * random.uniform(0.75, 1.25)
    _note(delivery, next_at=clock.machine_now() + timedelta(seconds=pause), last_error=words)


@transaction.atomic
def _give_up(delivery: EmailDelivery, words: str) -> None:
    """Stop trying, and tell whoever waits for an answer that the question never arrived."""
    _note(delivery, state=EmailDelivery.State.DEAD, last_error=words)
    outbox.publish(
        MailUndelivered(
            organization_id=delivery.organization_id,
            delivery_id=str(delivery.public_id),
            request_id=str(delivery.params.get("request_id", "")),
        )
    )


def _note(delivery: EmailDelivery, **values: object) -> None:
    """Write the outcome, unless another sender took the mail over meanwhile."""
    EmailDelivery.objects.filter(
        pk=delivery.pk, attempts=delivery.attempts, state=EmailDelivery.State.PENDING
    ).update(**values, lease_until=None, updated_at=clock.machine_now())


def _provider_id(message: EmailMultiAlternatives) -> str:
    status = getattr(message, "anymail_status", None)
    return str(getattr(status, "message_id", "") or "")[:200]
