"""From what is seen to what is written down: hold, move, roll back, or say why nothing can be decided."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from campaigns.platforms.registry import capabilities_of
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import LaneError
from lane.core.money import split
from pacing.allocation import Allocation, Decision, Exploration, GroupLimit, State, Terms, learn
from pacing.allocation import look as allocate
from pacing.events import SplitProposed
from pacing.models import AllocationLook, AllocationMove, Portfolio
from pacing.portfolio_words import Writer
from pacing.services import explanations
from pacing.services.portfolios import experiments, moves, outcomes
from pacing.services.portfolios.figures import figures_of, reading_of
from pacing.services.portfolios.seeing import Seen, see

logger = logging.getLogger(__name__)
MICROS = 1_000_000
SAME_WITHIN = (
    0.02  # a new split this close to the waiting one, as a share of the day's money, is not a new proposal
)
LEAST_PROBABILITY = 0.80
_DECISIONS = {
    Decision.MOVE: AllocationLook.Decision.MOVE,
    Decision.HOLD: AllocationLook.Decision.HOLD,
    Decision.ROLL_BACK: AllocationLook.Decision.ROLLBACK,
    Decision.INFEASIBLE: AllocationLook.Decision.INFEASIBLE,
}
_EXPLORATION = {
    Portfolio.Exploration.NONE: Exploration.GREEDY,
    Portfolio.Exploration.THOMPSON: Exploration.THOMPSON,
    Portfolio.Exploration.EXCITATION: Exploration.EXCITATION,
}


def decide(portfolio: Portfolio, at: datetime, slot: datetime, *, on_demand: bool) -> AllocationLook:
    """One look, stored; a proposal is opened or taken back with it. Needs the portfolio under its lock."""
    seen = see(portfolio, at)
    if seen.skip:
        return skipped(portfolio, at, slot, seen.skip, seen.skip_numbers, on_demand=on_demand)
    told = [one.told for one in seen.arms]
    terms = terms_for(seen)
    posterior = learn(terms, told, seen.today, maturation=seen.maturation)
    state = State.from_json(portfolio.controller_state) if portfolio.controller_state else State()
    allocation = allocate(terms, told, posterior, state, seen.today, seed_of(portfolio, seen))
    writer = Writer(portfolio.currency, portfolio.goal)
    reasons = {
        arm.key: [each.as_json() for each in writer.of_arm(arm, allocation.price_per_100, one.held_by)]
        for arm, one in zip(allocation.arms, seen.arms, strict=True)
    }
    known = {one.key: reading_of(posterior, one) for one in seen.arms}
    portfolio.figures = figures_of(seen, allocation, posterior, reasons)
    outcomes.follow(portfolio, seen)
    experiments.follow(_running(portfolio), seen.today, _settle_days(seen), known)
    look = _store(portfolio, seen, slot, allocation, writer, on_demand=on_demand)
    _propose(portfolio, seen, look, allocation, reasons, known, writer)
    return look


def skipped(
    portfolio: Portfolio,
    at: datetime,
    slot: datetime,
    code: str,
    numbers: Mapping[str, Any],
    *,
    on_demand: bool,
) -> AllocationLook:
    """A look that could decide nothing, with the reason; a waiting proposal stays as it is."""
    sentence = Writer(portfolio.currency, portfolio.goal).skipped(code, numbers)
    look = AllocationLook.objects.create(
        organization_id=portfolio.organization_id,
        client_id=portfolio.client_id,
        portfolio=portfolio,
        slot=slot,
        at=at,
        on_demand=on_demand,
        decision=AllocationLook.Decision.SKIP,
        reasons=[sentence.as_json()],
        currency=portfolio.currency,
    )
    realtime.changed(
        portfolio.organization_id, "portfolio", str(portfolio.public_id), client_id=portfolio.client_id
    )
    return look


def accept_alone(look: AllocationLook) -> None:
    """Where Lane may act within limits, it accepts its own split; the approval policy still decides about it."""
    portfolio = Portfolio.objects.get(pk=look.portfolio_id)
    if portfolio.mode != Portfolio.Mode.AUTO:
        return
    try:
        moves.accept(look.public_id, actor=Actor.system(portfolio.organization_id, "allocation"))
    except LaneError as error:
        logger.warning(
            "portfolio %s: its split could not be accepted: %s", portfolio.public_id, error.message
        )


def terms_for(seen: Seen) -> Terms:
    """A portfolio's terms as the allocator takes them."""
    portfolio = seen.portfolio
    return Terms(
        budget_micros=seen.budget_micros,
        unit_micros=seen.unit_micros,
        step=float(portfolio.step_ratio),
        move_days=portfolio.min_days_between_moves,
        blend=1.0 - float(portfolio.blend_ratio),
        least_probability=LEAST_PROBABILITY,
        roas_floor=float(portfolio.roas_floor) if portfolio.roas_floor is not None else None,
        groups=tuple(
            GroupLimit("group", group.name, float(group.min_ratio), float(group.max_ratio))
            for group in portfolio.groups.all()
        ),
        exploration=_EXPLORATION[Portfolio.Exploration(portfolio.exploration)],
        exploration_share=float(portfolio.exploration_ratio),
    )


def seed_of(portfolio: Portfolio, seen: Seen) -> int:
    """The same draws all day, others tomorrow; stored with the look, so that it can be repeated."""
    said = f"{portfolio.public_id}|{seen.today}".encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=4).digest(), "big")


def _store(
    portfolio: Portfolio,
    seen: Seen,
    slot: datetime,
    allocation: Allocation,
    writer: Writer,
    *,
    on_demand: bool,
) -> AllocationLook:
    decision = _DECISIONS[allocation.decision]
    undone = None
    if decision == AllocationLook.Decision.ROLLBACK:
        undone = _last_applied(portfolio)
        if undone is None:  # the move it would take back is not one of ours any more
            decision = AllocationLook.Decision.HOLD
    acts = decision in (AllocationLook.Decision.MOVE, AllocationLook.Decision.ROLLBACK)
    said = writer.of_look(allocation, LEAST_PROBABILITY)
    if acts:
        said += [
            *writer.counterfactual(allocation, float(portfolio.blend_ratio)),
            *writer.flips(allocation.arms),
        ]
    gain = allocation.gain if acts else None
    keeps = acts or decision == AllocationLook.Decision.INFEASIBLE
    return AllocationLook.objects.create(
        organization_id=portfolio.organization_id,
        client_id=portfolio.client_id,
        portfolio=portfolio,
        slot=slot,
        at=seen.at,
        on_demand=on_demand,
        decision=decision,
        reasons=[each.as_json() for each in said],
        inputs=_inputs(seen),
        numbers={"allocation": allocation.to_json()} if keeps else {},
        currency=portfolio.currency,
        now_micros=sum(arm.now_micros for arm in allocation.arms),
        new_micros=sum(arm.new_micros for arm in allocation.arms),
        price_per_100=allocation.price_per_100,
        gain_p10_micros=round(gain.p10 * MICROS) if gain else None,
        gain_p50_micros=round(gain.p50 * MICROS) if gain else None,
        gain_p90_micros=round(gain.p90 * MICROS) if gain else None,
        horizon_days=allocation.horizon_days if acts else None,
        probability=allocation.gain_probability if acts else None,
        seed=allocation.seed,
        propensities={arm.key: arm.propensity for arm in allocation.arms} if keeps else {},
        undoes=undone,
    )


def _propose(
    portfolio: Portfolio,
    seen: Seen,
    look: AllocationLook,
    allocation: Allocation,
    reasons: Mapping[str, list[dict[str, Any]]],
    known: Mapping[str, dict[str, Any]],
    writer: Writer,
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
        look.save(update_fields=["decision", "reasons", "undoes"])
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
    _open(portfolio, seen, look, allocation, reasons, known)


def _open(
    portfolio: Portfolio,
    seen: Seen,
    look: AllocationLook,
    allocation: Allocation,
    reasons: Mapping[str, list[dict[str, Any]]],
    known: Mapping[str, dict[str, Any]],
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
            explored_steps(allocation),
            {one.key: one.arm for one in seen.arms},
            known,
            {arm.key: arm.propensity for arm in allocation.arms},
        )
    _explain(portfolio, look, allocation)
    outbox.publish(
        SplitProposed(
            organization_id=portfolio.organization_id,
            look_id=str(look.public_id),
            portfolio_id=str(portfolio.public_id),
            client_id=str(portfolio.client.public_id),
        )
    )


def rows_of(budgets: Any, new_micros: int, unit_micros: int) -> list[dict[str, Any]]:
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


def explored_steps(allocation: Allocation) -> dict[str, int]:
    """Per arm that is nudged or drawn: how far a day from the best known split."""
    found = {}
    for arm in allocation.arms:
        for finding in arm.reasons:
            if finding.code in ("nudge", "drawn"):
                found[arm.key] = int(finding.numbers.get("explored_micros", arm.new_micros - arm.now_micros))
    return found


def _explain(portfolio: Portfolio, look: AllocationLook, allocation: Allocation) -> None:
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


def _last_applied(portfolio: Portfolio) -> AllocationLook | None:
    return (
        AllocationLook.objects.filter(portfolio=portfolio, applied_at__isnull=False)
        .order_by("-applied_at")
        .first()
    )


def _running(portfolio: Portfolio) -> list[Any]:
    return list(portfolio.experiments.filter(state="running").select_related("arm"))


def _settle_days(seen: Seen) -> int:
    platforms = {budget.ad_account.platform for one in seen.arms for budget in one.budgets}
    return max(capabilities_of(platform).settle_days for platform in platforms)


def _inputs(seen: Seen) -> dict[str, Any]:
    """What the allocator was given, without the days themselves, which stay in the facts."""
    return {
        "today": seen.today.isoformat(),
        "budget_micros": seen.budget_micros,
        "witnessed_days": seen.witnessed_days,
        "final_through": seen.final_through.isoformat() if seen.final_through else None,
        "data_as_of": seen.data_as_of.isoformat() if seen.data_as_of else None,
        "arms": [
            {
                "key": one.key,
                "now_micros": one.told.daily_micros,
                "known_days": sum(day.value is not None for day in one.told.history),
                "held_by": one.held_by,
                "learning_until": one.told.learning_until.isoformat() if one.told.learning_until else None,
                "last_moved_on": one.told.last_moved_on.isoformat() if one.told.last_moved_on else None,
                "anomaly": one.told.anomaly,
            }
            for one in seen.arms
        ],
    }
