"""The broken variant: what a careful-looking task does without a ledger. The checker must catch it.

Read the amount, add the step, write; acknowledged late, repeated on failure. It has everything Celery offers
and still writes wrong budgets, because neither a lost answer nor a repeated message can be told apart.
"""

from __future__ import annotations

import os
from pathlib import Path

from celery import shared_task

from campaigns.models import Budget
from campaigns.platforms import registry
from campaigns.platforms.errors import PlatformError
from campaigns.platforms.records import BudgetKind, EntityRef, Level, Money, SetBudget
from campaigns.services import connections
from lane.core.tasks import LaneTask


@shared_task(base=LaneTask, bind=True, name="chaos.raise_by_step", max_retries=50)
def raise_by_step(self: LaneTask, number: int, budget_id: int, step_micros: int) -> None:
    """Raise a budget by a step, the wrong way."""
    budget = Budget.objects.select_related("ad_account__connection").get(pk=budget_id)
    account = registry.account_record(budget.ad_account)
    ref = EntityRef(Level.BUDGET, budget.external_id)
    assert budget.ad_account.connection is not None
    try:
        with connections.open_line(budget.ad_account.connection) as platform:
            state = platform.read_state(account, [ref])[ref]
            assert state.budget is not None
            target = Money(state.budget.micros + step_micros, budget.currency)
            platform.apply(account, SetBudget(ref, BudgetKind.DAILY, target))
    except PlatformError as error:
        raise self.retry(exc=error, countdown=1) from error
    with Path(os.environ["LANE_CHAOS_DONE"]).open("a") as done:
        done.write(f"{number}\n")
