"""Plans, runs and recommendations."""

from pacing.models.allocation import AllocationLook, AllocationMove, Experiment
from pacing.models.calendar import PlannedEvent
from pacing.models.explanation import Explanation
from pacing.models.fx import FxRate
from pacing.models.learned import LearnedShape
from pacing.models.ledger import LedgerEntry, PlanAmendment
from pacing.models.offer import Offer, Shortfall
from pacing.models.plan import BudgetPlan, PlanBudget
from pacing.models.portfolio import ArmBudget, GroupLimit, Portfolio, PortfolioArm
from pacing.models.run import PacingRun, PlanHealth, PlanSnapshot, Recommendation
from pacing.models.score import ProjectionScore
from pacing.models.series import PlanSeries

__all__ = [
    "AllocationLook",
    "AllocationMove",
    "ArmBudget",
    "BudgetPlan",
    "Experiment",
    "Explanation",
    "FxRate",
    "GroupLimit",
    "LearnedShape",
    "LedgerEntry",
    "Offer",
    "PacingRun",
    "PlanAmendment",
    "PlanBudget",
    "PlanHealth",
    "PlanSeries",
    "PlanSnapshot",
    "PlannedEvent",
    "Portfolio",
    "PortfolioArm",
    "ProjectionScore",
    "Recommendation",
    "Shortfall",
]
