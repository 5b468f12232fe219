"""Several processes on one terminal: prefixed logs, restarts, and one stop for all."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lane.devservices.processes import ServiceError, kill_group, spawn

_COLOURS = {"lane": 37, "web": 36, "worker": 33, "beat": 35, "sandbox": 32, "seed": 34}
_RESTART_PAUSE_SECONDS = 2.0


@dataclass
class Child:
    """One process that is started again when it ends by itself."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)


class Supervisor:
    """Runs children until told to stop; none of them outlives it."""

    def __init__(self, *, env: Mapping[str, str], cwd: Path) -> None:
        self.env = dict(env)
        self.cwd = cwd
        self.children: list[Child] = []
        self._printing = threading.Lock()
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def start(self, name: str, *command: str) -> Child:
        """Start a child; call from the main thread, whose end is what its death signal waits for."""
        child = Child(name, command, self._spawn(name, command))
        self.children.append(child)
        return child

    def run(self, name: str, *command: str) -> int:
        """Run a command to its end, with its lines shown like those of the others."""
        process = self._spawn(name, command)
        try:
            return process.wait()
        finally:
            kill_group(process.pid)

    def say(self, text: str, name: str = "lane") -> None:
        """Print one line with the name of who says it."""
        label = f"{name:>7} |"
        if self._coloured:
            label = f"\033[{_COLOURS.get(name, 37)}m{label}\033[0m"
        with self._printing:
            print(f"{label} {text}", flush=True)

    def watch(self) -> None:
        """Start again what ended; returns only by an exception (a signal)."""
        while True:
            for child in self.children:
                code = child.process.poll()
                if code is None:
                    continue
                kill_group(child.process.pid)
                self.say(f"{child.name} ended with {code}; starting it again.")
                time.sleep(_RESTART_PAUSE_SECONDS)
                child.process, child.started = self._spawn(child.name, child.command), time.monotonic()
            time.sleep(0.3)

    def require_alive(self, child: Child) -> None:
        """Fail when a child ended while somebody waits for it."""
        if child.process.poll() is not None:
            raise ServiceError(
                f"{child.name} ended with {child.process.returncode}; its last lines are above."
            )

    def stop(self, *, seconds: float) -> None:
        """Ask every child at once to end, then kill what is left of their groups."""
        deadline = time.monotonic() + seconds
        for child in self.children:
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        for child in self.children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
        for child in self.children:
            kill_group(child.process.pid)
            child.process.wait()
        self.children.clear()

    def _spawn(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        process = spawn(command, env=self.env, cwd=self.cwd, output=subprocess.PIPE)
        threading.Thread(target=self._show, args=(name, process), daemon=True).start()
        return process

    def _show(self, name: str, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            return
        for line in process.stdout:
            self.say(line.decode(errors="replace").rstrip(), name)
