"""The ad-platform sandbox as a local service: started, waited for, stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2

from lane.devservices.processes import ServiceError, last_lines, open_log, spawn, stop, wait_until

_START_SECONDS = 60
CLONE = Path(__file__).resolve().parents[2]


class SandboxServer:
    """One sandbox with its state in one folder; ``describe()`` is what it says of itself."""

    def __init__(self, folder: Path, *, seed: int = 7) -> None:
        self.folder = folder.absolute()
        self.seed = seed
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def file(self) -> Path:
        """Where the running sandbox writes its addresses and credentials."""
        return self.folder / "sandbox.json"

    def start(self, *, port_base: int = 0) -> None:
        """Start the process and wait until it answers."""
        self.launch(port_base=port_base)
        self.wait()

    def launch(self, *, port_base: int = 0) -> None:
        """Start the process without waiting for it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.file.unlink(missing_ok=True)
        with open_log(self.folder / "server.log") as log:
            self._process = spawn(
                [
                    sys.executable,
                    "-m",
                    "campaigns.sandbox",
                    f"--state={self.folder}",
                    f"--port-base={port_base}",
                    f"--seed={self.seed}",
                ],
                env={**os.environ, "PYTHONPATH": str(CLONE), "PYTHONUNBUFFERED": "1"},
                cwd=CLONE,
                output=log,
                dies_with_parent=signal.SIGKILL,
            )

    def wait(self) -> None:
        """Return once the sandbox is healthy."""
        wait_until(self._answers, seconds=_START_SECONDS, what="The ad-platform sandbox")

    def describe(self) -> dict[str, Any]:
        """Endpoints, OAuth clients and control token of the running sandbox."""
        return dict(json.loads(self.file.read_text()))

    def stop(self, *, seconds: float = 5) -> None:
        """Stop the process, keeping its world."""
        if self._process is not None:
            stop(self._process, seconds=seconds)
            self._process = None

    @property
    def pid(self) -> int | None:
        """Process id of the running sandbox."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            log = self.folder / "server.log"
            raise ServiceError(f"The sandbox ended at once. {log} ends with:\n{last_lines(log)}")
        try:
            control = self.describe()
            answer = httpx2.get(
                f"{control['http_base']}/_control/health",
                headers={"X-Control-Token": str(control["control_token"])},
                timeout=2,
            )
        except (OSError, ValueError, httpx2.HTTPError):
            return False
        return bool(answer.status_code == 200)
