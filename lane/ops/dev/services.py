"""The embedded services of a state folder, and the file in which they publish themselves."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from lane.devservices.postgres import APP, OWNER, PostgresServer
from lane.devservices.processes import ServiceError, kill_group
from lane.devservices.sandbox import SandboxServer
from lane.devservices.valkey import ValkeyServer

POSTGRES_PORT, VALKEY_PORT, SANDBOX_PORT = 54320, 63790, 9400
RUN_MARK = "LANE_RUN"


class Services:
    """PostgreSQL, Valkey and the sandbox, each only where the environment names no other."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.postgres = None if os.environ.get("DATABASE_URL") else PostgresServer(state / "postgres")
        self.valkey = None if os.environ.get("REDIS_URL") else ValkeyServer(state / "valkey")
        wants_sandbox = os.environ.get("LANE_SANDBOX", "1") not in ("0", "false", "")
        self.sandbox = SandboxServer(state / "sandbox") if wants_sandbox else None

    def start(self) -> None:
        """Start all of them; the sandbox may still be getting ready (see ``sandbox.wait``)."""
        before = self._published()
        if self.sandbox:
            self.sandbox.launch(port_base=SANDBOX_PORT)
        if self.valkey:
            self.valkey.start(port=int(before.get("valkey_port") or VALKEY_PORT))
        if self.postgres:
            self.postgres.start(port=int(before.get("postgres_port") or POSTGRES_PORT))
        self._publish()

    def stop(self, *, seconds: float) -> None:
        """Stop them cleanly, or as a crash would when that takes too long; they survive both."""
        with ThreadPoolExecutor() as together:
            for service in (self.sandbox, self.valkey, self.postgres):
                if service:
                    together.submit(service.stop, seconds=seconds)

    def _publish(self) -> None:
        postgres, valkey = self.postgres, self.valkey
        described = {
            "database_url": postgres.url(APP) if postgres else None,
            "database_owner_url": postgres.url(OWNER) if postgres else None,
            "redis_url": valkey.url if valkey else None,
            "sandbox": str(self.sandbox.file) if self.sandbox else None,
            "postgres_port": postgres.port if postgres else None,
            "valkey_port": valkey.port if valkey else None,
        }
        draft = self.state / "services.draft"
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            json.dump(described, file, indent=2)
        draft.replace(self.state / "services.json")

    def _published(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.state / "services.json").read_text()))
        except (FileNotFoundError, ValueError):
            return {}


def only_one(state: Path) -> IO[str]:
    """Hold the state folder for this process; the kernel lets go when the process ends, however it does."""
    state.mkdir(parents=True, exist_ok=True)
    lock = (state / "run.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        who = lock.read().strip() or "another process"
        raise ServiceError(
            f"Lane already runs from this folder ({who}). Stop it with Ctrl-C first."
        ) from None
    lock.seek(0)
    lock.truncate()
    lock.write(f"process {os.getpid()}")
    lock.flush()
    return lock


def end_leftovers(state: Path) -> int:
    """Kill what a killed run left behind. Call it while holding ``only_one``: nobody else is entitled."""
    mark = f"{RUN_MARK}={state}".encode()
    ended = 0
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        try:
            marked = mark in (folder / "environ").read_bytes().split(b"\0")
            group = os.getpgid(int(folder.name))
        except OSError:
            continue
        if marked:
            kill_group(group)
            ended += 1
    return ended


def wipe(state: Path) -> None:
    """Forget the demo: its database, queue, sandbox world and stamp. External services are not touched."""
    if os.environ.get("DATABASE_URL"):
        raise ServiceError(
            "DATABASE_URL is set: Lane empties only its embedded database. Empty yours yourself."
        )
    postgres = PostgresServer(state / "postgres")
    postgres.stop("immediate")
    postgres.destroy()
    for name in ("valkey", "sandbox"):
        shutil.rmtree(state / name, ignore_errors=True)
    for name in ("demo.json", "services.json"):
        (state / name).unlink(missing_ok=True)
