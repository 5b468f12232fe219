"""Process faults: workers are killed and frozen, the broker forgets everything, the database crashes."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from campaigns.chaos.workers import Worker
from lane.devservices.private import PrivateServices

LONGEST_FREEZE_SECONDS = 2.5


class Nemesis:
    """Strikes each time a seeded number of changes is done, so that slow machines see the same storm.

    Call ``tick`` often; ``rest`` ends it and thaws everything.
    """

    def __init__(
        self, seed: int, services: PrivateServices, workers: list[Worker], *, every: tuple[int, int]
    ) -> None:
        self._random = random.Random(seed)
        self._services, self._workers, self._every = services, workers, every
        self._next_at = self._random.randint(*every)
        self._frozen: dict[int, float] = {}
        self.felt: Counter[str] = Counter()
        self._deeds: list[tuple[int, Callable[[], bool]]] = [
            (10, self._kill_child),
            (2, self._kill_worker),
            (4, self._freeze_child),
            (3, self._empty_broker),
            (1, self._crash_database),
        ]

    def tick(self, done: int) -> None:
        """Thaw what was frozen long enough, bring dead workers back, and strike when it is time."""
        self._thaw(time.monotonic())
        for worker in self._workers:
            worker.revive()
        if done < self._next_at:
            return
        weights = [weight for weight, _ in self._deeds]
        (_, deed), *_ = self._random.choices(self._deeds, weights)
        if deed():
            self.felt[deed.__name__.removeprefix("_")] += 1
        self._next_at = done + self._random.randint(*self._every)

    def rest(self) -> None:
        """No more strikes; everything runs again."""
        self._thaw(float("inf"))
        for worker in self._workers:
            worker.revive()

    def _kill_child(self) -> bool:
        child = self._some_child()
        return child is not None and _signal(child, signal.SIGKILL)

    def _freeze_child(self) -> bool:
        child = self._some_child()
        if child is None or not _signal(child, signal.SIGSTOP):
            return False
        self._frozen[child] = time.monotonic() + self._random.uniform(1.0, LONGEST_FREEZE_SECONDS)
        return True

    def _kill_worker(self) -> bool:
        self._random.choice(self._workers).kill()
        return True

    def _empty_broker(self) -> bool:
        port = self._services.valkey.port
        self._services.valkey.kill()
        self._services.valkey.start(port=port)
        return True

    def _crash_database(self) -> bool:
        port = self._services.postgres.port
        self._services.postgres.stop("immediate")
        self._services.postgres.start(port=port)
        return True

    def _some_child(self) -> int | None:
        children = sorted(pid for worker in self._workers for pid in worker.children())
        return self._random.choice(children) if children else None

    def _thaw(self, now: float) -> None:
        for pid in [pid for pid, until in self._frozen.items() if until <= now]:
            del self._frozen[pid]
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False
