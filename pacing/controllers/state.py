"""What a controller remembers of a plan between two looks, small enough for one JSON column."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pacing.controllers.base import Flags, Floats, Ints, Rows

QUEUE_TICKS = 24  # two days: longer than any report is late before it counts as stale
NEVER = -1


@dataclass(frozen=True, slots=True)
class State(Rows):
    """Memory of N plans. The learned figures are relearned from the reports at each look, never trusted."""

    queue: Floats  # [N, 24] daily budget at work in each of the last ticks in micros, oldest first, 0 while paused
    last_tick: Ints  # tick of the flight (12 a day) the queue ends at, NEVER before the first look
    running_micros: Floats  # what the queue would hold for the last tick had the plan been running
    paused_at: Ints  # tick of the flight Lane paused it at, NEVER when it is not paused by Lane
    pause_asked: Flags  # the last look asked for a pause; if it never happened the queue is corrected
    delivery_ratio: Floats  # spend per unit of daily budget on budget-bound days
    demand_level: Floats  # demand per mean day in micros, NaN while every day was budget-bound

    @classmethod
    def fresh(cls, count: int) -> State:
        """Memory of plans never looked at before."""
        return cls(
            queue=np.zeros((count, QUEUE_TICKS)),
            last_tick=np.full(count, NEVER, dtype=np.int64),
            running_micros=np.zeros(count),
            paused_at=np.full(count, NEVER, dtype=np.int64),
            pause_asked=np.zeros(count, dtype=np.bool_),
            delivery_ratio=np.ones(count),
            demand_level=np.full(count, np.nan),
        )

    def to_json(self) -> list[dict[str, Any]]:
        """One small JSON object per plan."""
        return [
            {
                "queue": [round(entry) for entry in self.queue[row].tolist()],
                "last_tick": int(self.last_tick[row]),
                "running_micros": round(float(self.running_micros[row])),
                "paused_at": int(self.paused_at[row]),
                "pause_asked": bool(self.pause_asked[row]),
                "delivery_ratio": round(float(self.delivery_ratio[row]), 6),
                "demand_level": _whole(float(self.demand_level[row])),
            }
            for row in range(self.last_tick.shape[0])
        ]

    @classmethod
    def from_json(cls, rows: Sequence[Mapping[str, Any]]) -> State:
        """Read what ``to_json`` wrote; an empty object is a plan never looked at."""
        fresh = cls.fresh(len(rows))
        for row, stored in enumerate(rows):
            if not stored:
                continue
            entries = list(stored["queue"])[-QUEUE_TICKS:]
            fresh.queue[row, QUEUE_TICKS - len(entries) :] = entries
            fresh.last_tick[row] = stored["last_tick"]
            fresh.running_micros[row] = stored["running_micros"]
            fresh.paused_at[row] = stored["paused_at"]
            fresh.pause_asked[row] = stored["pause_asked"]
            fresh.delivery_ratio[row] = stored["delivery_ratio"]
            level = stored["demand_level"]
            fresh.demand_level[row] = np.nan if level is None else level
        return fresh


def _whole(value: float) -> int | None:
    return None if math.isnan(value) else round(value)
