"""How far each arm may go today, what holds it there, and which wishes cannot be kept together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from pacing.allocation.answers import Number, Problem
from pacing.allocation.records import Arm, Terms
from pacing.allocation.whole import GroupBound, whole_units

LOCKED, LEARNING, ANOMALY, RECENT = "locked", "learning", "anomaly", "recent_move"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds in micros of each arm around what it keeps when nothing is decided."""

    kept: tuple[int, ...]
    least: tuple[int, ...]
    most: tuple[int, ...]
    at_least: tuple[str, ...]  # what sets the lower bound
    at_most: tuple[str, ...]
    held: tuple[str, ...]  # why an arm may not move at all; "" when it may
    floor: tuple[int, ...]  # bounds without steps and pauses
    ceiling: tuple[int, ...]
    groups: tuple[GroupBound, ...]
    far: tuple[Problem, ...]  # group shares that take more than one step; this look goes as near as it may


def limits_of(terms: Terms, arms: Sequence[Arm], today: date) -> Limits | tuple[Problem, ...]:
    """Bounds of a look, or the wishes that contradict each other or the budget."""
    if not arms:
        return (Problem("no_arms", {}),)
    groups = _groups(terms, arms)
    floor, ceiling = _wishes(terms, arms)
    if problems := _contradictions(terms.budget_micros, arms, floor, ceiling, groups):
        return problems
    kept = _kept(terms, arms, floor, ceiling)
    if kept is None:  # rounding alone stands in the way
        return (Problem("units", {"unit_micros": terms.unit_micros, "budget_micros": terms.budget_micros}),)
    rows = [_arm_limits(terms, arm, kept[i], floor[i], ceiling[i], today) for i, arm in enumerate(arms)]
    least, most, at_least, at_most, held = zip(*rows, strict=True)
    far = _group_problems(terms.budget_micros, arms, least, most, groups)
    if any(problem.code not in ("group_minimum", "group_maximum") for problem in far):
        return tuple(
            Problem("steps_too_small", {**each.numbers, "wish": each.code}, each.keys) for each in far
        )
    near = tuple(_reachable(group, least, most) for group in groups)
    too_far = tuple(
        Problem("group_out_of_reach", {**each.numbers, "wish": each.code}, each.keys) for each in far
    )
    return Limits(kept, least, most, at_least, at_most, held, floor, ceiling, near, too_far)


def _reachable(group: GroupBound, least: Sequence[int], most: Sequence[int]) -> GroupBound:
    """The share as near to the wish as one step of each arm comes."""
    low = sum(bound for bound, inside in zip(least, group.members, strict=True) if inside)
    high = sum(bound for bound, inside in zip(most, group.members, strict=True) if inside)
    return replace(group, least=min(group.least, high), most=max(group.most, low))


def _wishes(terms: Terms, arms: Sequence[Arm]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Floors and ceilings that hold on any day. Somebody's lock beats them; a cap beats the common floor."""
    share = terms.budget_micros * terms.floor_share / len(arms)
    unit = terms.unit_micros
    floors, ceilings = [], []
    for arm in arms:
        if arm.locked:
            floors.append(arm.daily_micros)
            ceilings.append(arm.daily_micros)
            continue
        most = terms.budget_micros if arm.maximum_micros is None else arm.maximum_micros
        common = min(int(share // unit) * unit, most)
        if arm.daily_micros:
            common = min(common, arm.daily_micros)  # the common floor stops cuts; it forces no raise
        floors.append(max(arm.minimum_micros, common))
        ceilings.append(max(most, arm.minimum_micros))
    return tuple(floors), tuple(ceilings)


def _kept(
    terms: Terms, arms: Sequence[Arm], floor: tuple[int, ...], ceiling: tuple[int, ...]
) -> tuple[int, ...] | None:
    """What each arm has when only the budget is followed: its amount now, all but locks scaled alike."""
    now = np.array([float(arm.daily_micros) for arm in arms])
    if sum(arm.daily_micros for arm in arms) == terms.budget_micros:
        inside = all(
            low <= arm.daily_micros <= high for arm, low, high in zip(arms, floor, ceiling, strict=True)
        )
        if inside:
            return tuple(arm.daily_micros for arm in arms)
    free = np.array([not arm.locked for arm in arms])
    left = terms.budget_micros - now[~free].sum()
    weights = np.where(free, now if now[free].sum() > 0 else 1.0, 0.0)
    low, high = 0.0, 4.0 * left / max(weights.sum(), 1e-9) + 1.0
    for _ in range(80):  # one factor for all that brings the clipped amounts to the budget
        middle = (low + high) / 2
        scaled = np.where(free, np.clip(weights * middle, floor, ceiling), now)
        low, high = (middle, high) if scaled.sum() < terms.budget_micros else (low, middle)
    scaled = np.where(free, np.clip(weights * high, floor, ceiling), now)
    return whole_units(scaled, floor, ceiling, terms.budget_micros, terms.unit_micros)


def _arm_limits(
    terms: Terms, arm: Arm, kept: int, floor: int, ceiling: int, today: date
) -> tuple[int, int, str, str, str]:
    """Bounds of one arm and what sets each of them."""
    if held := _held(terms, arm, today):
        return kept, kept, held, held, held
    unit = terms.unit_micros
    step = min(kept * terms.step, terms.budget_micros) if kept else 0.0
    low = max(-(-round(kept - step) // unit) * unit, 0)
    high = min(round(kept + step) // unit * unit, terms.budget_micros)
    low, high = min(low, kept), max(high, kept)
    at_low, at_high = "step", "step"
    if floor >= low:
        low, at_low = min(floor, kept), "minimum" if arm.minimum_micros >= floor else "floor"
    if ceiling <= high:
        high, at_high = max(ceiling, kept), "cap"
    return low, high, at_low, at_high, ""


def _held(terms: Terms, arm: Arm, today: date) -> str:
    """Why an arm keeps what it has whatever it returns."""
    if arm.locked:
        return LOCKED
    if arm.anomaly:
        return ANOMALY
    if arm.learning_until is not None and arm.learning_until >= today:
        return LEARNING
    if arm.last_moved_on is not None and today < arm.last_moved_on + timedelta(days=terms.move_days):
        return RECENT
    return ""


def _groups(terms: Terms, arms: Sequence[Arm]) -> tuple[GroupBound, ...]:
    """Shares as micros, rounded inwards to whole units."""
    bounds = []
    for limit in terms.groups:
        members = np.array([arm.groups.get(limit.dimension) == limit.name for arm in arms])
        least = round(terms.budget_micros * limit.minimum_share)
        most = round(terms.budget_micros * limit.maximum_share)
        unit = terms.unit_micros
        bounds.append(
            GroupBound(limit.dimension, limit.name, members, -(-least // unit) * unit, most // unit * unit)
        )
    return tuple(bounds)


def _contradictions(
    budget: int,
    arms: Sequence[Arm],
    floor: Sequence[int],
    ceiling: Sequence[int],
    groups: Sequence[GroupBound],
) -> tuple[Problem, ...]:
    """Wishes that cannot be kept on any day, each by name."""
    found = []
    locked = [index for index, arm in enumerate(arms) if arm.locked]
    fixed = sum(floor[index] for index in locked)
    asked = [index for index, arm in enumerate(arms) if arm.locked or arm.minimum_micros]
    raised = asked or list(range(len(arms)))
    if fixed > budget or (len(locked) == len(arms) and fixed != budget):
        found.append(
            _problem(
                "locks_exceed_budget" if fixed > budget else "locks_below_budget", fixed, budget, arms, locked
            )
        )
    elif sum(floor) > budget:
        found.append(_problem("floors_exceed_budget", sum(floor), budget, arms, raised))
    elif sum(ceiling) < budget:
        found.append(_problem("caps_below_budget", sum(ceiling), budget, arms, range(len(arms))))
    found += _group_problems(budget, arms, floor, ceiling, groups)
    return tuple(found)


def _group_problems(
    budget: int,
    arms: Sequence[Arm],
    least: Sequence[int],
    most: Sequence[int],
    groups: Sequence[GroupBound],
) -> list[Problem]:
    """Shares of groups that the bounds of arms, or each other, do not allow."""
    found = []
    for group in groups:
        inside = [index for index in range(len(arms)) if group.members[index]]
        low, high = sum(least[index] for index in inside), sum(most[index] for index in inside)
        if low > group.most or group.least > group.most:
            found.append(
                _group_problem("group_maximum", group, max(low, group.least), group.most, arms, inside)
            )
        elif high < group.least:
            found.append(_group_problem("group_minimum", group, high, group.least, arms, inside))
    if found:
        return found
    for dimension in sorted({group.dimension for group in groups}):
        rows = [group for group in groups if group.dimension == dimension]
        grouped = np.any([group.members for group in rows], axis=0)
        low = sum(low for low, inside in zip(least, grouped, strict=True) if not inside)
        high = sum(high for high, inside in zip(most, grouped, strict=True) if not inside)
        for group in rows:
            inside = [index for index in range(len(arms)) if group.members[index]]
            low += max(sum(least[index] for index in inside), group.least)
            high += min(sum(most[index] for index in inside), group.most)
        keys = tuple(arm.key for arm, inside in zip(arms, grouped, strict=True) if inside)
        numbers: dict[str, Number] = {"dimension": dimension, "budget_micros": budget}
        if low > budget:
            found.append(Problem("group_minimums_exceed_budget", {**numbers, "sum_micros": low}, keys))
        elif high < budget:
            found.append(Problem("group_maximums_below_budget", {**numbers, "sum_micros": high}, keys))
    return found


def _problem(code: str, total: int, budget: int, arms: Sequence[Arm], indices: Sequence[int]) -> Problem:
    numbers = {"sum_micros": total, "budget_micros": budget, "difference_micros": abs(total - budget)}
    return Problem(code, numbers, tuple(arms[index].key for index in indices))


def _group_problem(
    code: str, group: GroupBound, has: int, wish: int, arms: Sequence[Arm], indices: Sequence[int]
) -> Problem:
    numbers: dict[str, Number] = {
        "dimension": group.dimension,
        "group": group.name,
        "sum_micros": has,
        "limit_micros": wish,
    }
    return Problem(code, numbers, tuple(arms[index].key for index in indices))
