"""How the pages of the calendar and of calibration write their figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

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


@register.simple_tag
def coverage_bar(ratio: Decimal) -> SafeString:
    """Coverage as a bar with a tick at the 80 % it should reach."""
    shown = min(max(float(ratio), 0.0), 1.0)
    words = f"{shown * 100:.0f} % of ends inside, 80 % expected"
    tone = "low" if shown < 0.7 else "fine"
    return format_html(
        '<svg class="coverage coverage-{}" viewBox="0 0 120 14" width="120" height="14" role="img" aria-label="{}">'
        '<rect class="coverage-track" x="0" y="3" width="120" height="8" rx="2"/>'
        '<rect class="coverage-fill" x="0" y="3" width="{}" height="8" rx="2"/>'
        '<rect class="coverage-goal" x="95.25" y="0" width="1.5" height="14"/></svg>',
        tone,
        words,
        f"{shown * 120:.1f}",
    )
