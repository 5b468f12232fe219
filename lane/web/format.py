"""How numbers, changes and ages are written on every page: one way for each, no Django.

Real minus (U+2212), plus only on changes, narrow no-break space before the percent sign, a dash with a
reason for what is not known.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from lane.core.money import MINUS

MISSING = "–"
NARROW = "\u202f"


def percent(ratio: Decimal | float | int, *, decimals: int = 1, signed: bool = False) -> str:
    """A share as people read it: 0.198 is ``19.8 %``. A rounded zero has no sign."""
    value = (Decimal(str(ratio)) * 100).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)
    sign = "" if not value else MINUS if value < 0 else "+" if signed else ""
    return f"{sign}{abs(value):,.{decimals}f}{NARROW}%"


def change_ratio(old: int, new: int) -> Decimal | None:
    """How much ``new`` is above ``old`` as a share; not known from zero."""
    return Decimal(new - old) / old if old else None


def number(value: int | Decimal, *, signed: bool = False) -> str:
    """A grouped count with a real minus."""
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    return f"{sign}{abs(value):,}"


def age(span: timedelta) -> str:
    """How old something is: minutes to 90, then hours to 48, then days."""
    minutes = max(int(span.total_seconds() // 60), 0)
    if minutes < 1:
        return "now"
    if minutes <= 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{round(minutes / 60)} h"
    return f"{minutes // (24 * 60)} d"


def time_left(until: datetime, now: datetime) -> str:
    """Time to a deadline, to the minute within a day."""
    minutes = int((until - now).total_seconds() // 60)
    if minutes < 0:
        return f"{age(now - until)} overdue" if minutes < -1 else "due now"
    if minutes < 60:
        return f"{minutes} min left"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min left"
    days = minutes // (24 * 60)
    return f"{days} day{'s' if days != 1 else ''} left"


def initials(name: str) -> str:
    """Up to two letters that stand for a person."""
    words = [word for word in name.replace("@", " ").replace(".", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"
