"""Where replayed flights ended, one dot a flight, one line per way of pacing: SVG with classes only."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from pacing.selectors.lab import PolicyLine

register = template.Library()
WIDTH, LEFT, RIGHT, ROW, UPPER, LOWER = 720, 128, 28, 34, 10, 26
SPAN = 0.20  # ends farther off than this are drawn at the edge
_TICKS = (-0.2, -0.1, 0.0, 0.1, 0.2)


@register.simple_tag
def flight_ends(policies: Sequence[PolicyLine]) -> SafeString:
    """A line of dots per way of pacing, the amount in the middle."""
    height = UPPER + ROW * len(policies) + LOWER
    floor = height - LOWER
    parts = []
    for tick in _TICKS:
        css = "dots-goal" if tick == 0 else "grid"
        parts.append(f'<line class="{css}" x1="{_x(tick)}" y1="{UPPER}" x2="{_x(tick)}" y2="{floor}"/>')
        words = "amount" if tick == 0 else f"{tick * 100:+.0f}\u202f%".replace("-", "\u2212")
        parts.append(f'<text x="{_x(tick)}" y="{height - 8}" text-anchor="middle">{words}</text>')
    for place, policy in enumerate(policies):
        y = UPPER + ROW * place + ROW / 2
        css = "dots-real" if not policy.figures["simulated"] else "dots"
        dots = "".join(
            f'<circle cx="{_x(end - 1)}" cy="{y + _spread(index):.1f}" r="3"/>'
            for index, end in enumerate(policy.figures["ends"])
        )
        parts.append(f'<text class="dots-name" x="0" y="{y + 4:.1f}">{escape(policy.label)}</text>')
        parts.append(f'<g class="{css}">{dots}</g>')
    body = "".join(parts)
    return mark_safe(
        f'<svg class="chart dots-chart" viewBox="0 0 {WIDTH} {height}" aria-hidden="true">{body}</svg>'
    )


def _x(miss: float) -> str:
    share = (min(max(miss, -SPAN), SPAN) + SPAN) / (2 * SPAN)
    return f"{LEFT + share * (WIDTH - LEFT - RIGHT):.1f}"


def _spread(index: int) -> float:
    """Neighbours are drawn a little apart, so that many flights do not hide each other."""
    return (index * 7 % 5 - 2) * 3.2
