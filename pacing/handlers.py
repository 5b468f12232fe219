"""What pacing does when something happened below it."""

from __future__ import annotations

from campaigns.events import AccountSynced, ChangeSetFinished, ChangeSetTurnedDown, ChangeSetWithdrawn
from campaigns.sync.windows import SyncKind
from lane.accounts.events import ClientArchived
from lane.core import realtime
from lane.core.actors import Actor
from lane.core.events import handles
from lane.core.trust import register as measures_trust
from pacing.events import PlanChanged, PlanCreated, PortfolioChanged, PortfolioCreated
from pacing.models import BudgetPlan, Portfolio, Recommendation
from pacing.services import plans, scoring
from pacing.services.portfolios import moves as splits
from pacing.services.portfolios import switching
from pacing.tasks import learn, look_at_portfolio, run_plan

measures_trust(scoring.trust)


@handles(PlanCreated)
def look_at_a_new_plan(event: PlanCreated) -> None:
    """A new plan gets its first look at once."""
    _look(event.plan_id)


@handles(PlanChanged)
def look_at_a_changed_plan(event: PlanChanged) -> None:
    """Other terms mean other numbers."""
    _look(event.plan_id)


@handles(AccountSynced)
def learn_from_a_whole_history(event: AccountSynced) -> None:
    """A first or weekly reading of all history is learned from at once; other readings wait for the night."""
    if event.kind == SyncKind.HISTORY:
        learn.hint_on_commit(event.organization_id)


@handles(ChangeSetFinished)
def show_what_was_applied(event: ChangeSetFinished) -> None:
    """Budgets changed at the platform: the plan's numbers are taken again."""
    for plan in _plans_of(event.change_set_id):
        run_plan.hint_on_commit(plan.pk)


@handles(ChangeSetTurnedDown)
def show_what_was_turned_down(event: ChangeSetTurnedDown) -> None:
    """Open pages of the plan show that nothing will change."""
    for plan in _plans_of(event.change_set_id):
        realtime.changed(event.organization_id, "plan", str(plan.public_id), client_id=plan.client_id)


@handles(ClientArchived)
def stop_pacing_an_archived_client(event: ClientArchived) -> None:
    """Nobody looks after an archived client: its plans are paused, and say why."""
    running = BudgetPlan.objects.filter(
        organization_id=event.organization_id,
        client__public_id=event.client_id,
        status__in=[BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED],
    )
    actor = Actor.system(event.organization_id, "pacing")
    for plan_id in running.values_list("public_id", flat=True):
        plans.pause(plan_id, actor=actor, reason="the client was archived")


@handles(PortfolioCreated)
def look_at_a_new_portfolio(event: PortfolioCreated) -> None:
    """A new portfolio gets its first look at once."""
    _look_at_portfolio(event.portfolio_id)


@handles(PortfolioChanged)
def look_at_a_changed_portfolio(event: PortfolioChanged) -> None:
    """Other terms or arms may mean another split."""
    _look_at_portfolio(event.portfolio_id)


@handles(ChangeSetFinished)
def settle_an_applied_split(event: ChangeSetFinished) -> None:
    """An accepted split was carried out, or was not: its portfolio remembers which."""
    splits.settle(event.change_set_id)


@handles(ChangeSetTurnedDown)
def drop_a_split_that_was_turned_down(event: ChangeSetTurnedDown) -> None:
    """Approvers said no to a split: its portfolio rests."""
    splits.turned_down(event.change_set_id)


@handles(ChangeSetWithdrawn)
def drop_a_split_that_was_withdrawn(event: ChangeSetWithdrawn) -> None:
    """Somebody took an accepted split back before it was written: its portfolio rests too."""
    splits.turned_down(event.change_set_id)


@handles(ClientArchived)
def pause_portfolios_of_an_archived_client(event: ClientArchived) -> None:
    """Nobody looks after an archived client: its portfolios are paused, and say why."""
    running = Portfolio.objects.filter(
        organization_id=event.organization_id,
        client__public_id=event.client_id,
        state=Portfolio.State.RUNNING,
    )
    actor = Actor.system(event.organization_id, "allocation")
    for portfolio_id in running.values_list("public_id", flat=True):
        switching.pause(portfolio_id, actor=actor, reason="the client was archived")


def _look(plan_id: str) -> None:
    found = BudgetPlan.objects.filter(public_id=plan_id).values_list("pk", flat=True).first()
    if found is not None:
        run_plan.hint_on_commit(found)


def _plans_of(change_set_id: str) -> list[BudgetPlan]:
    return [
        one.plan
        for one in Recommendation.objects.filter(change_set__public_id=change_set_id).select_related("plan")
    ]


def _look_at_portfolio(portfolio_id: str) -> None:
    found = Portfolio.objects.filter(public_id=portfolio_id, state=Portfolio.State.RUNNING)
    for pk in found.values_list("pk", flat=True):
        look_at_portfolio.hint_on_commit(pk)
