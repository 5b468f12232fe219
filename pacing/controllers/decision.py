"""What a controller answers: per plan an action, a budget, a projection with its range, and the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pacing.controllers.base import UNKNOWN, Action, Flags, Floats, Ints, Status
from pacing.controllers.reasons import Finding, Reason


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for the plans it holds for, with its numbers as arrays."""

    reason: Reason
    holds: Flags
    numbers: Mapping[str, Ints | Floats]


@dataclass(frozen=True, slots=True)
class Decision:
    """Answers for N plans. Money in micros; UNKNOWN (-1) where the reports cannot say."""

    action: Ints
    new_budget_micros: Ints  # total daily budget asked for; the current one when nothing changes
    needed_per_day_micros: Ints  # today's daily budget that would land the plan, before steps and limits
    status: Ints
    at_risk_micros: Ints  # projected end - amount, signed; 0 while inside the tolerance or silent
    reported_micros: Ints  # spend the reports show
    estimated_micros: Ints  # the same plus what is expected to have run since
    expected_now_micros: Ints  # the target curve at this instant
    projected_p10_micros: Ints  # end at the observed run rate, nobody acting on a recommendation
    projected_p50_micros: Ints
    projected_p90_micros: Ints
    with_p10_micros: Ints  # end with the change asked for; equal to the projection when none is
    with_p50_micros: Ints
    with_p90_micros: Ints
    held_end_micros: Ints  # end if today's budget stays as it is to the last day, taper ignored
    achievable_end_micros: Ints  # the most that demand seems to allow; UNKNOWN while demand was never short
    end_error: Floats  # (projected end - amount) / amount, NaN when unknown
    trigger: Floats  # the end error that justifies a change today
    tolerance_now: Floats
    evidence: tuple[Evidence, ...]

    def __len__(self) -> int:
        return int(self.action.shape[0])

    def action_of(self, row: int) -> Action:
        """The action of one plan."""
        return Action(int(self.action[row]))

    def status_of(self, row: int) -> Status:
        """The status of one plan."""
        return Status(int(self.status[row]))

    def findings(self, row: int) -> list[Finding]:
        """The reasons of one plan, strongest first, each with its own numbers."""
        return [
            Finding(one.reason, {name: _plain(name, values[row]) for name, values in one.numbers.items()})
            for one in self.evidence
            if one.holds[row]
        ]


def known_or_none(micros: int | np.integer) -> int | None:
    """A figure as stored: None instead of the UNKNOWN mark."""
    return None if int(micros) == UNKNOWN else int(micros)


def _plain(name: str, value: int | float | np.generic) -> int | float:
    number = float(value)
    if name.endswith(("_micros", "_days", "_count")):
        return round(number)
    return round(number, 6)
