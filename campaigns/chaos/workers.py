"""The Celery workers of a fault run, which are brought back whenever they die."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lane.devservices.processes import kill_group, open_log, spawn, stop

ROOT = Path(__file__).resolve().parents[2]
# Loaded once in the parent, so that a killed child is replaced in milliseconds and not in seconds.
PRELOADED = (
    "campaigns.chaos.naive",
    "google.ads.googleads.client",
    "google.ads.googleads.v26.services.services.google_ads_service",
    "google.ads.googleads.v26.services.services.campaign_budget_service",
)


class Worker:
    """One worker process with a few children."""

    def __init__(self, name: str, environment: Mapping[str, str], folder: Path, *, children: int) -> None:
        self._name, self._environment, self._folder, self._count = name, environment, folder, children
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it without waiting."""
        with open_log(self._folder / f"{self._name}.log") as log:
            self._process = spawn(
                [
                    sys.executable,
                    "-m",
                    "celery",
                    "-A",
                    "lane.celery",
                    "worker",
                    "--queues=ledger,default",
                    f"--concurrency={self._count}",
                    f"--hostname={self._name}@chaos",
                    f"--include={','.join(PRELOADED)}",
                    "--without-gossip",
                    "--without-mingle",
                    "--loglevel=WARNING",
                ],
                env={**self._environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
                cwd=ROOT,
                output=log,
            )

    def revive(self) -> None:
        """Start it again when it is dead, as a supervisor would."""
        if self._process is None or self._process.poll() is not None:
            if self._process is not None:
                kill_group(self._process.pid)
            self.start()

    def kill(self) -> None:
        """Kill it with all its children, as an out-of-memory killer or a power cut would."""
        if self._process is not None:
            kill_group(self._process.pid)
            self._process.wait()

    def end(self) -> None:
        """Stop it at the end of the run."""
        if self._process is not None:
            stop(self._process, seconds=1)
            self._process = None

    def children(self) -> list[int]:
        """The processes that run the tasks."""
        if self._process is None:
            return []
        pid = self._process.pid
        with suppress(OSError):
            return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return []
