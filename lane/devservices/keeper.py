"""Services shared by several test sessions: they live exactly as long as somebody uses them.

Each session holds a shared lock on one file. The keeper starts the services and then waits for an
exclusive lock on that file, which the kernel grants when the last session is gone, however it ended.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from lane.devservices.postgres import PostgresServer
from lane.devservices.processes import ServiceError, command_line, last_lines, open_log, wait_until
from lane.devservices.valkey import ValkeyServer

CLONE = Path(__file__).resolve().parents[2]
_START_SECONDS = 60
SESSION_DATABASES = "lane_test_"


@dataclass
class SharedServices:
    """A session's hold on the shared services; closing it (or dying) lets go."""

    state: Path
    redis_url: str
    postgres: PostgresServer
    _hold: IO[str]

    def leave(self) -> None:
        """Let go; the last one to leave ends the services."""
        self._hold.close()


def join(state: Path) -> SharedServices:
    """Use the services of this state folder, starting them when nobody does."""
    state.mkdir(parents=True, exist_ok=True)
    hold = (state / "users.lock").open("a")
    # Waits while a keeper that saw nobody is closing down.
    fcntl.flock(hold, fcntl.LOCK_SH)
    with (state / "start.lock").open("a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        described = _described(state) or _start_keeper(state)
    postgres = PostgresServer(state / "postgres", profile="fast")
    postgres.attach()
    return SharedServices(state, described["redis_url"], postgres, hold)


def _start_keeper(state: Path) -> dict[str, Any]:
    with open_log(state / "keeper.log") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "lane.devservices.keeper", str(state)],
            cwd=CLONE,
            env={**os.environ, "PYTHONPATH": str(CLONE)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def ready() -> bool:
        if keeper.poll() is not None:
            said = last_lines(state / "keeper.log")
            raise ServiceError(f"The services of the tests could not be started:\n{said}")
        return _described(state) is not None

    wait_until(ready, seconds=_START_SECONDS, what="PostgreSQL and Valkey for the tests")
    return _described(state) or {}


def _described(state: Path) -> dict[str, Any] | None:
    """What a live keeper wrote, or nothing."""
    try:
        found = dict(json.loads((state / "services.json").read_text()))
    except (FileNotFoundError, ValueError):
        return None
    return found if "lane.devservices.keeper" in command_line(int(found["keeper"])) else None


def keep(state: Path) -> None:
    """Run both services until no session uses them any more."""
    file = state / "services.json"
    file.unlink(missing_ok=True)
    shutil.rmtree(state / "sessions", ignore_errors=True)
    postgres = PostgresServer(state / "postgres", profile="fast")
    valkey = ValkeyServer(state / "valkey", durable=False)
    postgres.start()
    valkey.start()
    try:
        _drop_databases_of_dead_sessions(postgres)
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps({"keeper": os.getpid(), "redis_url": valkey.url}))
        draft.replace(file)
        with (state / "users.lock").open("a") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            file.unlink(missing_ok=True)
            valkey.stop()
            postgres.stop()
    finally:
        valkey.stop()
        postgres.stop()


def _drop_databases_of_dead_sessions(postgres: PostgresServer) -> None:
    with postgres.connect() as admin:
        names = admin.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [SESSION_DATABASES]
        ).fetchall()
    for (name,) in names:
        postgres.drop_database(str(name))


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
