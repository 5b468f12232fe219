"""Whether a text says only what is stored: every number in it must be one of its numbers, as far as it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pacing.explain.writing import shown_as

# A band's names are words, not figures.
_WORDS = re.compile(r"\bP(?:10|50|90)\b")
_FIGURE = re.compile(
    r"(?P<digits>\d[\d,]*(?:\.\d+)?)(?P<unit>[\u202f\u00a0 ]?(?:%|min\b|h\b|days?\b))?", re.UNICODE
)


def unproved(text: str, numbers: Mapping[str, Any], currency: str) -> list[str]:
    """The figures of a text that are none of its numbers, in the order they are written; empty when all are."""
    rest = text
    names = [shown_as(name, value, currency) for name, value in numbers.items() if isinstance(value, str)]
    for name in sorted(names, key=len, reverse=True):
        if any(letter.isalpha() for letter in name):  # a bare figure given as text proves nothing
            rest = rest.replace(name, " ")
    rest = _WORDS.sub(" ", rest)
    return [
        found.group(0).strip()
        for found in _FIGURE.finditer(rest)
        if not _stands_for_one(found.group("digits"), (found.group("unit") or "").strip(), numbers)
    ]


def _stands_for_one(digits: str, unit: str, numbers: Mapping[str, Any]) -> bool:
    written = Decimal(digits.replace(",", ""))
    half = Decimal(1).scaleb(int(written.as_tuple().exponent)) / 2
    close = half + half / 1_000_000
    return any(
        abs(abs(value) - written) <= close
        for name, stored in numbers.items()
        if isinstance(stored, int | float) and not isinstance(stored, bool)
        for value in _as_written(name, Decimal(str(stored)), unit)
    )


def _as_written(name: str, stored: Decimal, unit: str) -> Iterator[Decimal]:
    """What a stored number may look like next to a unit; nothing where the unit does not fit it."""
    if name.endswith(("_ratio", "_probability")):
        if unit == "%":
            yield stored * 100
    elif name.endswith("_hours"):
        if unit == "min":
            yield stored * 60
        elif unit == "h":
            yield stored
        elif unit.startswith("day"):
            yield stored / 24
    elif name.endswith("_days"):
        if unit.startswith("day"):
            yield stored
    elif unit == "":
        yield stored / 1_000_000 if name.endswith("_micros") else stored
