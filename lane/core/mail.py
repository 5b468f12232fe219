"""Sending one mail from templates: a plain part, an HTML part with its styles inlined, a one-line subject."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from email.utils import formataddr, parseaddr
from typing import Any

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)


def send(template: str, *, to: str, organization: Any, context: Mapping[str, Any]) -> bool:
    """Send ``email/<template>.{subject.txt,txt,html}``; False when the mail server did not take it.

    Call it outside any transaction.
    """
    values = {"organization": organization, "base_url": settings.LANE_BASE_URL, **context}
    html = render_to_string(f"email/{template}.html", values)
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    mail = EmailMultiAlternatives(
        subject=one_line(render_to_string(f"email/{template}.subject.txt", values)),
        body=render_to_string(f"email/{template}.txt", values),
        from_email=formataddr((one_line(f"{organization} via {name or 'Lane'}"), address)),
        to=[to],
    )
    mail.attach_alternative(css_inline.CSSInliner(load_remote_stylesheets=False).inline(html), "text/html")
    try:
        return mail.send() == 1
    except Exception:
        logger.warning("the mail %s was not sent", template, exc_info=True)
        return False


def one_line(text: str) -> str:
    """A header's value: one line, so that no name can add headers of its own."""
    return " ".join(text.split())[:200]
