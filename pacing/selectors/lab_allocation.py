"""Replays of portfolios somebody may see: one's own, and for admins everybody's, of portfolios that are visible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from lane.accounts import policies
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import NotVisible
from lane.core.models import Job
from pacing.models import Portfolio
from pacing.selectors.portfolios import portfolios_for

KIND = "pacing.allocation_replay"
_STUCK_AFTER = timedelta(seconds=30)
NAMES = {
    "real": "What happened",
    "even": "Equal split",
    "returns": "In proportion to returns",
    "lane": "Lane's allocation",
}
_SHORT = {"even": "Equal", "returns": "By returns", "lane": "Lane"}


@dataclass(frozen=True, slots=True)
class CourseLine:
    """How one way of splitting did over all days."""

    name: str
    label: str
    figures: dict[str, Any]

    @property
    def short(self) -> str:
        """Its name where there is little room."""
        return _SHORT.get(self.name, self.label)


@dataclass(frozen=True, slots=True)
class ArmSpend:
    """What an arm spent in each course, in their order."""

    label: str
    spend_micros: list[tuple[str, int]]
    kept: bool  # it keeps what it really spent


@dataclass(frozen=True, slots=True)
class MoveLine:
    """One simulated move: (arm, before, after) of the arms that changed."""

    on: date
    moved_micros: int
    largest: float
    rolled_back: bool
    arms: list[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class AllocationReplayView:
    """One replay of a portfolio as its page and the API show it."""

    job: Job
    portfolio: Portfolio
    answer: dict[str, Any] | None

    @property
    def is_stuck(self) -> bool:
        """Whether no worker has been heard of for a while."""
        return not self.job.is_over and clock.machine_now() - self.job.updated_at > _STUCK_AFTER

    @property
    def refusal(self) -> str:
        """Why nothing can be said; empty when something can."""
        return str((self.answer or {}).get("refusal", ""))

    @property
    def first(self) -> date | None:
        """First replayed day."""
        return self._day("first")

    @property
    def last(self) -> date | None:
        """Last replayed day."""
        return self._day("last")

    @property
    def courses(self) -> list[CourseLine]:
        """What happened first, then the simulated ones."""
        rows = (self.answer or {}).get("courses", [])
        return [CourseLine(row["name"], NAMES.get(row["name"], row["name"]), row) for row in rows]

    @property
    def arms(self) -> list[ArmSpend]:
        """Every arm's spend by course."""
        courses = self.courses
        return [
            ArmSpend(
                arm["label"],
                [(course.label, course.figures["arms_micros"][place]) for course in courses],
                arm["kept"],
            )
            for place, arm in enumerate((self.answer or {}).get("arms", []))
        ]

    @property
    def moves(self) -> list[MoveLine]:
        """Lane's simulated moves, oldest first."""
        labels = [arm.label for arm in self.arms]
        return [
            MoveLine(
                date.fromisoformat(row["on"]),
                row["moved_micros"],
                row["largest"],
                row["rolled_back"],
                [
                    (label, before, after)
                    for label, before, after in zip(labels, row["before"], row["after"], strict=True)
                    if before != after
                ],
            )
            for row in (self.answer or {}).get("moves", [])
        ]

    def _day(self, name: str) -> date | None:
        text = (self.answer or {}).get(name)
        return date.fromisoformat(text) if text else None


def replayable_portfolios(actor: Actor) -> list[Portfolio]:
    """Portfolios whose history this actor sees."""
    return list(portfolios_for(actor).select_related("client").order_by("client__name", "name"))


def allocation_replays_for(actor: Actor) -> list[AllocationReplayView]:
    """Replays of portfolios this actor may see, newest first."""
    jobs = Job.objects.filter(kind=KIND, organization_id=actor.organization_id)
    if not policies.may(actor, "manage", client_id=None):
        jobs = jobs.filter(created_by_id=actor.user_id or 0)
    portfolios = {str(one.public_id): one for one in portfolios_for(actor).select_related("client")}
    return [
        AllocationReplayView(job, portfolios[asked], job.result.get("answer"))
        for job in jobs[:100]
        if (asked := job.result.get("portfolio", "")) in portfolios
    ]


def allocation_replay_of(actor: Actor, public_id: UUID | str) -> AllocationReplayView:
    """One of them; an unknown one is not found."""
    for found in allocation_replays_for(actor):
        if str(found.job.public_id) == str(public_id):
            return found
    raise NotVisible
