"""Where replayed flights ended, one dot a flight, one line per way of pacing: SVG with classes only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from pacing.selectors.lab import PolicyLine
from pacing.selectors.lab_allocation import CourseLine

register = template.Library()
ROW, UPPER, LOWER = 34, 10, 26
SPAN = 0.20  # ends farther off than this are drawn at the edge
_TICKS = (-0.2, -0.1, 0.0, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class _Drawing:
    css: str
    width: int
    left: int
    right: int

    def x(self, miss: float) -> str:
        """Where an end lies; 0 is the amount."""
        share = (min(max(miss, -SPAN), SPAN) + SPAN) / (2 * SPAN)
        return f"{self.left + share * (self.width - self.left - self.right):.1f}"

    def svg(self, policies: Sequence[PolicyLine]) -> str:
        """One row of dots per way of pacing."""
        height = UPPER + ROW * len(policies) + LOWER
        body = "".join([*self._axis(height), *self._rows(policies)])
        return (
            f'<svg class="chart dots-chart {self.css}" viewBox="0 0 {self.width} {height}" '
            f'aria-hidden="true">{body}</svg>'
        )

    def _axis(self, height: int) -> Iterator[str]:
        floor = height - LOWER
        for tick in _TICKS:
            css = "dots-goal" if tick == 0 else "grid"
            at = self.x(tick)
            words = "amount" if tick == 0 else f"{tick * 100:+.0f}\u202f%".replace("-", "\u2212")
            yield f'<line class="{css}" x1="{at}" y1="{UPPER}" x2="{at}" y2="{floor}"/>'
            yield f'<text x="{at}" y="{height - 8}" text-anchor="middle">{words}</text>'

    def _rows(self, policies: Sequence[PolicyLine]) -> Iterator[str]:
        for place, policy in enumerate(policies):
            y = UPPER + ROW * place + ROW / 2
            css = "dots" if policy.figures["simulated"] else "dots-real"
            dots = "".join(
                f'<circle cx="{self.x(end - 1)}" cy="{y + _spread(index):.1f}" r="3"/>'
                for index, end in enumerate(policy.figures["ends"])
            )
            yield f'<text class="dots-name" x="0" y="{y + 4:.1f}">{escape(policy.label)}</text>'
            yield f'<g class="{css}">{dots}</g>'


_DESK = _Drawing("chart-wide", 1040, 128, 28)
_PHONE = _Drawing("chart-narrow", 358, 96, 22)


@register.simple_tag
def flight_ends(policies: Sequence[PolicyLine]) -> SafeString:
    """A line of dots per way of pacing, the amount in the middle; one drawing for a desk, one for a phone."""
    return mark_safe(_DESK.svg(policies) + _PHONE.svg(policies))


def _spread(index: int) -> float:
    """Neighbours are drawn a little apart, so that many flights do not hide each other."""
    return (index * 7 % 5 - 2) * 3.2


@register.simple_tag
def difference_ranges(courses: Sequence[CourseLine]) -> SafeString:
    """Expected difference to what happened with its P10 to P90, one line per simulated split."""
    shown = [course for course in courses if course.figures["difference"]]
    return mark_safe(_ranges(_DESK, shown) + _ranges(_PHONE, shown))


def _ranges(drawing: _Drawing, courses: Sequence[CourseLine]) -> str:
    """One drawing: the middle is what happened, the edges the farthest P10 or P90."""
    height = UPPER + ROW * len(courses) + LOWER
    bands = [course.figures["difference"] for course in courses]
    widest = max((abs(band[name]) for band in bands for name in ("p10", "p90", "mean")), default=0) or 1.0
    scale = SPAN / widest
    middle, floor = drawing.x(0), height - LOWER
    body = [
        f'<line class="dots-goal" x1="{middle}" y1="{UPPER}" x2="{middle}" y2="{floor}"/>',
        f'<text x="{middle}" y="{height - 8}" text-anchor="middle">what happened</text>',
    ]
    for place, (course, band) in enumerate(zip(courses, bands, strict=True)):
        y = UPPER + ROW * place + ROW / 2
        low, high = drawing.x(band["p10"] * scale), drawing.x(band["p90"] * scale)
        body += [
            f'<text class="dots-name" x="0" y="{y + 4:.1f}">{escape(course.short)}</text>',
            f'<line class="with-line" x1="{low}" y1="{y:.1f}" x2="{high}" y2="{y:.1f}"/>',
            f'<circle class="actual-dot" cx="{drawing.x(band["mean"] * scale)}" cy="{y:.1f}" r="4"/>',
        ]
    return (
        f'<svg class="chart dots-chart {drawing.css}" viewBox="0 0 {drawing.width} {height}" '
        f'aria-hidden="true">{"".join(body)}</svg>'
    )
