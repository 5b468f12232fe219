"""The sandbox's own time: real by default, at any rate, movable, remembered across restarts."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from campaigns.sandbox.store import Store


class Clock:
    """Virtual unix seconds = base + real seconds since then x rate. Rate 0 stands still."""

    def __init__(
        self, store: Store, rate: float | None = None, real: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._default_rate = 1.0 if rate is None else rate
        self.real = real
        kept = store.get("clock")
        if kept is None:
            self.reset()
        else:
            self._virtual, self._real, self.rate = (float(value) for value in kept)
            if rate is not None:
                self.run_at(rate)

    def now(self) -> float:
        """Virtual now in unix seconds."""
        return self.at(self.real())

    def at(self, real: float) -> float:
        """The virtual instant of a real one."""
        return self._virtual + (real - self._real) * self.rate

    def utc(self) -> datetime:
        """Virtual now as a UTC instant."""
        return datetime.fromtimestamp(self.now(), UTC)

    def reset(self) -> None:
        """Back to real time at the rate given at the start."""
        self._set(self.real(), self._default_rate)

    def move_to(self, instant: float) -> None:
        """Let virtual now be ``instant``; the rate stays."""
        self._set(instant, self.rate)

    def run_at(self, rate: float) -> None:
        """Change the rate from now on."""
        self._set(self.now(), rate)

    def _set(self, virtual: float, rate: float) -> None:
        self._virtual, self._real, self.rate = virtual, self.real(), rate
        self._store.put("clock", [virtual, self._real, rate])
