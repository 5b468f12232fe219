"""From what is seen to what is written down: hold, move, roll back, or say why nothing can be decided."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from campaigns.platforms.registry import capabilities_of
from lane.core import realtime
from pacing.allocation import Allocation, Decision, Exploration, GroupLimit, State, Terms, learn
from pacing.allocation import look as allocate
from pacing.models import AllocationLook, Portfolio
from pacing.portfolio_words import Writer
from pacing.services.portfolios import experiments, outcomes, proposing
from pacing.services.portfolios.figures import figures_of, reading_of
from pacing.services.portfolios.seeing import Seen, see
from pacing.services.portfolios.terms import usual_rest

MICROS = 1_000_000
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
    seed = seed_of(portfolio, seen)
    allocation = allocate(terms, told, posterior, state, seen.today, seed)
    known_best = None
    if allocation.explored_micros:
        greedy = replace(terms, exploration=Exploration.GREEDY)
        known_best = allocate(greedy, told, posterior, state, seen.today, seed)
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
    proposing.propose(portfolio, seen, look, allocation, reasons, known, writer, known_best)
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


def terms_for(seen: Seen) -> Terms:
    """A portfolio's terms as the allocator takes them."""
    portfolio = seen.portfolio
    return Terms(
        budget_micros=seen.budget_micros,
        unit_micros=seen.unit_micros,
        step=float(portfolio.step_ratio),
        move_days=_rest_days(portfolio),
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


def _rest_days(portfolio: Portfolio) -> int:
    """Days an arm rests: longer where nobody looks at each move, whatever was typed."""
    days = portfolio.min_days_between_moves
    return max(days, usual_rest(portfolio.mode)) if portfolio.mode == Portfolio.Mode.AUTO else days


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
                "simulation": one.simulated.as_json() if one.simulated else None,
                "held_by": one.held_by,
                "learning_until": one.told.learning_until.isoformat() if one.told.learning_until else None,
                "last_moved_on": one.told.last_moved_on.isoformat() if one.told.last_moved_on else None,
                "anomaly": one.told.anomaly,
            }
            for one in seen.arms
        ],
    }
