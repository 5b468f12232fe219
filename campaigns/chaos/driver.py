"""Inside a fault run: connects to the sandbox, approves intents, keeps hinting, and reports when all are over.

Run as ``python -m campaigns.chaos.driver`` with the environment of the run. It writes ``progress.json`` and at
last ``intents.json`` into the run's folder. Losing the database or the broker is part of its life.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import django

django.setup()

from django.db import DatabaseError, connection, transaction  # noqa: E402 - after the settings are known
from django.db.models import Count  # noqa: E402
from kombu.exceptions import OperationalError as BrokerError  # noqa: E402
from redis.exceptions import RedisError  # noqa: E402

from campaigns.chaos import world  # noqa: E402
from campaigns.chaos.naive import raise_by_step  # noqa: E402
from campaigns.models import Budget, Change, ChangeSet  # noqa: E402
from campaigns.services import ledger  # noqa: E402
from campaigns.tasks.ledger import apply_change, hint_once  # noqa: E402
from lane.audit.models import AuditEntry  # noqa: E402

UNIT = 1_000_000
HINT_SECONDS = 1.5
T = TypeVar("T")
logger = logging.getLogger("lane.chaos")


def main() -> None:
    """Seed, approve, keep hinting until everything is over, report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--intents", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--variant", choices=["ledger", "relative"], required=True)
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    run = Driver(given.folder, given.seed)
    run.seed_world()
    run.wait_for(given.folder / "go")
    if given.variant == "ledger":
        run.approve(given.intents)
        run.watch(given.intents, given.seconds)
    else:
        run.enqueue_steps(given.intents)
        run.watch_steps(given.intents, given.seconds)
    run.report()


class Driver:
    """The people and the clockwork of one run."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.duplicates = 0
        self.steps: list[dict[str, Any]] = []

    def seed_world(self) -> None:
        """Connect to the sandbox and mirror its Google budgets."""
        self.world = world.connect()
        self.say(ready=True, budgets=len(self.world.budgets))

    def approve(self, count: int) -> None:
        """Propose and approve every intent; a lost connection may hide a commit, so ask before repeating."""
        for number in range(count):
            budget = self.world.budgets[number % len(self.world.budgets)]
            target = (budget.amount_micros or 0) + UNIT * (number // len(self.world.budgets) + 1)
            stubbornly(partial(self._approve, number, budget, target))
            if number % 20 == 0:
                self.pulse()
                self.say(approved=number, over=stubbornly(_over))

    @transaction.atomic
    def _approve(self, number: int, budget: Budget, target: int) -> None:
        """Both steps in one transaction, as pacing does for guards: no approval request has to be opened."""
        if ChangeSet.objects.filter(origin="chaos", origin_id=str(number)).exists():
            return
        self.world.approve(number, budget, target)

    def watch(self, count: int, seconds: float) -> None:
        """Hint at what is due until nothing is open; the run says when faults have ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.pulse()
            over = stubbornly(_over)
            self.say(approved=count, over=over)
            if over >= count:
                return
            time.sleep(0.25)

    def pulse(self) -> None:
        """What beat and handlers do, faster: hint at what is due, and repeat some hints needlessly."""
        try:
            due = ledger.due(60)
            for change_id in due:
                hint_once(change_id, HINT_SECONDS)
            for change_id in due[:1] if self.random.random() < 0.5 else ():
                apply_change.hint(change_id)
                self.duplicates += 1
        except (BrokerError, RedisError):
            logger.warning("no broker: applying here")
            stubbornly(lambda: ledger.sweep(3))
        except DatabaseError:
            _reconnect()

    def enqueue_steps(self, count: int) -> None:
        """The broken variant: one message per step, nothing else remembers it."""
        for number in range(count):
            budget = self.world.budgets[number % len(self.world.budgets)]
            base = (budget.amount_micros or 0) + UNIT * (number // len(self.world.budgets))
            self.steps.append(
                {"entity": budget.external_id, "base": base, "target": base + UNIT, "order": number}
            )
            _until_published(partial(raise_by_step.hint, number, budget.pk, UNIT))
            if self.random.random() < 0.1:  # at-least-once delivery repeats messages
                _until_published(partial(raise_by_step.hint, number, budget.pk, UNIT))
                self.duplicates += 1
        self.say(approved=count)

    def watch_steps(self, count: int, seconds: float) -> None:
        """Until all reported, or nothing has moved for a while after the faults ended."""
        deadline, moved_at, seen = time.monotonic() + seconds, time.monotonic(), -1
        while time.monotonic() < deadline:
            done = len(self.done_steps())
            self.say(approved=count, over=done)
            if done != seen:
                seen, moved_at = done, time.monotonic()
            if done >= count or time.monotonic() - moved_at > 15:
                return
            time.sleep(0.4)

    def done_steps(self) -> set[int]:
        """Numbers of the steps that said they were done."""
        path = Path(os.environ["LANE_CHAOS_DONE"])
        return {int(line) for line in path.read_text().split()} if path.exists() else set()

    def report(self) -> None:
        """The approved order, as the checker needs it."""
        if self.steps:
            intents = [{**step, "state": "verified"} for step in self.steps]
            unaudited = 0
        else:
            rows = Change.objects.order_by("change_set__authorised_at", "id").values_list(
                "budget__external_id", "base_micros", "target_micros", "state", "public_id"
            )
            intents = [
                {"entity": entity, "base": base, "target": target, "order": order, "state": state}
                for order, (entity, base, target, state, _) in enumerate(rows)
            ]
            unaudited = self._unaudited()
        _write(
            self.folder / "intents.json",
            {"intents": intents, "unaudited": unaudited, "duplicates": self.duplicates},
        )

    def _unaudited(self) -> int:
        """Verified changes without exactly one audit entry."""
        entries = AuditEntry.objects.filter(action="campaigns.change.verified").values("object_id")
        once = entries.annotate(times=Count("id")).filter(times=1).count()
        return Change.objects.filter(state=Change.State.VERIFIED).count() - once

    def say(self, **values: Any) -> None:
        """Progress for the run outside."""
        _write(self.folder / "progress.json", values)

    @staticmethod
    def wait_for(path: Path) -> None:
        """Until the run outside says so."""
        while not path.exists():
            time.sleep(0.05)


def _over() -> int:
    return Change.objects.filter(state__in=Change.OVER).count()


def stubbornly(action: Callable[[], T]) -> T:
    """Do it until the database answers."""
    for _ in range(200):
        try:
            return action()
        except DatabaseError:
            _reconnect()
    return action()


def _until_published(action: Callable[[], None]) -> None:
    for _ in range(200):
        try:
            return action()
        except BrokerError:
            time.sleep(0.1)
    return action()


def _reconnect() -> None:
    if connection.in_atomic_block:
        transaction.set_rollback(True)
    connection.close()
    time.sleep(0.1)


def _write(path: Path, values: dict[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(values))
    draft.replace(path)


if __name__ == "__main__":
    main()
