"""Who PostgreSQL runs as: ourselves, or, when we are root, an unprivileged user."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lane.devservices.processes import ServiceError

# PostgreSQL refuses to run as root, and initdb wants a user the system knows by name.
_CANDIDATES = ("nobody", "daemon", "postgres")


@dataclass(frozen=True)
class ServerUser:
    """The user a server runs as, and the words that turn a command of ours into one of its own."""

    name: str
    uid: int
    gid: int
    prefix: tuple[str, ...]
    reads_our_folders: bool

    def run(self, *command: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a short command as this user."""
        return subprocess.run(
            [*self.prefix, *map(str, command)],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd="/",
            env=plain_environment(),
        )

    def take(self, path: Path) -> None:
        """Give this user one file or folder; the folders above it stay as they are."""
        if self.prefix:
            os.chown(path, self.uid, self.gid)


def plain_environment() -> dict[str, str]:
    """Our environment without the variables that steer PostgreSQL's own tools."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def choose(*, folder: Path, program: Path) -> ServerUser:
    """Pick the user that can run ``program`` on ``folder`` (which must exist and be ours).

    As root that is an unprivileged user keeping only CAP_DAC_OVERRIDE, so that a clone below a private
    home works and no parent folder has to be opened. Without that capability the user can reach nothing
    of ours, and ``reads_our_folders`` says so.
    """
    me = os.geteuid()
    if me != 0:
        return ServerUser(_name_of(me), me, os.getegid(), (), True)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServiceError(
            "Running as root needs setpriv (package util-linux): PostgreSQL refuses to be root."
        )
    for entry in _known_users():
        identity = (setpriv, f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")
        powerful = ServerUser(
            entry.pw_name,
            entry.pw_uid,
            entry.pw_gid,
            (
                *identity,
                # Without it access(2), with which PostgreSQL's programs look for each other, forgets the capability.
                "--securebits=+no_setuid_fixup",
                "--inh-caps=-all,+dac_override",
                "--ambient-caps=-all,+dac_override",
                "--bounding-set=-all,+dac_override",
                "--no-new-privs",
                "--",
            ),
            True,
        )
        if _works(powerful, "/bin/sh", "-c", '"$0" -V && test -w "$1"', program, folder):
            return powerful
        bare = ServerUser(
            entry.pw_name,
            entry.pw_uid,
            entry.pw_gid,
            (*identity, "--inh-caps=-all", "--no-new-privs", "--"),
            False,
        )
        if _works(bare, "/bin/sh", "-c", "test $(id -u) = $0", str(entry.pw_uid)):
            return bare
    raise ServiceError(
        "PostgreSQL refuses to be root and no unprivileged user could be used here. "
        "Run Lane as a plain user, or set DATABASE_URL to a PostgreSQL 18 of your own."
    )


def own_folder_under_var_tmp(clone: Path, user: ServerUser, *, base: Path = Path("/var/tmp")) -> Path:
    """A folder for one clone that the server user can enter and nobody else can write to."""
    key = hashlib.sha256(str(clone.resolve()).encode()).hexdigest()[:16]
    folder = base / f"lane-{os.geteuid()}-{key}"
    folder.mkdir(mode=0o710, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ServiceError(f"{folder} belongs to somebody else. Remove it, or set DATABASE_URL.")
    os.chown(folder, -1, user.gid)
    folder.chmod(0o710)
    return folder


def _works(user: ServerUser, *command: str | Path) -> bool:
    try:
        done = user.run(*command, timeout=20)
        # PostgreSQL's programs only complain, and go on, when they may not look at themselves.
        return done.returncode == 0 and not done.stderr
    except (OSError, subprocess.TimeoutExpired):
        return False


def _known_users() -> list[pwd.struct_passwd]:
    found = []
    for name in _CANDIDATES:
        try:
            found.append(pwd.getpwnam(name))
        except KeyError:
            continue
    return found


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
