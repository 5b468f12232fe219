"""The embedded PostgreSQL: who it runs as, what it survives, what its roles may do."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lane.devservices import programs, server_user
from lane.devservices.postgres import APP, OWNER, PostgresServer
from lane.devservices.processes import command_line, wait_until

ROOT = Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not IS_ROOT, reason="needs root: it changes user")

START_AND_LOOK = """
import sys
from pathlib import Path
from lane.devservices.postgres import PostgresServer
server = PostgresServer(Path(sys.argv[1]), profile="fast", var_tmp=Path(sys.argv[2]))
server.start()
with server.connect("lane_app", "lane") as connection:
    print(connection.execute("SELECT current_user").fetchone()[0], server.data)
server.stop()
"""


@pytest.fixture
def private_home() -> Iterator[Path]:
    """A folder only its owner may enter, as a clone in a private home is."""
    folder = Path(tempfile.mkdtemp(prefix="lane-clone-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(private_home: Path) -> Iterator[PostgresServer]:
    made = PostgresServer(private_home / "state" / "postgres", profile="fast")
    made.start()
    yield made
    made.stop("immediate")


def test_it_listens_on_loopback_only_with_passwords_and_no_unix_socket(server):
    with server.connect() as admin:
        shown = {
            name: admin.execute(f"SHOW {name}").fetchone()[0]
            for name in ("listen_addresses", "unix_socket_directories", "jit", "wal_level", "max_wal_senders")
        }
        assert shown == {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "jit": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
        }
        methods = admin.execute("SELECT DISTINCT auth_method FROM pg_hba_file_rules").fetchall()
        assert methods == [("scram-sha-256",)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host="127.0.0.1", port=server.port, user=APP, password="guess", dbname="lane")


def test_the_plain_role_uses_what_the_owner_makes_and_can_make_nothing(server):
    with server.connect(OWNER, "lane") as owner:
        owner.execute("CREATE TABLE plans (id bigint GENERATED ALWAYS AS IDENTITY, name text)")
    with server.connect(APP, "lane") as app:
        app.execute("INSERT INTO plans (name) VALUES ('spring')")
        assert app.execute("SELECT name FROM plans").fetchall() == [("spring",)]
        for refused in ("CREATE TABLE mine (id int)", "TRUNCATE plans", "ALTER TABLE plans ADD x int"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(refused)
        rights = app.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert rights == (False, False, False)


def test_a_second_start_joins_the_running_server(server):
    other = PostgresServer(server.folder, profile="fast")
    other.start()
    assert (other.pid, other.port) == (server.pid, server.port)


def test_a_killed_server_starts_again_with_its_data(private_home):
    server = PostgresServer(private_home / "postgres", profile="crash_safe")
    server.start()
    with server.connect(OWNER, "lane") as owner:
        owner.execute("CREATE TABLE kept (id int)")
    os.kill(server.pid, signal.SIGKILL)
    again = PostgresServer(server.folder, profile="crash_safe")
    again.start()
    with again.connect(APP, "lane") as app:
        assert app.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    again.stop()


def test_a_lock_whose_process_number_was_given_to_another_program_is_no_obstacle(server):
    server.stop()
    lock = f"{os.getpid()}\n{server.data}\n1700000000\n{server.port}\n\n127.0.0.1\n\nready\n"
    path = server.data / "postmaster.pid"
    path.write_text(lock)
    server.user.take(path)
    server.start()
    assert server.pid != os.getpid()


def test_a_run_killed_while_making_the_cluster_needs_no_cleaning(private_home):
    server = PostgresServer(private_home / "postgres", profile="fast")
    (server.data / "PG_VERSION").write_text("18\n")
    (server.data / "base").mkdir()
    server.start()
    assert server.pid
    server.stop("immediate")


def test_the_server_ends_with_the_process_that_started_it(private_home):
    script = START_AND_LOOK.replace(
        "server.stop()", "print(server.pid, flush=True); import time; time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script, str(private_home / "postgres"), str(private_home)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    starter.stdout.readline()
    pid = int(starter.stdout.readline())
    assert str(private_home) in command_line(pid)
    starter.kill()
    starter.wait()
    starter.stdout.close()
    wait_until(lambda: not command_line(pid), seconds=20, what="The end of the server")


@as_root
def test_as_root_the_server_keeps_one_capability_and_no_parent_folder_changes(private_home):
    below = private_home / "clone" / "state"
    below.mkdir(parents=True)
    for folder in (private_home, private_home / "clone", below):
        folder.chmod(0o700)
    server = PostgresServer(below / "postgres", profile="fast")
    server.start()
    status = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{server.pid}/status").read_text().splitlines()
        if ":\t" in line
    )
    only_dac_override = f"{1 << 1:016x}"
    assert status["Uid"].split()[0] == str(server.user.uid) != "0"
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {
        only_dac_override
    }
    assert server.data.stat().st_uid == server.user.uid
    for folder in (private_home, private_home / "clone", below):
        found = folder.stat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o700)
    server.stop("immediate")


@as_root
def test_as_root_the_programs_find_each_other_below_a_private_folder(private_home):
    copy = programs.copied(programs.binaries(), private_home)
    for folder in (private_home, copy):
        folder.chmod(0o700)
    user = server_user.choose(folder=private_home, program=copy / "bin" / "initdb")
    assert user.reads_our_folders
    assert user.run(copy / "bin" / "initdb", "-V").stderr == ""


@as_root
def test_root_without_the_capability_keeps_data_and_programs_under_var_tmp(private_home):
    state, outside = private_home / "state", private_home / "var-tmp"
    state.mkdir(mode=0o700)
    outside.mkdir()
    private_home.chmod(0o711)
    command = [sys.executable, "-c", START_AND_LOOK, str(state / "postgres"), str(outside)]
    dropped = "-dac_override,-dac_read_search"
    for _ in ("made", "started again"):
        done = subprocess.run(
            ["setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}", "--", *command],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        role, data = done.stdout.split()
        assert role == APP
        assert Path(data).is_relative_to(outside)


@as_root
def test_a_plain_user_runs_the_server_as_itself(private_home):
    nobody = 65534
    os.chown(private_home, nobody, nobody)
    # The interpreter and the clone of this test may lie below a private home, so they are only readable.
    reading = (
        "--securebits=+no_setuid_fixup",  # so that access(2) does not forget the capability
        "--inh-caps=-all,+dac_read_search",
        "--ambient-caps=-all,+dac_read_search",
    )
    done = subprocess.run(
        ["setpriv", f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups", *reading, "--",
         sys.executable, "-c", START_AND_LOOK, str(private_home / "postgres"), str(private_home)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [APP, str(private_home / "postgres" / "data")]
    assert (private_home / "postgres" / "passwords.json").stat().st_uid == nobody
