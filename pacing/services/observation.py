"""From stored facts to the controllers' arrays: many plans at one instant, in a handful of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from campaigns.models import AdAccount, Connection, KillSwitch
from campaigns.platforms.registry import capabilities_of
from campaigns.selectors import kill_switches
from lane.core import clock
from lane.core.dates import elapsed_share, local_date
from pacing.controllers import UNKNOWN, Observation, PlanTerms, State
from pacing.models import BudgetPlan
from pacing.services.observed_hours import today_by_tick
from pacing.services.observed_rates import Foreign, PlanRates
from pacing.services.observed_spend import budget_by_day, spend_by_day
from pacing.services.observed_terms import shapes_of, terms_of

STALE_AFTER_LAG_HOURS = 4
_CSV_STALE_HOURS = 72.0
_NEVER_READ = 1e6
_BUDGET_FLOOR_MICROS = 1_000_000
_CHANGE_MEMORY = timedelta(days=3)
Ints = NDArray[np.int64]
_PLAN_FIELDS = (
    "pk",
    "public_id",
    "organization_id",
    "client_id",
    "client__public_id",
    "amount_micros",
    "currency",
    "timezone",
    "starts_on",
    "ends_on",
    "strategy",
    "landing",
    "tolerance_ratio",
    "mode",
    "status",
    "pause_at_target",
    "controller_state",
    "snapshot__health",
)


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One budget of one plan as mirrored now, its amounts in the plan's currency."""

    plan_row: int
    budget_id: int
    public_id: str
    name: str
    amount_micros: int | None
    floor_micros: int
    account_id: int
    running: bool  # some campaign or ad set spending from it is switched on
    paused_by_lane: bool  # nothing runs, and Lane paused what does not
    stuck: bool = False  # cannot spend while a sibling can: the plan is decided without it
    currency: str = ""
    foreign: Foreign | None = None  # its own amounts, where its currency is not the plan's


@dataclass(frozen=True, slots=True)
class Seen:
    """Many plans at one instant: their rows, budgets, and the controllers' arrays."""

    at: datetime
    plans: list[dict[str, Any]]
    budgets: list[list[BudgetRow]]
    accounts: dict[int, dict[str, Any]]
    account_ids: list[list[int]]
    terms: PlanTerms
    observation: Observation
    state: State
    data_as_of: list[datetime | None]
    final_through: list[date | None]
    unknown_rates: dict[int, dict[str, str]]  # plan row -> the pair and day no rate is known for


def observe(
    plan_ids: Sequence[int], at: datetime, *, altered: Mapping[int, Mapping[str, Any]] | None = None
) -> Seen:
    """Read everything the controllers need of some plans. One row per plan, in id order.

    ``altered`` supposes other values of some plans' own fields; nothing of it is stored.
    """
    plans = list(BudgetPlan.objects.filter(pk__in=plan_ids).order_by("pk").values(*_PLAN_FIELDS))
    for plan in plans:
        plan.update((altered or {}).get(plan["pk"], {}))
    row_of = {plan["pk"]: row for row, plan in enumerate(plans)}
    own_budgets = _budgets(row_of)
    rates = PlanRates.of(plans, own_budgets)
    budgets = rates.priced(plans, own_budgets, at)
    account_ids = [sorted({b.account_id for b in rows}) for rows in budgets]
    accounts = _accounts({one for ids in account_ids for one in ids})
    days = np.array([(p["ends_on"] - p["starts_on"]).days + 1 for p in plans], dtype=np.int64)
    first = np.array([p["starts_on"].toordinal() for p in plans], dtype=np.int64)
    today = _today_ordinals(plans, at)
    width = int(days.max()) if len(plans) else 1
    spend, today_spend = spend_by_day(plans, budgets, accounts, account_ids, first, days, today, width, rates)
    by_day = budget_by_day(plans, budgets, first, width, rates)
    as_of = [_oldest(accounts[one]["facts_synced_at"] for one in ids) for ids in account_ids]
    final = [_oldest(accounts[one]["final_through"] for one in ids) for ids in account_ids]
    shapes = shapes_of(plans, budgets, accounts, first, days)
    reports = [_reports(accounts, ids, at, shapes.lag_hours) for ids in account_ids]
    switches = list(kill_switches.on())
    observation = Observation.build(
        day=today - first + 1,
        day_fraction=_fractions(plans, at),
        spend_micros=spend,
        today_spend_micros=today_spend,
        budget_micros=_totals(budgets),
        budget_by_day_micros=by_day,
        paused=[
            p["status"] == BudgetPlan.Status.PAUSED or not _any_runs(b)
            for p, b in zip(plans, budgets, strict=True)
        ],
        paused_by_lane=[
            p["status"] != BudgetPlan.Status.PAUSED and _lane_paused(b)
            for p, b in zip(plans, budgets, strict=True)
        ],
        writable=[
            row not in rates.unknown and _writable(plan, [accounts[one] for one in ids], switches)
            for row, (plan, ids) in enumerate(zip(plans, account_ids, strict=True))
        ],
        today_by_tick_micros=today_by_tick(
            plans, budgets, accounts, account_ids, today_spend, shapes.lag_hours, at
        ),
        hours_since_change=_hours_since_change(row_of, at),
        report_age_hours=[age for age, _ in reports],
        stale_after_hours=[limit for _, limit in reports],
    )
    return Seen(
        at=at,
        plans=plans,
        budgets=budgets,
        accounts=accounts,
        account_ids=account_ids,
        terms=terms_of(plans, budgets, accounts, days, shapes),
        observation=observation,
        state=State.from_json([plan["controller_state"] or {} for plan in plans]),
        data_as_of=as_of,
        final_through=final,
        unknown_rates=rates.unknown,
    )


def _budgets(row_of: dict[int, int]) -> list[list[BudgetRow]]:
    """Budgets of each plan with whether anything spends from them; one query."""
    statement = """
        SELECT pb.plan_id, b.id, b.public_id, b.name, b.amount_micros, b.floor_micros, b.ad_account_id,
               coalesce(s.running, false), coalesce(s.ours, false), b.currency
        FROM pacing_planbudget pb
        JOIN campaigns_budget b ON b.id = pb.budget_id
        LEFT JOIN LATERAL (
            SELECT bool_or(c.status IN ('active', 'limited', 'unknown')
                           AND coalesce(g.status IN ('active', 'limited', 'unknown'), true)) AS running,
                   bool_or(c.paused_by_lane_at IS NOT NULL AND c.status = 'paused') AS ours
            FROM campaigns_budgetspender p
            LEFT JOIN campaigns_adgroup g ON p.level = 2 AND g.id = p.entity_id
            JOIN campaigns_adcampaign c ON c.id = CASE p.level WHEN 1 THEN p.entity_id ELSE g.ad_campaign_id END
            WHERE p.budget_id = b.id
        ) s ON true
        WHERE pb.plan_id = ANY(%s)
        ORDER BY pb.plan_id, b.name, b.id
    """
    found: list[list[BudgetRow]] = [[] for _ in row_of]
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(row_of)])
        for plan_id, budget_id, public_id, name, amount, floor, account_id, running, ours, cur in cursor:
            found[row_of[plan_id]].append(
                BudgetRow(
                    row_of[plan_id],
                    budget_id,
                    str(public_id),
                    name,
                    amount,
                    floor or _BUDGET_FLOOR_MICROS,
                    account_id,
                    running,
                    ours and not running,
                    currency=cur,
                )
            )
    return found


def _accounts(account_ids: set[int]) -> dict[int, dict[str, Any]]:
    fields = ("pk", "platform", "source", "facts_synced_at", "final_through", "organization_id", "client_id")
    rows = AdAccount.objects.filter(pk__in=account_ids).values(
        *fields, "connection_id", "connection__status", "recommend_only_reason"
    )
    return {row["pk"]: row for row in rows}


def _hours_since_change(row_of: dict[int, int], at: datetime) -> NDArray[np.float64]:
    """Hours since a budget of the plan was last changed by Lane and read back; infinite when not lately."""
    hours = np.full(len(row_of), np.inf)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pb.plan_id, max(c.finished_at) FROM pacing_planbudget pb "
            "JOIN campaigns_change c ON c.budget_id = pb.budget_id AND c.state = 'verified' "
            "AND c.finished_at > %s WHERE pb.plan_id = ANY(%s) GROUP BY pb.plan_id",
            [at - _CHANGE_MEMORY, list(row_of)],
        )
        for plan_id, changed_at in cursor:
            hours[row_of[plan_id]] = max(0.0, (at - changed_at).total_seconds() / 3600)
    return hours


def _today_ordinals(plans: list[dict[str, Any]], at: datetime) -> Ints:
    by_zone = {zone: local_date(at, zone).toordinal() for zone in {plan["timezone"] for plan in plans}}
    return np.array([by_zone[plan["timezone"]] for plan in plans], dtype=np.int64)


def _fractions(plans: list[dict[str, Any]], at: datetime) -> list[float]:
    by_zone = {zone: elapsed_share(at, zone) for zone in {plan["timezone"] for plan in plans}}
    return [by_zone[plan["timezone"]] for plan in plans]


def _totals(budgets: list[list[BudgetRow]]) -> list[int]:
    """Total daily amount now; UNKNOWN as soon as one budget's amount is."""
    return [
        sum(b.amount_micros or 0 for b in rows)
        if rows and all(b.amount_micros is not None for b in rows)
        else UNKNOWN
        for rows in budgets
    ]


def _any_runs(rows: list[BudgetRow]) -> bool:
    return any(row.running for row in rows)


def _lane_paused(rows: list[BudgetRow]) -> bool:
    return not _any_runs(rows) and any(row.paused_by_lane for row in rows)


def _writable(plan: dict[str, Any], accounts: list[dict[str, Any]], switches: list[KillSwitch]) -> bool:
    """Whether every account of the plan takes writes: connected, and no kill switch on."""
    return bool(accounts) and all(
        account["source"] == AdAccount.Source.API
        and account["connection__status"] == Connection.Status.OK
        and not any(_stops(switch, plan, account) for switch in switches)
        for account in accounts
    )


def _stops(switch: KillSwitch, plan: dict[str, Any], account: dict[str, Any]) -> bool:
    """Everything a switch names must match; one that names nothing stops everything."""
    return (
        switch.organization_id in (None, plan["organization_id"])
        and switch.client_id in (None, plan["client_id"])
        and switch.platform in ("", account["platform"])
        and switch.connection_id in (None, account["connection_id"])
    )


def _reports(
    accounts: dict[int, dict[str, Any]], ids: list[int], at: datetime, lags: dict[int, tuple[float, float]]
) -> tuple[float, float]:
    """How old the oldest report of a plan is, and how old it may be, in hours.

    The age runs to the instant a report is true for, by the account's own delay where it was learned. A report
    older than the account's late ones plus four hours is stale; files are allowed three days. The limit is the
    one of the account that is furthest past its own, so that age above limit means that some account is stale.
    """
    oldest, excess = -1.0, -np.inf
    for one in ids:
        usual = capabilities_of(accounts[one]["platform"]).report_lag_hours
        middle, late = lags.get(one, (usual, usual))
        synced = accounts[one]["facts_synced_at"]
        age = _NEVER_READ if synced is None else (at - synced).total_seconds() / 3600 + middle
        is_file = accounts[one]["source"] == AdAccount.Source.CSV
        limit = _CSV_STALE_HOURS if is_file else max(usual, late) + STALE_AFTER_LAG_HOURS
        oldest, excess = max(oldest, age), max(excess, age - limit)
    if not ids:
        return _NEVER_READ, STALE_AFTER_LAG_HOURS
    return oldest, oldest - float(excess)


def _oldest(values: Any) -> Any:
    """The smallest value, None as soon as one is missing."""
    known = list(values)
    return None if not known or any(value is None for value in known) else min(known)


def current_slot(at: datetime | None = None) -> datetime:
    """The start of the two-hour slot an instant is in, UTC."""
    moment = at or clock.now()
    return moment.replace(hour=moment.hour // 2 * 2, minute=0, second=0, microsecond=0)
