"""A client's own last 90 days again, under other ways of pacing. Everything but "what happened" is simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Q

from campaigns.models import AccountDayFreshness, Budget
from campaigns.selectors import facts
from lane.accounts.models import Client
from lane.core import clock, jobs
from lane.core.actors import Actor
from lane.core.errors import InvalidInput
from lane.core.models import Job
from lane.core.money import unit_micros
from pacing.controllers import UNKNOWN, Landing, PlanTerms, State, Strategy, day_weights
from pacing.controllers.base import Floats, Ints
from pacing.lab import Course, Even, FlightHistory, Market, Paced, Start, Steering, market_of, rehearse
from pacing.models import BudgetPlan, PlanBudget
from pacing.selectors.lab import KIND

HISTORY_DAYS = 90
LENGTHS = (7, 14, 30)
MOST_FLIGHTS = 500
ROWS_KEPT = 100
BANDS = (0.01, 0.02, 0.05)
_LAG_TICKS = 2
_REAL, _EVEN = "real", "even"
_BUSY_FOR = timedelta(minutes=10)
_SILENT_FOR = timedelta(minutes=2)
_CURRENT = (BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED, BudgetPlan.Status.PAUSED)


@dataclass(frozen=True, slots=True)
class Question:
    """What to replay: a client's budgets in flights of some days, paced by some strategies."""

    client_id: str  # public
    days: int = 30
    strategies: tuple[str, ...] = ("adaptive", "linear")
    landing: str = "precise"

    def as_json(self) -> dict[str, Any]:
        """As kept with the job."""
        return {
            "client": self.client_id,
            "days": self.days,
            "strategies": list(self.strategies),
            "landing": self.landing,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Question:
        """Read what ``as_json`` wrote."""
        return cls(stored["client"], stored["days"], tuple(stored["strategies"]), stored["landing"])


@dataclass(frozen=True, slots=True)
class Series:
    """What one plan's or one budget's days were."""

    name: str
    currency: str
    first: date
    spend_micros: list[int]
    budget_micros: list[int]


def start(question: Question, *, client: Client, actor: Actor) -> Job:
    """Open the job of a replay. One at a time per person; the task that runs it is hinted by the caller."""
    _require(question)
    require_idle(actor, KIND)
    job = jobs.start(KIND, f"Replay of {client.name}", actor=actor, total=len(question.strategies) + 1)
    job.result = {"question": question.as_json()}
    job.save(update_fields=["result"])
    return job


def require_idle(actor: Actor, kind: str) -> None:
    """Refuse a second replay of a kind while one of the same person runs."""
    busy = Job.objects.filter(
        kind=kind,
        organization_id=actor.organization_id,
        created_by_id=actor.user_id,
        state__in=(Job.State.QUEUED, Job.State.RUNNING),
        created_at__gt=clock.machine_now() - _BUSY_FOR,
    )
    if busy.exists():
        raise InvalidInput("A replay of yours is still running. Wait for it, or open it from the list.")


def take(job_id: int, kind: str = KIND) -> bool:
    """Claim a job that waits, or one whose worker has not been heard of for a while."""
    now = clock.machine_now()
    silent = Q(state=Job.State.RUNNING, updated_at__lt=now - _SILENT_FOR)
    free = Job.objects.filter(Q(state=Job.State.QUEUED) | silent, pk=job_id, kind=kind)
    return bool(free.update(state=Job.State.RUNNING, updated_at=now))


def run(job_id: int) -> None:
    """Replay and keep the answer with the job; stops between two strategies when asked to."""
    job = Job.objects.get(pk=job_id)
    if job.is_over:
        return
    question = Question.from_json(job.result["question"])
    client = Client.objects.get(public_id=UUID(question.client_id), organization_id=job.organization_id)
    cut = flights_of(client, question.days)
    if not cut.flights:
        jobs.finish(
            job_id, message="No history to replay", result=job.result | {"answer": _nothing(cut, question)}
        )
        return
    replayed = _Replay(cut, question)
    for done, name in enumerate(replayed.names):
        if not jobs.progress(job_id, done=done, message=f"Replaying {name}"):
            jobs.finish(job_id, state=Job.State.CANCELLED, message="Stopped", result=job.result)
            return
        replayed.play(name)
    words = f"{len(cut.flights)} flights of {question.days} days"
    jobs.finish(job_id, message=words, result=job.result | {"answer": replayed.answer()})


@dataclass(frozen=True, slots=True)
class Cut:
    """The flights a history was cut into."""

    first: date
    last: date
    flights: list[FlightHistory]
    currencies: list[str]
    left_out: int  # cut, but too little is known of them or nothing was spent


def flights_of(client: Client, days: int) -> Cut:
    """Flights of some length, cut backwards from the last whole day of each plan's and free budget's history."""
    last = clock.today(client.timezone) - timedelta(days=1)
    first = last - timedelta(days=HISTORY_DAYS - 1)
    found: list[tuple[int, FlightHistory, str]] = []
    left_out = 0
    for series in _series(client, first, last):
        for end in range(HISTORY_DAYS, days - 1, -days):
            begin = end - days
            flight = FlightHistory(
                series.name,
                first + timedelta(days=begin),
                series.spend_micros[begin:end],
                series.budget_micros[begin:end],
            )
            if flight.complete:
                found.append((flight.spent_micros, flight, series.currency))
            elif flight.spent_micros or flight.known_days:
                left_out += 1
    found.sort(key=lambda one: (-one[0], one[1].name, one[1].starts_on))
    left_out += max(0, len(found) - MOST_FLIGHTS)
    kept = found[:MOST_FLIGHTS]
    return Cut(first, last, [one[1] for one in kept], [one[2] for one in kept], left_out)


def _series(client: Client, first: date, last: date) -> list[Series]:
    """Plans with their budgets of one currency together, then every daily budget that no plan holds."""
    budgets = list(
        Budget.objects.filter(client=client, kind=Budget.Kind.DAILY)
        .order_by("name", "pk")
        .only("pk", "name", "currency", "ad_account_id")
    )
    held = PlanBudget.objects.filter(budget__in=budgets, plan__status__in=_CURRENT).select_related("plan")
    plan_of = {link.budget_id: link.plan for link in held.order_by("plan_id")}
    spend, worth = _days_of(budgets, first, last)
    groups: dict[tuple[str, int, str], list[int]] = {}
    for row, budget in enumerate(budgets):
        plan = plan_of.get(budget.pk)
        of = ("plan", plan.pk) if plan else ("budget", budget.pk)
        groups.setdefault((*of, budget.currency), []).append(row)
    names = {plan.pk: plan.name for plan in plan_of.values()}
    return [
        Series(
            names[key] if of == "plan" else budgets[rows[0]].name,
            currency,
            first,
            _together(spend[rows]),
            _together(worth[rows]),
        )
        for (of, key, currency), rows in groups.items()
    ]


def _days_of(budgets: Sequence[Budget], first: date, last: date) -> tuple[Ints, Ints]:
    """Spend and last daily amount by budget and day; a day its account was read without a row had no spend."""
    width = (last - first).days + 1
    spend = np.zeros((len(budgets), width), dtype=np.int64)
    worth = np.full((len(budgets), width), UNKNOWN, dtype=np.int64)
    known = np.zeros((len(budgets), width), dtype=np.bool_)
    if not budgets:
        return spend, worth
    asked = [(row, budget.pk, first, last) for row, budget in enumerate(budgets)]
    found, start = facts.budget_day_spend(asked), first.toordinal()
    np.add.at(spend, (found.keys, found.days - start), found.spend_micros)
    known[found.keys, found.days - start] = True
    values = facts.budget_value_days(asked)
    worth[values.keys, values.days - start] = values.last_micros
    rows_of: dict[int, list[int]] = {}
    for row, budget in enumerate(budgets):
        rows_of.setdefault(budget.ad_account_id, []).append(row)
    read = AccountDayFreshness.objects.filter(ad_account__in=rows_of, on__range=(first, last))
    for account_id, on in read.values_list("ad_account_id", "on"):
        known[rows_of[account_id], (on - first).days] = True
    return np.where(known, spend, UNKNOWN), worth


def _together(rows: Ints) -> list[int]:
    """The sum of some budgets by day, unknown as soon as one is."""
    return [int(total) for total in np.where((rows == UNKNOWN).any(axis=0), UNKNOWN, rows.sum(axis=0))]


class _Replay:
    """The same flights, once per way of pacing."""

    def __init__(self, cut: Cut, question: Question) -> None:
        self.cut, self.question = cut, question
        self.names = [_EVEN, *question.strategies]
        self.market: Market = market_of(cut.flights)
        self.units = np.array([unit_micros(currency) for currency in cut.currencies], dtype=np.int64)
        amounts = np.array([flight.amount_micros for flight in cut.flights], dtype=np.int64)
        self.amounts = np.maximum(amounts // self.units, 1) * self.units
        self.courses: dict[str, Course] = {}

    def play(self, name: str) -> None:
        """One way of pacing over every flight."""
        days = self.question.days
        strategy = Strategy.LINEAR if name == _EVEN else Strategy[name.upper()]
        landing = Landing.NONE if name == _EVEN else Landing[self.question.landing.upper()]
        terms = PlanTerms.build(
            self.amounts, days, strategy=strategy, landing=landing, unit_micros=self.units
        )
        opening = day_weights(terms)[:, 0] * self.amounts / days
        budgets = np.maximum((opening / self.units).astype(np.int64), 1) * self.units
        steering: Steering = Even() if name == _EVEN else Paced(terms, State.fresh(len(self.amounts)))
        self.courses[name] = rehearse(
            terms, self.market, Start.first_day(budgets, days), steering, _LAG_TICKS
        )

    def answer(self) -> dict[str, Any]:
        """What is kept of the replay."""
        flights = self.cut.flights
        real = np.array([flight.spent_micros for flight in flights], dtype=np.float64)
        changes = np.array([flight.changes for flight in flights], dtype=np.float64)
        ends = {_REAL: real} | {name: course.ends for name, course in self.courses.items()}
        one_currency = self.cut.currencies[0] if len(set(self.cut.currencies)) == 1 else ""
        figures = [self._figures(_REAL, real, changes, None, None)]
        figures += [
            self._figures(
                name,
                course.ends,
                course.changes.astype(np.float64),
                course.big_changes.astype(np.float64),
                course.pauses.astype(np.float64),
            )
            for name, course in self.courses.items()
        ]
        return {
            "first": self.cut.first.isoformat(),
            "last": self.cut.last.isoformat(),
            "flights": len(flights),
            "left_out": self.cut.left_out,
            "limited": int((self.market.demand < np.inf).any(axis=1).sum()),
            "currency": one_currency,
            "amount_micros": int(self.amounts.sum()) if one_currency else None,
            "policies": figures,
            "rows": [self._row(place, ends) for place in range(min(len(flights), ROWS_KEPT))],
        }

    def _figures(
        self, name: str, ends: Floats, changes: Floats, big: Floats | None, pauses: Floats | None
    ) -> dict[str, Any]:
        miss = ends / self.amounts - 1.0
        gap = ends - self.amounts
        money = len(set(self.cut.currencies)) == 1
        return {
            "name": name,
            "simulated": name != _REAL,
            "spent_micros": round(float(ends.sum())) if money else None,
            "over_micros": round(float(np.maximum(gap, 0).sum())) if money else None,
            "under_micros": round(float(np.maximum(-gap, 0).sum())) if money else None,
            **{f"within_{round(band * 100)}": float((np.abs(miss) <= band).mean()) for band in BANDS},
            "mean_miss": float(np.abs(miss).mean()),
            "changes": float(changes.mean()),
            "big_changes": None if big is None else float(big.mean()),
            "paused": None if pauses is None else float((pauses > 0).mean()),
            "ends": [round(float(one), 4) for one in (miss + 1.0)[:MOST_FLIGHTS]],
        }

    def _row(self, place: int, ends: Mapping[str, Floats]) -> dict[str, Any]:
        flight = self.cut.flights[place]
        return {
            "name": flight.name,
            "starts_on": flight.starts_on.isoformat(),
            "currency": self.cut.currencies[place],
            "amount_micros": int(self.amounts[place]),
            "limited": bool((self.market.demand[place] < np.inf).any()),
            "ends": {name: round(float(values[place])) for name, values in ends.items()},
        }


def _nothing(cut: Cut, question: Question) -> dict[str, Any]:
    return {
        "first": cut.first.isoformat(),
        "last": cut.last.isoformat(),
        "flights": 0,
        "left_out": cut.left_out,
        "limited": 0,
        "currency": "",
        "amount_micros": None,
        "policies": [],
        "rows": [],
    }


def _require(question: Question) -> None:
    fields = {}
    if question.days not in LENGTHS:
        fields["days"] = f"Choose one of: {', '.join(map(str, LENGTHS))}."
    if not question.strategies:
        fields["strategies"] = "Choose at least one strategy to compare."
    elif unknown := sorted(set(question.strategies) - set(BudgetPlan.Strategy.values)):
        fields["strategies"] = (
            f"There is no strategy “{unknown[0]}”. Choose from: {', '.join(BudgetPlan.Strategy.values)}."
        )
    if question.landing not in BudgetPlan.Landing.values:
        fields["landing"] = f"Choose one of: {', '.join(BudgetPlan.Landing.values)}."
    if fields:
        raise InvalidInput(fields=fields)
