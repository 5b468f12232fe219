"""A month of events as a page shows it: weeks of days, and the list of what happens."""

from __future__ import annotations

from calendar import Calendar, monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from lane.accounts.models import Client
from lane.core.actors import Actor
from pacing.models import BudgetPlan, PlannedEvent
from pacing.selectors.calendar import (
    CURRENT,
    Occurrence,
    PlanDays,
    days_of,
    effect_on,
    events_for,
    occurrences,
)

SHOWN_A_DAY = 3
AHEAD_DAYS = 365


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the grid."""

    on: date
    inside: bool  # of the month shown, not its neighbours
    is_today: bool
    shown: list[Occurrence]
    more: int


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the list: its next time, and the plans it touches then."""

    event: PlannedEvent
    next: Occurrence
    plans: list[BudgetPlan]


@dataclass(frozen=True, slots=True)
class Month:
    """A month with its neighbours' months, as first days."""

    first: date
    before: date
    after: date
    weeks: list[list[Day]]
    lines: list[Line]
    past: list[PlannedEvent]


def month_of(actor: Actor, first: date, today: date, client: Client | None = None) -> Month:
    """Events of one client, or of every client the actor sees, in one month and the year ahead."""
    found = events_for(actor).order_by("starts_on", "pk")
    events = list(found if client is None else found.filter(client=client))
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    times = [one for event in events for one in occurrences(event, weeks[0][0], weeks[-1][-1])]
    last = first.replace(day=monthrange(first.year, first.month)[1])
    lines, past = _lines(actor, events, today)
    return Month(
        first=first,
        before=(first - timedelta(days=1)).replace(day=1),
        after=last + timedelta(days=1),
        weeks=[[_day(on, first, today, times) for on in week] for week in weeks],
        lines=lines,
        past=past,
    )


def _day(on: date, first: date, today: date, times: list[Occurrence]) -> Day:
    here = [one for one in times if one.covers(on)]
    return Day(
        on=on,
        inside=(on.year, on.month) == (first.year, first.month),
        is_today=on == today,
        shown=here[:SHOWN_A_DAY],
        more=max(0, len(here) - SHOWN_A_DAY),
    )


def _lines(actor: Actor, events: list[PlannedEvent], today: date) -> tuple[list[Line], list[PlannedEvent]]:
    """Events that are on or to come, soonest first, and those that are over, latest first."""
    plans = list(
        BudgetPlan.objects.visible_to(actor)
        .filter(status__in=CURRENT, client__in={event.client_id for event in events})
        .order_by("name")
    )
    days = days_of(plans) if plans else {}
    lines, past = [], []
    for event in events:
        coming = occurrences(
            event, today, today + timedelta(days=AHEAD_DAYS + (event.starts_on - today).days)
        )
        if not coming:
            past.append(event)
        else:
            lines.append(Line(event, coming[0], _touched(event, plans, days)))
    lines.sort(key=lambda line: (line.next.starts_on, line.event.pk))
    return lines, past[::-1]


def _touched(event: PlannedEvent, plans: list[BudgetPlan], days: dict[int, PlanDays]) -> list[BudgetPlan]:
    return [
        plan
        for plan in plans
        if plan.client_id == event.client_id
        and effect_on(event, days[plan.pk]) != 1.0
        and occurrences(event, plan.starts_on, plan.ends_on)
    ]
