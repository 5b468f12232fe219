"""From the yes to the platform through the outbox, the broker and a real worker."""

from __future__ import annotations

import base64
import json
import os

import pytest
import redis
from django.db import transaction

from campaigns.chaos import world as chaos_world
from campaigns.handlers import ledger as handlers
from campaigns.models import Change
from campaigns.tasks import ledger as tasks
from lane.devservices.processes import wait_until
from tests.campaigns.ledger_world import LedgerWorld
from tests.campaigns.sandbox_login import control

UNIT = 1_000_000


def hinted() -> list[int]:
    """The changes named by the messages that wait in the ledger's queue, oldest first."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as broker:
        messages = [json.loads(raw) for raw in reversed(broker.lrange("ledger", 0, -1))]
    return [json.loads(base64.b64decode(message["body"]))[0][0] for message in messages]


@pytest.mark.django_db(transaction=True)
def test_a_worker_writes_what_was_approved_into_the_sandbox(celery_worker_process, sandbox_reset):
    place = chaos_world.connect()
    budget = place.budgets[0]
    amount = budget.amount_micros or 0
    with transaction.atomic():
        first = place.approve(1, budget, amount + UNIT)
        second = place.approve(2, budget, amount + 2 * UNIT)
    wait_until(
        lambda: Change.objects.filter(state=Change.State.VERIFIED).count() == 2,
        seconds=60,
        what="The second change, which waits for the first,",
    )
    entries = control(sandbox_reset, "GET", "journal")["entries"]
    assert [entry["after"] for entry in entries] == [first.target_micros, second.target_micros]


@pytest.mark.django_db
def test_only_rows_whose_turn_it_is_are_hinted_and_a_backlog_is_hinted_once(monkeypatch):
    world = LedgerWorld(monkeypatch)
    budget = world.budget()
    first, second = world.approved(budget, 105), world.approved(budget, 110)
    for change in (first, second):
        handlers.write_what_was_approved(
            handlers.ChangeSetAuthorised(
                organization_id=world.organization.pk,
                change_set_id=str(change.change_set.public_id),
                client_id=str(world.client.public_id),
            )
        )
    assert hinted() == [first.pk]
    assert tasks.sweep_ledger.run() == tasks.sweep_ledger.run() == 1
    assert hinted() == [first.pk, first.pk]
    world.apply(first)
    handlers.go_on_with_the_next(
        handlers.ChangeFinished(
            organization_id=world.organization.pk,
            change_id=str(first.public_id),
            change_set_id=str(first.change_set.public_id),
            state="verified",
        )
    )
    assert hinted()[2:] == [second.pk]
