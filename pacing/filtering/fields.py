"""Reading single fields of a JSON record: every refusal names the field and says what to write instead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pacing.filtering.clock import DayOrdinal, Instant, day_ordinal, instant

Record = Mapping[str, Any]

MOST_MICROS: Final = 10**17  # far above any budget, far below what 64 bits hold
_LARGEST_EXACT_FLOAT: Final = 2**53


class BadField(ValueError):
    """A field that cannot be used."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


def required(record: Record, name: str, path: str = "") -> Any:
    """A field that has to be there; null counts as left out."""
    value = record.get(name)
    if value is None:
        raise BadField(path + name, "This field is required.")
    return value


def micros(value: Any, field: str, *, least: int = 0) -> int:
    """A whole number of micros. ``12.0`` is accepted, ``"12"`` and ``12.5`` are not."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST_EXACT_FLOAT:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadField(field, f"Write a whole number of micros (1 unit = 1000000), not {_shown(value)}.")
    if value < least:
        raise BadField(field, f"At least {least} micros, not {value}.")
    if value > MOST_MICROS:
        raise BadField(field, f"At most {MOST_MICROS} micros, not {value}.")
    return value


def optional_micros(record: Record, name: str, default: int, path: str = "", *, least: int = 0) -> int:
    """Micros, or the default when left out."""
    value = record.get(name)
    return default if value is None else micros(value, path + name, least=least)


def number(record: Record, name: str, default: float, path: str = "", *, low: float, high: float) -> float:
    """A finite number between two bounds, or the default when left out."""
    value = record.get(name)
    if value is None:
        return default
    return bounded(value, path + name, low=low, high=high)


def bounded(value: Any, field: str, *, low: float, high: float) -> float:
    """A finite number between two bounds."""
    if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
        raise BadField(field, f"Write a number from {low:g} to {high:g}, not {_shown(value)}.")
    return float(value)


def flag(record: Record, name: str, default: bool, path: str = "") -> bool:
    """True or false, or the default when left out."""
    value = record.get(name)
    if value is None:
        return default
    if type(value) is not bool:
        raise BadField(path + name, f"Write true or false, not {_shown(value)}.")
    return value


def choice(record: Record, name: str, default: str, allowed: Sequence[str]) -> str:
    """One of some words, or the default when left out."""
    value = record.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or value.lower() not in allowed:
        raise BadField(name, f"Choose one of: {', '.join(allowed)}; not {_shown(value)}.")
    return value.lower()


def text(record: Record, name: str, default: str, path: str = "") -> str:
    """Some text, or the default when left out."""
    value = record.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise BadField(path + name, f"Write text in quotes, not {_shown(value)}.")
    return value


def part(record: Record, name: str) -> Record:
    """An object inside the record, empty when left out."""
    value = record.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadField(name, f"Write an object in braces, not {_shown(value)}.")
    return value


def rows(record: Record, name: str, path: str = "") -> Sequence[Any]:
    """A list, empty when left out."""
    value = record.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise BadField(path + name, f"Write a list in brackets, not {_shown(value)}.")
    return value


def day(value: Any, field: str) -> DayOrdinal:
    """A calendar date as its ordinal."""
    found = day_ordinal(value) if isinstance(value, str) else None
    if found is None:
        raise BadField(field, f"Write a date like 2026-05-01, not {_shown(value)}.")
    return found


def moment(value: Any, field: str, zone: str) -> Instant:
    """An instant; text without an offset is local time of the plan's time zone."""
    found = instant(value, zone) if isinstance(value, str) else None
    if found is None:
        raise BadField(field, f"Write a time like 2026-05-03T14:00:00+02:00, not {_shown(value)}.")
    return found


def _shown(value: Any) -> str:
    """A value inside a message, cut short."""
    words = f'"{value}"' if isinstance(value, str) else str(value)
    return words if len(words) <= 40 else words[:39] + "…"
