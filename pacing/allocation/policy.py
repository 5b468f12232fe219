"""One look at one portfolio: what to move, or why not, with every number the answer rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from pacing.allocation.answers import Allocation, ArmAllocation, Decision, Finding, Problem
from pacing.allocation.curves import Floats
from pacing.allocation.explore import Explored, excitation, thompson
from pacing.allocation.learning import Learned
from pacing.allocation.limits import Limits, limits_of
from pacing.allocation.posterior import MICROS, Posterior
from pacing.allocation.records import Arm, Exploration, Terms
from pacing.allocation.report import report_arms, unread_arms
from pacing.allocation.roas import lean_to_floor
from pacing.allocation.rollback import Undone, taken_back
from pacing.allocation.situation import SAMPLES, Look, band, situation
from pacing.allocation.split import Split, split_budget
from pacing.allocation.state import State
from pacing.allocation.validation import check

LEAST_DAYS = 7.0  # usable days of evidence the portfolio's best-known arm needs before money moves


def look(
    terms: Terms,
    arms: Sequence[Arm],
    posterior: Posterior,
    state: State,
    today: date,
    seed: int,
) -> Allocation:
    """Decide one portfolio. The same arguments always give the same answer."""
    check(terms, arms)
    ordered = sorted(arms, key=lambda arm: arm.key)  # the order they are given in decides nothing
    answer = _look(terms, ordered, posterior, state, today, seed)
    parts = {part.key: part for part in answer.arms}
    return replace(answer, arms=tuple(parts[arm.key] for arm in arms))


def _look(
    terms: Terms, arms: Sequence[Arm], posterior: Posterior, state: State, today: date, seed: int
) -> Allocation:
    """The look at arms in one order."""
    limits = limits_of(terms, arms, today)
    if not isinstance(limits, Limits):
        return _impossible(terms, arms, posterior, today, seed, limits)
    learned = posterior.learned([arm.key for arm in arms])
    if not posterior.knows_anything or learned.information.max() < LEAST_DAYS:
        return _unread(terms, arms, posterior, limits, learned, today, seed)
    about = situation(terms, arms, limits, posterior, today, seed)
    return _decide(about, taken_back(state, about))


def _decide(about: Look, undone: Undone | None) -> Allocation:
    """A roll-back if one is due, else the best split if it is worth a move; then what is moved to learn."""
    terms, limits = about.terms, about.limits
    kept = limits.kept
    best = _best(about, limits)
    target = split_budget(
        about.guide.curves, kept, limits.floor, limits.ceiling, terms.budget_micros, terms.unit_micros
    )
    if best is None or target is None:
        dimensions = ", ".join(sorted({group.dimension for group in limits.groups}))
        problem = Problem("groups_conflict", {"dimensions": dimensions}, tuple(arm.key for arm in about.arms))
        return _impossible(terms, about.arms, about.posterior, about.today, about.seed, (problem,))
    if undone is not None:
        return _answer(about, undone.amounts, best, target, [undone.finding], limits.far, undone_on=undone.on)
    led = lean_to_floor(about, best)
    best = led.split
    gains = about.gains(kept, best.amounts)
    probability = float((gains > about.moving_cost(kept, best.amounts)).mean())
    forced = not _allowed(kept, limits)
    chosen = best.amounts if forced or led.forced or probability >= terms.least_probability else kept
    found = [_why(about, best, gains, probability, chosen, forced), *led.findings]
    explored = _explore(about, chosen)
    if explored is not None:
        chosen = explored.amounts
        budget = round(terms.exploration_share * terms.budget_micros)
        found.append(Finding("explores", {"amount": explored.moved, "budget": budget}))
    return _answer(about, chosen, best, target, found, (*limits.far, *led.problems), explored)


def _allowed(amounts: Sequence[int], limits: Limits) -> bool:
    """Whether a split keeps the shares of its groups."""
    return all(
        group.least
        <= sum(amount for amount, inside in zip(amounts, group.members, strict=True) if inside)
        <= group.most
        for group in limits.groups
    )


def _best(about: Look, limits: Limits) -> Split | None:
    """The best split within one step; arms that would hardly move stay where they are."""

    def split(within: Limits) -> Split | None:
        return split_budget(
            about.guide.curves, within.kept, within.least, within.most, about.terms.budget_micros,
            about.terms.unit_micros, groups=within.groups, cost=about.cost,
        )  # fmt: skip

    first = split(limits)
    if first is None:
        return None
    small = [
        abs(new - kept) < about.terms.smallest_move * kept
        for new, kept in zip(first.amounts, limits.kept, strict=True)
    ]
    if not any(small) or limits.far:
        return first
    still = replace(
        limits,
        least=tuple(k if s else low for k, low, s in zip(limits.kept, limits.least, small, strict=True)),
        most=tuple(k if s else high for k, high, s in zip(limits.kept, limits.most, small, strict=True)),
    )
    return split(still) or first


def _why(
    about: Look, best: Split, gains: Floats, probability: float, chosen: Sequence[int], forced: bool
) -> Finding:
    """The finding that decided."""
    terms, kept = about.terms, about.limits.kept
    numbers = {
        "gain": float(gains.mean()) * terms.horizon_days,
        "days": terms.horizon_days,
        "probability": probability,
    }
    if forced:
        return Finding("group_shares", numbers)
    movable = sum(not held for held in about.limits.held)
    if movable < 2:
        return Finding("nothing_movable", {"movable": movable, "arms": len(about.arms)})
    if tuple(best.amounts) == kept:
        return Finding("too_small", {"smallest": terms.smallest_move})
    if tuple(chosen) == kept:
        return Finding("gain_unsure", numbers | {"least": terms.least_probability})
    return Finding("better_split", numbers)


def _explore(about: Look, base: Sequence[int]) -> Explored | None:
    """What is moved to learn on top of the decision, by the portfolio's mode."""
    rng = np.random.default_rng([about.seed, 2])
    if about.terms.exploration is Exploration.THOMPSON:
        return thompson(about.terms, about.limits, about.learned, base, rng)
    if about.terms.exploration is Exploration.EXCITATION:
        return excitation(about.terms, about.limits, about.learned, about.arms, base, about.today, rng)
    return None


def _answer(
    about: Look,
    chosen: Sequence[int],
    best: Split,
    target: Split,
    found: Sequence[Finding],
    problems: Sequence[Problem],
    explored: Explored | None = None,
    undone_on: date | None = None,
) -> Allocation:
    """The frozen answer with all its numbers."""
    terms, kept, arms = about.terms, about.limits.kept, about.arms
    now = tuple(arm.daily_micros for arm in arms)
    gains = about.gains(kept, chosen) * terms.horizon_days
    values_now, values_new = about.values(kept), about.values(chosen)
    by_curves = (values_new - values_now).sum(axis=0) * terms.horizon_days
    cost = about.moving_cost(kept, chosen) * terms.horizon_days
    budget = terms.budget_micros / MICROS
    low = float(np.quantile(values_new.sum(axis=0), 1 - terms.roas_confidence)) / budget
    value_now = band(values_now.sum(axis=0))
    findings = [*found, Finding("counterfactual", {"value": value_now.mean})]
    if sum(now) != terms.budget_micros:
        numbers = {"before": sum(now), "after": terms.budget_micros}
        findings.insert(0, Finding("follows_budget", numbers))
    moved = tuple(chosen) != now
    decision = Decision.ROLL_BACK if undone_on else Decision.MOVE if moved else Decision.HOLD
    return Allocation(
        decision=decision,
        today=about.today,
        seed=about.seed,
        budget_micros=terms.budget_micros,
        arms=report_arms(about, chosen, best, target, explored, values_now, values_new),
        reasons=tuple(findings),
        problems=tuple(problems),
        price_per_100=best.price * 100,
        value_now=value_now,
        value_new=band(values_new.sum(axis=0)),
        gain=band(gains),
        gain_by_curves=band(by_curves),
        gain_probability=float((gains > cost).mean()),
        cost=cost,
        horizon_days=terms.horizon_days,
        exploration=terms.exploration.value,
        explored_micros=explored.moved if explored else 0,
        propensity=explored.joint if explored else 1.0,
        samples=SAMPLES,
        roas_new=float(values_new.sum(axis=0).mean()) / budget,
        roas_low=low,
        undone_on=undone_on,
    )


def _impossible(
    terms: Terms,
    arms: Sequence[Arm],
    posterior: Posterior,
    today: date,
    seed: int,
    problems: Sequence[Problem],
) -> Allocation:
    """Nothing moves while wishes contradict each other; each is named."""
    parts = unread_arms(arms, [arm.daily_micros for arm in arms], posterior)
    return _blank(terms, parts, Decision.INFEASIBLE, (), tuple(problems), today, seed)


def _unread(
    terms: Terms,
    arms: Sequence[Arm],
    posterior: Posterior,
    limits: Limits,
    learned: Learned,
    today: date,
    seed: int,
) -> Allocation:
    """Too few days to learn from: amounts only follow the budget."""
    numbers = {"days": round(float(learned.information.max()), 1), "needed": int(LEAST_DAYS)}
    found: tuple[Finding, ...] = (Finding("not_enough_history", numbers),)
    now = tuple(arm.daily_micros for arm in arms)
    if sum(now) != terms.budget_micros:
        follows = Finding("follows_budget", {"before": sum(now), "after": terms.budget_micros})
        found = (follows, *found)
    decision = Decision.HOLD if now == limits.kept else Decision.MOVE
    return _blank(terms, unread_arms(arms, limits.kept, posterior), decision, found, (), today, seed)


def _blank(
    terms: Terms,
    parts: tuple[ArmAllocation, ...],
    decision: Decision,
    found: Sequence[Finding],
    problems: Sequence[Problem],
    today: date,
    seed: int,
) -> Allocation:
    """An answer without a split by curves: what is unknown is None."""
    return Allocation(
        decision=decision, today=today, seed=seed, budget_micros=terms.budget_micros,
        arms=parts, reasons=tuple(found), problems=tuple(problems),
        price_per_100=None, value_now=None, value_new=None, gain=None, gain_by_curves=None,
        gain_probability=None, cost=0.0, horizon_days=terms.horizon_days,
        exploration=terms.exploration.value, explored_micros=0, propensity=1.0, samples=0,
        roas_new=None, roas_low=None, undone_on=None,
    )  # fmt: skip
