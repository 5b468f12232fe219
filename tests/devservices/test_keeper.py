"""The services that test sessions share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from lane.devservices.processes import command_line, wait_until

ROOT = Path(__file__).resolve().parents[2]
SESSION = """
import sys
from pathlib import Path
from lane.devservices import keeper
held = keeper.join(Path(sys.argv[1]))
print(held.postgres.pid, held.postgres.port, held.redis_url, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def state() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="lane-keeper-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def session(state: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SESSION, str(state)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_sessions_share_one_server_that_ends_with_the_last_of_them_however_it_ends(state):
    first, second = session(state), session(state)
    seen = {process.stdout.readline() for process in (first, second)}
    assert len(seen) == 1
    server = int(seen.pop().split()[0])
    keeper = int(json.loads((state / "services.json").read_text())["keeper"])
    ended(first)
    assert command_line(server)
    ended(second)
    wait_until(lambda: not command_line(server), seconds=20, what="The end of the server")
    wait_until(lambda: not command_line(keeper), seconds=20, what="The end of the keeper")
    third = session(state)
    assert int(third.stdout.readline().split()[0]) != server
    ended(third)
    wait_until(lambda: not (state / "services.json").exists(), seconds=20, what="The end of the keeper")


@pytest.mark.django_db
def test_tests_connect_as_the_plain_role_without_bypassing_row_security():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("lane_app", False, False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_transactional_test_commits_is_gone_for_the_next(turn):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,)
        cursor.execute("INSERT INTO django_session VALUES (%s, '', now())", [f"turn-{turn}"])
