"""A private PostgreSQL and Valkey for one run of a benchmark or a fault test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lane.devservices.postgres import ADMIN, APP, OWNER, PostgresServer, Profile
from lane.devservices.valkey import ValkeyServer


@dataclass(frozen=True)
class PrivateServices:
    """Servers nobody else uses, to be killed and restarted at will."""

    folder: Path
    postgres: PostgresServer
    valkey: ValkeyServer

    def environment(self, database: str = "lane") -> dict[str, str]:
        """Variables that point Lane's settings at these servers."""
        return {
            "DATABASE_URL": self.postgres.url(APP, database),
            "DATABASE_OWNER_URL": self.postgres.url(OWNER, database),
            "DATABASE_ADMIN_URL": self.postgres.url(ADMIN, database),
            "REDIS_URL": self.valkey.url,
        }


@contextmanager
def private_services(
    *, profile: Profile = "crash_safe", durable_valkey: bool = False
) -> Iterator[PrivateServices]:
    """Start both servers in a temporary folder; stop them and remove the folder at the end."""
    folder = Path(tempfile.mkdtemp(prefix="lane-"))
    postgres = PostgresServer(folder / "postgres", profile=profile)
    valkey = ValkeyServer(folder / "valkey", durable=durable_valkey)
    try:
        postgres.start()
        valkey.start()
        yield PrivateServices(folder, postgres, valkey)
    finally:
        valkey.stop()
        postgres.stop("immediate")
        postgres.destroy()
        shutil.rmtree(folder, ignore_errors=True)
