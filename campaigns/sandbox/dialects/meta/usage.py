"""Meta's rate limit per ad account: a read costs 1, a write 3, over five minutes of machine time."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 300
ALLOWED = 9000
COST = {"read": 1, "write": 3}


class Usage:
    """What each account used lately."""

    def __init__(self, real: Callable[[], float]) -> None:
        self._real = real
        self._lock = threading.Lock()
        self._calls: dict[str, deque[tuple[float, int]]] = {}

    def count(self, account: str, kind: str) -> int:
        """Note a call and return the percentage of the limit now used."""
        now = self._real()
        with self._lock:
            calls = self._calls.setdefault(account, deque())
            calls.append((now, COST.get(kind, 1)))
            while calls[0][0] < now - WINDOW_SECONDS:
                calls.popleft()
            return sum(cost for _, cost in calls) * 100 // ALLOWED


def header(account: str, kind: str, percent: int, regain_minutes: int = 0) -> dict[str, str]:
    """The usage header of one account."""
    reading = {
        "type": kind,
        "call_count": percent,
        "total_cputime": percent // 2,
        "total_time": percent // 2,
        "estimated_time_to_regain_access": regain_minutes,
        "ads_api_access_tier": "standard_access",
    }
    return {"x-business-use-case-usage": json.dumps({account: [reading]}, separators=(",", ":"))}
