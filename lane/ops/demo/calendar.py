"""A few planned events, so that the calendar and the plans' curves show what events do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from lane.accounts.models import Client
from lane.core import clock
from lane.core.actors import Actor
from pacing.models import PlannedEvent
from pacing.services import calendar

# Days from today, days long, times a usual day: small enough to leave every plan's status what it shows.
EVENTS = (
    ("Pinewick Coffee", "Winter roast launch", "promo", 5, 2, "1.2"),
    ("Pinewick Coffee", "Roastery closed", "blackout", 40, 2, "0"),
    ("Pinewick Coffee", "Autumn tasting", "promo", -45, 3, "1.3"),
)


def make(clients: dict[str, Client], actor: Actor) -> list[PlannedEvent]:
    """Events of the demo's clients, around today."""
    made = []
    for name, what, kind, start, days, factor in EVENTS:
        client = clients.get(name)
        if client is None:
            continue
        first = clock.today(client.timezone) + timedelta(days=start)
        made.append(
            calendar.create(
                client=client,
                actor=actor,
                name=what,
                kind=kind,
                starts_on=first,
                ends_on=first + timedelta(days=days - 1),
                factor=Decimal(factor),
            )
        )
    return made
