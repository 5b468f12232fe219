"""One sentence from a template and its numbers; the ending of a number's name says its unit.

``_micros`` money, ``_ratio`` a share without direction, ``_change_ratio`` one with its sign, ``_probability`` a share,
``_days``, ``_hours``, ``_count``, ``_value`` a figure with two decimals, ``_on`` an ISO date. Every other name is text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from lane.core.money import MICROS, MINUS, format_money

Number = int | float | str
NARROW_SPACE = "\u202f"
_WHOLE_FROM = 1_000 * MICROS  # from here on the minor units only make a sentence longer


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing said, with exactly the numbers it was made of."""

    code: str
    numbers: Mapping[str, Number]
    text: str

    def as_json(self) -> dict[str, Any]:
        """As stored with an explanation."""
        return {"code": self.code, "numbers": dict(self.numbers), "text": self.text}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what ``as_json`` wrote."""
        return cls(str(stored["code"]), dict(stored["numbers"]), str(stored["text"]))


def write(code: str, template: str, numbers: Mapping[str, Number], *, currency: str) -> Sentence:
    """Fill a template. Only the numbers it names are kept with it; a missing one is an error, never a blank."""
    used = {name: numbers[name] for name in _names(template)}
    shown = {name: shown_as(name, value, currency) for name, value in used.items()}
    return Sentence(code, used, template.format(**shown))


def shown_as(name: str, value: Number, currency: str) -> str:
    """A number as it is written in a sentence."""
    if name.endswith("_micros"):
        micros = int(value)
        return format_money(micros, currency, 0 if abs(micros) >= _WHOLE_FROM else None)
    if name.endswith("_change_ratio"):
        return _percent(float(value), signed=True)
    if name.endswith(("_ratio", "_probability")):
        return _percent(abs(float(value)), signed=False)
    if name.endswith("_days"):
        return f"{int(value):,} day" if int(value) == 1 else f"{int(value):,} days"
    if name.endswith("_hours"):
        return _duration(float(value))
    if name.endswith("_count"):
        return f"{int(value):,}"
    if name.endswith("_value"):
        return f"{float(value):,.2f}".replace("-", MINUS)
    if name.endswith("_on"):
        return f"{date.fromisoformat(str(value)):%-d %b %Y}"
    return str(value)


def _names(template: str) -> list[str]:
    return [part.partition("}")[0] for part in template.split("{")[1:]]


def _percent(ratio: float, *, signed: bool) -> str:
    text = f"{abs(ratio) * 100:,.1f}{NARROW_SPACE}%"
    if not signed or text.startswith("0.0"):
        return text
    return (MINUS if ratio < 0 else "+") + text


def _duration(hours: float) -> str:
    """Minutes to 90, then hours to two days, then days."""
    if hours < 1.5:
        return f"{round(hours * 60)} min"
    if hours < 48:
        return f"{round(hours)} h"
    return f"{round(hours / 24)} days"
