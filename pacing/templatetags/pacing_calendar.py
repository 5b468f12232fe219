"""How the pages of the calendar and of calibration write their figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from campaigns.models import PLATFORM_CHOICES

register = template.Library()
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HEIGHT = 66
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


@register.simple_tag
def weekday_bars(numbers: Sequence[float]) -> SafeString:
    """Seven bars beside the line of a usual day, with the figures in words."""
    shape = list(numbers[:7])
    tallest = max(*shape, 1.5)
    words = ", ".join(f"{name} {value:.2f}" for name, value in zip(_DAYS, shape, strict=True))
    bars = format_html_join(
        "",
        '<rect class="shape-bar{}" x="{}" y="{}" width="18" height="{}" rx="2"/>'
        '<text class="shape-label" x="{}" y="84">{}</text>',
        (
            (
                " shape-weekend" if place > 4 else "",
                place * 28 + 4,
                f"{_HEIGHT - value / tallest * _HEIGHT + 4:.1f}",
                f"{value / tallest * _HEIGHT:.1f}",
                place * 28 + 13,
                name[:2],
            )
            for place, (name, value) in enumerate(zip(_DAYS, shape, strict=True))
        ),
    )
    return format_html(
        '<svg class="day-shape" viewBox="0 0 200 90" role="img" aria-label="Demand by weekday, 1 is a mean day: {}">{}'
        '<line class="shape-usual" x1="0" x2="200" y1="{}" y2="{}"/></svg>',
        words,
        bars,
        f"{_HEIGHT - _HEIGHT / tallest + 4:.1f}",
        f"{_HEIGHT - _HEIGHT / tallest + 4:.1f}",
    )


@register.simple_tag
def intraday_line(numbers: Sequence[float]) -> SafeString:
    """A day's spend in 2-hour steps as a line, with the figures in words."""
    shape = list(numbers[:12])
    tallest = max(*shape, 0.01)
    points = " ".join(
        f"{place * 16 + 14:.0f},{_HEIGHT - value / tallest * _HEIGHT + 4:.1f}"
        for place, value in enumerate(shape)
    )
    words = ", ".join(
        f"{place * 2}–{place * 2 + 2} h {value * 100:.0f} %" for place, value in enumerate(shape)
    )
    labels = format_html_join(
        "",
        '<text class="shape-label" x="{}" y="84">{}</text>',
        ((hour * 8 + 6, hour) for hour in (0, 6, 12, 18, 24)),
    )
    return format_html(
        '<svg class="day-shape" viewBox="0 0 210 90" role="img" aria-label="Share of a day\'s spend by hour: {}">'
        '<polyline class="shape-line" points="{}"/>{}</svg>',
        words,
        points,
        labels,
    )
