"""What a portfolio remembers between two looks: its last move, so that it can be judged and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pacing.allocation.answers import Allocation, Decision


@dataclass(frozen=True, slots=True)
class Move:
    """Amounts in micros before and after a move that was carried out."""

    on: date
    before: Mapping[str, int]
    after: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class State:
    """Memory of one portfolio. A look does not change it; carrying out a move does."""

    last_move: Move | None = None
    rolled_back: tuple[str, ...] = field(default_factory=tuple)  # ISO days of moves taken back

    def moved(self, allocation: Allocation, *, on: date) -> State:
        """The memory after an allocation was carried out; a roll-back is not itself judged."""
        if allocation.decision is Decision.ROLL_BACK:
            undone = allocation.undone_on.isoformat() if allocation.undone_on else on.isoformat()
            return State(None, (*self.rolled_back, undone)[-20:])
        if not allocation.moves:
            return self
        # Compared with what would have been: where the budget itself changed, amounts scaled to it.
        before = {arm.key: arm.kept_micros for arm in allocation.arms}
        after = {arm.key: arm.new_micros for arm in allocation.arms}
        if before == after:
            return self
        return State(Move(on, before, after), self.rolled_back)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        move = self.last_move
        stored = move and {"on": move.on.isoformat(), "before": dict(move.before), "after": dict(move.after)}
        return {"last_move": stored, "rolled_back": list(self.rolled_back)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | None) -> State:
        """Read what ``to_json`` wrote; nothing is a portfolio that never moved."""
        if not stored:
            return cls()
        row = stored.get("last_move")
        move = Move(date.fromisoformat(row["on"]), row["before"], row["after"]) if row else None
        return cls(move, tuple(stored.get("rolled_back", ())))
