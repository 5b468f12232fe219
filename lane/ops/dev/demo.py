"""Whether the demo was made in this state folder, and who can sign in to it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any


def is_seeded(state: Path) -> bool:
    """Whether the demo was finished in the database in use."""
    return bool(_read(state).get("database") == _database_key())


def mark_seeded(state: Path) -> None:
    """Remember that it was, keeping what the seeding wrote about its logins."""
    (state / "demo.json").write_text(json.dumps({**_read(state), "database": _database_key()}, indent=2))


def logins(state: Path) -> list[dict[str, str]]:
    """The demo's people: ``email``, ``password`` and ``role`` of each."""
    return [dict(person) for person in _read(state).get("logins", [])]


def _read(state: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((state / "demo.json").read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def _database_key() -> str:
    """Which database: the embedded one goes with the folder, an external one is told by its address."""
    external = os.environ.get("DATABASE_URL")
    return hashlib.sha256(external.encode()).hexdigest()[:16] if external else "embedded"
