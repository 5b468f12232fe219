"""The one door of the controllers: terms, an observation and memory in; a decision and new memory out."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pacing.controllers.adaptive import judge
from pacing.controllers.base import UNKNOWN, Action, Flags, Floats, Ints, Observation, PlanTerms
from pacing.controllers.curves import day_weights
from pacing.controllers.decision import Decision, Evidence
from pacing.controllers.estimates import share_until
from pacing.controllers.evidence import evidence_for
from pacing.controllers.look import Look, end_range
from pacing.controllers.state import State
from pacing.controllers.status import standing

ChunkT = TypeVar("ChunkT", Decision, State)

CELLS_PER_CHUNK = 40_000  # plan-days worked on at once: small enough to stay in the processor's cache


def decide(
    terms: PlanTerms, seen: Observation, state: State, *, cells_per_chunk: int = CELLS_PER_CHUNK
) -> tuple[Decision, State]:
    """Decide for every plan. Rows are independent: any grouping of plans gives the same answers."""
    count = terms.amount_micros.shape[0]
    width = terms.season.shape[1]
    for matrix in (seen.spend_micros, seen.budget_by_day_micros, seen.paused_days):
        if matrix.shape != (count, width):
            raise ValueError(f"Day matrices need shape {(count, width)}, not {matrix.shape}.")
    if count == 0 or count * width <= cells_per_chunk:
        return _decide(terms, seen, state)
    order = np.argsort(terms.days_total, kind="stable")
    decisions, states, start = [], [], 0
    while start < count:
        # Rows come in order of flight length, so the first row bounds how many may follow.
        size = max(1, cells_per_chunk // int(terms.days_total[order[start]]))
        rows = order[start : start + size]
        longest = int(terms.days_total[rows[-1]])
        decision, remembered = _decide(terms.take(rows, longest), seen.take(rows, longest), state.take(rows))
        decisions.append(decision)
        states.append(remembered)
        start += size
    back = np.argsort(order, kind="stable")
    return _joined(decisions, back), _joined(states, back)


def decide_one(terms: PlanTerms, seen: Observation, state: State | None = None) -> tuple[Decision, State]:
    """The same for a single plan, with fresh memory when there is none yet."""
    if terms.amount_micros.shape[0] != 1:
        raise ValueError("decide_one takes exactly one plan; use decide for many.")
    return decide(terms, seen, State.fresh(1) if state is None else state)


def _decide(terms: PlanTerms, seen: Observation, state: State) -> tuple[Decision, State]:
    look, verdict, remembered = judge(terms, seen, state)
    ended = seen.day > terms.days_total
    inside = look.moment.inside
    known = inside & look.known

    coming = np.where(seen.paused | ended, 0.0, look.coming)
    low, middle, high = end_range(look, coming)
    final = look.reported
    low, middle, high = (np.where(ended, final, end) for end in (low, middle, high))
    reach = np.where(np.isnan(look.delivery.level), np.inf, look.spent + look.reachable)
    stands = standing(
        terms,
        seen,
        look.moment,
        known=look.known,
        projected=middle,
        achievable=reach,
        amount=look.amount,
        stale=verdict.stale,
    )
    changed = _coming_with(look, verdict.new_budget_micros, verdict.action)
    with_low, with_middle, with_high = _capped(terms, look, end_range(look, changed))
    acts = verdict.action >= Action.RAISE

    shown = known | ended
    projected_micros = _micros(look, middle, shown)
    achievable_micros = _micros(look, np.where(np.isinf(reach), 0.0, reach), known & ~np.isinf(reach))
    decision = Decision(
        action=verdict.action,
        new_budget_micros=verdict.new_budget_micros,
        needed_per_day_micros=_micros(look, look.want, inside),
        status=stands.status,
        at_risk_micros=np.where(stands.misses, projected_micros - terms.amount_micros, 0),
        reported_micros=_micros(look, look.reported, seen.day >= 1),
        estimated_micros=_micros(look, np.where(ended, look.reported, look.spent), seen.day >= 1),
        expected_now_micros=_expected_now(terms, seen, look),
        projected_p10_micros=_micros(look, low, shown),
        projected_p50_micros=projected_micros,
        projected_p90_micros=_micros(look, high, shown),
        with_p10_micros=_micros(look, np.where(acts, with_low, low), shown),
        with_p50_micros=_micros(look, np.where(acts, with_middle, middle), shown),
        with_p90_micros=_micros(look, np.where(acts, with_high, high), shown),
        held_end_micros=_micros(look, look.spent + np.where(seen.paused, 0.0, look.held), known),
        achievable_end_micros=achievable_micros,
        end_error=np.where(shown, middle / look.amount - 1.0, np.nan),
        trigger=verdict.trigger,
        tolerance_now=stands.tolerance_now,
        evidence=evidence_for(
            terms,
            seen,
            look,
            verdict,
            status=stands.status,
            projected_micros=projected_micros,
            achievable_micros=achievable_micros,
        ),
    )
    return decision, remembered


def _coming_with(look: Look, new_budget_micros: Ints, action: Ints) -> Floats:
    """Spend to come once the action is carried out and budgets follow the curve from there."""
    budget = np.where(
        (action == Action.RAISE) | (action == Action.LOWER),
        new_budget_micros / look.mean_day_micros,
        look.budget,
    )
    coming = look.outlook.spend(budget / look.weight_today)
    return np.where(action == Action.PAUSE, 0.0, coming)


def _capped(
    terms: PlanTerms, look: Look, ends: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """With Lane acting, the pause at the target bounds the end from above, where it may pause."""
    ceiling = np.where(terms.may_pause, np.maximum(look.amount, look.spent), np.inf)
    low, middle, high = (np.minimum(end, ceiling) for end in ends)
    return low, middle, high


def _expected_now(terms: PlanTerms, seen: Observation, look: Look) -> Ints:
    """The target curve at this instant: whole days before today plus today's share by the intraday shape."""
    weights = day_weights(terms)
    place = np.arange(weights.shape[1])[None, :]
    before = np.where(place < look.moment.index[:, None], weights, 0.0).sum(axis=1)
    elapsed = share_until(terms.intraday, look.moment.tick + look.moment.phase)
    expected = np.minimum(before + elapsed * look.weight_today, look.amount)
    expected = np.where(seen.day < 1, 0.0, np.where(seen.day > terms.days_total, look.amount, expected))
    return _micros(look, expected, np.ones_like(look.known))


def _micros(look: Look, value: Floats, known: Flags) -> Ints:
    """Mean days back to whole micros; UNKNOWN where nothing can be said."""
    micros = np.rint(np.where(known, value, 0.0) * look.mean_day_micros).astype(np.int64)
    return np.where(known, micros, UNKNOWN)


def _joined(parts: list[ChunkT], back: NDArray[np.int64]) -> ChunkT:
    """Put the chunks together again, in the caller's order."""
    first = parts[0]
    values: dict[str, Any] = {}
    for field in dataclasses.fields(first):
        if field.name == "evidence":
            continue
        values[field.name] = np.concatenate([getattr(part, field.name) for part in parts])[back]
    if isinstance(first, Decision):
        columns = zip(*(part.evidence for part in parts if isinstance(part, Decision)), strict=True)
        values["evidence"] = tuple(_joined_evidence(list(column), back) for column in columns)
    return dataclasses.replace(first, **values)


def _joined_evidence(parts: list[Evidence], back: NDArray[np.int64]) -> Evidence:
    return Evidence(
        parts[0].reason,
        np.concatenate([part.holds for part in parts])[back],
        {name: np.concatenate([part.numbers[name] for part in parts])[back] for name in parts[0].numbers},
    )
