"""Replays somebody may see: one's own, and for admins everybody's, of clients that are visible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from lane.accounts import policies
from lane.accounts.models import Client
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import NotVisible
from lane.core.models import Job

KIND = "pacing.replay"
_STUCK_AFTER = timedelta(seconds=30)
NAMES = {
    "real": "What happened",
    "even": "Even split",
    "adaptive": "Adaptive",
    "linear": "Linear",
    "accelerated": "Accelerated",
    "conservative": "Conservative",
}


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """How one way of pacing did over all flights."""

    name: str
    label: str
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FlightLine:
    """One flight and where each way of pacing ended it; ends are (micros, share of the amount)."""

    name: str
    starts_on: date
    currency: str
    amount_micros: int
    limited: bool
    ends: list[tuple[str, int, float]]


@dataclass(frozen=True, slots=True)
class ReplayView:
    """One replay as its page and the API show it."""

    job: Job
    client: Client
    question: dict[str, Any]
    answer: dict[str, Any] | None

    @property
    def is_stuck(self) -> bool:
        """Whether no worker has been heard of for a while."""
        waited = clock.machine_now() - self.job.updated_at
        return not self.job.is_over and waited > _STUCK_AFTER

    @property
    def first(self) -> date | None:
        """First day of the history."""
        return date.fromisoformat(self.answer["first"]) if self.answer else None

    @property
    def last(self) -> date | None:
        """Last day of the history."""
        return date.fromisoformat(self.answer["last"]) if self.answer else None

    @property
    def policies(self) -> list[PolicyLine]:
        """What happened first, then the simulated ones."""
        rows = self.answer["policies"] if self.answer else []
        return [PolicyLine(row["name"], NAMES.get(row["name"], row["name"]), row) for row in rows]

    @property
    def flights(self) -> list[FlightLine]:
        """The largest flights."""
        rows = self.answer["rows"] if self.answer else []
        names = [policy.name for policy in self.policies]  # JSON in the database keeps no order
        return [
            FlightLine(
                row["name"],
                date.fromisoformat(row["starts_on"]),
                row["currency"],
                row["amount_micros"],
                row["limited"],
                [
                    (NAMES.get(name, name), row["ends"][name], row["ends"][name] / row["amount_micros"])
                    for name in names
                ],
            )
            for row in rows
        ]


def replayable_clients(actor: Actor) -> list[Client]:
    """Clients whose history this actor sees."""
    return list(Client.objects.visible_to(actor).current().order_by("name"))


def replays_for(actor: Actor) -> list[ReplayView]:
    """Replays this actor may see, newest first."""
    jobs = Job.objects.filter(kind=KIND, organization_id=actor.organization_id)
    if not policies.may(actor, "manage", client_id=None):
        jobs = jobs.filter(created_by_id=actor.user_id or 0)
    clients = {str(one.public_id): one for one in Client.objects.visible_to(actor)}
    return [
        ReplayView(job, clients[question["client"]], question, job.result.get("answer"))
        for job in jobs[:100]
        if (question := job.result.get("question", {})).get("client") in clients
    ]


def replay_of(actor: Actor, public_id: UUID | str) -> ReplayView:
    """One of them; an unknown one is not found."""
    for found in replays_for(actor):
        if str(found.job.public_id) == str(public_id):
            return found
    raise NotVisible
