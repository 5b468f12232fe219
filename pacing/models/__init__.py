"""Plans, runs and recommendations."""

from pacing.models.plan import BudgetPlan, PlanBudget
from pacing.models.run import PacingRun, PlanHealth, PlanSnapshot, Recommendation

__all__ = ["BudgetPlan", "PacingRun", "PlanBudget", "PlanHealth", "PlanSnapshot", "Recommendation"]
