"""What survives a restart, even one by SIGKILL: a small SQLite file next to the sandbox's certificates."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts_of_life (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS edits (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, entity TEXT NOT NULL, field TEXT NOT NULL,
    before TEXT NOT NULL, after TEXT NOT NULL, actor TEXT NOT NULL, client TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pending (
    id INTEGER PRIMARY KEY AUTOINCREMENT, due_real REAL NOT NULL, work TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS faults (id INTEGER PRIMARY KEY AUTOINCREMENT, rule TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS revoked (grant_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS reports (id TEXT PRIMARY KEY, request TEXT NOT NULL);
"""
WORLD_TABLES = ("edits", "journal", "pending", "faults", "revoked", "reports")


class Store:
    """Rows of the sandbox. Every write is committed before the call returns."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def run(self, sql: str, *values: Any) -> int:
        """Run one statement and return the id of the row it made."""
        with self._lock:
            return int(self._db.execute(sql, values).lastrowid or 0)

    def get(self, key: str) -> Any:
        """One remembered value; None when there is none."""
        found = self.rows("SELECT value FROM facts_of_life WHERE key = ?", key)
        return json.loads(found[0][0]) if found else None

    def put(self, key: str, value: Any) -> None:
        """Remember one value."""
        self.run("INSERT OR REPLACE INTO facts_of_life VALUES (?, ?)", key, json.dumps(value))

    def forget_world(self) -> None:
        """Empty everything that happened; secrets and addresses stay."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            for table in WORLD_TABLES:
                self._db.execute(f"DELETE FROM {table}")
            self._db.execute("DELETE FROM sqlite_sequence")
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()
