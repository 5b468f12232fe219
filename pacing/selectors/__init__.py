"""What people may see of plans, looks and recommendations."""

from pacing.selectors.plans import plans_for, recommendations_for, runs_for

__all__ = ["plans_for", "recommendations_for", "runs_for"]
