"""Pure allocation: history in, curves and an exact split out. No database, no clock, no Django."""

from pacing.allocation.answers import Allocation, ArmAllocation, Band, Decision, Finding, Problem
from pacing.allocation.maturation import Maturation, Revision
from pacing.allocation.policy import look
from pacing.allocation.posterior import ArmCurve, CurveReading, Posterior, learn
from pacing.allocation.records import Arm, ArmDay, CurvePoint, Exploration, GroupLimit, Terms
from pacing.allocation.sentences import sentence
from pacing.allocation.state import Move, State

__all__ = [
    "Allocation",
    "Arm",
    "ArmAllocation",
    "ArmCurve",
    "ArmDay",
    "Band",
    "CurvePoint",
    "CurveReading",
    "Decision",
    "Exploration",
    "Finding",
    "GroupLimit",
    "Maturation",
    "Move",
    "Posterior",
    "Problem",
    "Revision",
    "State",
    "Terms",
    "learn",
    "look",
    "sentence",
]
