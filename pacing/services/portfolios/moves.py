"""Proposed splits: accepted into one change set, declined with a reason, or overtaken. Nothing here writes to a platform."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from campaigns.models import Budget, Change, ChangeSet
from campaigns.selectors.changes import current_changes
from campaigns.services import changes
from lane.accounts import policies
from lane.audit.services import record
from lane.core import clock, outbox
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotVisible, OutOfDate
from lane.core.money import format_money
from pacing.allocation import Allocation, State
from pacing.events import SplitDecided
from pacing.models import AllocationLook, AllocationMove, Portfolio, PortfolioArm
from pacing.services.portfolios import experiments
from pacing.services.portfolios.seeing import has_open_change
from pacing.services.portfolios.setup import hint

VALID_FOR = timedelta(hours=48)
Proposal = AllocationLook.Proposal
_DONE = (Change.State.VERIFIED, Change.State.NOOP)


@transaction.atomic
def accept(look_id: UUID | str, *, actor: Actor) -> ChangeSet:
    """Turn a proposed split into one change set that asks for approval: all of it, so that the sum stays exact.

    Raises ``OutOfDate`` when the split no longer starts from what the budgets are.
    """
    look = _locked(look_id, actor)
    policies.require(actor, "propose", look)
    _require_open(look)
    moves = list(look.moves.select_related("arm").order_by("pk"))
    budgets = _budgets_as_seen(look, moves)
    _require_exact(look, moves)
    portfolio = look.portfolio
    change_set = changes.propose(
        client=portfolio.client,
        title=_title(look, moves),
        reason=_reason(look),
        targets=[
            changes.BudgetTarget(budgets[row["budget_id"]], row["new_micros"])
            for move in moves
            for row in move.rows
            if row["new_micros"] != row["now_micros"]
        ],
        origin="portfolio",
        origin_id=str(look.public_id),
        evidence=_evidence(look, moves),
        actor=actor,
    )
    look.change_set = change_set
    _decide(look, Proposal.ACCEPTED, actor)
    return change_set


@transaction.atomic
def decline(look_id: UUID | str, *, actor: Actor, reason: str) -> AllocationLook:
    """Say no, and why. Nothing changes, and Lane rests for as long as an arm rests after a move."""
    look = _locked(look_id, actor)
    policies.require(actor, "propose", look)
    _require_open(look)
    if len(reason.strip()) < 3:
        raise InvalidInput(
            fields={"reason": "Say why in a few words, so that the next proposal can be better."}
        )
    look.decline_reason = reason.strip()[:300]
    _decide(look, Proposal.DECLINED, actor, reason=reason.strip())
    experiments.cancel(look)
    return look


@transaction.atomic
def expire_due() -> int:
    """Close proposed splits nobody answered in time."""
    due = AllocationLook.objects.filter(proposal=Proposal.OPEN, expires_at__lte=clock.now())
    closed = 0
    for look in due.locked().select_related("portfolio"):
        take_back(look, Proposal.EXPIRED)
        closed += 1
    return closed


def take_back(look: AllocationLook, to: str = Proposal.SUPERSEDED) -> None:
    """A proposal that waits is no longer what Lane would do, or nobody answered."""
    look.proposal = to
    look.save(update_fields=["proposal"])
    experiments.cancel(look)
    hint(look.portfolio)


@transaction.atomic
def settle(change_set_id: str) -> AllocationLook | None:
    """Note what became of an accepted split once its change set has ended.

    Only a split that was applied whole counts as moved: a part of it, or one that an approver lowered, says nothing
    about the split. What the arms have then is where the next look starts.
    """
    found = (
        AllocationLook.objects.filter(change_set__public_id=change_set_id)
        .values_list("pk", "portfolio_id")
        .first()
    )
    if found is None:
        return None
    portfolio = Portfolio.objects.locked().get(pk=found[1])
    look = AllocationLook.objects.locked().select_related("change_set").get(pk=found[0])
    if look.applied_at is not None or look.change_set is None:
        return look
    reached = {
        str(change.budget.public_id): change.target_micros
        for change in current_changes(look.change_set)
        if change.budget is not None and change.state in _DONE
    }
    now, moved, whole = clock.now(), [], True
    for move in look.moves.all():
        wanted = {
            row["budget_id"]: row["new_micros"] for row in move.rows if row["new_micros"] != row["now_micros"]
        }
        if any(key in reached for key in wanted):
            moved.append(move.arm_id)
        whole &= all(reached.get(key) == micros for key, micros in wanted.items())
    PortfolioArm.objects.filter(pk__in=moved).update(last_moved_at=now)
    if whole:
        look.applied_at = now
        look.save(update_fields=["applied_at"])
        _remember_move(portfolio, look)
        experiments.begin(look, clock.today(portfolio.timezone))
    else:
        experiments.cancel(look)
    hint(portfolio)
    return look


@transaction.atomic
def turned_down(change_set_id: str) -> None:
    """Approvers said no to an accepted split: it counts as declined, so that it is not asked again at once."""
    look = (
        AllocationLook.objects.filter(change_set__public_id=change_set_id, proposal=Proposal.ACCEPTED)
        .locked()
        .select_related("portfolio")
        .first()
    )
    if look is None:
        return
    look.proposal, look.decided_at = Proposal.DECLINED, clock.now()
    look.decline_reason = "Turned down in approval, or it expired there."
    look.save(update_fields=["proposal", "decided_at", "decline_reason"])
    experiments.cancel(look)
    hint(look.portfolio)


def _remember_move(portfolio: Portfolio, look: AllocationLook) -> None:
    """The allocator judges an applied move later, from what it believed when it proposed it."""
    stored = look.numbers.get("allocation")
    if not stored:
        return
    state = State.from_json(portfolio.controller_state) if portfolio.controller_state else State()
    moved = state.moved(Allocation.from_json(stored), on=clock.today(portfolio.timezone))
    portfolio.controller_state = moved.to_json()
    portfolio.save(update_fields=["controller_state", "updated_at"])


def _locked(look_id: UUID | str, actor: Actor) -> AllocationLook:
    visible = AllocationLook.objects.visible_to(actor).filter(public_id=look_id)
    found = visible.values_list("pk", "portfolio_id").first()
    if found is None:
        raise NotVisible
    # The portfolio first, as looks lock it: two lockers cannot wait for each other.
    Portfolio.objects.locked().get(pk=found[1])
    return AllocationLook.objects.locked().select_related("portfolio__client").get(pk=found[0])


def _require_open(look: AllocationLook) -> None:
    if look.proposal == Proposal.NONE:
        raise OutOfDate("This look proposed nothing to answer.")
    if look.proposal != Proposal.OPEN:
        words = look.get_proposal_display().lower()
        raise OutOfDate(f"This split is {words} already. Reload the portfolio to see what Lane proposes now.")
    if look.expires_at is not None and look.expires_at <= clock.now():
        raise OutOfDate("This split has expired; the numbers moved on. Look at the portfolio again.")


def _budgets_as_seen(look: AllocationLook, moves: list[AllocationMove]) -> dict[str, Budget]:
    """The budgets of a split, still as they were when it was made, and nothing on its way to them."""
    budgets = {
        str(budget.public_id): budget
        for budget in Budget.objects.filter(
            arm_budgets__arm__portfolio=look.portfolio, arm_budgets__arm__removed_at=None
        )
    }
    for move in moves:
        if move.arm.removed_at is not None or (move.arm.locked and move.new_micros != move.now_micros):
            raise OutOfDate(f"“{move.arm.label}” was locked or taken out since. Look again for a new split.")
        for row in move.rows:
            budget = budgets.get(row["budget_id"])
            if budget is None or budget.amount_micros != row["now_micros"]:
                raise OutOfDate(f"“{row['name']}” has another amount now. Look again for a new split.")
    if has_open_change(list(budgets.values())):
        raise OutOfDate("A change of these budgets is waiting or being written. Answer that one first.")
    return budgets


def _require_exact(look: AllocationLook, moves: list[AllocationMove]) -> None:
    """To the micro: what arms get together is what was decided, and budgets of an arm come to its amount."""
    rows = sum(row["new_micros"] for move in moves for row in move.rows)
    if rows != look.new_micros or any(
        sum(row["new_micros"] for row in move.rows) != move.new_micros for move in moves
    ):
        raise OutOfDate("The amounts of this split do not add up. Look again for a new one.")


def _title(look: AllocationLook, moves: list[AllocationMove]) -> str:
    moved = format_money(sum(max(0, move.step_micros) for move in moves), look.currency)
    if look.decision == AllocationLook.Decision.ROLLBACK:
        return f"Take back the last move in {look.portfolio.name}"
    return f"Move {moved} a day in {look.portfolio.name}"


def _reason(look: AllocationLook) -> str:
    texts = [reason["text"] for reason in look.reasons]
    return str(texts[0]) if texts else "Proposed by the allocation of this portfolio."


def _evidence(look: AllocationLook, moves: list[AllocationMove]) -> dict[str, Any]:
    """What approvers are shown: the stored numbers of the look, and the sentences made of them."""
    portfolio = look.portfolio
    return {
        "portfolio": str(portfolio.public_id),
        "portfolio_name": portfolio.name,
        "portfolio_url": f"/portfolios/{portfolio.public_id}/",
        "currency": look.currency,
        "now_micros": look.now_micros,
        "new_micros": look.new_micros,
        "findings": look.reasons,
        "reasons": [reason["text"] for reason in look.reasons[:3]],
        "gain": {
            "p10_micros": look.gain_p10_micros,
            "p50_micros": look.gain_p50_micros,
            "p90_micros": look.gain_p90_micros,
            "horizon_days": look.horizon_days,
            "probability": look.probability,
        },
        "propensities": look.propensities,
        "seed": look.seed,
        "arms": [
            {
                "arm": str(move.arm.public_id),
                "name": move.arm.label,
                "now_micros": move.now_micros,
                "new_micros": move.new_micros,
                "next_100_now": move.next_100_now,
                "next_100_new": move.next_100_new,
                "reasons": [reason["text"] for reason in move.reasons],
            }
            for move in moves
        ],
    }


def _decide(look: AllocationLook, proposal: str, actor: Actor, *, reason: str = "") -> None:
    look.proposal = proposal
    look.decided_at = clock.now()
    look.decided_by_id = actor.user_id
    look.decided_by_label = actor.label[:200]
    look.save()
    record(
        f"pacing.split.{proposal}",
        actor=actor,
        obj=look,
        before={"proposal": Proposal.OPEN},
        after={"proposal": proposal, "new_micros": look.new_micros},
        reason=reason,
        links={
            "portfolio": look.portfolio.public_id,
            "change_set": look.change_set.public_id if look.change_set else None,
        },
    )
    outbox.publish(
        SplitDecided(
            organization_id=look.organization_id,
            look_id=str(look.public_id),
            client_id=str(look.portfolio.client.public_id),
            state=proposal,
        )
    )
    hint(look.portfolio)
