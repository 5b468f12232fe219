"""Observation lines as an outside program would write them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pacing.filtering import answer_lines

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "manage.py", "pace", "--jsonl"]
M = 1_000_000


def observation(**changes: Any) -> dict[str, Any]:
    """A plan of 3,000 over 30 days, on day 13 at noon, spending its 100 a day."""
    day = changes.pop("day", 13)
    first = date(2026, 5, 1)
    spend = changes.pop("spend", 100 * M)
    days = [
        {"on": str(first + timedelta(days=index)), "spend_micros": spend} for index in range(max(day - 1, 0))
    ]
    today = first + timedelta(days=day - 1)
    return {
        "plan": "a",
        "amount_micros": 3000 * M,
        "currency": "EUR",
        "starts_on": "2026-05-01",
        "ends_on": "2026-05-30",
        "landing": "none",
        "strategy": "linear",
        "timezone": "Europe/Vienna",
        "now": f"{today}T12:00:00",
        "reported": {"through": f"{today}T09:00:00", "days": days},
        "budget_micros": 100 * M,
        "budgets": [{"on": row["on"], "micros": 100 * M} for row in days],
        **changes,
    }


def answers(*records: Any) -> list[dict[str, Any]]:
    """What the filter answers, in this process."""
    lines = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
    return [json.loads(line) for line in answer_lines(lines).lines]


def answer(**changes: Any) -> dict[str, Any]:
    """The answer to one line."""
    [found] = answers(observation(**changes))
    return found


def started(cwd: Path = ROOT, **environment: str) -> subprocess.Popen[bytes]:
    """The command itself, with nothing in its environment."""
    return subprocess.Popen(
        COMMAND,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
