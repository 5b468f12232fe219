"""Child processes that never outlive the one who started them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.02


class ServiceError(RuntimeError):
    """A local service could not be started; the message says which one and why."""


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: IO[bytes] | int | None = None,
    dies_with_parent: signal.Signals | None = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own, told by the kernel when its parent dies.

    Call it from the main thread: the kernel counts the death of the starting *thread*.
    """
    words = [str(word) for word in command]
    return subprocess.Popen(
        [*parent_death_prefix(dies_with_parent), *words],
        env=dict(env) if env is not None else None,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
    )


def parent_death_prefix(sent: signal.Signals | None) -> list[str]:
    """Words before a command that make the kernel signal it when its parent dies (Linux only)."""
    setpriv = shutil.which("setpriv")
    if sent is None or setpriv is None:
        return []
    return [setpriv, "--pdeathsig", sent.name.removeprefix("SIG"), "--"]


def stop(process: subprocess.Popen[bytes], *, sent: signal.Signals = signal.SIGTERM, seconds: float) -> None:
    """Ask a child to stop, and kill its whole group when it has not within ``seconds``."""
    if process.poll() is None:
        process.send_signal(sent)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    kill_group(process.pid)
    process.wait()


def kill_group(pid: int) -> None:
    """Kill what is left of the process group led by ``pid``."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(preferred: int = 0, *, taken: Iterable[int] = ()) -> int:
    """The preferred port, else the next free one above it; 0 lets the kernel choose."""
    if preferred == 0:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, 0))
            return int(probe.getsockname()[1])
    avoided = set(taken)
    for port in range(preferred, min(preferred + 500, 65_536)):
        if port not in avoided and is_free(port):
            return port
    raise ServiceError(f"No free port between {preferred} and {preferred + 499} on {LOOPBACK}.")


def wait_until(ready: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Poll until ``ready()`` is true; the error names what never came."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise ServiceError(f"{what} was not ready after {seconds:.0f} s.")
        time.sleep(_POLL_SECONDS)


def command_line(pid: int) -> str:
    """The command line of a running process, empty when there is none (or it is a zombie)."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        pass
    if Path("/proc/self/cmdline").exists():
        return ""
    asked = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False, timeout=10
    )
    return asked.stdout.strip()


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log file, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


def open_log(log: Path, *, keep_bytes: int = 5_000_000) -> IO[bytes]:
    """Open a log for appending; one that grew past ``keep_bytes`` starts anew."""
    log.parent.mkdir(parents=True, exist_ok=True)
    too_long = log.exists() and log.stat().st_size > keep_bytes
    return log.open("wb" if too_long else "ab")
