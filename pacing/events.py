"""What pacing tells the layers above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lane.core.events import DomainEvent, event_type


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCreated(DomainEvent):
    """A budget plan was made."""

    name: ClassVar[str] = "pacing.plan.created"
    plan_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged(DomainEvent):
    """A plan's terms, mode or status changed."""

    name: ClassVar[str] = "pacing.plan.changed"
    plan_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class PlanHealthChanged(DomainEvent):
    """A plan's status word changed."""

    name: ClassVar[str] = "pacing.plan.health_changed"
    plan_id: str
    client_id: str
    was: str
    now: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationMade(DomainEvent):
    """Lane proposes a change of a plan's budgets."""

    name: ClassVar[str] = "pacing.recommendation.made"
    recommendation_id: str
    plan_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationDecided(DomainEvent):
    """A recommendation was accepted or declined."""

    name: ClassVar[str] = "pacing.recommendation.decided"
    recommendation_id: str
    client_id: str
    state: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioCreated(DomainEvent):
    """A portfolio was made."""

    name: ClassVar[str] = "pacing.portfolio.created"
    portfolio_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioChanged(DomainEvent):
    """A portfolio's terms, arms or state changed."""

    name: ClassVar[str] = "pacing.portfolio.changed"
    portfolio_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class SplitProposed(DomainEvent):
    """Lane proposes to move money between the arms of a portfolio, or to take a move back."""

    name: ClassVar[str] = "pacing.split.proposed"
    look_id: str
    portfolio_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class SplitDecided(DomainEvent):
    """A proposed split was accepted or declined."""

    name: ClassVar[str] = "pacing.split.decided"
    look_id: str
    client_id: str
    state: str
