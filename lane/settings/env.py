"""Where settings come from: the environment first, then what the embedded services say of themselves."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from environs import Env

BASE_DIR = Path(__file__).resolve().parents[2]
STATE_DIR = Path(os.environ.get("LANE_STATE", BASE_DIR / ".lane"))

env = Env()


def _json_file(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def services() -> dict[str, Any]:
    """Addresses of the embedded PostgreSQL and Valkey, empty when none was started."""
    return _json_file(STATE_DIR / "services.json")


def database_url(role: str) -> str:
    """URL of the database for ``app`` or ``owner``."""
    own = "DATABASE_OWNER_URL" if role == "owner" else "DATABASE_URL"
    found = os.environ.get(own) or os.environ.get("DATABASE_URL")
    if not found:
        found = services().get(own.lower()) or services().get("database_url")
    return str(found or "postgres://lane_app@127.0.0.1:5432/lane")


def redis_url() -> str:
    """URL of the Redis-protocol server."""
    return os.environ.get("REDIS_URL") or str(services().get("redis_url") or "redis://127.0.0.1:6379/0")


def sandbox() -> dict[str, Any]:
    """What the local ad-platform sandbox says of itself, empty when Lane does not use it."""
    if os.environ.get("LANE_SANDBOX", "1") in ("0", "false", ""):
        return {}
    path = os.environ.get("LANE_SANDBOX_FILE") or str(STATE_DIR / "sandbox" / "sandbox.json")
    return _json_file(Path(path))


def local_secret(name: str) -> str:
    """A random secret kept under the state folder, for development only."""
    path = STATE_DIR / "secrets" / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        value = secrets.token_urlsafe(48)
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(handle, "w") as file:
            file.write(value)
        return value
