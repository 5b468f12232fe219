"""Response curves as SVG with classes only, and figures of a portfolio's goal as people read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from lane.core.money import MICROS, format_money

register = template.Library()
WIDTH, HEIGHT = 320, 176
LEFT, RIGHT, UPPER, LOWER = 50, 12, 12, 30
_WHOLE_FROM = 100  # from here on decimals only make a figure longer


@dataclass(frozen=True, slots=True)
class ResponseCurve:
    """Goal a day over money a day: the curve with its band, the days it rests on, and two amounts on it.

    ``points`` are (micros a day, mean, P10, P90); ``days`` are (spend in micros, value).
    """

    points: Sequence[tuple[int, float, float, float]]
    now_micros: int
    new_micros: int
    days: Sequence[tuple[int, float]] = ()

    @property
    def widest(self) -> int:
        """The largest amount drawn."""
        return max([self.now_micros, self.new_micros, *(point[0] for point in self.points), 1])

    @property
    def highest(self) -> float:
        """The highest value drawn; days far above the band are drawn at the edge, not scaled to."""
        band = max((point[3] for point in self.points), default=0.0)
        seen = sorted(value for _, value in self.days)
        usual = seen[int(len(seen) * 0.9)] if seen else 0.0
        return max(band, usual, 1e-9) * 1.05

    def value_at(self, micros: int) -> float:
        """The curve's mean at an amount, straight between its points."""
        before = self.points[0]
        for point in self.points:
            if point[0] >= micros:
                width = point[0] - before[0]
                share = (micros - before[0]) / width if width else 0.0
                return before[1] + (point[1] - before[1]) * share
            before = point
        return before[1]

    def x(self, micros: int) -> float:
        """Horizontal place of an amount."""
        return LEFT + min(max(micros / self.widest, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Vertical place of a value."""
        return HEIGHT - LOWER - min(max(value / self.highest, 0.0), 1.0) * (HEIGHT - UPPER - LOWER)

    def svg(self, money: Callable[[int], str], worth: Callable[[float], str], words: str) -> str:
        """The drawing; ``words`` says what matters of it."""
        parts = [*self._grid(money, worth), *self._days(), *self._curve(), *self._marks()]
        return (
            f'<svg class="chart response" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(words)}">'
            f"{''.join(parts)}</svg>"
        )

    def _grid(self, money: Callable[[int], str], worth: Callable[[float], str]) -> Iterable[str]:
        for share in (0.0, 0.5, 1.0):
            value = self.highest / 1.05 * share
            y = self.y(value)
            yield f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
            yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(worth(value))}</text>'
        for share, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
            micros = round(self.widest * share)
            yield f'<text x="{self.x(micros):.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{escape(money(micros))}</text>'

    def _days(self) -> Iterable[str]:
        for micros, value in self.days:
            if micros <= self.widest:
                yield f'<circle class="day" cx="{self.x(micros):.1f}" cy="{self.y(value):.1f}" r="1.8"/>'

    def _curve(self) -> Iterable[str]:
        if len(self.points) < 2:
            return
        upper = [f"{self.x(at):.1f} {self.y(high):.1f}" for at, _, _, high in self.points]
        lower = [f"{self.x(at):.1f} {self.y(low):.1f}" for at, _, low, _ in reversed(self.points)]
        mean = [f"{self.x(at):.1f} {self.y(mid):.1f}" for at, mid, _, _ in self.points]
        yield f'<path class="without-band" d="M{"L".join([*upper, *lower])}z"/>'
        yield f'<path class="without-line" d="M{"L".join(mean)}"/>'

    def _marks(self) -> Iterable[str]:
        if not self.points:
            return
        moved = self.new_micros != self.now_micros
        for micros, css in ((self.now_micros, "now"), *(((self.new_micros, "new"),) if moved else ())):
            x, y = self.x(micros), self.y(self.value_at(micros))
            yield f'<line class="{css}-drop" x1="{x:.1f}" y1="{y:.1f}" x2="{x:.1f}" y2="{HEIGHT - LOWER}"/>'
            yield f'<circle class="{css}-dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'


@register.simple_tag
def response_curve(figures: Mapping[str, Any], goal: str, currency: str) -> SafeString:
    """The curve of one arm from its stored figures."""
    curve = ResponseCurve(
        [(int(at), mean, low, high) for at, mean, low, high in figures["curve"]],
        figures["now_micros"],
        figures["new_micros"],
        [(int(spend), value) for _, spend, value in figures["days"]],
    )
    words = (
        f"{figures['label']}: {worth_text(curve.value_at(curve.now_micros), goal, currency)} a day expected at "
        f"{format_money(curve.now_micros, currency)} a day"
    )
    if curve.new_micros != curve.now_micros:
        words += (
            f", {worth_text(curve.value_at(curve.new_micros), goal, currency)} at the proposed "
            f"{format_money(curve.new_micros, currency)}"
        )
    drawing = curve.svg(
        lambda micros: format_money(micros, currency, 0),
        lambda value: worth_text(value, goal, currency, short=True),
        words,
    )
    return mark_safe(drawing)


@register.simple_tag
def worth(value: float | str | None, goal: str, currency: str, reason: str = "Not known yet") -> SafeString:
    """A figure of the goal: money for value, a count for conversions; a dash with the reason when unknown."""
    if value is None or isinstance(value, str):  # a template gives "" for a figure that is not there
        return format_html(
            '<span class="missing" title="{}">–<span class="visually-hidden"> {}</span></span>',
            reason,
            reason,
        )
    return format_html("{}", worth_text(value, goal, currency))


@register.simple_tag
def worth_micros(micros: int | None, goal: str, currency: str, reason: str = "Not known") -> SafeString:
    """A stored figure of the goal in millionths."""
    return worth(None if micros is None else micros / MICROS, goal, currency, reason)


def worth_text(value: float, goal: str, currency: str, *, short: bool = False) -> str:
    """A value as text: whole units where decimals would only make it longer."""
    if goal == "conversions":
        figure = f"{value:,.0f}" if abs(value) >= _WHOLE_FROM else f"{value:,.1f}"
        return figure.replace("-", "−") if short else f"{figure} conv.".replace("-", "−")
    decimals = 0 if abs(value) >= _WHOLE_FROM or short else None
    return format_money(round(value * MICROS), currency, decimals)


@register.filter
def moment(text: str | None) -> datetime | None:
    """A stored instant or day, for ``date`` to write; nothing when there is none."""
    return datetime.fromisoformat(text) if text else None


@register.filter
def simulation_words(simulation: Mapping[str, Any]) -> str:
    """Which of Google's own estimates a curve leans on: how many points, of which days."""
    first, last = date.fromisoformat(simulation["first"]), date.fromisoformat(simulation["last"])
    if (first.year, first.month) == (last.year, last.month):
        days = f"{first.day}–{last:%-d %b}"
    else:
        days = f"{first:%-d %b} – {last:%-d %b}"
    count = simulation["points"]
    return f"{count} point{'' if count == 1 else 's'} of Google’s own simulation, {days}"


@register.filter
def share_of(micros: int | None, total: int | None) -> float | None:
    """A part of a total as a ratio; nothing while either is not known."""
    return None if micros is None or not total else micros / total


@register.filter
def step_words(bound: str) -> str:
    """Why an arm gets no more or less than it does, in a few words."""
    return _BOUNDS.get(bound, bound.replace("_", " "))


_BOUNDS = {
    "": "",
    "step": "largest step",
    "floor": "least share",
    "minimum": "minimum",
    "cap": "cap",
    "locked": "locked",
    "learning": "learning",
    "anomaly": "changed outside Lane",
    "recent_move": "moved lately",
    "group": "group share",
    "from_files": "from CSV files",
    "removed": "removed",
    "stopped": "writes stopped",
    "not_running": "not running",
}


@register.simple_tag
def arm_cells(form: Any, line: Any) -> dict[str, Any]:
    """What the cells of one arm hold as typed or stored, and what is wrong with each."""
    cells: dict[str, Any] = {}
    for name in ("locked", "floor", "cap", "group"):
        cells[name], cells[f"{name}_error"] = form.cell(line.key, name)
    return cells


_ACTIONS = {
    "pacing.portfolio.created": "made the portfolio",
    "pacing.portfolio.changed": "changed its terms",
    "pacing.portfolio.started": "started it",
    "pacing.portfolio.paused": "paused it",
    "pacing.portfolio.stopped": "stopped it",
    "pacing.portfolio.arm_added": "took an arm in",
    "pacing.portfolio.arm_removed": "took an arm out",
    "pacing.portfolio.arm_changed": "changed an arm",
    "pacing.portfolio.groups_changed": "changed its groups",
    "pacing.split.accepted": "accepted a split",
    "pacing.split.declined": "declined a split",
}


@register.filter
def portfolio_activity(action: str) -> str:
    """An audit action of a portfolio in words."""
    return _ACTIONS.get(action, action.rpartition(".")[2].replace("_", " "))
