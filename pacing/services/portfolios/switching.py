"""Portfolios started, paused and stopped, with the reason. None of it changes a budget."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from lane.accounts import policies
from lane.audit.services import recording
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput
from pacing.explain import write
from pacing.models import AllocationLook, ArmBudget, Portfolio
from pacing.services import explanations
from pacing.services.portfolios.setup import HELD_ELSEWHERE, held_words, locked, tell

State = Portfolio.State


@transaction.atomic
def start(portfolio_id: UUID | str, *, actor: Actor, reason: str = "") -> Portfolio:
    """Look at a portfolio again, at once and from then on; a stopped one takes hold of its budgets again."""
    portfolio = locked(portfolio_id, actor)
    policies.require(actor, "change", portfolio)
    if portfolio.state == State.RUNNING:
        return portfolio
    try:
        with transaction.atomic():
            _hold(portfolio, holds=True)
    except IntegrityError as error:
        if HELD_ELSEWHERE not in str(error):
            raise
        wanted = ArmBudget.objects.filter(arm__portfolio=portfolio, arm__removed_at=None)
        words = held_words(list(wanted.values_list("budget_id", flat=True)))
        raise InvalidInput(fields={"budgets": words}) from error
    return _switch(portfolio, State.RUNNING, actor, reason, next_look_at=clock.now())


@transaction.atomic
def pause(portfolio_id: UUID | str, *, actor: Actor, reason: str) -> Portfolio:
    """Stop looking for a while. The portfolio keeps its budgets; they stay as they are."""
    portfolio = locked(portfolio_id, actor)
    policies.require(actor, "change", portfolio)
    _require_reason(reason)
    if portfolio.state == State.PAUSED:
        return portfolio
    if portfolio.state != State.RUNNING:
        raise InvalidInput("A stopped portfolio cannot be paused. Start it first.")
    _take_back(portfolio)
    _explain(
        portfolio, actor, reason, "{who} paused the portfolio: Lane looks at it again once it is started."
    )
    return _switch(portfolio, State.PAUSED, actor, reason, next_look_at=None)


@transaction.atomic
def stop(portfolio_id: UUID | str, *, actor: Actor, reason: str) -> Portfolio:
    """Stop looking and let the budgets go: another portfolio may take them. They stay as they are."""
    portfolio = locked(portfolio_id, actor)
    policies.require(actor, "change", portfolio)
    _require_reason(reason)
    if portfolio.state == State.STOPPED:
        return portfolio
    _take_back(portfolio)
    _hold(portfolio, holds=False)
    _explain(
        portfolio, actor, reason, "{who} stopped the portfolio: its budgets are free and stay as they are."
    )
    return _switch(portfolio, State.STOPPED, actor, reason, next_look_at=None)


def _switch(portfolio: Portfolio, to: str, actor: Actor, reason: str, *, next_look_at: Any) -> Portfolio:
    verb = {State.RUNNING: "started", State.PAUSED: "paused", State.STOPPED: "stopped"}[State(to)]
    with recording(
        portfolio,
        f"pacing.portfolio.{verb}",
        actor=actor,
        reason=reason.strip(),
        links={"portfolio": portfolio.public_id},
    ):
        portfolio.state, portfolio.next_look_at = to, next_look_at
        portfolio.state_reason = f"{actor.label}: {reason.strip()}"[:300] if reason.strip() else ""
        portfolio.save()
    tell(portfolio)
    return portfolio


def _explain(portfolio: Portfolio, actor: Actor, reason: str, template: str) -> None:
    """Keep why nothing is decided from now on, beside the decisions themselves."""
    sentence = write("switched", template, {"who": actor.label or "Lane"}, currency=portfolio.currency)
    explanations.keep(
        kind="pause",
        organization_id=portfolio.organization_id,
        client_id=portfolio.client_id,
        portfolio=portfolio,
        subject_id=str(portfolio.public_id),
        at=clock.now(),
        title=f"No more looks at {portfolio.name}",
        numbers={"reason": reason.strip()},
        sentences=[sentence.as_json()],
        actor_label=actor.label,
    )


def _hold(portfolio: Portfolio, *, holds: bool) -> None:
    mine = ArmBudget.objects.filter(arm__portfolio=portfolio)
    mine.filter(arm__removed_at=None).update(holds=holds)


def _take_back(portfolio: Portfolio) -> None:
    """What waits for an answer is no longer proposed; what was accepted already takes its course."""
    waiting = AllocationLook.objects.filter(portfolio=portfolio, proposal=AllocationLook.Proposal.OPEN)
    waiting.update(proposal=AllocationLook.Proposal.SUPERSEDED)


def _require_reason(reason: str) -> None:
    if len(reason.strip()) < 3:
        raise InvalidInput(fields={"reason": "Say why in a few words; it is shown on the portfolio."})
