"""Nothing happens without a decision on who is told."""

from __future__ import annotations

from django.template.loader import get_template

from lane.core.events import _EVENT_TYPES
from notifications.messages import mails
from notifications.messages.catalogue import CATALOGUE
from notifications.messages.notice import Silent


def test_every_event_is_told_or_silent_for_a_reason() -> None:
    product = {cls for cls in _EVENT_TYPES.values() if not cls.__module__.startswith("tests.")}
    assert product == set(CATALOGUE)
    assert all(maker.because for maker in CATALOGUE.values() if isinstance(maker, Silent))


def test_every_mail_has_a_subject_a_plain_part_and_an_html_part() -> None:
    for name in mails.names():
        folder = mails._FOLDER.get(name, "approvals")
        for ending in ("subject.txt", "txt", "html"):
            assert get_template(f"email/{folder}/{name}.{ending}")
