"""Named places where the fault tests kill the process, so that every window between two steps is hit."""

from __future__ import annotations

import os

POINTS = ("before_t2", "after_t2", "after_call", "before_t3")


def point(name: str) -> None:
    """Die here, as a power cut would, when the environment says so. Never set in production."""
    if os.environ.get("LANE_CRASH_AT") == name:
        os._exit(137)
