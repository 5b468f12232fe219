"""Charts are drawn on the server as SVG with classes only: no script, no inline style, no Django.

Inputs are micros and days since the start of the flight; floats here are coordinates, never money.
A value that is not known is ``None`` and is not drawn: nothing is drawn in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

BAR_WIDTH, BAR_HEIGHT = 164, 18
BAR_SCALE_PERCENT = 128  # the bar ends at 128 % of the budget, so that an overshoot has room


def _at(number: float) -> str:
    """A coordinate with at most one decimal, short in the page."""
    return f"{number:.1f}".rstrip("0").rstrip(".")


def _rect(x: float, y: float, width: float, height: float, css: str, *, round_: float = 0) -> str:
    corner = f' rx="{_at(round_)}"' if round_ else ""
    return (
        f'<rect class="{css}" x="{_at(x)}" y="{_at(y)}" width="{_at(max(width, 0))}" '
        f'height="{_at(height)}"{corner}/>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    return f'<line class="{css}" x1="{_at(x1)}" y1="{_at(y1)}" x2="{_at(x2)}" y2="{_at(y2)}"/>'


def _text(x: float, y: float, words: str, css: str = "", anchor: str = "start") -> str:
    return f'<text class="{css}" x="{_at(x)}" y="{_at(y)}" text-anchor="{anchor}">{escape(words)}</text>'


@dataclass(frozen=True, slots=True)
class Band:
    """Where an amount will likely end: P10, P50, P90 in micros."""

    p10: int
    p50: int
    p90: int

    @classmethod
    def known(cls, p10: int | None, p50: int | None, p90: int | None) -> Band | None:
        """The band, or nothing when any part of it is not known."""
        if p10 is None or p50 is None or p90 is None:
            return None
        return cls(p10, p50, p90)


@dataclass(frozen=True, slots=True)
class PacingBar:
    """One plan on a scale of 0 to 128 % of its budget; everything beyond is drawn at the edge."""

    budget: int
    spent: int | None
    planned: int | None = None
    end: Band | None = None

    def x(self, micros: int) -> float:
        """Horizontal place of an amount, clamped to the drawing."""
        if self.budget <= 0:
            return 0.0
        share = micros * 100 / self.budget / BAR_SCALE_PERCENT
        return min(max(share, 0.0), 1.0) * BAR_WIDTH

    def svg(self, words: str, tone: str) -> str:
        """The drawing. ``words`` says all of it; ``tone`` is the status that colours the projected end."""
        goal = self.x(self.budget)
        parts = [_rect(0, 6, goal, 6, "rest", round_=2)]
        if self.spent is not None:
            parts.append(_rect(0, 6, self.x(self.spent), 6, "spent", round_=2))
        if self.end is not None:
            low, mid, high = self.x(self.end.p10), self.x(self.end.p50), self.x(self.end.p90)
            shapes = ""
            if low > goal:
                shapes += _line(goal, 9, low, 9, "thread")
            shapes += _rect(low, 6, max(high - low, 2), 6, "band")
            shapes += _rect(min(mid, BAR_WIDTH - 1) - 1, 4, 2, 10, "middle")
            parts.append(f'<g class="t-{tone}">{shapes}</g>')
        parts.append(_rect(goal - 0.75, 1, 1.5, 16, "budget"))
        if self.planned is not None:
            x = self.x(self.planned)
            parts.append(f'<path class="plan" d="M{_at(x - 3.2)} 1h6.4l-3.2 3.8z"/>')
            parts.append(_rect(x - 0.5, 4, 1, 9.5, "plan"))
        return (
            f'<svg class="bar" viewBox="0 0 {BAR_WIDTH} {BAR_HEIGHT}" role="img" '
            f'aria-label="{escape(words)}">{"".join(parts)}</svg>'
        )


def strip_svg(budget: int, without: Band | None, with_change: Band | None, words: str) -> str:
    """Two projected ends above each other on one axis, with the budget through both."""
    width, height = 312, 44
    bands = [band for band in (without, with_change) if band is not None]
    marks = [budget, *(value for band in bands for value in (band.p10, band.p90))]
    low, high = min(marks), max(marks)
    span = max(high - low, 1)
    pad = 14

    def x(micros: int) -> float:
        return pad + (micros - low) / span * (width - 2 * pad)

    parts = [_line(0, 22, width, 22, "axis")]
    for band, top, css in ((without, 8, "without"), (with_change, 28, "with")):
        if band is None:
            continue
        block = _rect(x(band.p10), top, max(x(band.p90) - x(band.p10), 2), 8, "band", round_=1)
        parts.append(f'<g class="{css}">{block}{_rect(x(band.p50) - 1, top - 1, 2, 10, "middle")}</g>')
    parts.append(_rect(x(budget) - 0.75, 1, 1.5, 42, "budget"))
    return (
        f'<svg class="strip" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(words)}">'
        f"{''.join(parts)}</svg>"
    )


def sparkline_svg(values: Sequence[int | None], words: str) -> str:
    """A tiny line of recent values; a gap stays a gap."""
    width, height = 84, 20
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, span = min(known), max(max(known) - min(known), 1)
    step = width / (len(values) - 1)
    pieces: list[list[str]] = [[]]
    last = (0.0, 0.0)
    for index, value in enumerate(values):
        if value is None:
            pieces.append([])
            continue
        last = (index * step, height - 2 - (value - low) / span * (height - 4))
        pieces[-1].append(f"{_at(last[0])} {_at(last[1])}")
    path = "".join(f"M{'L'.join(piece)}" for piece in pieces if piece)
    return (
        f'<svg class="spark" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(words)}">'
        f'<path class="line" d="{path}"/>'
        f'<circle class="end" cx="{_at(last[0])}" cy="{_at(last[1])}" r="2"/></svg>'
    )


def nice_ticks(top: int, count: int = 4) -> list[int]:
    """Round money values from zero to at least ``top``, four to five of them, in micros."""
    if top <= 0:
        return [0]
    raw = -(-top // count)
    magnitude = 10 ** (len(str(raw)) - 1)
    step = next(
        factor * magnitude // 10 for factor in (10, 20, 25, 40, 50, 100) if factor * magnitude >= raw * 10
    )
    step = max(step, 1)
    steps = -(-top // step)
    return [step * index for index in range(steps + 1)]


Point = tuple[float, int]  # days since the start of the flight (may be a fraction), micros
FanPoint = tuple[float, int, int, int]  # days, P10, P50, P90


@dataclass(frozen=True, slots=True)
class SpendCurve:
    """Cumulative spend of a flight against its target, with where it goes as things stand and changed."""

    starts_on: date
    ends_on: date
    target: Sequence[Point]
    actual: Sequence[Point]
    now: float | None = None  # days since the start; none before the start and after the end
    now_label: str = "today"
    without: Sequence[FanPoint] = ()
    with_change: Sequence[FanPoint] = ()
    gap_label: str = ""
    gap_tone: str = "behind"
    events: Sequence[tuple[float, str]] = ()
    before: Sequence[Point] = ()  # the target as it is, where another one is only supposed
    names: tuple[str, str] = ("With", "Without")  # of the two fans

    @property
    def days(self) -> int:
        """Length of the flight; both ends count."""
        return (self.ends_on - self.starts_on).days + 1

    def top(self) -> int:
        """The highest amount in the drawing, in micros."""
        highs = [micros for _, micros in (*self.target, *self.actual, *self.before)]
        highs += [point[3] for point in (*self.without, *self.with_change)]
        return max(highs, default=0)

    def svg(self, money: Callable[[int], str], *, narrow: bool = False) -> str:
        """The drawing for a desk or for a phone; it is decoration to the sentence and table beside it."""
        return _CurveDrawing(self, money, narrow).svg()


class _CurveDrawing:
    def __init__(self, curve: SpendCurve, money: Callable[[int], str], narrow: bool) -> None:
        self.curve, self.money = curve, money
        self.width, self.height = (358, 260) if narrow else (760, 340)
        self.left, self.right = (54, 6) if narrow else (58, 118)
        self.upper, self.lower = 14, 28
        self.narrow = narrow
        self.ticks = nice_ticks(curve.top())
        self.ceiling = max(self.ticks[-1], curve.top(), 1)

    def x(self, day: float) -> float:
        share = min(max(day / self.curve.days, 0.0), 1.0)
        return self.left + share * (self.width - self.left - self.right)

    def y(self, micros: int) -> float:
        return self.height - self.lower - micros / self.ceiling * (self.height - self.upper - self.lower)

    def path(self, points: Iterable[Point]) -> str:
        return "M" + "L".join(f"{_at(self.x(day))} {_at(self.y(micros))}" for day, micros in points)

    def svg(self) -> str:
        css = "chart chart-narrow" if self.narrow else "chart chart-wide"
        body = "".join(
            [*self.weekends(), *self.grid(), *self.fans(), *self.lines(), *self.today(), *self.end_labels()]
        )
        return f'<svg class="{css}" viewBox="0 0 {self.width} {self.height}" aria-hidden="true">{body}</svg>'

    def weekends(self) -> Iterable[str]:
        floor = self.height - self.lower
        for offset in range(self.curve.days):
            if (self.curve.starts_on + timedelta(days=offset)).weekday() >= 5:
                x = self.x(offset)
                yield _rect(x, self.upper, self.x(offset + 1) - x, floor - self.upper, "weekend")

    def grid(self) -> Iterable[str]:
        for tick in self.ticks:
            y = self.y(tick)
            yield _line(self.left, y, self.width - self.right, y, "grid")
            yield _text(self.left - 7, y + 4, self.money(tick), anchor="end")
        curve = self.curve
        step = max(1, round(curve.days / (4 if self.narrow else 6)))
        for offset in range(0, curve.days, step):
            here = self.x(offset + 0.5)
            if curve.now is not None and abs(here - self.x(curve.now)) < 44:
                continue
            if here > self.width - self.right - 14 and not self.narrow and offset != curve.days - 1:
                continue
            day = curve.starts_on + timedelta(days=offset)
            first = offset == 0 or day.day <= step
            words = f"{day.day} {day:%b}" if first else str(day.day)
            yield _text(here, self.height - 9, words, anchor="middle")
        for moment, words in curve.events:
            yield _line(self.x(moment), self.upper, self.x(moment), self.height - self.lower, "event")
            if not self.narrow:
                yield self.event_label(self.x(moment), words)

    def event_label(self, x: float, words: str) -> str:
        """Late in the flight the curves and their labels are high, so the words stand low, where there is room."""
        early = x < self.width * 0.5
        y = self.upper + 22 if early else self.height - self.lower - 9
        fits = x + 5 + 6.2 * len(words) <= self.width
        return _text(x + 5, y, words) if fits else _text(x - 5, y, words, anchor="end")

    def fans(self) -> Iterable[str]:
        for fan, name in ((self.curve.without, "without"), (self.curve.with_change, "with")):
            if len(fan) < 2:
                continue
            upper = [(day, high) for day, _, _, high in fan]
            lower = [(day, low) for day, low, _, _ in reversed(fan)]
            yield f'<path class="{name}-band" d="{self.path([*upper, *lower])}z"/>'
            yield f'<path class="{name}-line" d="{self.path((day, mid) for day, _, mid, _ in fan)}"/>'

    def lines(self) -> Iterable[str]:
        curve = self.curve
        if curve.before:
            yield f'<path class="before" d="{self.path(curve.before)}"/>'
        if curve.target:
            end = self.x(curve.target[-1][0]), self.y(curve.target[-1][1])
            yield f'<path class="target" d="{self.path(curve.target)}"/>'
            yield _line(end[0], end[1] - 5, end[0], end[1] + 5, "target-end")
        if curve.actual:
            yield f'<path class="actual" d="{self.path(curve.actual)}"/>'

    def today(self) -> Iterable[str]:
        curve = self.curve
        if curve.now is not None:
            x = self.x(curve.now)
            yield _line(x, self.upper - 8, x, self.height - self.lower, "today")
            half = 3.4 * len(curve.now_label)
            place = min(max(x, self.left + half - 30), self.width - half)
            yield _text(place, self.height - 9, curve.now_label, "strong", "middle")
            yield from self.gap(x)
        if curve.actual:
            day, micros = curve.actual[-1]
            yield f'<circle class="actual-dot" cx="{_at(self.x(day))}" cy="{_at(self.y(micros))}" r="4"/>'

    def gap(self, x: float) -> Iterable[str]:
        curve = self.curve
        if not (curve.gap_label and curve.actual and curve.target and curve.now is not None):
            return
        y1, y2 = self.y(curve.actual[-1][1]), self.y(value_at(curve.target, curve.now))
        if abs(y1 - y2) < 4:
            return
        bracket = f'<path class="gap" d="M{_at(x - 7)} {_at(y1)}h-3V{_at(y2)}h3"/>'
        label_x, anchor = (x - 15, "end") if x > self.width * 0.3 else (x + 8, "start")
        label = _text(
            label_x,
            min(y1, y2) - 3 if self.narrow else (y1 + y2) / 2 - 8,
            curve.gap_label,
            "gap-label",
            anchor,
        )
        yield f'<g class="t-{curve.gap_tone}">{bracket}{label}</g>'

    def end_labels(self) -> Iterable[str]:
        """Lines are named at their ends; names that would touch are moved apart."""
        if self.narrow:
            return
        labels: list[tuple[float, str, str]] = []
        if self.curve.target:
            labels.append((self.y(self.curve.target[-1][1]), f"Target {self._end(self.curve.target)}", ""))
        if self.curve.with_change:
            labels.append(
                (
                    self.y(self.curve.with_change[-1][2]),
                    f"{self.curve.names[0]} {self._mid(self.curve.with_change)}",
                    "with",
                )
            )
        if self.curve.without:
            labels.append(
                (
                    self.y(self.curve.without[-1][2]),
                    f"{self.curve.names[1]} {self._mid(self.curve.without)}",
                    "strong",
                )
            )
        y = 0.0
        for wished, words, css in sorted(labels):
            y = max(wished + 4, y + 15)
            yield _text(self.width - self.right + 8, y, words, css)

    def _end(self, points: Sequence[Point]) -> str:
        return self.money(points[-1][1])

    def _mid(self, fan: Sequence[FanPoint]) -> str:
        return self.money(fan[-1][2])


def value_at(points: Sequence[Point], day: float) -> int:
    """The value of a line at a moment, straight between its points and flat outside them."""
    before = points[0]
    for point in points:
        if point[0] >= day:
            width = point[0] - before[0]
            if width <= 0:
                return point[1]
            return before[1] + round((point[1] - before[1]) * (day - before[0]) / width)
        before = point
    return before[1]
