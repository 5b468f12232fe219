"""Real services for every test: PostgreSQL, Valkey, and on request the sandbox, a worker, a web server.

The addresses must be known before Django reads its settings, so the services are joined while this file
is imported; pytest-django sets Django up afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from lane.devservices import keeper
from lane.devservices.postgres import ADMIN, APP, OWNER
from lane.devservices.processes import free_port
from tests import database

ROOT = Path(__file__).resolve().parents[1]
STATE = Path(os.environ.get("LANE_TEST_STATE", ROOT / ".lane" / "test"))
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
SESSION = STATE / "sessions" / f"{os.getpid()}-{WORKER}"

SERVICES = keeper.join(STATE)
DATABASE = database.session_name(WORKER)


def _private_redis_database() -> str:
    """A Valkey database of this session's own, empty."""
    base = SERVICES.redis_url.removesuffix("/0")
    with redis.Redis.from_url(f"{base}/0") as client:
        number = int(str(client.incr("lane:test:sessions"))) % 500 + 1
    with redis.Redis.from_url(f"{base}/{number}") as client:
        client.flushdb()
    return f"{base}/{number}"


# Always the services of the tests, whatever the environment says: tests empty what they are given.
os.environ.update(
    {
        "DJANGO_SETTINGS_MODULE": "lane.settings.test",
        "LANE_STATE": str(SESSION),
        "LANE_SANDBOX_FILE": str(SESSION / "sandbox" / "sandbox.json"),
        "LANE_DB_ROLE": "app",
        "LANE_BASE_URL": f"http://127.0.0.1:{free_port()}",
        "DATABASE_URL": SERVICES.postgres.url(APP, DATABASE),
        "DATABASE_OWNER_URL": SERVICES.postgres.url(OWNER, DATABASE),
        "DATABASE_ADMIN_URL": SERVICES.postgres.url(ADMIN, DATABASE),
        "REDIS_URL": _private_redis_database(),
    }
)
SESSION.mkdir(parents=True, exist_ok=True)

pytest_plugins = ["tests.fixtures.database", "tests.fixtures.processes", "tests.fixtures.browser"]


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings now that the environment is complete; pytest-django does the rest."""
    from django.conf import settings

    _ = settings.DATABASES


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing of this session behind."""
    import shutil

    SERVICES.postgres.drop_database(DATABASE)
    shutil.rmtree(SESSION, ignore_errors=True)
    SERVICES.leave()


@pytest.fixture(scope="session")
def services() -> keeper.SharedServices:
    """PostgreSQL and Valkey of the tests, with superuser access."""
    return SERVICES


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """No test sees what another left in Valkey, waiting tasks included."""
    yield
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushdb()


@pytest.fixture(autouse=True)
def _business_time_is_read_afresh() -> Iterator[None]:
    """No test runs at the offset another test moved the clock to."""
    from lane.core import clock

    clock.forget()
    yield
    clock.forget()


@pytest.fixture(autouse=True)
def _the_sessions_worker_stays_out(request: pytest.FixtureRequest, settings: Any) -> None:
    """A worker that an earlier test started hears of this test's events only if the test asks for one."""
    settings.LANE_OUTBOX_HINTS = "celery_worker_process" in request.fixturenames
