"""What a plan's opaque ``state`` carries from one line to the next, so that the caller need not tell it again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pacing.controllers import TICKS_PER_DAY, UNKNOWN
from pacing.filtering.clock import Instant
from pacing.filtering.day_shape import UNSEEN, DayShape
from pacing.filtering.fields import BadField

VERSION = 1
_NEVER = -1
_WRONG = "This is no state that this command wrote. Pass it back unchanged, or leave it out to start afresh."


@dataclass(frozen=True, slots=True)
class Memory:
    """One plan's memory, laid into its flight days."""

    at: float | None  # the last look, seconds since 1970; None before the first
    day: int  # flight day of the last look
    budget: int  # the daily budget it saw
    asked: int  # the daily budget it asked for
    pause_asked: bool  # whether it wanted the plan paused
    was_paused: bool
    changed_at: float | None  # when a budget this command asked for came into force
    budgets: list[int]  # the last daily budget of each past day
    paused_days: list[bool]
    controller: Mapping[str, Any]
    shape: DayShape = UNSEEN

    def noticing(self, now: Instant, budget: int, paused: bool, first: int, days: int) -> Memory:
        """Memory after seeing the budget and the pause in force now.

        The last budget of a past day is the one in force at the next look. A new budget counts as this command's
        own change, made right after the last look, if that look asked for one; another hand's starts no cool-down.
        """
        today = now.day - first
        past = min(today, days)
        budgets, paused_days = self.budgets, self.paused_days
        if self.at is not None and budget != UNKNOWN:
            for index in range(max(self.day - 1, 0), past):
                if budgets[index] == UNKNOWN:
                    budgets[index] = budget
        if paused:
            since = self.day - 1 if self.at is not None and (self.pause_asked or self.was_paused) else today
            for index in range(max(since, 0), min(today + 1, days)):
                paused_days[index] = True
        changed = UNKNOWN not in (self.budget, budget) and budget != self.budget
        if changed and self.asked not in (UNKNOWN, self.budget):
            return dataclasses.replace(self, changed_at=self.at)
        return self


def recall(stored: Any, plan: str | int, first: int, days: int) -> Memory:
    """Read a state; a flight that was moved or made longer since keeps what still lies inside it."""
    if not stored:
        return Memory(None, 0, UNKNOWN, UNKNOWN, False, False, None, [UNKNOWN] * days, [False] * days, {})
    try:
        if stored["v"] != VERSION:
            raise BadField("state", _WRONG)
        if stored["plan"] != plan:
            raise BadField("state", f"This is the state of the plan {stored['plan']!r}, not of {plan!r}.")
        moved = int(stored["first"]) - first
        budgets = [UNKNOWN] * days
        for index, value in enumerate(stored["budgets"], start=moved):
            if value is not None and 0 <= index < days:
                budgets[index] = int(value)
        paused_days = [False] * days
        for day in stored["paused_days"]:
            if 0 <= day - 1 + moved < days:
                paused_days[day - 1 + moved] = True
        return Memory(
            at=float(stored["at"]),
            day=int(stored["day"]) + moved,
            budget=_known(stored["budget"]),
            asked=_known(stored["asked"]),
            pause_asked=bool(stored["pause"]),
            was_paused=bool(stored["paused"]),
            changed_at=None if stored["changed_at"] is None else float(stored["changed_at"]),
            budgets=budgets,
            paused_days=paused_days,
            controller=moved_memory(stored["controller"], moved),
            shape=DayShape.from_json(stored["shape"], moved),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, BadField):
            raise
        raise BadField("state", _WRONG) from error


def written(memory: Memory, plan: str | int, first: int) -> dict[str, Any]:
    """The state to pass back with the plan's next line. Only days that are over are written."""
    return {
        "v": VERSION,
        "plan": plan,
        "first": first,
        "at": memory.at,
        "day": memory.day,
        "budget": _or_none(memory.budget),
        "asked": _or_none(memory.asked),
        "pause": memory.pause_asked,
        "paused": memory.was_paused,
        "changed_at": memory.changed_at,
        "budgets": [None if one == UNKNOWN else one for one in memory.budgets[: max(memory.day - 1, 0)]],
        "paused_days": [place for place, held in enumerate(memory.paused_days, start=1) if held],
        "controller": memory.controller,
        "shape": memory.shape.as_json(),
    }


def _or_none(micros: int) -> int | None:
    return None if micros == UNKNOWN else micros


def _known(value: Any) -> int:
    return UNKNOWN if value is None else int(value)


def moved_memory(controller: Any, days: int) -> Mapping[str, Any]:
    """The controller counts ticks from the first day of the flight: move them along with it."""
    if not isinstance(controller, dict):
        raise TypeError("the controller's memory is an object")
    if not days or not controller:
        return controller
    ticks = {
        name: controller[name] if controller[name] == _NEVER else controller[name] + days * TICKS_PER_DAY
        for name in ("last_tick", "paused_at")
    }
    if ticks["last_tick"] < 0:
        return {}
    return {**controller, **ticks, "paused_at": max(ticks["paused_at"], _NEVER)}
