"""Plans, runs and recommendations."""

from pacing.models.allocation import AllocationLook, AllocationMove, Experiment
from pacing.models.plan import BudgetPlan, PlanBudget
from pacing.models.portfolio import ArmBudget, GroupLimit, Portfolio, PortfolioArm
from pacing.models.run import PacingRun, PlanHealth, PlanSnapshot, Recommendation

__all__ = [
    "AllocationLook",
    "AllocationMove",
    "ArmBudget",
    "BudgetPlan",
    "Experiment",
    "GroupLimit",
    "PacingRun",
    "PlanBudget",
    "PlanHealth",
    "PlanSnapshot",
    "Portfolio",
    "PortfolioArm",
    "Recommendation",
]
