"""From lines to lines: understand every line, decide all of them at once, answer in the order they came."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from pacing.controllers import UNKNOWN, Action, Decision, State, Status, decide, sentence
from pacing.filtering.arrays import memory_of, observation_of, terms_of
from pacing.filtering.fields import BadField
from pacing.filtering.memory import Memory, written
from pacing.filtering.observed import Observed, UnitOf, read

_WRONG_STATE = "This is no state that this command wrote. Pass it back unchanged, or leave it out."
_ACTIONS = {int(action): action.name.lower() for action in Action}
_STATUSES = {int(status): status.word for status in Status}
_WHOLE = ("_micros", "_days", "_count")


class MoneyWords(NamedTuple):
    """How amounts are written in sentences, and the smallest step of a currency."""

    text: Callable[[str, int], str]
    unit_micros: UnitOf


def plain_amount(currency: str, micros: int) -> str:
    """An amount with its ISO code, for callers without a better way to write it."""
    whole, rest = divmod(abs(micros), 1_000_000)
    sign = "-" if micros < 0 else ""
    return f"{sign}{whole:,}.{rest // 10_000:02d} {currency}".rstrip()


PLAIN_MONEY = MoneyWords(plain_amount, lambda currency: 10_000)


class Answered(NamedTuple):
    """The lines to write, without line ends, and how many of them are errors."""

    lines: list[str]
    failed: int


def answer_lines(lines: Sequence[bytes], first_number: int = 1, money: MoneyWords = PLAIN_MONEY) -> Answered:
    """Answer some lines; blank ones get no answer. A line that cannot be used gets an error in its place."""
    answers: list[str | None] = [None] * len(lines)
    failed = 0
    understood: list[tuple[int, Observed]] = []
    for place, line in enumerate(lines):
        if not line or line.isspace():
            continue
        try:
            understood.append((place, _parsed(line, money)))
        except BadField as error:
            answers[place], failed = _error(first_number + place, error), failed + 1
    for (place, _), answer in zip(understood, _decided([one for _, one in understood], money), strict=True):
        if isinstance(answer, BadField):
            answers[place], failed = _error(first_number + place, answer), failed + 1
        else:
            answers[place] = _ENCODE(answer)
    return Answered([answer for answer in answers if answer is not None], failed)


def _parsed(line: bytes, money: MoneyWords) -> Observed:
    try:
        record = _DECODE(line.decode().lstrip("\ufeff \t").rstrip())
    except ValueError as error:
        raise BadField("line", f"This is no JSON: {error}.") from error
    except RecursionError as error:
        raise BadField("line", "This is nested too deeply.") from error
    return read(record, money.unit_micros)


def _decided(lines: list[Observed], money: MoneyWords) -> Sequence[dict[str, Any] | BadField]:
    """Decide together; should one line's state break that, decide one by one and name it."""
    if not lines:
        return []
    try:
        return _decide(lines, money)
    except (KeyError, TypeError, ValueError, OverflowError):
        if len(lines) == 1:
            return [BadField("state", _WRONG_STATE)]
        return [answer for line in lines for answer in _decided([line], money)]


def _decide(lines: list[Observed], money: MoneyWords) -> list[dict[str, Any]]:
    decision, state = decide(terms_of(lines), observation_of(lines), memory_of(lines))
    return _answers(lines, decision, state, money)


def _answers(
    lines: list[Observed], decision: Decision, state: State, money: MoneyWords
) -> list[dict[str, Any]]:
    reasons = _reasons(lines, decision, money)
    remembered = state.to_json()
    columns = zip(
        lines,
        decision.action.tolist(),
        decision.new_budget_micros.tolist(),
        decision.status.tolist(),
        _known(decision.needed_per_day_micros),
        _known(decision.reported_micros),
        _known(decision.estimated_micros),
        _known(decision.expected_now_micros),
        _known(decision.achievable_end_micros),
        decision.at_risk_micros.tolist(),
        _ends(decision.projected_p10_micros, decision.projected_p50_micros, decision.projected_p90_micros),
        _ends(decision.with_p10_micros, decision.with_p50_micros, decision.with_p90_micros),
        reasons,
        remembered,
        strict=True,
    )
    answers = []
    for (
        line, action, budget, status, needed, reported, spent, expected, achievable, risk, without, change, why,
        memory,
    ) in columns:  # fmt: skip
        ours = action == Action.PAUSE or (line.paused_by_lane and action != Action.RESUME)
        answer: dict[str, Any] = {
            "plan": line.plan,
            "action": _ACTIONS[action],
            "budget_micros": None if budget == UNKNOWN else budget,
            "pause": ours or (line.paused and action != Action.RESUME),
            "status": _STATUSES[status],
            "day": line.day,
            "projection": without,
            "with_change": change,
            "at_risk_micros": risk,
            "needed_per_day_micros": needed,
            "reported_micros": reported,
            "spent_estimate_micros": spent,
            "expected_micros": expected,
            "achievable_micros": achievable,
            "reasons": why,
            "state": _state(line, budget, ours, memory),
        }
        if line.unknown_fields:
            answer["unknown_fields"] = line.unknown_fields
        answers.append(answer)
    return answers


def _state(line: Observed, asked: int, pause_asked: bool, controller: dict[str, Any]) -> dict[str, Any]:
    seconds = line.now.seconds
    memory = Memory(
        at=int(seconds) if seconds.is_integer() else seconds,
        day=line.day,
        budget=line.budget_micros,
        asked=asked,
        pause_asked=pause_asked,
        was_paused=line.paused,
        changed_at=line.changed_at,
        budgets=line.budgets,
        paused_days=line.paused_days,
        controller=controller,
        shape=line.shape,
    )
    return written(memory, line.plan, line.terms.first)


def _reasons(lines: list[Observed], decision: Decision, money: MoneyWords) -> list[list[dict[str, Any]]]:
    """Each line's reasons, strongest first; read by column, since few reasons hold for any one line."""
    found: list[list[dict[str, Any]]] = [[] for _ in lines]
    for evidence in decision.evidence:
        rows = np.flatnonzero(evidence.holds)
        if not rows.size:
            continue
        names = list(evidence.numbers)
        columns = [_plain(name, evidence.numbers[name][rows]) for name in names]
        for place, row in enumerate(rows.tolist()):
            numbers = {name: column[place] for name, column in zip(names, columns, strict=True)}
            words = sentence(evidence.reason, numbers, partial(money.text, lines[row].terms.currency))
            found[row].append({"code": evidence.reason.value, "text": words, "numbers": numbers})
    return found


def _plain(name: str, values: NDArray[Any]) -> list[int | float]:
    """Numbers as they are stored: whole where their name says so, else six digits."""
    if not np.isfinite(values).all():
        raise ValueError(f"{name} is not finite")
    return [round(value) if name.endswith(_WHOLE) else round(value, 6) for value in values.tolist()]


def _known(micros: NDArray[np.int64]) -> list[int | None]:
    return [None if value == UNKNOWN else value for value in micros.tolist()]


def _ends(
    low: NDArray[np.int64], middle: NDArray[np.int64], high: NDArray[np.int64]
) -> list[dict[str, int] | None]:
    """The end as P10, P50 and P90; null while nothing can be said."""
    ends = zip(low.tolist(), middle.tolist(), high.tolist(), strict=True)
    return [
        None if p50 == UNKNOWN else {"p10_micros": p10, "p50_micros": p50, "p90_micros": p90}
        for p10, p50, p90 in ends
    ]


def _error(number: int, error: BadField) -> str:
    return _ENCODE({"line": number, "error": {"field": error.field, "message": error.message}})


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODE = json.JSONDecoder(parse_constant=_no_constant).decode
_ENCODE = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
