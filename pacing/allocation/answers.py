"""What a look answers: every number an explanation needs, frozen, and as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

Number = float | int | str


class Decision(StrEnum):
    """What became of a look."""

    MOVE = "move"
    HOLD = "hold"
    ROLL_BACK = "roll_back"
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, slots=True)
class Band:
    """An expectation and its 10th, 50th and 90th percentile."""

    mean: float
    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a look found, with the numbers its sentence is made of."""

    code: str
    numbers: Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Problem:
    """A wish that cannot be kept, by name, with the arms or group it is about."""

    code: str
    numbers: Mapping[str, Number]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArmAllocation:
    """One arm's part of the answer. Values are per day; worth is per 100 currency units at the margin."""

    key: str
    name: str
    now_micros: int
    kept_micros: int  # without a decision: its amount now, scaled when the budget itself changed
    new_micros: int
    target_micros: int  # where it would go if steps and pauses between moves did not hold it
    least_micros: int
    most_micros: int
    bound: str  # what holds it: "" when it is free
    next_100_now: float | None  # value of the next 100 units a day, by its curve
    next_100_new: float | None
    worth_now: float | None  # what the decision compares: curve and average return, blended
    worth_new: float | None
    raised_above: float | None  # worth at which it would be raised
    cut_below: float | None  # worth at which it would be cut
    value_now: Band | None
    value_new: Band | None
    mean_return: float | None  # value per currency unit so far
    effective_days: float
    days_used: int
    noise: float | None
    alarm_on: date | None
    propensity: float  # probability of this arm's amount under the policy
    reasons: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Allocation:
    """One look at one portfolio."""

    decision: Decision
    today: date
    seed: int
    budget_micros: int
    arms: tuple[ArmAllocation, ...]
    reasons: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    price_per_100: float | None  # worth of 100 more units for the whole portfolio
    value_now: Band | None  # the counterfactual: nothing changes, per day
    value_new: Band | None
    gain: Band | None  # over the horizon, by the blend that decided
    gain_by_curves: Band | None  # over the horizon, by the curves alone
    gain_probability: float | None  # that the gain is larger than the cost
    cost: float  # value lost by moving, over the horizon
    horizon_days: int
    exploration: str
    explored_micros: int  # money an exploring move put elsewhere
    propensity: float  # probability of this split's directions under the policy
    samples: int  # possible truths drawn
    roas_new: float | None  # expected value per currency unit of the new split
    roas_low: float | None  # what it exceeds with the confidence the terms ask for
    undone_on: date | None  # day of the move a roll-back takes back

    @property
    def moves(self) -> bool:
        """Whether any amount changes."""
        return any(arm.new_micros != arm.now_micros for arm in self.arms)

    def arm(self, key: str) -> ArmAllocation:
        """One arm's part."""
        return next(arm for arm in self.arms if arm.key == key)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON."""
        stored = asdict(self)
        stored["decision"] = self.decision.value
        stored["today"] = self.today.isoformat()
        stored["undone_on"] = self.undone_on and self.undone_on.isoformat()
        for arm in stored["arms"]:
            arm["alarm_on"] = arm["alarm_on"] and arm["alarm_on"].isoformat()
            arm["reasons"] = [
                {"code": each["code"], "numbers": dict(each["numbers"])} for each in arm["reasons"]
            ]
        stored["arms"] = list(stored["arms"])
        stored["reasons"] = [{"code": each.code, "numbers": dict(each.numbers)} for each in self.reasons]
        stored["problems"] = [
            {"code": each.code, "numbers": dict(each.numbers), "keys": list(each.keys)}
            for each in self.problems
        ]
        return stored

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Allocation:
        """Read what ``to_json`` wrote."""
        values = dict(stored)
        values["decision"] = Decision(stored["decision"])
        values["today"] = date.fromisoformat(stored["today"])
        values["undone_on"] = _day(stored["undone_on"])
        values["arms"] = tuple(_arm(row) for row in stored["arms"])
        values["reasons"] = _findings(stored["reasons"])
        values["problems"] = tuple(
            Problem(row["code"], row["numbers"], tuple(row["keys"])) for row in stored["problems"]
        )
        for name in ("value_now", "value_new", "gain", "gain_by_curves"):
            values[name] = _band(stored[name])
        return cls(**values)


def _arm(row: Mapping[str, Any]) -> ArmAllocation:
    values = dict(row)
    values["alarm_on"] = _day(row["alarm_on"])
    values["value_now"], values["value_new"] = _band(row["value_now"]), _band(row["value_new"])
    values["reasons"] = _findings(row["reasons"])
    return ArmAllocation(**values)


def _band(row: Mapping[str, float] | None) -> Band | None:
    return None if row is None else Band(**row)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _findings(rows: list[Mapping[str, Any]]) -> tuple[Finding, ...]:
    return tuple(Finding(row["code"], row["numbers"]) for row in rows)
