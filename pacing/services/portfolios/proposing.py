"""From a decision to a proposed split: opened for an answer, unless the same one waits or somebody said no lately."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from campaigns.models import Budget
from campaigns.selectors.guardrails import guardrails_for
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import LaneError
from lane.core.money import split
from pacing.allocation import Allocation
from pacing.events import SplitProposed
from pacing.models import AllocationLook, AllocationMove, Portfolio
from pacing.portfolio_words import Writer
from pacing.services import explanations
from pacing.services.portfolios import experiments, moves
from pacing.services.portfolios.seeing import Seen

logger = logging.getLogger(__name__)
# A new split this close to the waiting one, as a share of the day's money, is not a new proposal.
SAME_WITHIN = 0.02


def accept_alone(look: AllocationLook) -> None:
    """Where Lane may act within limits, it accepts its own split; the approval policy still decides about it."""
    portfolio = Portfolio.objects.get(pk=look.portfolio_id)
    if portfolio.mode != Portfolio.Mode.AUTO:
        return
    moved = Budget.objects.filter(arm_budgets__arm__moves__look=look).select_related("ad_account")
    if guardrails_for(moved).held_by:
        return  # a rail would stop it at the write: it stays open for people
    try:
        moves.accept(look.public_id, actor=Actor.system(portfolio.organization_id, "allocation"))
    except LaneError as error:
        logger.warning(
            "portfolio %s: its split could not be accepted: %s", portfolio.public_id, error.message
        )


def propose(
    portfolio: Portfolio,
    seen: Seen,
    look: AllocationLook,
    allocation: Allocation,
    reasons: Mapping[str, list[dict[str, Any]]],
    known: Mapping[str, dict[str, Any]],
    writer: Writer,
    known_best: Allocation | None,
) -> None:
    """Open the split for an answer, unless the same one waits already or somebody said no to it lately."""
    waiting = (
        AllocationLook.objects.filter(portfolio=portfolio, proposal=AllocationLook.Proposal.OPEN)
        .select_related("portfolio")
        .first()
    )
    acts = look.decision in (AllocationLook.Decision.MOVE, AllocationLook.Decision.ROLLBACK)
    if waiting is not None and _still_holds(waiting, seen, look, allocation, acts=acts):
        look.decision, look.undoes = AllocationLook.Decision.HOLD, None
        look.reasons = [
            writer.plain("waiting", "The split proposed before still waits for an answer.").as_json()
        ]
        look.gain_p10_micros = look.gain_p50_micros = look.gain_p90_micros = None
        look.horizon_days = look.probability = None
        look.save()
        return
    if waiting is not None:
        moves.take_back(waiting)
    realtime.changed(
        portfolio.organization_id, "portfolio", str(portfolio.public_id), client_id=portfolio.client_id
    )
    if not acts or portfolio.mode == Portfolio.Mode.OBSERVE:
        return
    resting = _declined_lately(portfolio, seen.at)
    if resting is not None:
        look.decision, look.undoes = AllocationLook.Decision.HOLD, None
        look.reasons = [
            writer.say(
                "declined_lately",
                "A split was declined {declined_hours} ago. Lane proposes none for {rest_days} after that.",
                declined_hours=resting,
                rest_days=portfolio.min_days_between_moves,
            ).as_json(),
            *look.reasons,
        ]
        look.save(update_fields=["decision", "reasons", "undoes"])
        return
    _open(portfolio, seen, look, allocation, reasons, known, known_best)


def _open(
    portfolio: Portfolio,
    seen: Seen,
    look: AllocationLook,
    allocation: Allocation,
    reasons: Mapping[str, list[dict[str, Any]]],
    known: Mapping[str, dict[str, Any]],
    known_best: Allocation | None,
) -> None:
    by_key = {one.key: one for one in seen.arms}
    AllocationMove.objects.bulk_create(
        [
            AllocationMove(
                organization_id=portfolio.organization_id,
                client_id=portfolio.client_id,
                look=look,
                arm=by_key[arm.key].arm,
                currency=portfolio.currency,
                now_micros=arm.now_micros,
                new_micros=arm.new_micros,
                rows=rows_of(by_key[arm.key].budgets, arm.new_micros, seen.unit_micros),
                next_100_now=arm.next_100_now,
                next_100_new=arm.next_100_new,
                propensity=arm.propensity,
                reasons=reasons[arm.key],
            )
            for arm in allocation.arms
        ]
    )
    look.proposal = AllocationLook.Proposal.OPEN
    look.expires_at = seen.at + moves.VALID_FOR
    look.save(update_fields=["proposal", "expires_at"])
    if portfolio.exploration != Portfolio.Exploration.NONE:
        experiments.note(
            look,
            portfolio.exploration,
            explored_steps(allocation, known_best),
            {one.key: one.arm for one in seen.arms},
            known,
            {arm.key: arm.propensity for arm in allocation.arms},
        )
    _explain(portfolio, seen, look, allocation)
    outbox.publish(
        SplitProposed(
            organization_id=portfolio.organization_id,
            look_id=str(look.public_id),
            portfolio_id=str(portfolio.public_id),
            client_id=str(portfolio.client.public_id),
        )
    )


def rows_of(budgets: Sequence[Budget], new_micros: int, unit_micros: int) -> list[dict[str, Any]]:
    """An arm's new amount shared out over its budgets in proportion, exact to the micro."""
    present = [budget.amount_micros or 0 for budget in budgets]
    parts = present if sum(present) == new_micros else split(new_micros, present, unit=unit_micros)
    return [
        {
            "budget_id": str(budget.public_id),
            "name": budget.name,
            "now_micros": now,
            "new_micros": new,
        }
        for budget, now, new in zip(budgets, present, parts, strict=True)
    ]


def explored_steps(allocation: Allocation, known_best: Allocation | None) -> dict[str, int]:
    """Per arm that is moved to learn: how far a day from what the same look would do without exploring."""
    if known_best is None or not allocation.explored_micros:
        return {}
    best = {arm.key: arm.new_micros for arm in known_best.arms}
    return {arm.key: step for arm in allocation.arms if (step := arm.new_micros - best[arm.key])}


def _explain(portfolio: Portfolio, seen: Seen, look: AllocationLook, allocation: Allocation) -> None:
    rolls_back = look.decision == AllocationLook.Decision.ROLLBACK
    verb = "Take back the last move" if rolls_back else "Move money"
    explanations.keep(
        kind="rollback" if rolls_back else "allocation",
        organization_id=portfolio.organization_id,
        client_id=portfolio.client_id,
        portfolio=portfolio,
        subject_id=str(look.public_id),
        at=look.at,
        title=f"{verb} in {portfolio.name}",
        numbers=allocation.to_json(),
        sentences=[
            *look.reasons,
            *(reason for move in look.moves.all() if move.step_micros for reason in move.reasons),
        ],
        actor_label="Lane (allocation)",
        platforms=sorted({budget.ad_account.platform for one in seen.arms for budget in one.budgets}),
    )


def _still_holds(
    waiting: AllocationLook, seen: Seen, look: AllocationLook, allocation: Allocation, *, acts: bool
) -> bool:
    """Whether a waiting split is still what Lane would do: same start, not expired, nearly the same end."""
    moves_made = {str(move.arm.public_id): move for move in waiting.moves.select_related("arm")}
    present = {arm.key: arm for arm in allocation.arms}
    if waiting.expires_at is None or waiting.expires_at <= clock.now() or set(moves_made) != set(present):
        return False
    if any(moves_made[key].now_micros != arm.now_micros for key, arm in present.items()):
        return False
    if seen.portfolio.exploration != Portfolio.Exploration.NONE:
        return True  # another draw is no reason to ask again
    if not acts or waiting.decision != look.decision:
        return False
    apart = sum(abs(moves_made[key].new_micros - arm.new_micros) for key, arm in present.items()) / 2
    return apart <= SAME_WITHIN * max(1, seen.budget_micros)


def _declined_lately(portfolio: Portfolio, at: datetime) -> float | None:
    """Hours since a split was declined, while Lane rests for it."""
    since = at - timedelta(days=portfolio.min_days_between_moves)
    last = (
        AllocationLook.objects.filter(
            portfolio=portfolio, proposal=AllocationLook.Proposal.DECLINED, decided_at__gt=since
        )
        .order_by("-decided_at")
        .values_list("decided_at", flat=True)
        .first()
    )
    return None if last is None else max(0.0, (at - last).total_seconds() / 3600)
