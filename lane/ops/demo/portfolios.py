"""A portfolio of the demo: the catalogue ad sets of one client share what their plan gives them a day."""

from __future__ import annotations

from lane.accounts.models import Client
from lane.core.actors import Actor
from lane.core.errors import LaneError
from pacing.models import BudgetPlan, Portfolio
from pacing.portfolio_forms import arms_of_budgets
from pacing.services.portfolios import looks, setup

CLIENT, PLAN = "Lindqvist Eyewear", "Frames catalogue"


def make(clients: dict[str, Client], actor: Actor) -> Portfolio | None:
    """Make the portfolio over the plan's budgets and look at it once; nothing without that plan."""
    plan = BudgetPlan.objects.filter(client=clients[CLIENT], name=PLAN).first()
    if plan is None:
        return None
    budgets = list(plan.budgets.select_related("ad_account").order_by("name", "pk"))
    if len(budgets) < 2:
        return None
    try:
        portfolio = setup.create(
            client=clients[CLIENT], name=PLAN, plan=plan, arms=arms_of_budgets(budgets), actor=actor
        )
    except LaneError as error:
        raise RuntimeError(f"The demo portfolio was refused: {error.message}") from error
    looks.look_now(portfolio.pk)
    return portfolio
