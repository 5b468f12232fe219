"""The stored numbers of an explanation in words a reader knows."""

from __future__ import annotations

from datetime import date

from django import template

from pacing.explain.writing import shown_as
from pacing.models import Explanation

register = template.Library()
_UNITS = (
    "_micros",
    "_change_ratio",
    "_ratio",
    "_probability",
    "_days",
    "_hours",
    "_count",
    "_value",
    "_on",
    "_text",
)


@register.filter
def said(explanation: Explanation, codes: str) -> list[str]:
    """The sentences whose code begins with one of some words, given with commas between them."""
    wanted = tuple(codes.split(","))
    return [str(each["text"]) for each in explanation.sentences if str(each["code"]).startswith(wanted)]


@register.filter
def not_said(explanation: Explanation, codes: str) -> list[str]:
    """All the other sentences."""
    left_out = tuple(codes.split(","))
    return [str(each["text"]) for each in explanation.sentences if not str(each["code"]).startswith(left_out)]


@register.filter
def stored_numbers(explanation: Explanation) -> list[tuple[str, str]]:
    """Each number's name without its unit, and its value with it, in the order in which they are said."""
    said_first = dict.fromkeys(name for each in explanation.sentences for name in each["numbers"])
    names = [*said_first, *(name for name in explanation.numbers if name not in said_first)]
    return [
        (_words(name), shown_as(name, value, explanation.currency))
        for name in names
        if isinstance(value := explanation.numbers.get(name), int | float | str)
    ]


@register.filter
def iso_day(text: str) -> date | None:
    """A stored day, ready to be written like every other."""
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _words(name: str) -> str:
    if name.endswith("_change_ratio"):
        name = name.removesuffix("_ratio")
    for unit in _UNITS:
        if name.endswith(unit):
            name = name.removesuffix(unit)
            break
    words = name.replace("_", " ")
    for band in ("p10", "p50", "p90"):
        words = words.replace(band, band.upper())
    return words[:1].upper() + words[1:]
