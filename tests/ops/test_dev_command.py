"""`manage.py dev` from an empty state folder to a page, and away again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest

from lane.devservices.processes import wait_until
from lane.ops.dev.services import RUN_MARK

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="looks for processes in /proc"
)


@pytest.fixture
def state() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="lane-dev-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def dev(state: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    """The command as `make run` calls it, in an environment that names no services."""
    ours = ("DATABASE_", "REDIS_URL", "LANE_", "DJANGO_SETTINGS_MODULE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.Popen(
        [sys.executable, "manage.py", "dev", *options],
        cwd=ROOT,
        env={**clean, "LANE_STATE": str(state), "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def until(process: subprocess.Popen[str], words: str) -> str:
    """Read its lines up to the one with these words; the whole output is the error."""
    seen = []
    for line in process.stdout:
        seen.append(line)
        if words in line:
            return "".join(seen)
    raise AssertionError("".join(seen))


def processes_of(state: Path) -> list[str]:
    mark = f"{RUN_MARK}={state}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.mark.timeout(240)
def test_a_run_answers_ends_with_ctrl_c_and_starts_again_after_being_killed(state):
    first = dev(state, "--no-demo", LANE_SANDBOX="0")
    said = until(first, "Stop with Ctrl-C")
    url = next(word for word in said.split() if word.startswith("http://127.0.0.1") and word.endswith("/"))
    assert httpx2.get(f"{url}healthz", timeout=10).status_code == 200
    services = json.loads((state / "services.json").read_text())
    with psycopg.connect(services["database_url"]) as connection:
        connection.execute("SELECT count(*) FROM django_migrations")

    second = dev(state, "--no-demo", LANE_SANDBOX="0")
    assert "Lane already runs from this folder" in second.communicate()[0]

    first.send_signal(signal.SIGINT)
    rest = first.communicate()[0]
    assert first.returncode == 0, rest
    assert processes_of(state) == []

    killed = dev(state, "--no-demo", LANE_SANDBOX="0")
    until(killed, "Stop with Ctrl-C")
    killed.kill()
    killed.communicate()
    wait_until(lambda: processes_of(state) == [], seconds=20, what="The end of the killed run's processes")

    reset = dev(state, "--reset")
    assert "make run" in reset.communicate()[0]
    assert not (state / "postgres").exists()


def test_a_reset_never_touches_a_database_of_your_own(state):
    refused = dev(state, "--reset", DATABASE_URL="postgres://me@db.example/lane")
    assert "Lane empties only its embedded database" in refused.communicate()[0]
    assert refused.returncode != 0
