"""What the allocator is told: arms with their history, and the terms their budget is split under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Exploration(StrEnum):
    """How much a portfolio pays to learn."""

    GREEDY = "greedy"  # always the best split by what is known
    THOMPSON = "thompson"  # the best split of one possible truth, drawn from what is believed
    EXCITATION = "excitation"  # the best split, with small weekly nudges of the arms least is known about


@dataclass(frozen=True, slots=True)
class ArmDay:
    """One account-local day of an arm. What is unknown is None, never 0."""

    day: date
    spend_micros: int | None
    value: float | None  # as reported so far, in the portfolio's value unit (revenue or conversions)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point of a platform's own budget simulation: it counts as ``weight_days`` observed days."""

    daily_micros: int
    value: float
    weight_days: float = 2.0


@dataclass(frozen=True, slots=True)
class Arm:
    """A campaign, ad group, creative, bid level or channel group that gets a share of the budget."""

    key: str
    daily_micros: int  # its daily budget now
    history: tuple[ArmDay, ...] = ()
    name: str = ""
    pool: str = ""  # arms of one pool resemble each other: platform and objective, "google_ads/sales"
    groups: Mapping[str, str] = field(default_factory=dict)  # {"platform": "google_ads", "region": "DE"}
    minimum_micros: int = 0  # the platform's minimum, or somebody's floor
    maximum_micros: int | None = None  # somebody's cap, or the demand there is
    locked: bool = False  # somebody fixed it at what it has
    last_moved_on: date | None = None
    learning_until: date | None = None  # the platform's learning phase, last day
    anomaly: bool = False  # something unexplained is going on
    points: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupLimit:
    """The share of the budget the arms with ``groups[dimension] == name`` may have together."""

    dimension: str
    name: str
    minimum_share: float = 0.0
    maximum_share: float = 1.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What a portfolio's owner allows, and the budget of a day."""

    budget_micros: int
    unit_micros: int = 10_000  # the currency's smallest amount; every budget is a multiple of it
    step: float = 0.20  # an arm moves by at most this share at once; inf for any distance
    move_days: int = 3  # days between two moves of an arm; 7 is advised where nobody approves moves
    floor_share: float = 0.10  # of an equal share: no arm is starved of it
    smallest_move: float = 0.02  # of an arm's budget; smaller moves are not worth an edit
    least_probability: float = 0.80  # a move must be better than its cost with this probability
    cost_per_moved: float = 0.0  # value lost per unit of money moved (a disturbed learning phase)
    blend: float = 0.6  # weight of the curves; the rest goes towards average returns, the safer guide
    horizon_days: int = 7  # gains are told for this many days
    roas_floor: float | None = None  # value per unit of money the whole portfolio must return
    roas_confidence: float = 0.80  # ... with this probability
    groups: tuple[GroupLimit, ...] = ()
    exploration: Exploration = Exploration.GREEDY
    exploration_share: float = 0.05  # most of the budget that exploring may move
    rollback_days: int = 7  # a move is judged after this many days
    rollback_probability: float = 0.90  # and taken back when it hurt with this probability
