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
class PlanAmended(DomainEvent):
    """A plan's approved amount or dates changed, and the ledger says by whom."""

    name: ClassVar[str] = "pacing.plan.amended"
    plan_id: str
    client_id: str
    entry_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentProposed(DomainEvent):
    """Another amount or other dates were asked for, or asked for anew."""

    name: ClassVar[str] = "pacing.amendment.proposed"
    amendment_id: str
    plan_id: str
    client_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentEnded(DomainEvent):
    """An amendment was approved for a later day, declined, withdrawn, expired, or could not take effect."""

    name: ClassVar[str] = "pacing.amendment.ended"
    amendment_id: str
    plan_id: str
    client_id: str
    outcome: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRolledOver(DomainEvent):
    """What a cycle left over or overspent went into the next one, or was corrected there."""

    name: ClassVar[str] = "pacing.plan.rolled_over"
    plan_id: str
    from_plan_id: str
    client_id: str
    entry_id: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesStopped(DomainEvent):
    """A series could not make its next plan."""

    name: ClassVar[str] = "pacing.series.stopped"
    series_id: str
    client_id: str
    problem: str


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


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ShortfallDeclared(DomainEvent):
    """A plan cannot spend its amount; offers say what could be done."""

    name: ClassVar[str] = "pacing.shortfall.declared"
    plan_id: str
    client_id: str
    cause: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class ShortfallEnded(DomainEvent):
    """A plan can spend its amount again, was changed, or is over."""

    name: ClassVar[str] = "pacing.shortfall.ended"
    plan_id: str
    client_id: str
    resolution: str


@event_type
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTaken(DomainEvent):
    """Somebody chose a way out of a shortfall."""

    name: ClassVar[str] = "pacing.offer.taken"
    offer_id: str
    plan_id: str
    client_id: str
    kind: str
