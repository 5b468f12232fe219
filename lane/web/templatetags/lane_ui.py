"""Tags and filters of every page; loaded everywhere, so templates need no ``{% load %}``.

Amounts are micros with an ISO currency. ``None`` shows as a dash with the reason given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from lane.core import clock
from lane.core.money import Money, format_money
from lane.web import charts
from lane.web import format as write

register = template.Library()

STATUS_WORDS = {
    "on_track": "On track",
    "ahead": "Ahead",
    "behind": "Behind",
    "cannot_spend": "Cannot spend",
    "unknown": "Unknown",
    "paused": "Paused",
    "stale": "Stale",
    "scheduled": "Scheduled",
    "ended": "Ended",
    "accepted": "Shortfall accepted",
}
LOUD = ("on_track", "ahead", "behind", "cannot_spend")

# Names pages use -> symbol in the sprite.
ICONS = {
    "overview": "layout-dashboard",
    "pacing": "gauge",
    "approvals": "circle-check",
    "recommendations": "bulb",
    "ad-campaigns": "speakerphone",
    "portfolios": "adjustments-horizontal",
    "changes": "arrows-exchange",
    "activity": "history",
    "clients": "building-store",
    "connections": "plug-connected",
    "imports": "upload",
    "operations": "server-2",
}


def _tone(status: str) -> str:
    return status if status in LOUD else "quiet"


def _missing(reason: str) -> SafeString:
    words = reason or "Not known"
    return format_html(
        '<span class="missing" title="{}">{}<span class="visually-hidden"> {}</span></span>',
        words,
        write.MISSING,
        words,
    )


@register.simple_tag
def icon(name: str, small: bool = False) -> SafeString:
    """An icon beside words; it is never read aloud."""
    symbol = ICONS.get(name, name)
    size = "icon icon-s" if small else "icon"
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', size, static("icons.svg"), symbol
    )


@register.simple_tag
def shape(name: str) -> SafeString:
    """A 12 px status shape (on_track, behind, waiting, done, later, never, high ...)."""
    return format_html(
        '<svg class="shape" aria-hidden="true"><use href="{}#s-{}"/></svg>', static("icons.svg"), name
    )


@register.simple_tag
def status(value: str, label: str = "", pill: bool = False) -> SafeString:
    """A plan's status: shape, word and colour together."""
    tone, words = _tone(value), label or STATUS_WORDS.get(value, value.replace("_", " ").capitalize())
    if pill:
        return format_html('<span class="pill pill-{}">{}{}</span>', tone, shape(value), words)
    return format_html('<span class="status t-{}">{}{}</span>', tone, shape(value), words)


@register.simple_tag
def mark(kind: str, label: str, tone: str = "") -> SafeString:
    """Who or what an item waits for: waiting, done, later, never, stale, with words."""
    return format_html('<span class="mark {}">{}{}</span>', f"t-{tone}" if tone else "", shape(kind), label)


# --- money -------------------------------------------------------------------------------------------


@register.simple_tag
def money(
    micros: int | str | Money | None,
    currency: str = "",
    decimals: int | str | None = None,
    signed: bool = False,
    reason: str = "",
) -> SafeString | str:
    """An amount. ``decimals`` 0 for totals, 2 for daily budgets; a plus only when it is a change."""
    if isinstance(micros, Money):
        return format_money(micros.micros, micros.currency, _places(decimals), signed=signed)
    if micros is None or micros == "":
        return _missing(reason)
    return format_money(int(micros), currency, _places(decimals), signed=signed)


def _places(decimals: int | str | None) -> int | None:
    return None if decimals is None or decimals == "" else int(decimals)


@register.filter
def money0(micros: int | None, currency: str) -> str:
    """A total: no decimals. ``{{ plan.amount_micros|money0:plan.currency }}``."""
    return write.MISSING if micros is None else format_money(int(micros), currency, 0)


@register.filter
def money2(micros: int | None, currency: str) -> str:
    """A daily budget or unit cost: the decimals the currency has."""
    return write.MISSING if micros is None else format_money(int(micros), currency)


@register.filter
def money_signed(micros: int | None, currency: str) -> str:
    """A change or a miss in whole units, with its sign."""
    return write.MISSING if micros is None else format_money(int(micros), currency, 0, signed=True)


@register.simple_tag
def money_change(old: int | None, new: int | None, currency: str, percent: bool = True) -> SafeString:
    """Old to new value, then how much that is."""
    ratio = write.change_ratio(old, new) if old is not None and new is not None else None
    tail: SafeString | str = ""
    if percent and ratio is not None:
        tail = format_html(' <span class="percent">{}</span>', write.percent(ratio, signed=True))
    return format_html(
        '<span class="change"><span class="old">{}</span> <span class="arrow" aria-hidden="true">→</span>'
        '<span class="visually-hidden"> to </span> <span class="new">{}</span>{}</span>',
        money(old, currency),
        money(new, currency),
        tail,
    )


@register.simple_tag
def money_range(p10: int | None, p90: int | None, currency: str, reason: str = "") -> SafeString | str:
    """P10 to P90 in whole units without symbols: ``13,420–14,690``."""
    if p10 is None or p90 is None:
        return _missing(reason)
    low, high = (format_money(value, currency, 0) for value in (p10, p90))
    symbol = format_money(0, currency, 0)[:-1]
    return f"{low.replace(symbol, '')}–{high.replace(symbol, '')}"


# --- other numbers -----------------------------------------------------------------------------------


@register.simple_tag
def percent(
    ratio: Decimal | float | None, decimals: int = 1, signed: bool = False, reason: str = ""
) -> SafeString | str:
    """A share: 0.198 shows as ``19.8 %``."""
    if ratio is None or ratio == "":
        return _missing(reason)
    return write.percent(ratio, decimals=int(decimals), signed=signed)


@register.filter(name="percent")
def percent_filter(ratio: Decimal | float | None, decimals: int = 1) -> str:
    """A share without a sign rule: ``{{ ratio|percent }}``, ``{{ ratio|percent:0 }}``."""
    return write.MISSING if ratio is None else write.percent(ratio, decimals=decimals)


@register.filter
def signed(value: int | None) -> str:
    """A count that is a change, with its sign."""
    return write.MISSING if value is None else write.number(value, signed=True)


@register.filter
def grouped(value: int | None) -> str:
    """A count with thousands separated."""
    return write.MISSING if value is None else write.number(value)


@register.simple_tag
def change_percent(old: int | None, new: int | None) -> SafeString | str:
    """How much ``new`` differs from ``old``: ``+19.8 %``."""
    ratio = write.change_ratio(old, new) if old is not None and new is not None else None
    return (
        _missing("No change from zero can be a percentage")
        if ratio is None
        else write.percent(ratio, signed=True)
    )


@register.simple_tag
def age(at: datetime | None, cycle_minutes: int = 0, prefix: str = "", reason: str = "") -> SafeString:
    """How old something is. Past two cycles it turns to the Behind colour with the Stale shape."""
    if at is None:
        return _missing(reason or "Never yet")
    span = clock.now() - at
    words = f"{prefix} {write.age(span)}".strip()
    stamp = at.isoformat(timespec="seconds")
    title = f"{at:%d %b %Y %H:%M} UTC"
    if cycle_minutes and span.total_seconds() > 2 * 60 * int(cycle_minutes):
        return format_html(
            '<time class="mark t-behind" datetime="{}" title="{}">{}<b>{}</b></time>',
            stamp,
            title,
            shape("stale"),
            words,
        )
    return format_html('<time datetime="{}" title="{}">{}</time>', stamp, title, words)


@register.filter
def time_left(until: datetime | None) -> str:
    """Time to a deadline: ``2 h 28 min left``."""
    return write.MISSING if until is None else write.time_left(until, clock.now())


@register.filter
def initials(name: Any) -> str:
    """Two letters for a person."""
    return write.initials(str(name))


@register.filter
def as_date(value: str | date) -> date:
    """A date from ISO text, as stored in JSON."""
    return value if isinstance(value, date) else date.fromisoformat(value[:10])


# --- drawings ----------------------------------------------------------------------------------------


@register.simple_tag
def pacing_bar(
    budget: int | None,
    spent: int | None,
    currency: str,
    planned: int | None = None,
    p10: int | None = None,
    p50: int | None = None,
    p90: int | None = None,
    status: str = "unknown",
) -> SafeString:
    """Spend of one plan against its budget, today's plan and its projected end."""
    if budget is None:
        return _missing("No budget")
    end = charts.Band.known(p10, p50, p90)
    said = [f"{_said(spent, currency)} spent of {_said(budget, currency)}"]
    if planned is not None:
        said.append(f"plan for today {_said(planned, currency)}")
    if end is not None:
        said.append(
            f"projected end {_said(end.p50, currency)}, P10–P90 {_said(end.p10, currency)} to {_said(end.p90, currency)}"
        )
    else:
        said.append("no projection")
    return mark_safe(charts.PacingBar(budget, spent, planned, end).svg(", ".join(said), _tone(status)))


def _said(micros: int | None, currency: str) -> str:
    return "unknown" if micros is None else format_money(micros, currency, 0)


@register.simple_tag
def strip(
    budget: int,
    currency: str,
    p10: int | None = None,
    p50: int | None = None,
    p90: int | None = None,
    with_p10: int | None = None,
    with_p50: int | None = None,
    with_p90: int | None = None,
) -> SafeString:
    """Where the flight ends without and with the change, on one axis."""
    without, changed = charts.Band.known(p10, p50, p90), charts.Band.known(with_p10, with_p50, with_p90)
    said = [f"Budget {_said(budget, currency)}"]
    said += [
        f"{name} the change {_said(band.p50, currency)}, {_said(band.p10, currency)} to {_said(band.p90, currency)}"
        for name, band in (("without", without), ("with", changed))
        if band is not None
    ]
    return mark_safe(charts.strip_svg(budget, without, changed, "; ".join(said)))


@register.simple_tag
def spend_curve(curve: charts.SpendCurve | Mapping[str, Any], currency: str) -> SafeString:
    """The spend curve, once for desks and once for phones; CSS shows one of them.

    Apps below this layer give the fields of ``SpendCurve`` as a mapping.
    """
    if isinstance(curve, Mapping):
        curve = charts.SpendCurve(**curve)

    def amount(micros: int) -> str:
        return format_money(micros, currency, 0)

    return mark_safe(curve.svg(amount) + curve.svg(amount, narrow=True))


@register.simple_tag
def sparkline(values: list[int | None], words: str) -> SafeString:
    """A tiny line of recent values."""
    return mark_safe(charts.sparkline_svg(values, words))


# --- addresses ---------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """This page's address with some parameters changed; ``None`` or empty removes one, ``page`` resets."""
    asked = context["request"].GET.copy()
    for gone in ("page", "cursor"):
        asked.pop(gone, None)
    for name, value in changes.items():
        if value in (None, ""):
            asked.pop(name, None)
        else:
            asked[name] = str(value)
    return f"?{asked.urlencode()}"


# --- decisions ---------------------------------------------------------------------------------------

# What a run, a change or a request came to: its shape and tone. Anything else is shown quietly.
DECISIONS = {
    "propose": ("waiting", "accent"),
    "pause": ("paused", "behind"),
    "resume": ("done", "accent"),
    "hold": ("later", ""),
    "move": ("waiting", "accent"),
    "rollback": ("behind", "behind"),
    "infeasible": ("cannot_spend", "behind"),
    "running": ("done", "on_track"),
    "paused": ("paused", ""),
    "stopped": ("ended", ""),
    "superseded": ("never", ""),
    "skip": ("stale", ""),
    "open": ("waiting", "accent"),
    "waiting": ("waiting", "accent"),
    "proposed": ("waiting", "accent"),
    "mine": ("waiting", "accent"),
    "draft": ("later", ""),
    "accepted": ("done", "on_track"),
    "approved": ("done", "on_track"),
    "applied": ("done", "on_track"),
    "verified": ("done", "on_track"),
    "noop": ("done", ""),
    "sent": ("waiting", "accent"),
    "done": ("done", "on_track"),
    "ok": ("done", "on_track"),
    "declined": ("never", "cannot_spend"),
    "refused": ("never", "cannot_spend"),
    "failed": ("never", "cannot_spend"),
    "stuck": ("high", "cannot_spend"),
    "conflict": ("behind", "behind"),
    "blocked": ("cannot_spend", "behind"),
    "expired": ("never", ""),
    "cancelled": ("never", ""),
    "reconnect": ("stale", "behind"),
}


@register.simple_tag
def decision(value: str, label: str = "") -> SafeString:
    """What a run, change or request came to, as a pill with shape and word."""
    figure, tone = DECISIONS.get(str(value).lower(), ("later", ""))
    words = label or str(value).replace("_", " ").capitalize()
    css = f"pill pill-{tone}" if tone else "pill"
    return format_html('<span class="{}">{}{}</span>', css, shape(figure), words)
