"""One migrated template database, and a copy of it for each test session."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from psycopg import sql

from lane.devservices.keeper import SESSION_DATABASES
from lane.devservices.postgres import ADMIN, APP, OWNER, PostgresServer

ROOT = Path(__file__).resolve().parents[1]
_TEMPLATES_KEPT = 4


def session_name(worker: str) -> str:
    """The database of this process."""
    return f"{SESSION_DATABASES}{os.getpid()}_{worker}"


def template_for(postgres: PostgresServer, state: Path) -> str:
    """The template made by today's migrations, migrating it first when it does not exist."""
    name = f"lane_template_{_migrations_digest()}"
    with (state / "template.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with postgres.connect() as admin:
            if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return name
        # Under another name until it is finished, so that a killed run leaves no half-made template.
        building = "lane_building"
        postgres.drop_database(building)
        postgres.create_database(building, tests=True)
        _migrate(postgres, building)
        with postgres.connect() as admin:
            admin.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(building), sql.Identifier(name)
                )
            )
            old = admin.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, 'lane_template_')"
                " ORDER BY oid DESC OFFSET %s",
                [_TEMPLATES_KEPT],
            ).fetchall()
        for (unused,) in old:
            postgres.drop_database(str(unused))
    return name


def _migrate(postgres: PostgresServer, database: str) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "lane.settings.test",
        "DATABASE_URL": postgres.url(APP, database),
        "DATABASE_OWNER_URL": postgres.url(OWNER, database),
        "DATABASE_ADMIN_URL": postgres.url(ADMIN, database),
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity=0"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode != 0:
        raise RuntimeError(f"The migrations failed:\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}")


def _migrations_digest() -> str:
    files = sorted(
        path
        for app in ("lane", "campaigns", "approvals", "pacing", "notifications", "analytics")
        for path in (ROOT / app).glob("**/migrations/**/*")
        if path.suffix in (".py", ".sql")
    )
    digest = hashlib.sha256()
    for path in [*files, ROOT / "requirements.txt", ROOT / "lane/devservices/postgres.py", Path(__file__)]:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
