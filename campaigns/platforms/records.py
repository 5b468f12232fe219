"""What every connector speaks: frozen records without a framework behind them.

Money is integer micros plus an ISO 4217 currency; days are account-local dates; instants are UTC.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any


class Platform(enum.StrEnum):
    """An ad platform Lane can talk to."""

    GOOGLE_ADS = "google_ads"
    META = "meta"


class Level(enum.StrEnum):
    """Where in a platform's tree an entity or a fact stands."""

    CAMPAIGN = "campaign"
    GROUP = "group"
    AD = "ad"
    BUDGET = "budget"


class Grain(enum.StrEnum):
    """How finely facts are cut in time."""

    DAY = "day"
    HOUR = "hour"


class EntityStatus(enum.StrEnum):
    """A platform status in Lane's words."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"
    REMOVED = "removed"
    LIMITED = "limited"
    UNKNOWN = "unknown"


class BudgetKind(enum.StrEnum):
    """What a platform budget's amount is for."""

    DAILY = "daily"
    LIFETIME = "lifetime"
    NONE = "none"


class BidKind(enum.StrEnum):
    """What the number a campaign or ad set bids towards means."""

    TARGET_CPA = "target_cpa"  # money per conversion, on average
    TARGET_ROAS = "target_roas"  # conversion value per unit of spend, on average
    BID_CAP = "bid_cap"  # money, most per auction


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: ``micros`` are millionths of one unit of ``currency``."""

    micros: int
    currency: str


@dataclass(frozen=True, slots=True)
class Bid:
    """What is bid towards: ``micros`` of ``currency``, or ``millis`` (thousandths) of a return on ad spend."""

    kind: BidKind
    micros: int | None = None
    currency: str = ""
    millis: int | None = None


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why something delivers less or nothing: a code of ``hindrances.py``, plain words, the platform's own."""

    code: str
    words: str
    raw: str = ""


@dataclass(frozen=True, slots=True)
class TokenBundle:
    """Credentials as a platform hands them out; ``expires_at`` is a UTC instant, None when unknown."""

    access_token: str
    refresh_token: str = ""
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An advertiser account as the platform lists it. ``access_path`` is the manager id to act through."""

    external_id: str
    name: str
    currency: str
    timezone: str
    status: EntityStatus
    is_manager: bool = False
    parent_external_id: str = ""
    access_path: str = ""
    is_test: bool = False
    hindrances: tuple[Hindrance, ...] = ()


@dataclass(frozen=True, slots=True)
class EntityRef:
    """One entity inside one account. Meta budgets use the id of the campaign or ad set that carries them."""

    level: Level
    external_id: str


@dataclass(frozen=True, slots=True)
class EntityRecord:
    """A mirrored campaign, group, ad or budget.

    For a campaign or group ``budget_ref`` names the budget it spends from. For a budget ``budget`` is its
    amount, ``budget_kind`` what the amount is for and ``shared`` whether several campaigns may use it.
    """

    ref: EntityRef
    name: str
    status: EntityStatus
    raw_status: str
    parent_ref: EntityRef | None = None
    budget_ref: EntityRef | None = None
    budget_kind: BudgetKind = BudgetKind.NONE
    budget: Money | None = None
    shared: bool = False
    channel: str = ""
    limited_reasons: tuple[str, ...] = ()
    starts_on: date | None = None
    ends_on: date | None = None
    updated_at: datetime | None = None
    hindrances: tuple[Hindrance, ...] = ()
    spend_cap: Money | None = None
    bid: Bid | None = None
    bid_strategy: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One fact: what an entity spent and got in one account-local day, or one local hour of it (0-23)."""

    ref: EntityRef
    on: date
    hour: int | None
    spend_micros: int
    impressions: int
    clicks: int
    conversions: Decimal | None
    conversion_value_micros: int | None
    fetched_at: datetime
    is_final: bool
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class SimulationPoint:
    """What a campaign would have got with one daily budget; cost and results are totals over the window.

    None where the platform does not tell.
    """

    budget_micros: int
    cost_micros: int
    conversions: Decimal | None
    conversion_value_micros: int | None


@dataclass(frozen=True, slots=True)
class BudgetSimulation:
    """A platform's own estimate of one campaign at other budgets, over the local days ``starts_on``..``ends_on``."""

    ref: EntityRef
    starts_on: date
    ends_on: date
    points: tuple[SimulationPoint, ...]


@dataclass(frozen=True, slots=True)
class SetBudget:
    """Set the amount of one budget to an absolute value (never a delta)."""

    ref: EntityRef
    kind: BudgetKind
    target: Money
    expected_before: Money | None = None


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Switch one campaign on or off."""

    ref: EntityRef
    target: EntityStatus  # ACTIVE or PAUSED
    expected_before: EntityStatus | None = None


@dataclass(frozen=True, slots=True)
class SetSpendCap:
    """Set the most a campaign may spend in its lifetime, to an absolute value; None removes the cap."""

    ref: EntityRef
    target: Money | None
    expected_before: Money | None = None


@dataclass(frozen=True, slots=True)
class SetBid:
    """Set what a campaign or ad set bids towards, to an absolute value. Its bid strategy stays."""

    ref: EntityRef
    target: Bid
    strategy: str
    expected_before: Bid | None = None


PlatformChange = SetBudget | SetStatus | SetSpendCap | SetBid


class ReceiptStatus(enum.StrEnum):
    """What a platform said to a write; only a read-back proves it."""

    ACCEPTED = "accepted"
    VALIDATED = "validated"  # dry run passed


@dataclass(frozen=True, slots=True)
class Receipt:
    """A platform's answer to one write. Failures raise the errors of ``errors.py`` instead."""

    status: ReceiptStatus
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class EntityState:
    """The live state of one entity, as read now."""

    ref: EntityRef
    status: EntityStatus
    raw_status: str
    budget: Money | None = None
    budget_kind: BudgetKind = BudgetKind.NONE
    spend_cap: Money | None = None
    bid: Bid | None = None
    bid_strategy: str = ""


@dataclass(frozen=True, slots=True)
class ExternalChange:
    """Somebody changed something at the platform: who, with which tool, what."""

    ref: EntityRef
    at: datetime
    actor: str
    client: str
    fields: tuple[str, ...]
    old: Mapping[str, Any]
    new: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a connector can do and the platform's own limits."""

    hourly: bool
    shared_budgets: bool
    lifetime_budgets: bool
    validate_only: bool
    external_changes: bool
    max_lookback_days: int
    settle_days: int  # after this many days spend no longer moves
    restate_days: int  # re-read this far back every night
    report_lag_hours: int  # reports older than this plus four hours are stale
    writes_per_entity_per_hour: int | None
    in_flight_seconds: int  # how long an unanswered write may still land
    budget_floor_micros: int = 1_000_000
    spend_caps: bool = False  # a campaign can be given a most for its lifetime
    bid_targets: frozenset[BidKind] = frozenset()
    budget_simulations: bool = False  # it tells what campaigns would have got with other budgets
