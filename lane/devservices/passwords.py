"""The generated passwords of a cluster's roles, kept beside it for its owner's eyes only."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Passwords:
    """The generated password of each role; ``ready`` once the roles exist with them."""

    admin: str
    owner: str
    app: str
    ready: bool = False


def of(folder: Path) -> Passwords:
    """The passwords of the cluster in this folder, made on first use."""
    try:
        return Passwords(**json.loads((folder / "passwords.json").read_text()))
    except FileNotFoundError:
        admin, owner, app = (secrets.token_urlsafe(24) for _ in range(3))
        made = Passwords(admin, owner, app)
        keep(folder, made)
        return made


def keep(folder: Path, passwords: Passwords) -> None:
    """Write them, readable by nobody else."""
    path = folder / "passwords.json"
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        json.dump(asdict(passwords), file)
    draft.replace(path)
