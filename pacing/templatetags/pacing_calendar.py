"""How the pages of the calendar and of calibration write their figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django import template

from campaigns.models import PLATFORM_CHOICES

register = template.Library()
_PLATFORMS = {str(value): label for value, label in PLATFORM_CHOICES}


@register.filter
def commas(text: str) -> list[str]:
    """The parts of a text between its commas."""
    return text.split(",")


@register.filter
def factor(value: Decimal | float) -> str:
    """A factor without needless noughts: 1.5, 0.75, 2."""
    return f"{Decimal(str(value)).normalize():f}"


@register.filter
def days_from(on: date, today: date) -> str:
    """How far a day lies ahead, in words."""
    days = (on - today).days
    return f"{days} day{'' if days == 1 else 's'}"


@register.filter
def platform_name(value: str) -> str:
    """A platform as people call it."""
    return _PLATFORMS.get(value, value)
