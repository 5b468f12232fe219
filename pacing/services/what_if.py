"""What another amount, flight, curve or lock would do to a plan, before anything is saved. Nothing is written."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from lane.accounts import policies
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput
from lane.core.money import unit_micros
from pacing.controllers import (
    UNKNOWN,
    Decision,
    decide,
    known_or_none,
    split_total,
    target_curves,
)
from pacing.filtering.memory import moved_memory
from pacing.lab import Paced, futures_of, rehearse
from pacing.lab.course import HOURS_PER_TICK
from pacing.models import BudgetPlan
from pacing.selectors.budgets import budgets_of
from pacing.services import observation, plans
from pacing.services.observation import BudgetRow, Seen
from pacing.words import money_in, reason_texts

SHORT_FLIGHT_DAYS = 7
_STEP = 0.2
_MOST_LAG_TICKS = 12
_FREE_STEP = 1_000.0  # no step limit: where the split is heading, not what happens next


@dataclass(frozen=True, slots=True)
class Assumed:
    """The terms to suppose; ``locked`` names budgets that are to stay as they are."""

    amount_micros: int
    starts_on: date
    ends_on: date
    strategy: str
    landing: str
    locked: frozenset[str] = frozenset()

    @classmethod
    def of(cls, plan: BudgetPlan) -> Assumed:
        """The terms a plan has."""
        return cls(plan.amount_micros, plan.starts_on, plan.ends_on, plan.strategy, plan.landing)

    def terms(self) -> dict[str, Any]:
        """As the plan service takes them; locks are no terms of a plan."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name != "locked"
        }


@dataclass(frozen=True, slots=True)
class Band:
    """Where a plan ends, in micros: P10, P50 and P90."""

    p10: int
    p50: int
    p90: int


@dataclass(frozen=True, slots=True)
class SplitRow:
    """One budget: now, after the next step, and where it is heading. Micros a day."""

    budget_id: str
    name: str
    now_micros: int | None
    next_micros: int | None
    needed_micros: int | None
    locked: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """What some terms lead to."""

    terms: Assumed
    days: int
    target: list[int]  # cumulative micros at the end of each day
    needed_per_day_micros: int | None
    now_per_day_micros: int | None
    next_per_day_micros: int | None
    status: str
    left_alone: Band | None  # nobody acts
    paced: Band | None  # simulated: each step is carried out
    fan: list[tuple[float, int, int, int]]  # simulated spend to date at the end of each day to come
    changes: float | None  # simulated: mean number of budget changes to the end
    pauses: float | None  # simulated: share of futures that are paused at the target
    futures: int  # how many were simulated
    spent_micros: int | None  # with what ran since the last report
    day_now: float | None
    split: list[SplitRow]
    reasons: list[str]
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A plan as it is and as supposed."""

    plan: BudgetPlan
    at: datetime
    now: Outlook
    then: Outlook
    refusals: dict[str, str]
    data_as_of: datetime | None

    @property
    def differs(self) -> bool:
        """Whether saving would change the plan."""
        return self.now.terms.terms() != self.then.terms.terms()


def look(plan: BudgetPlan, assumed: Assumed, *, actor: Actor) -> WhatIf:
    """Work out both sides from the same reports at the same instant. Raises ``InvalidInput`` on unusable terms."""
    policies.require(actor, "view", plan)
    supposed = supposed_plan(plan, assumed)
    budgets = budgets_of(plan)
    refusals = plans.refusals(supposed, budgets)
    flight: dict[str, str] = {
        name: refusals[name]
        for name in ("amount", "starts_on", "ends_on", "strategy", "landing")
        if name in refusals
    }
    # A flight that is no flight has no outlook; anything else that saving refuses is shown beside it.
    if (
        assumed.amount_micros <= 0
        or assumed.ends_on < assumed.starts_on
        or supposed.days_total > plans.LONGEST_FLIGHT_DAYS
    ):
        raise InvalidInput(fields=flight)
    if "strategy" in flight or "landing" in flight:
        raise InvalidInput(fields=flight)
    _require_known_locks(budgets, assumed.locked)
    at = clock.now()
    is_now = Assumed.of(plan)
    seen = observation.observe([plan.pk], at)
    now = _outlook(plan, is_now, seen)
    same = assumed.terms() == is_now.terms()
    then_seen = (
        seen if same else observation.observe([plan.pk], at, altered={plan.pk: _altered(plan, assumed)})
    )
    then = now if assumed == is_now else _outlook(plan, assumed, then_seen)
    return WhatIf(plan, at, now, then, refusals, seen.data_as_of[0])


def save(
    plan: BudgetPlan, assumed: Assumed, *, actor: Actor, expected_version: int, reason: str = ""
) -> BudgetPlan:
    """Make the supposed terms the plan's own."""
    return plans.edit(
        plan.public_id, actor=actor, expected_version=expected_version, reason=reason, **assumed.terms()
    )


def supposed_plan(plan: BudgetPlan, assumed: Assumed) -> BudgetPlan:
    """The plan in memory with other terms."""
    supposed = copy.copy(plan)
    for name, value in assumed.terms().items():
        setattr(supposed, name, value)
    return supposed


def _altered(plan: BudgetPlan, assumed: Assumed) -> dict[str, Any]:
    memory = plan.controller_state or {}
    moved = moved_memory(memory, (plan.starts_on - assumed.starts_on).days) if memory else {}
    return assumed.terms() | {"controller_state": moved}


def _require_known_locks(budgets: Sequence[Any], locked: Collection[str]) -> None:
    unknown = set(locked) - {str(budget.public_id) for budget in budgets}
    if unknown:
        raise InvalidInput(fields={"locked": "A locked budget is not one of this plan's. Choose again."})


def _outlook(plan: BudgetPlan, assumed: Assumed, seen: Seen) -> Outlook:
    decision, _ = decide(seen.terms, seen.observation, seen.state)
    budgets = seen.budgets[0]
    next_total, split = _split(seen, decision, budgets, assumed.locked)
    paced = _paced(plan, seen, decision, budgets, assumed.locked)
    day = int(seen.observation.day[0])
    inside = 1 <= day <= int(seen.terms.days_total[0])
    outlook = Outlook(
        terms=assumed,
        days=int(seen.terms.days_total[0]),
        target=[int(micros) for micros in target_curves(seen.terms)[0]],
        needed_per_day_micros=known_or_none(decision.needed_per_day_micros[0]),
        now_per_day_micros=known_or_none(seen.observation.budget_micros[0]),
        next_per_day_micros=next_total,
        status=decision.status_of(0).word,
        left_alone=_band(decision),
        spent_micros=known_or_none(decision.estimated_micros[0]),
        day_now=day - 1 + float(seen.observation.day_fraction[0]) if inside else None,
        split=split,
        reasons=reason_texts(
            [finding.as_json() for finding in decision.findings(0)],
            plan.currency,
            timezone=plan.timezone,
            at=seen.at,
        ),
        warnings=[],
        **paced,
    )
    return dataclasses.replace(outlook, warnings=_warnings(plan, outlook, decision, seen))


def _split(
    seen: Seen, decision: Decision, budgets: Sequence[BudgetRow], locked: Collection[str]
) -> tuple[int | None, list[SplitRow]]:
    """Each budget's next step and where it is heading; a locked one stays."""
    unit = unit_micros(seen.plans[0]["currency"])
    free = [row for row in budgets if row.public_id not in locked and row.amount_micros is not None]
    kept = sum(row.amount_micros or 0 for row in budgets if row not in free)
    total = known_or_none(seen.observation.budget_micros[0])
    asked, needed = int(decision.new_budget_micros[0]), int(decision.needed_per_day_micros[0])
    placed: dict[int, int] = {}
    heading: dict[int, int] = {}
    if free and total is not None and asked != UNKNOWN:
        now = [row.amount_micros or 0 for row in free]
        floors = [row.floor_micros for row in free]
        if asked != total:
            step = split_total(
                max(asked - kept, 0), now, minimum_micros=floors, unit_micros=unit, step_limit=_STEP
            )
            placed = {row.budget_id: micros for row, micros in zip(free, step.amounts_micros, strict=True)}
        if needed != UNKNOWN:
            # Where nothing limits a step every budget starts from its share of today's total.
            goal = split_total(
                max(needed - kept, 0), now, minimum_micros=floors, unit_micros=unit, step_limit=_FREE_STEP
            )
            heading = {row.budget_id: micros for row, micros in zip(free, goal.amounts_micros, strict=True)}
    rows = [
        SplitRow(
            row.public_id,
            row.name,
            row.amount_micros,
            placed.get(row.budget_id, row.amount_micros),
            heading.get(row.budget_id, row.amount_micros if row.public_id in locked else None),
            row.public_id in locked,
        )
        for row in budgets
    ]
    if total is None:
        return None, rows
    return sum(row.next_micros or 0 for row in rows), rows


def _paced(
    plan: BudgetPlan, seen: Seen, decision: Decision, budgets: Sequence[BudgetRow], locked: Collection[str]
) -> dict[str, Any]:
    """Rehearse the rest of the flight many times; empty where nothing can be said."""
    nothing: dict[str, Any] = {"paced": None, "fan": [], "changes": None, "pauses": None, "futures": 0}
    day, days = int(seen.observation.day[0]), int(seen.terms.days_total[0])
    spent = int(decision.estimated_micros[0])
    if day > days or seen.observation.budget_micros[0] == UNKNOWN or (day >= 1 and spent == UNKNOWN):
        return nothing
    seed = int(plan.pk) * 1_000 + day % 1_000
    futures = futures_of(seen.terms, seen.observation, seen.state, max(spent, 0), seed)
    kept = sum(row.amount_micros or 0 for row in budgets if row.public_id in locked)
    count = futures.terms.amount_micros.shape[0]
    steering = Paced(futures.terms, futures.state, np.full(count, kept, dtype=np.int64))
    lag = min(round(float(seen.observation.report_age_hours[0]) / HOURS_PER_TICK), _MOST_LAG_TICKS)
    course = rehearse(futures.terms, futures.market, futures.start, steering, lag)
    low, middle, high = (np.percentile(course.by_day(), q, axis=0) for q in (10, 50, 90))
    first = max(day, 1)
    fan = [
        (float(d), round(low[d - 1]), round(middle[d - 1]), round(high[d - 1]))
        for d in range(first, days + 1)
    ]
    start = max(spent, 0)
    begin = day - 1 + float(seen.observation.day_fraction[0]) if day >= 1 else 0.0
    return {
        "paced": Band(round(low[-1]), round(middle[-1]), round(high[-1])),
        "fan": [(begin, start, start, start), *fan],
        "changes": float(course.changes.mean()),
        "pauses": float((course.pauses > 0).mean()),
        "futures": count,
    }


def _band(decision: Decision) -> Band | None:
    p10, p50, p90 = (
        known_or_none(part[0])
        for part in (
            decision.projected_p10_micros,
            decision.projected_p50_micros,
            decision.projected_p90_micros,
        )
    )
    return None if p10 is None or p50 is None or p90 is None else Band(p10, p50, p90)


def _warnings(plan: BudgetPlan, outlook: Outlook, decision: Decision, seen: Seen) -> list[str]:
    """What a careful person would say before saving, with the figures."""
    amount, spent = outlook.terms.amount_micros, outlook.spent_micros

    def money(micros: int) -> str:
        return money_in(plan.currency, micros)

    found = []
    if int(seen.observation.day[0]) > outlook.days:
        found.append("With these dates the flight is over.")
    if spent is not None and spent >= amount > 0:
        found.append(
            f"{money(spent)} is spent already, {money(spent - amount)} more than this amount: Lane would pause at once."
        )
    reach = known_or_none(decision.achievable_end_micros[0])
    if reach is not None and reach < amount:
        found.append(
            f"Demand so far allows about {money(reach)}, {money(amount - reach)} less than this amount."
        )
    now, needed = outlook.now_per_day_micros, outlook.needed_per_day_micros
    if now and needed and outlook.day_now is not None:
        steps = _steps(now, needed)
        if steps > 1:
            found.append(
                f"{money(needed)} a day is needed, {money(now)} is set: {steps} steps of at most 20 %, one a day."
            )
    if outlook.now_per_day_micros is None:
        found.append("The platform does not tell the daily budget, so the end cannot be simulated.")
    if outlook.days < SHORT_FLIGHT_DAYS:
        found.append(f"A flight of {outlook.days} days cannot be landed within 1 % by daily budgets.")
    if outlook.terms.strategy == BudgetPlan.Strategy.CONSERVATIVE:
        found.append("Conservative holds money back: a late drop in demand can no longer be repaired.")
    if outlook.terms.starts_on > plan.starts_on:
        found.append(f"Spend before {outlook.terms.starts_on:%-d %b} no longer counts.")
    if outlook.terms.starts_on < plan.starts_on:
        found.append(f"Spend from {outlook.terms.starts_on:%-d %b} on counts, also of days before the plan.")
    if plan.status == BudgetPlan.Status.PAUSED:
        found.append("This plan is paused. The simulation supposes that it is paced again from now.")
    if outlook.split and all(row.locked for row in outlook.split):
        found.append("Every budget is locked: Lane could only pause at the target.")
    return found


def _steps(now: int, needed: int) -> int:
    """How many steps of 20 % lead from one budget to another."""
    ratio = needed / now
    return int(np.ceil(abs(np.log(ratio)) / (np.log1p(_STEP) if ratio > 1 else -np.log1p(-_STEP)) - 1e-9))
