"""One observation line as plain values in flight days: what is given, what is remembered, what is the default."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pacing.controllers import Landing, Strategy
from pacing.filtering import fields
from pacing.filtering.clock import TICKS, Instant, day_bounds, elapsed_share, is_zone
from pacing.filtering.day_shape import DayShape
from pacing.filtering.fields import BadField, Record
from pacing.filtering.memory import Memory, recall
from pacing.filtering.reports import Reported, read_reports

LONGEST_FLIGHT_DAYS = 366
DEFAULT_LAG_HOURS = 3.0
STALE_AFTER_LAG_HOURS = 4.0
DEFAULT_UNIT_MICROS = 10_000
STRATEGIES = tuple(strategy.name.lower() for strategy in Strategy)
LANDINGS = tuple(landing.name.lower() for landing in Landing)
KNOWN_FIELDS = frozenset(
    [
        "plan",
        "amount_micros",
        "currency",
        "starts_on",
        "ends_on",
        "strategy",
        "landing",
        "curve_power",
        "delivery_prior",
        "season_alpha",
        "season",
        "plan_weights",
        "intraday",
        "pause_at_target",
        "step_limit",
        "cooldown_hours",
        "tolerance",
        "min_budget_micros",
        "unit_micros",
        "timezone",
        "now",
        "reported",
        "budget_micros",
        "budgets",
        "paused",
        "paused_by",
        "paused_days",
        "writable",
        "platform",
        "last_change_at",
        "state",
    ]
)

_SHAPE_LOOKBACK_DAYS = 3  # reports older than this say nothing of the shape of a day
UnitOf = Callable[[str], int]  # the smallest billable step of a currency, in micros


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed for one plan."""

    amount_micros: int
    currency: str
    first: int  # ordinal of the first day
    days: int
    strategy: int
    landing: int
    curve_power: float
    season_alpha: float
    season: list[float] | None
    plan_weights: list[float] | None
    intraday: list[float] | None
    min_budget_micros: int
    unit_micros: int
    step_limit: float
    cooldown_hours: float
    tolerance: float
    may_pause: bool
    delivery_prior: float  # spend per unit of budget before the flight has shown its own
    month_limit: bool  # after an edit the platform spends at most the budget times the days left


@dataclass(frozen=True, slots=True)
class Observed:
    """One line, understood."""

    plan: str | int
    terms: Terms
    now: Instant
    zone: str
    day: int  # 1-based flight day
    day_fraction: float
    reported: Reported
    stale_after_hours: float
    budget_micros: int
    budgets: list[int]  # the last daily budget of each past day
    paused: bool
    paused_by_lane: bool
    paused_days: list[bool]
    writable: bool
    changed_at: float | None  # seconds since 1970 of the last budget change, None when there was none
    controller: Record  # what the controller remembers
    shape: DayShape  # how its spend spreads over the day, as learned so far
    unknown_fields: list[str]

    @property
    def report_age_hours(self) -> float:
        """Hours between now and the moment the reports are true for."""
        return (self.now.seconds - self.reported.through) / 3600

    @property
    def hours_since_change(self) -> float:
        """Hours since the budget was last changed, infinite when it never was."""
        return math.inf if self.changed_at is None else max(0.0, (self.now.seconds - self.changed_at) / 3600)


def read(record: Any, unit_of: UnitOf | None = None) -> Observed:
    """Understand one observation; raises ``BadField`` for the first field that cannot be used."""
    if not isinstance(record, dict):
        raise BadField("line", "Write one JSON object a line.")
    plan = fields.required(record, "plan")
    if type(plan) not in (str, int):
        raise BadField("plan", "Write text or a whole number that names the plan.")
    platform = fields.part(record, "platform")
    terms = _terms(record, platform, unit_of)
    zone = fields.text(record, "timezone", "UTC")
    if not is_zone(zone):
        raise BadField("timezone", f'There is no time zone "{zone}". Write one like Europe/Vienna.')
    now = fields.moment(fields.required(record, "now"), "now", zone)
    lag = fields.number(platform, "report_lag_hours", DEFAULT_LAG_HOURS, "platform.", low=0, high=240)
    reported = read_reports(fields.part(record, "reported"), terms.first, terms.days, now, zone, lag)
    memory = recall(record.get("state"), plan, terms.first, terms.days)
    # Who says nothing of the budget or the pause in force is taken to have carried the last answer out.
    budget = fields.optional_micros(record, "budget_micros", memory.asked)
    paused = fields.flag(record, "paused", memory.pause_asked)
    memory = memory.noticing(now, budget, paused, terms.first, terms.days)
    return Observed(
        plan=plan,
        terms=terms,
        now=now,
        zone=zone,
        day=now.day - terms.first + 1,
        day_fraction=elapsed_share(now, zone),
        reported=reported,
        stale_after_hours=fields.number(
            platform, "stale_after_hours", lag + STALE_AFTER_LAG_HOURS, "platform.", low=0, high=1000
        ),
        budget_micros=budget,
        budgets=_budgets(record, memory, terms),
        paused=paused,
        paused_by_lane=paused and _by_lane(record, memory),
        paused_days=_paused_days(record, memory, terms),
        writable=fields.flag(record, "writable", True),
        changed_at=_changed_at(record, memory, zone),
        controller=memory.controller,
        shape=_shape_after(memory, reported, terms, now, zone),
        unknown_fields=[] if record.keys() <= KNOWN_FIELDS else sorted(record.keys() - KNOWN_FIELDS),
    )


def _terms(record: Record, platform: Record, unit_of: UnitOf | None) -> Terms:
    first = fields.day(fields.required(record, "starts_on"), "starts_on")
    last = fields.day(fields.required(record, "ends_on"), "ends_on")
    days = last - first + 1
    if days < 1:
        raise BadField("ends_on", "The last day is before the first. Swap the dates.")
    if days > LONGEST_FLIGHT_DAYS:
        raise BadField("ends_on", f"A flight has at most {LONGEST_FLIGHT_DAYS} days, not {days}.")
    strategy = Strategy[fields.choice(record, "strategy", "adaptive", STRATEGIES).upper()]
    currency = fields.text(record, "currency", "")
    unit = unit_of(currency) if unit_of is not None and currency else DEFAULT_UNIT_MICROS
    unit = fields.optional_micros(platform, "budget_unit_micros", unit, "platform.", least=1)
    floor = fields.optional_micros(platform, "min_daily_budget_micros", 0, "platform.")
    fields.number(platform, "daily_overdelivery", 1.0, "platform.", low=1, high=100)
    fields.number(platform, "monthly_limit", 30.4, "platform.", low=1, high=1000)
    name = fields.text(platform, "name", "", "platform.").lower()
    weights = _per_day(record, "plan_weights", days)
    if weights is not None and not any(weights):
        raise BadField("plan_weights", "At least one day has to weigh more than zero.")
    power = 1.25 if strategy == Strategy.CONSERVATIVE else 1.5
    return Terms(
        amount_micros=fields.micros(fields.required(record, "amount_micros"), "amount_micros", least=1),
        currency=currency,
        first=first,
        days=days,
        strategy=int(strategy),
        landing=int(Landing[fields.choice(record, "landing", "precise", LANDINGS).upper()]),
        curve_power=fields.number(record, "curve_power", power, low=1.05, high=2.5),
        season_alpha=fields.number(record, "season_alpha", 0.0, low=0, high=1),
        season=_per_day(record, "season", days),
        plan_weights=weights,
        intraday=_intraday(record),
        min_budget_micros=fields.optional_micros(record, "min_budget_micros", floor),
        unit_micros=fields.optional_micros(record, "unit_micros", unit, least=1),
        step_limit=fields.number(record, "step_limit", 0.2, low=0.001, high=10),
        cooldown_hours=fields.number(record, "cooldown_hours", 24.0, low=0, high=8784),
        tolerance=fields.number(record, "tolerance", 0.05, low=0.0001, high=0.5),
        may_pause=fields.flag(record, "pause_at_target", True),
        delivery_prior=fields.number(record, "delivery_prior", 1.0, low=0.2, high=2.0),
        month_limit=_has_month_limit(platform, name),
    )


def _has_month_limit(platform: Record, name: str) -> bool:
    """Whether a limit that follows each edit ends with the flight: said, or taken for granted at Google."""
    if "monthly_limit" in platform:
        return platform["monthly_limit"] is not None
    return name.startswith("google")


def _per_day(record: Record, name: str, days: int) -> list[float] | None:
    values = fields.rows(record, name)
    if not values:
        return None
    if len(values) != days:
        raise BadField(name, f"Write one number per day of the flight: {days}, not {len(values)}.")
    return [fields.bounded(value, f"{name}[{i}]", low=0, high=100) for i, value in enumerate(values)]


def _intraday(record: Record) -> list[float] | None:
    """Shares of a day as 12 ticks; 24 hours are added up in pairs."""
    values = fields.rows(record, "intraday")
    if not values:
        return None
    if len(values) not in (12, 24):
        raise BadField("intraday", f"Write 12 numbers (2-hour ticks) or 24 (hours), not {len(values)}.")
    shares = [fields.bounded(value, f"intraday[{i}]", low=0, high=1e9) for i, value in enumerate(values)]
    if len(shares) == 24:
        shares = [shares[i] + shares[i + 1] for i in range(0, 24, 2)]
    if not sum(shares) > 0:
        raise BadField("intraday", "At least one share has to be above zero.")
    return shares


def _budgets(record: Record, memory: Memory, terms: Terms) -> list[int]:
    """The last budget of each past day: as given here, else as remembered."""
    given = fields.rows(record, "budgets")
    if not given:
        return memory.budgets
    found = memory.budgets.copy()
    for i, row in enumerate(given):
        path = f"budgets[{i}]."
        if not isinstance(row, dict):
            raise BadField(path[:-1], 'Write an object like {"on": "2026-05-01", "micros": 100000000}.')
        index = fields.day(fields.required(row, "on", path), path + "on") - terms.first
        amount = fields.micros(fields.required(row, "micros", path), path + "micros")
        if 0 <= index < terms.days:
            found[index] = amount
    return found


def _shape_after(memory: Memory, reported: Reported, terms: Terms, now: Instant, zone: str) -> DayShape:
    """What this look adds to the shape of the plan's days."""
    day = now.day
    while reported.through < day_bounds(day, zone)[0] and now.day - day < _SHAPE_LOOKBACK_DAYS:
        day -= 1
    index = day - terms.first
    if not 0 <= index < terms.days:
        return memory.shape
    position = elapsed_share(Instant(reported.through, day), zone) * TICKS
    spend = reported.today if day == now.day else reported.days[index]
    return memory.shape.seeing(index, position, spend, reported.days, memory.paused_days)


def _by_lane(record: Record, memory: Memory) -> bool:
    """Whose pause it is: as said, else Lane's if the last answer asked for it."""
    said = fields.choice(record, "paused_by", "", ("lane", "other"))
    return memory.pause_asked if not said else said == "lane"


def _paused_days(record: Record, memory: Memory, terms: Terms) -> list[bool]:
    given = fields.rows(record, "paused_days")
    if not given:
        return memory.paused_days
    found = memory.paused_days.copy()
    for i, value in enumerate(given):
        index = fields.day(value, f"paused_days[{i}]") - terms.first
        if 0 <= index < terms.days:
            found[index] = True
    return found


def _changed_at(record: Record, memory: Memory, zone: str) -> float | None:
    value = record.get("last_change_at")
    return memory.changed_at if value is None else fields.moment(value, "last_change_at", zone).seconds
