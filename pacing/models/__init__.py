"""Plans, runs and recommendations."""

from pacing.models.allocation import AllocationLook, AllocationMove, Experiment
from pacing.models.calendar import PlannedEvent
from pacing.models.explanation import Explanation
from pacing.models.learned import LearnedShape
from pacing.models.plan import BudgetPlan, PlanBudget
from pacing.models.portfolio import ArmBudget, GroupLimit, Portfolio, PortfolioArm
from pacing.models.run import PacingRun, PlanHealth, PlanSnapshot, Recommendation
from pacing.models.score import ProjectionScore

__all__ = [
    "AllocationLook",
    "AllocationMove",
    "ArmBudget",
    "BudgetPlan",
    "Experiment",
    "Explanation",
    "GroupLimit",
    "LearnedShape",
    "PacingRun",
    "PlanBudget",
    "PlanHealth",
    "PlanSnapshot",
    "PlannedEvent",
    "Portfolio",
    "PortfolioArm",
    "ProjectionScore",
    "Recommendation",
]
