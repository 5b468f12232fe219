"""Reading a client's calendar: which events fall on which days, and what they make of a plan's days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from campaigns.models import Budget
from lane.core.actors import Actor
from pacing.models import BudgetPlan, PlannedEvent

CURRENT = (BudgetPlan.Status.ACTIVE, BudgetPlan.Status.SCHEDULED, BudgetPlan.Status.PAUSED)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time an event happens; a yearly one happens once in every year."""

    event: PlannedEvent
    starts_on: date
    ends_on: date

    def covers(self, on: date) -> bool:
        """Whether a day belongs to it."""
        return self.starts_on <= on <= self.ends_on


@dataclass(frozen=True, slots=True)
class PlanDays:
    """What a calendar asks about a plan: whose it is, its flight, and how its money divides over platforms."""

    plan_id: int
    starts_on: date
    days: int
    shares: Mapping[str, float]  # platform -> share of the plan's daily budgets, adding up to 1

    @property
    def ends_on(self) -> date:
        """Last day of the flight."""
        return self.starts_on + timedelta(days=self.days - 1)


def events_for(actor: Actor) -> QuerySet[PlannedEvent]:
    """Events of the clients the actor sees."""
    return PlannedEvent.objects.visible_to(actor).select_related("client", "plan")


def events_between(client_ids: Iterable[int], first: date, last: date) -> dict[int, list[PlannedEvent]]:
    """Events of some clients that may fall into a span, by client; one query."""
    found: dict[int, list[PlannedEvent]] = {}
    rows = PlannedEvent.objects.filter(
        Q(recurs_yearly=True, starts_on__lte=last) | Q(starts_on__lte=last, ends_on__gte=first),
        client_id__in=list(client_ids),
    )
    for event in rows.order_by("starts_on", "pk"):
        found.setdefault(event.client_id, []).append(event)
    return found


def occurrences(event: PlannedEvent, first: date, last: date) -> list[Occurrence]:
    """When an event happens within a span, oldest first. 29 February is the 28th in other years."""
    if not event.recurs_yearly:
        years = [0]
    else:
        years = list(range(max(0, first.year - event.ends_on.year), last.year - event.starts_on.year + 1))
    length = event.ends_on - event.starts_on
    found = []
    for years_on in years:
        starts_on = _years_later(event.starts_on, years_on)
        one = Occurrence(event, starts_on, starts_on + length)
        if one.starts_on <= last and one.ends_on >= first:
            found.append(one)
    return found


def effect_on(event: PlannedEvent, plan: PlanDays) -> float:
    """What an event multiplies a day of a plan by: 1 where it says nothing about the plan.

    An event of one platform moves only that platform's share of a plan over several.
    """
    if event.plan_id is not None and event.plan_id != plan.plan_id:
        return 1.0
    factor = float(event.factor)
    return factor if not event.platform else 1.0 + (factor - 1.0) * plan.shares.get(event.platform, 0.0)


def day_factors(events: Sequence[PlannedEvent], plan: PlanDays) -> list[float] | None:
    """What each day of a plan is multiplied by; several events on one day multiply. None without any effect."""
    factors = [1.0] * plan.days
    touched = False
    for event in events:
        factor = effect_on(event, plan)
        if factor == 1.0:
            continue
        for one in occurrences(event, plan.starts_on, plan.ends_on):
            start = max(0, (one.starts_on - plan.starts_on).days)
            end = min(plan.days - 1, (one.ends_on - plan.starts_on).days)
            touched = touched or end >= start
            for day in range(start, end + 1):
                factors[day] *= factor
    return factors if touched else None


def shares_of(amounts: Mapping[str, int | None]) -> dict[str, float]:
    """Amounts by platform as shares; equal ones while an amount is not known."""
    if not amounts:
        return {}
    total = sum(amount or 0 for amount in amounts.values())
    if total <= 0 or None in amounts.values():
        return {platform: 1 / len(amounts) for platform in amounts}
    return {platform: (amount or 0) / total for platform, amount in amounts.items()}


def weights_for(plan: BudgetPlan) -> list[float] | None:
    """What the client's calendar multiplies each day of a plan by; None when nothing falls into its flight.

    Blackouts on every day leave nothing to plan with and are refused when they are entered; should one slip
    through by a moved flight, the plan keeps its own curve.
    """
    events = events_between([plan.client_id], plan.starts_on, plan.ends_on).get(plan.client_id, [])
    factors = day_factors(events, days_of([plan])[plan.pk]) if events else None
    return factors if factors is None or any(factors) else None


def happening_on(plan: BudgetPlan) -> list[Occurrence]:
    """Events that touch a plan's flight, oldest first."""
    days = days_of([plan])[plan.pk]
    events = events_between([plan.client_id], plan.starts_on, plan.ends_on).get(plan.client_id, [])
    found = [
        one
        for event in events
        if effect_on(event, days) != 1.0
        for one in occurrences(event, plan.starts_on, plan.ends_on)
    ]
    return sorted(found, key=lambda one: (one.starts_on, one.event.pk))


def marks_for(plan: BudgetPlan) -> list[tuple[float, str]]:
    """The events of a plan as marks of its spend curve: days after its start, and the words."""
    return [
        (float(max(0, (one.starts_on - plan.starts_on).days)), f"{one.starts_on:%-d %b}: {one.event.name}")
        for one in happening_on(plan)
    ]


def plans_touched(event: PlannedEvent) -> list[tuple[BudgetPlan, PlanDays]]:
    """Current plans whose days an event changes, with their days; two queries."""
    plans = list(BudgetPlan.objects.filter(client_id=event.client_id, status__in=CURRENT).order_by("name"))
    days = days_of(plans)
    return [
        (plan, days[plan.pk])
        for plan in plans
        if effect_on(event, days[plan.pk]) != 1.0 and occurrences(event, plan.starts_on, plan.ends_on)
    ]


def days_of(plans: Sequence[BudgetPlan]) -> dict[int, PlanDays]:
    """What a calendar asks about several plans; one query."""
    amounts: dict[int, dict[str, int | None]] = {plan.pk: {} for plan in plans}
    rows = Budget.objects.filter(plan_budgets__plan__in=plans).values_list(
        "plan_budgets__plan_id", "ad_account__platform", "amount_micros"
    )
    for plan_id, platform, micros in rows:
        known = amounts[plan_id].get(platform, 0)
        amounts[plan_id][platform] = None if micros is None or known is None else known + micros
    return {
        plan.pk: PlanDays(plan.pk, plan.starts_on, plan.days_total, shares_of(amounts[plan.pk]))
        for plan in plans
    }


def _years_later(on: date, years: int) -> date:
    try:
        return on.replace(year=on.year + years)
    except ValueError:
        return on.replace(year=on.year + years, day=28)
