"""A budget that cannot spend hands its part to the others of its plan: the plan is decided on those that can.

Without this a rejected campaign would look like weak demand of the whole plan, and its siblings would never be
asked to take over. It counts again as soon as it spends.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from campaigns.selectors import facts
from pacing.controllers import UNKNOWN
from pacing.models import BudgetPlan
from pacing.services.observation import BudgetRow, Seen

LOOKED_BACK_DAYS = 7
SPENDS_NOTHING = 0.1  # of its own budget on a whole reported day
DELIVERS = 0.5  # a sibling that spends at least this much of its budget can be asked to take over
SHORT = 0.85  # of all budgets together: below this somebody may be stuck
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Own:
    """What each budget of some plans spent, by plan row, place of the budget and day of the flight (0-based)."""

    spent: dict[tuple[int, int, int], int]
    read: set[tuple[int, int]]  # (row, day): a day whose report was read


def handed_over(seen: Seen) -> Seen:
    """The same look with stuck budgets marked and left out, where a sibling can take over; two queries at most."""
    rows = [row for row in range(len(seen.plans)) if _may_be_stuck(seen, row)]
    if not rows:
        return seen
    own = _own_spend(seen, rows)
    budget = seen.observation.budget_micros.copy()
    by_day = seen.observation.budget_by_day_micros.copy()
    floors = seen.terms.min_budget_micros.copy()
    budgets = list(seen.budgets)
    for row in rows:
        stuck = _stuck(seen, row, own)
        if not stuck:
            continue
        kept = [b for place, b in enumerate(budgets[row]) if place not in stuck]
        budget[row] = sum(b.amount_micros or 0 for b in kept)
        floors[row] = sum(b.floor_micros for b in kept)
        for place in stuck:
            _leave_out(seen, row, place, own, by_day)
        budgets[row] = [
            dataclasses.replace(b, stuck=True) if place in stuck else b
            for place, b in enumerate(budgets[row])
        ]
    return dataclasses.replace(
        seen,
        budgets=budgets,
        terms=dataclasses.replace(seen.terms, min_budget_micros=floors),
        observation=dataclasses.replace(seen.observation, budget_micros=budget, budget_by_day_micros=by_day),
    )


def _may_be_stuck(seen: Seen, row: int) -> bool:
    """Several budgets of a running plan, and either one does not run or together they spend far too little."""
    budgets = seen.budgets[row]
    if len(budgets) < 2 or seen.plans[row]["status"] != BudgetPlan.Status.ACTIVE:
        return False
    known = [b.amount_micros for b in budgets if b.amount_micros is not None]
    # Spend is read in each budget's own currency: with several it cannot be compared with these amounts.
    if any(b.foreign is not None for b in budgets):
        return False
    if len(known) < len(budgets) or sum(known) != int(seen.observation.budget_micros[row]):
        return False
    if not any(b.running for b in budgets):
        return False
    if any(not b.running for b in budgets):
        return True
    day = _last_whole_day(seen, row)
    if day < 0:
        return False
    spent = int(seen.observation.spend_micros[row, day])
    of_day = int(seen.observation.budget_by_day_micros[row, day])
    return spent != UNKNOWN and of_day > 0 and spent < SHORT * of_day


def _last_whole_day(seen: Seen, row: int) -> int:
    """Place of the last day that is over and reported to its end; negative when there is none."""
    observation = seen.observation
    since_midnight = float(observation.day_fraction[row]) * 24.0 - float(observation.report_age_hours[row])
    over = int(observation.day[row]) - 2  # yesterday
    day = over if since_midnight >= 0 else over - 1
    width = observation.spend_micros.shape[1]
    return day if 0 <= day < width else -1


def _own_spend(seen: Seen, rows: Sequence[int]) -> _Own:
    asked: list[tuple[int, int, date, date]] = []
    places: list[tuple[int, int, int]] = []
    read: set[tuple[int, int]] = set()
    for row in rows:
        last = _last_whole_day(seen, row)
        first = max(0, last - LOOKED_BACK_DAYS + 1)
        if last < 0:
            continue
        starts = seen.plans[row]["starts_on"].toordinal()
        read |= {
            (row, day)
            for day in range(first, last + 1)
            if int(seen.observation.spend_micros[row, day]) != UNKNOWN
        }
        for place, budget in enumerate(seen.budgets[row]):
            asked.append(
                (
                    len(asked),
                    budget.budget_id,
                    date.fromordinal(starts + first),
                    date.fromordinal(starts + last),
                )
            )
            places.append((row, place, starts))
    spent: dict[tuple[int, int, int], int] = defaultdict(int)
    if asked:
        found = facts.budget_day_spend(asked)
        for key, day, micros in zip(
            found.keys.tolist(), found.days.tolist(), found.spend_micros.tolist(), strict=True
        ):
            row, place, starts = places[key]
            spent[row, place, day - starts] += micros
    return _Own(dict(spent), read)


def _stuck(seen: Seen, row: int, own: _Own) -> set[int]:
    """Places of the budgets that cannot spend, when at least one sibling delivers; else nobody is left out."""
    budgets = seen.budgets[row]
    last = _last_whole_day(seen, row)
    reported = last >= 0 and (row, last) in own.read

    def share(place: int) -> float | None:
        amount = budgets[place].amount_micros
        if not reported or not amount:
            return None
        return own.spent.get((row, place, last), 0) / amount

    stuck = set()
    for place, budget in enumerate(budgets):
        spends = share(place)
        if not budget.running or (spends is not None and spends < SPENDS_NOTHING):
            stuck.add(place)
    able = [
        place
        for place, budget in enumerate(budgets)
        if place not in stuck and budget.running and ((spends := share(place)) is None or spends >= DELIVERS)
    ]
    return stuck if able else set()


def _leave_out(seen: Seen, row: int, place: int, own: _Own, by_day: Ints) -> None:
    """Take a stuck budget's amount out of the days on which it already spent nothing, back from the last."""
    budget: BudgetRow = seen.budgets[row][place]
    amount = budget.amount_micros or 0
    for day in range(_last_whole_day(seen, row), -1, -1):
        if (row, day) not in own.read or own.spent.get((row, place, day), 0) >= SPENDS_NOTHING * amount:
            return
        if by_day[row, day] > amount:
            by_day[row, day] -= amount
