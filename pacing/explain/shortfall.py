"""Which plans cannot spend their amount, how far they get, and what each way out would do: rules and arithmetic.

A plan is declared as soon as its projection says so, from the middle of the flight on also when demand leaves it
short of its tolerance, and stays declared until what it can reach is clearly back inside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pacing.controllers import UNKNOWN, Decision, Observation, PlanTerms, Status
from pacing.controllers.base import Flags, Ints
from pacing.explain.writing import Number, Sentence, write

LAST_DAYS = 3  # so close to the end a stop is declared at once, however short the flight is
ROOM_RATIO = 0.2  # what a plan that spends freely is trusted to take on top of what it still has to spend
SILENT = (Status.SCHEDULED, Status.ENDED)

_DEMAND = "Demand carries about {level_micros} a day; {needed_micros} a day would be needed."
_STOPPED = "Nothing of this plan is running, and Lane did not stop it."
_FROZEN = "Lane cannot write to {account_text}, so today's budgets stay as they are."
_EVIDENCE = "{entity_text}: {words_text}."
_EVIDENCE_SINCE = "{entity_text}: {words_text}, seen since {since_on}."
_REACH = "At most {achievable_micros} of the {amount_micros} can be spent by {ends_on}: {gap_micros} would be left."
_MOVE = (
    "Take {moved_micros} from this plan and give it to “{to_text}”, which then ends at about {to_end_micros} instead "
    "of {to_now_micros}. This plan ends at about {end_micros}."
)
_EXTEND = (
    "At about {rate_micros} a day the remaining {rest_micros} takes {extra_days} more: the plan ends on {new_ends_on} "
    "instead of {ends_on}, at about {end_micros}."
)
_BIDS = (
    "Raise the {bid_text} of {entity_text} from {now_micros} to {new_micros} ({step_change_ratio}). It lifts the limit "
    "the platform reports; by how much is not known before it has run."
)
_RATIO_BIDS = (
    "Lower the {bid_text} of {entity_text} from {now_value} to {new_value} ({step_change_ratio}). It lifts the limit "
    "the platform reports; by how much is not known before it has run."
)
_ACCEPT = "Leave it: the plan ends at about {end_micros}, {gap_micros} under its amount, and Lane stops reporting it."


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which plans cannot spend their amount, and the most each can reach (UNKNOWN where nothing limits it yet)."""

    declared: Flags
    achievable_micros: Ints
    stopped: Flags  # nothing runs, and neither Lane nor the plan's owner paused it
    frozen: Flags  # writes fail while the projection misses: no budget can be raised


def judge(
    terms: PlanTerms,
    seen: Observation,
    decision: Decision,
    *,
    open_before: Flags,
    may_judge: Flags,
    broken: Flags,
) -> Verdict:
    """Judge every plan. ``may_judge`` leaves out plans a person paused; ``broken`` are those nobody can write to."""
    amount = terms.amount_micros.astype(np.float64)
    within = 1.0 - terms.tolerance
    inside = (seen.day >= 1) & (seen.day <= terms.days_total) & may_judge
    late = (2 * seen.day >= terms.days_total) | (terms.days_total - seen.day < LAST_DAYS)

    known = decision.achievable_end_micros != UNKNOWN
    stopped = inside & seen.paused & ~seen.paused_by_lane
    frozen = inside & broken & (decision.projected_p50_micros != UNKNOWN) & ~stopped
    reach = np.where(known, decision.achievable_end_micros, np.iinfo(np.int64).max)
    reach = np.where(frozen, np.minimum(reach, decision.projected_p50_micros), reach)
    reach = np.where(stopped, decision.estimated_micros, reach)

    short = reach < within * amount
    told = inside & ~seen.paused & (decision.status == Status.CANNOT_SPEND)
    kept = open_before & (reach < (1.0 - terms.tolerance / 2) * amount)
    held_back = seen.paused & seen.paused_by_lane  # paused at the target: that is no shortfall
    declared = inside & ~held_back & (told | (late & short) | kept)
    return Verdict(
        declared=declared,
        achievable_micros=np.where(reach == np.iinfo(np.int64).max, UNKNOWN, reach),
        stopped=stopped,
        frozen=frozen & (decision.projected_p50_micros < within * amount),
    )


def room_of(*, amount_micros: int, spent_micros: int, achievable_micros: int | None, unit_micros: int) -> int:
    """What a sibling plan could take besides its own amount, in whole units.

    Where demand was seen to end, up to there; else a fifth of what it still has to spend, which is one step.
    """
    free = (
        ROOM_RATIO * (amount_micros - spent_micros)
        if achievable_micros is None
        else achievable_micros - amount_micros
    )
    return max(0, int(free) // unit_micros * unit_micros)


def shared_out(
    gap_micros: int, rooms: Mapping[str, int], *, unit_micros: int, at_most: int = 3
) -> dict[str, int]:
    """How much of a gap each sibling is offered: those with the most room first, each within its room."""
    wanted = gap_micros // unit_micros * unit_micros
    by_room = sorted(rooms, key=lambda key: (-rooms[key], key))[:at_most]
    return {key: part for key in by_room if (part := min(wanted, rooms[key])) > 0}


def extra_days(*, rest_micros: int, rate_micros: int, longest: int) -> int | None:
    """Whole days after the last one until the rest is spent at a rate; None when it would take too long."""
    if rate_micros <= 0 or rest_micros <= 0:
        return None
    days = math.ceil(rest_micros / rate_micros)
    return days if days <= longest else None


def cause_sentences(
    numbers: Mapping[str, Number], evidence: Sequence[Mapping[str, str]], *, currency: str
) -> list[Sentence]:
    """Why a plan cannot spend: what the platforms say, what Lane saw, and how far it gets."""
    said = []
    for one in evidence:
        template = _EVIDENCE_SINCE if one.get("since_on") else _EVIDENCE
        said.append(write("evidence", template, one, currency=currency))
    for code, template, needs in (
        ("stopped", _STOPPED, "is_stopped_count"),
        ("frozen", _FROZEN, "account_text"),
        ("demand", _DEMAND, "level_micros"),
    ):
        if needs in numbers:
            said.append(write(code, template, numbers, currency=currency))
    said.append(write("reach", _REACH, numbers, currency=currency))
    return said


def offer_sentence(kind: str, numbers: Mapping[str, Number], *, currency: str) -> Sentence:
    """What taking an offer would do, in its own figures."""
    template = {"move": _MOVE, "extend": _EXTEND, "accept": _ACCEPT}.get(kind)
    if template is None:
        template = _RATIO_BIDS if "now_value" in numbers else _BIDS
    return write(kind, template, numbers, currency=currency)
