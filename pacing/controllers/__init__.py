"""Pure pacing controllers: arrays in, arrays out, no database, no clock, no Django."""

from pacing.controllers.answers import decide, decide_one
from pacing.controllers.base import (
    INTRADAY_PRIOR,
    TICKS_PER_DAY,
    UNKNOWN,
    Action,
    Landing,
    Observation,
    PlanTerms,
    Status,
    Strategy,
)
from pacing.controllers.curves import apportion, day_weights, target_curve, target_curves
from pacing.controllers.decision import Decision, known_or_none
from pacing.controllers.reasons import Finding, Reason, sentence
from pacing.controllers.seasons import weekday_season
from pacing.controllers.split import Split, split_total
from pacing.controllers.state import State

__all__ = [
    "INTRADAY_PRIOR",
    "TICKS_PER_DAY",
    "UNKNOWN",
    "Action",
    "Decision",
    "Finding",
    "Landing",
    "Observation",
    "PlanTerms",
    "Reason",
    "Split",
    "State",
    "Status",
    "Strategy",
    "apportion",
    "day_weights",
    "decide",
    "decide_one",
    "known_or_none",
    "sentence",
    "split_total",
    "target_curve",
    "target_curves",
    "weekday_season",
]
