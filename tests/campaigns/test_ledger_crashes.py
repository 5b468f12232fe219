"""A process that dies between two steps of the ledger: the next one settles it, and one write lands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import transaction

from campaigns.chaos import world as chaos_world
from campaigns.models import Change, WriteCall
from campaigns.services import ledger
from campaigns.services.ledger import crash
from tests.campaigns.ledger_world import LedgerWorld
from tests.campaigns.sandbox_login import control

ROOT = Path(__file__).resolve().parents[2]
UNIT = 1_000_000


def landed(sandbox, change: Change) -> list[int]:
    """Values that took effect on the change's budget, as the sandbox noted them."""
    entries = control(sandbox, "GET", "journal")["entries"]
    return [
        entry["after"]
        for entry in entries
        if entry["entity"] == change.budget.external_id and entry["effective"]
    ]


def sweep_dying_at(point: str) -> int:
    """Run the sweep as its own process, which kills itself there; returns its exit code.

    Its hints go to a broker nobody listens to, so that no worker of the session settles the change first.
    """
    nobody = os.environ["REDIS_URL"].rsplit("/", 1)[0] + "/0"
    return subprocess.run(
        [sys.executable, "manage.py", "ledger_sweep"],
        cwd=ROOT,
        env={**os.environ, "LANE_CRASH_AT": point, "REDIS_URL": nobody},
        capture_output=True,
        check=False,
        timeout=100,
    ).returncode


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300)
def test_wherever_a_process_dies_exactly_one_write_lands(sandbox_reset, settings):
    place = chaos_world.connect()
    for number, (point, budget) in enumerate(zip(crash.POINTS, place.budgets, strict=False)):
        with transaction.atomic():
            change = place.approve(number, budget, (budget.amount_micros or 0) + UNIT)
        assert sweep_dying_at(point) == 137
        change.refresh_from_db()
        was_sent = point != "before_t2"
        assert (change.state, change.fence) == ("sent" if was_sent else "approved", 1), point
        assert len(landed(sandbox_reset, change)) == (point in ("after_call", "before_t3")), point
        assert ledger.apply(change.pk) == change.state, "the dead process still holds its lease"
        for _ in range(2):  # the lease ends, then the quiet period
            LedgerWorld.elapse(170, change)
            ledger.apply(change.pk)
        change.refresh_from_db()
        assert change.state == "verified", (point, change.outcome)
        assert landed(sandbox_reset, change) == [change.target_micros], point
    calls = WriteCall.objects.order_by("change_id", "id").values_list("change__state", "answer")
    assert len(calls) == len(crash.POINTS) + 1  # only the death before the call needed a second one
