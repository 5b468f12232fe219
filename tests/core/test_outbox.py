"""The outbox: told after commit, never twice, never lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest
from django.db import transaction

from lane.core import events, outbox
from lane.core.models import Event, EventDelivery

told: list[str] = []


@events.event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class SomethingTested(events.DomainEvent):
    """Only tests publish this."""

    name: ClassVar[str] = "tests.thing.happened"
    word: str


@events.handles(SomethingTested)
def remember(event: SomethingTested) -> None:
    """Keeps the word, and fails on purpose when asked to."""
    if event.word == "broken":
        raise RuntimeError("broken on purpose")
    told.append(event.word)


@pytest.fixture(autouse=True)
def _nothing_told() -> None:
    told.clear()


@pytest.mark.django_db
def test_an_event_reaches_its_handler_once_however_often_it_is_delivered():
    row = outbox.publish(SomethingTested(organization_id=1, word="once"))
    assert outbox.deliver_event(row.pk) == 1
    assert outbox.deliver_event(row.pk) == 0
    assert outbox.drain() == 0
    assert told == ["once"]


@pytest.mark.django_db
def test_a_rolled_back_change_tells_nobody():
    class Undo(Exception):
        pass

    with pytest.raises(Undo), transaction.atomic():
        outbox.publish(SomethingTested(organization_id=1, word="never"))
        raise Undo
    assert outbox.drain() == 0
    assert (told, Event.objects.count()) == ([], 0)


@pytest.mark.django_db
def test_a_failing_handler_keeps_its_error_and_is_not_retried_at_once():
    outbox.publish(SomethingTested(organization_id=1, word="broken"))
    assert outbox.drain() == 0
    delivery = EventDelivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    assert "broken on purpose" in delivery.last_error
    assert outbox.sweep() == 0
