"""A mail backend that keeps mails in the database for the dev mail page.

The mails carry usable links, so it refuses to run where DEBUG is off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from notifications.models import DevMail


def allowed() -> bool:
    """Whether mails may be kept here."""
    return bool(settings.DEBUG or getattr(settings, "LANE_DEV_MAILBOX", False))


class DevMailboxBackend(BaseEmailBackend):
    """Catches mails instead of sending them."""

    def __init__(self, fail_silently: bool = False, **kwargs: Any) -> None:
        super().__init__(fail_silently=fail_silently, **kwargs)
        if not allowed():
            raise ImproperlyConfigured(
                "The dev mailbox stores usable links and works only with DEBUG. Set LANE_EMAIL_BACKEND."
            )

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep each mail with its plain and HTML part."""
        for message in email_messages:
            message.message()  # builds the headers, so that a forged one is refused here as well
            DevMail.objects.create(
                to=", ".join(message.recipients()),
                sender=message.from_email[:300],
                subject=str(message.subject)[:500],
                text=str(message.body),
                html=_html(message),
            )
        return len(email_messages)


def _html(message: EmailMessage) -> str:
    if not isinstance(message, EmailMultiAlternatives):
        return ""
    parts = [(str(part[0]), str(part[1])) for part in message.alternatives]
    return next((content for content, kind in parts if kind == "text/html"), "")
