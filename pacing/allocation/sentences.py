"""Findings and problems as plain sentences, made only from their own numbers."""

from __future__ import annotations

from collections.abc import Mapping

from pacing.allocation.answers import Finding, Number, Problem

_MICROS = 1_000_000

_FINDINGS = {
    "better_split": "This split is expected to bring {gain} more over {days} days, with a probability of {probability}.",
    "group_shares": "The shares of groups ask for this split; it changes the value by {gain} over {days} days.",
    "gain_unsure": "A better split would bring {gain} over {days} days, but only with a probability of {probability}; {least} is asked for.",
    "too_small": "The best split is within {smallest} of each budget: nothing worth an edit.",
    "nothing_movable": "Fewer than two arms may move today: {movable} of {arms}.",
    "follows_budget": "The budget changed from {before} to {after} a day; amounts follow it in proportion.",
    "not_enough_history": "Only {days} usable days of history; {needed} are needed before money moves.",
    "roll_back": "The move of {day} is taken back: it lost value with a probability of {probability} ({gain} over {days} days).",
    "roas_floor_kept": "With {confidence} confidence the split returns at least {low} per unit; {floor} is asked for.",
    "roas_floor_led": "The split gives up expected value to keep the return above {floor} with {confidence} confidence.",
    "explores": "{amount} a day is moved to learn, within the exploration budget of {budget}.",
    "counterfactual": "If nothing changes, {value} a day is expected.",
    "worth_more": "The next 100 are worth {worth} here and {price} across the portfolio.",
    "worth_less": "The next 100 are worth only {worth} here and {price} across the portfolio.",
    "at_price": "The next 100 are worth {worth} here, as much as across the portfolio ({price}).",
    "step_limit": "Held by the step limit of {step}; it would go to {target}.",
    "floor": "Held by the common floor of {limit}.",
    "minimum": "Held by its minimum of {limit}.",
    "cap": "Held by its cap of {limit}.",
    "group_limit": "Set by the limit of a group it is in: its next 100 are worth {worth}, across the portfolio {price}.",
    "locked": "Locked at {amount}.",
    "learning": "In its learning phase until {until}.",
    "anomaly": "Left alone while an anomaly is open.",
    "recent_move": "Moved on {moved}; it may move again from {again}.",
    "changed": "Its results changed for good around {day}: older days count less.",
    "little_data": "Only {days} days of evidence; its pool says the rest.",
    "nudge": "Nudged by {share} to learn its curve.",
    "drawn": "Moved to learn, by a draw of what its curve may be.",
}  # fmt: skip

_PROBLEMS = {
    "no_arms": "There is nothing to split the budget over.",
    "units": "The bounds leave no split in whole units of {unit_micros}.",
    "locks_exceed_budget": "Locked amounts add up to {sum_micros}, {difference_micros} more than the budget of {budget_micros}: unlock or lower one of {keys}.",
    "locks_below_budget": "Every arm is locked, together at {sum_micros}, and {difference_micros} of the budget of {budget_micros} is left: unlock one of {keys}.",
    "floors_exceed_budget": "Floors, minimums and locks add up to {sum_micros}, {difference_micros} more than the budget of {budget_micros}: lower one of {keys}.",
    "caps_below_budget": "Caps and locks leave room for {sum_micros}, {difference_micros} less than the budget of {budget_micros}: raise one of {keys}.",
    "group_minimum": "{dimension} “{group}” can have at most {sum_micros}, less than its minimum of {limit_micros}: {keys}.",
    "group_maximum": "{dimension} “{group}” must have at least {sum_micros}, more than its maximum of {limit_micros}: {keys}.",
    "group_minimums_exceed_budget": "The minimums by {dimension} need {sum_micros} of a budget of {budget_micros}: {keys}.",
    "group_maximums_below_budget": "The maximums by {dimension} leave room for {sum_micros} of a budget of {budget_micros}: {keys}.",
    "groups_conflict": "The shares by {dimensions} cannot be kept together: {keys}.",
    "group_out_of_reach": "{dimension} “{group}” is at {sum_micros} and its limit at {limit_micros}: more than one step away, so this look goes as near as it may: {keys}.",
    "steps_too_small": "The shares by {dimension} cannot be reached with one step of the arms that may move: {keys}.",
    "roas_floor": "With {confidence} confidence no allowed split of this budget returns more than {low} per unit; {floor} is asked for.",
}  # fmt: skip


def sentence(said: Finding | Problem) -> str:
    """One English sentence; unknown codes are a KeyError."""
    if isinstance(said, Problem):
        values = _shown(said.numbers) | {"keys": ", ".join(said.keys)}
        return _PROBLEMS[said.code].format(**values)
    return _FINDINGS[said.code].format(**_shown(said.numbers))


def _shown(numbers: Mapping[str, Number]) -> dict[str, str]:
    return {name: _number(name, value) for name, value in numbers.items()}


def _number(name: str, value: Number) -> str:
    if isinstance(value, str):
        return value
    if name in MONEY:
        return f"{value / _MICROS:,.2f}"
    if name in SHARES:
        return f"{value:.0%}"
    return f"{value:,.0f}" if isinstance(value, int) else f"{value:,.4g}"


# Names whose numbers are micros, and names whose numbers are shares; all others are plain.
MONEY = frozenset(
    {"amount", "budget", "before", "after", "target", "limit", "sum_micros", "budget_micros", "difference_micros",
     "limit_micros", "unit_micros"}
)  # fmt: skip
SHARES = frozenset({"probability", "least", "smallest", "step", "share", "confidence"})
