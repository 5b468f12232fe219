"""Why a plan's budgets are to move, or it pauses or resumes: five answers, each from the look's own numbers.

What the data says, why this amount, what one more unit does, what would have changed it, and how the plan ends
with and without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pacing.controllers import Action
from pacing.explain.thresholds import Axis, Flip
from pacing.explain.writing import Number, Sentence, write

_MARGIN_UNITS = 10  # of the currency: a step a reader can picture
_MICROS = 1_000_000

_SPENT = "{spent_micros} of the {amount_micros} is reported, {expected_micros} was planned by now."
_SPENT_ONLY = "{spent_micros} of the {amount_micros} is reported."
_NO_SPEND = "No spend is reported yet for the {amount_micros}."
_LATE = "About {late_micros} more has run since the last report, which reaches back {report_age_hours}."
_OVER = "As things stand the plan ends {error_ratio} over its amount."
_UNDER = "As things stand the plan ends {error_ratio} under its amount."
_TRIGGER = "Today a change is worth it when the end misses by more than {trigger_ratio}."
_BLOCKED = "“{blocked_text}” cannot spend now, so the others take over its part."
_NEEDED = "{needed_micros} a day would land the plan; these budgets add up to {now_micros}."
_ONE_STEP = "The proposal is {new_micros} a day, {step_change_ratio}."
_LIMITED = (
    "One step is at most {step_limit_ratio}, so the proposal is {new_micros} a day, {step_change_ratio}."
)
_MARGIN = "Each {per_micros} of this change moves the projected end by about {per_end_micros}."
_PAUSE = "{left_micros} is left, and the next {tick_hours} would spend about {tick_micros}: half of that is the limit."
_WAITS = "{left_micros} is left while about {waiting_late_micros} is not reported yet: paused until reports show the rest."
_BLIND = (
    "The report is {report_age_hours} old and {left_micros} is left, under half a day at {now_micros} a day."
)
_RESUME = (
    "{left_micros} is left after late reports, more than the next {tick_hours} would spend ({tick_micros})."
)
_BAND = "Lane holds while the projected end lies between {hold_from_micros} and {hold_to_micros}."
_FLIP = {
    Axis.YESTERDAY: "Had yesterday's spend been {yesterday_flip_micros} instead of {yesterday_micros} "
    "({yesterday_flip_change_ratio}), Lane would {yesterday_outcome_text}.",
    Axis.AMOUNT: "With {amount_flip_micros} approved instead of {amount_micros} "
    "({amount_flip_change_ratio}), Lane would {amount_outcome_text}.",
    Axis.BUDGET: "With daily budgets of {budget_flip_micros} together instead of {budget_micros} "
    "({budget_flip_change_ratio}), Lane would {budget_outcome_text}.",
}
_FIRM = (
    "No spend yesterday from {yesterday_lowest_micros} to {yesterday_highest_micros} would have changed this."
)
_WITHOUT = (
    "Without it the plan ends at {without_p50_micros} (P10 {without_p10_micros} to P90 {without_p90_micros})."
)
_WITH = "With it the plan ends at {with_p50_micros} (P10 {with_p10_micros} to P90 {with_p90_micros})."
_OUTCOMES = {
    Action.NONE: "do nothing",
    Action.HOLD: "hold",
    Action.RAISE: "raise the budgets",
    Action.LOWER: "lower the budgets",
    Action.PAUSE: "pause at the target",
    Action.RESUME: "resume",
}


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What one look knew of one plan. Money in micros; None where it was not known."""

    kind: str  # raise, lower, pause or resume
    currency: str
    amount_micros: int
    spent_micros: int | None
    estimated_micros: int | None
    expected_micros: int | None
    report_age_hours: float | None
    error_ratio: float | None
    trigger_ratio: float | None
    needed_micros: int | None
    now_micros: int | None
    new_micros: int | None
    step_limit_ratio: float
    without: Mapping[str, int | None]  # p10, p50, p90
    ends: Mapping[str, int | None]  # the same with the change
    left_micros: int | None = None
    tick_micros: int | None = None
    tick_hours: float = 2.0
    waiting_late_micros: int | None = None  # a pause that waits for late reports
    is_blind_pause: bool = False
    is_step_limited: bool = False
    blocked: Sequence[str] = ()
    flips: Sequence[Flip] = field(default_factory=tuple)


def explain_plan(facts: PlanFacts) -> tuple[dict[str, Number], list[Sentence]]:
    """The numbers of an explanation and its sentences; what is not known is not mentioned."""
    numbers = _numbers(facts)
    texts: list[tuple[str, str]] = [*_data(numbers), *_cause(facts, numbers)]
    texts += [(f"flip_{flip.axis}", _FLIP[flip.axis]) for flip in facts.flips if flip.outcome is not None]
    if "yesterday_lowest_micros" in numbers and "yesterday_flip_micros" not in numbers:
        texts.append(("firm", _FIRM))
    if {"hold_from_micros", "hold_to_micros"} <= numbers.keys():
        texts.append(("band", _BAND))
    if {"without_p10_micros", "without_p50_micros", "without_p90_micros"} <= numbers.keys():
        texts.append(("without", _WITHOUT))
    if {"with_p10_micros", "with_p50_micros", "with_p90_micros"} <= numbers.keys():
        texts.append(("with", _WITH))
    return numbers, [write(code, text, numbers, currency=facts.currency) for code, text in texts]


def _data(numbers: Mapping[str, Number]) -> list[tuple[str, str]]:
    texts = []
    if "spent_micros" not in numbers:
        texts.append(("no_spend", _NO_SPEND))
    else:
        texts.append(("spent", _SPENT if "expected_micros" in numbers else _SPENT_ONLY))
    if "late_micros" in numbers and "report_age_hours" in numbers:
        texts.append(("late", _LATE))
    if "error_ratio" in numbers:
        texts.append(("projected", _OVER if float(numbers["error_ratio"]) > 0 else _UNDER))
        texts.append(("trigger", _TRIGGER))
    return texts


def _cause(facts: PlanFacts, numbers: Mapping[str, Number]) -> list[tuple[str, str]]:
    """Why exactly this: the amount of a step, or what makes a pause due."""
    if facts.kind == "pause":
        if {"left_micros", "waiting_late_micros"} <= numbers.keys():
            return [("pause", _WAITS)]
        if {"left_micros", "tick_micros"} <= numbers.keys():
            blind = facts.is_blind_pause and {"report_age_hours", "now_micros"} <= numbers.keys()
            return [("pause", _BLIND if blind else _PAUSE)]
        return []
    if facts.kind == "resume":
        return [("resume", _RESUME)] if {"left_micros", "tick_micros"} <= numbers.keys() else []
    texts = [("blocked", _BLOCKED)] if "blocked_text" in numbers else []
    if {"needed_micros", "now_micros"} <= numbers.keys():
        texts.append(("needed", _NEEDED))
    if {"new_micros", "step_change_ratio"} <= numbers.keys():
        texts.append(("step", _LIMITED if facts.is_step_limited else _ONE_STEP))
    if "per_end_micros" in numbers:
        texts.append(("margin", _MARGIN))
    return texts


def _numbers(facts: PlanFacts) -> dict[str, Number]:
    """Every figure by a name that says its unit; unknown ones are left out."""
    moves = facts.kind in ("raise", "lower")
    found: dict[str, Number | None] = {
        "amount_micros": facts.amount_micros,
        "spent_micros": facts.spent_micros,
        "expected_micros": facts.expected_micros,
        "report_age_hours": facts.report_age_hours,
        "error_ratio": facts.error_ratio,
        "trigger_ratio": facts.trigger_ratio,
        "needed_micros": facts.needed_micros,
        "now_micros": facts.now_micros,
        "left_micros": facts.left_micros,
        "waiting_late_micros": facts.waiting_late_micros,
        "tick_micros": facts.tick_micros,
        "tick_hours": None if facts.tick_micros is None else facts.tick_hours,
        "step_limit_ratio": facts.step_limit_ratio,
        **{f"without_{name}_micros": value for name, value in facts.without.items()},
    }
    if facts.error_ratio is not None and facts.trigger_ratio is not None:
        found["hold_from_micros"] = round(facts.amount_micros * (1 - facts.trigger_ratio))
        found["hold_to_micros"] = round(facts.amount_micros * (1 + facts.trigger_ratio))
    if facts.estimated_micros is not None and facts.spent_micros is not None:
        late = facts.estimated_micros - facts.spent_micros
        found["late_micros"] = late if late > 0.005 * facts.amount_micros else None
    if moves:
        found |= _step_numbers(facts)
    if facts.blocked:
        found["blocked_text"] = "”, “".join(facts.blocked)
    if moves or facts.kind == "pause":
        found |= {f"with_{name}_micros": value for name, value in facts.ends.items()}
    for flip in facts.flips:
        found |= _flip_numbers(flip)
    return {name: value for name, value in found.items() if value is not None}


def _step_numbers(facts: PlanFacts) -> dict[str, Number | None]:
    now, new = facts.now_micros, facts.new_micros
    without, ends = facts.without.get("p50"), facts.ends.get("p50")
    found: dict[str, Number | None] = {"new_micros": new}
    if now and new is not None and new != now:
        found["step_change_ratio"] = round(new / now - 1, 6)
        if without is not None and ends is not None:
            per = _MARGIN_UNITS * _MICROS
            found["per_micros"] = per
            found["per_end_micros"] = round((ends - without) * per / (new - now))
    return found


def _flip_numbers(flip: Flip) -> dict[str, Number | None]:
    name = flip.axis.value
    found: dict[str, Number | None] = {
        f"{name}_micros": flip.value_micros,
        f"{name}_lowest_micros": flip.lowest_micros,
        f"{name}_highest_micros": flip.highest_micros,
    }
    if flip.other_micros is not None and flip.outcome is not None:
        found |= {
            f"{name}_flip_micros": flip.other_micros,
            f"{name}_flip_change_ratio": round(flip.other_micros / flip.value_micros - 1, 6),
            f"{name}_outcome_text": _OUTCOMES[flip.outcome],
        }
    return found
