"""Flights from a client's own history: what campaigns really spent of their daily budgets, day by day.

The ratio of cost to budget replaces the drawn delivery and demand is left open, so a replay tests pacing against
real delivery noise; what a campaign would have spent of a larger budget no history can say.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

import numpy as np

from pacing.simulation.flights import (
    DAY_AMOUNT,
    Flights,
    Rules,
    draw_faults,
    intraday_shares,
)

COLUMNS = ("date", "campaign", "daily_budget", "cost")
OPEN_DEMAND = 20.0  # mean days of demand a day: never the limit
HIGHEST = 3.0  # no platform spends more of a daily budget; a higher figure is an edited budget


@dataclass(frozen=True, slots=True)
class Series:
    """Unbroken days of one campaign."""

    campaign: str
    first: date
    ratios: tuple[float, ...]  # cost / daily budget


def read_series(path: Path) -> list[Series]:
    """Read a CSV file with the columns date, campaign, daily_budget and cost, in any order and any row order."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return series_from(file, str(path))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text.") from error


def series_from(lines: Iterable[str], name: str) -> list[Series]:
    """The same from lines of text; ``name`` is what errors call the file."""
    reader = csv.DictReader(lines)
    header = [(column or "").strip().lower() for column in reader.fieldnames or []]
    if missing := [column for column in COLUMNS if column not in header]:
        raise ValueError(f"{name}, line 1: no column {', '.join(missing)}. Needed: {', '.join(COLUMNS)}.")
    reader.fieldnames = header
    days: dict[str, dict[date, float]] = {}
    for row in reader:
        place = f"{name}, line {reader.line_num}"
        campaign = (row["campaign"] or "").strip()
        if not campaign:
            raise ValueError(f"{place}: campaign is empty.")
        day = _date(row["date"], place)
        budget, cost = (
            _amount(row["daily_budget"], "daily_budget", place),
            _amount(row["cost"], "cost", place),
        )
        if budget == 0:
            raise ValueError(f"{place}: daily_budget is 0; leave days without a budget out.")
        if day in days.setdefault(campaign, {}):
            raise ValueError(f"{place}: {campaign} has {day} twice.")
        days[campaign][day] = min(float(cost / budget), HIGHEST)
    if not days:
        raise ValueError(f"{name} has no rows.")
    return [series for campaign, found in days.items() for series in _unbroken(campaign, found)]


def flights_from(
    series: list[Series], days: int, count: int, rng: np.random.Generator, *, rules: Rules = Rules.META
) -> Flights:
    """Cut every flight of ``days`` days out of the series, or a random ``count`` of them when there are more."""
    cuts = [(one, start) for one in series for start in range(len(one.ratios) - days + 1)]
    if not cuts:
        longest = max((len(one.ratios) for one in series), default=0)
        raise ValueError(
            f"No campaign has {days} days in a row; the longest has {longest}. Use --days {max(longest, 2)} or less."
        )
    if len(cuts) > count:
        cuts = [cuts[place] for place in np.sort(rng.choice(len(cuts), count, replace=False))]
    delivery = np.array([one.ratios[start : start + days] for one, start in cuts])
    share = intraday_shares(len(cuts), days, rng)
    even = np.ones((len(cuts), days))
    return Flights(
        rules=rules,
        amount=DAY_AMOUNT * days,
        days=days,
        first_weekday=np.array([(one.first + timedelta(days=start)).weekday() for one, start in cuts]),
        season=even,
        season_seen=even,
        demand=OPEN_DEMAND * DAY_AMOUNT * share,
        share=share,
        stopped=np.zeros((len(cuts), share.shape[1] * share.shape[2]), dtype=np.bool_),
        delivery=delivery,
        faults=draw_faults(len(cuts), days, rng),
    )


def _unbroken(campaign: str, found: dict[date, float]) -> list[Series]:
    """A missing day ends a series: it is no day of zero."""
    series: list[Series] = []
    run: list[date] = []
    for day in [*sorted(found), None]:
        if run and (day is None or day - run[-1] != timedelta(days=1)):
            series.append(Series(campaign, run[0], tuple(found[each] for each in run)))
            run = []
        if day is not None:
            run.append(day)
    return series


def _date(text: str | None, place: str) -> date:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        raise ValueError(f"{place}: date “{text or ''}” is not a date like 2026-01-31.") from None


def _amount(text: str | None, column: str, place: str) -> Decimal:
    try:
        amount = Decimal((text or "").strip())
    except InvalidOperation:
        raise ValueError(f"{place}: {column} “{text or ''}” is not a number like 12.50.") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"{place}: {column} “{text}” is not an amount of zero or more.")
    return amount
