"""Recurring plans: each cycle's plan is made before it begins, once, from the terms of its series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from campaigns.models import Budget
from lane.accounts import policies
from lane.accounts.models import Client
from lane.audit.services import record, recording
from lane.core import clock, outbox, realtime
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, LaneError, NotVisible, OutOfDate
from lane.core.money import unit_micros
from pacing.cycles import Cycle, cycle, cycle_on
from pacing.events import SeriesStopped
from pacing.models import BudgetPlan, PlanSeries
from pacing.services import plan_terms, plans

MOST_AHEAD_DAYS = 31
_TERMS = (
    "name",
    "amount_micros",
    "cadence",
    "cycle_days",
    "anchor_on",
    "last_on",
    "strategy",
    "landing",
    "tolerance_ratio",
    "mode",
    "pause_at_target",
    "amount_rule",
    "rollover",
    "rollover_cap_ratio",
    "make_ahead_days",
)
# Once a plan of the series exists, its rhythm is settled: another rhythm is another series.
_RHYTHM = ("cadence", "cycle_days", "anchor_on")


@transaction.atomic
def create(
    *,
    client: Client,
    name: str,
    amount_micros: int,
    cadence: str,
    anchor_on: date,
    budgets: Sequence[Budget],
    actor: Actor,
    currency: str | None = None,
    timezone: str | None = None,
    cycle_days: int | None = None,
    last_on: date | None = None,
    strategy: str = BudgetPlan.Strategy.ADAPTIVE,
    landing: str | None = None,
    tolerance_ratio: Decimal = Decimal("0.05"),
    mode: str = BudgetPlan.Mode.RECOMMEND,
    pause_at_target: bool = True,
    amount_rule: str = BudgetPlan.AmountRule.POLICY,
    rollover: str = BudgetPlan.Rollover.NONE,
    rollover_cap_ratio: Decimal = Decimal("0.10"),
    make_ahead_days: int = 3,
) -> PlanSeries:
    """Begin a series; the plan of the running cycle, and of the next if it is due, are made at once."""
    policies.require(actor, "change", client)
    client = plan_terms.lock_client(client)
    if not budgets:
        raise InvalidInput(fields={"budgets": "Choose at least one budget."})
    currency = currency or plan_terms.usual_currency(client, budgets)
    plan_terms.require_budgets(client, budgets, currency)
    if amount_rule != BudgetPlan.AmountRule.POLICY and not policies.may(actor, "manage", client_id=client.pk):
        raise InvalidInput(
            fields={"amount_rule": "Only an admin chooses who may change the approved amount."}
        )
    series = PlanSeries(
        organization_id=client.organization_id,
        client=client,
        name=name.strip(),
        currency=currency,
        timezone=timezone or plan_terms.usual_timezone(budgets),
        cadence=cadence,
        cycle_days=cycle_days if cadence == PlanSeries.Cadence.CUSTOM else None,
        anchor_on=anchor_on,
        last_on=last_on,
        amount_micros=amount_micros,
        strategy=strategy,
        landing=landing or plans.usual_landing(mode),
        tolerance_ratio=tolerance_ratio,
        mode=mode,
        pause_at_target=pause_at_target,
        amount_rule=amount_rule,
        rollover=rollover,
        rollover_cap_ratio=rollover_cap_ratio,
        make_ahead_days=make_ahead_days,
        owner_id=actor.user_id,
    )
    _require_terms(series)
    series.save()
    series.budgets.set(budgets)
    record(
        "pacing.series.created",
        actor=actor,
        obj=series,
        after={name: getattr(series, name) for name in _TERMS} | {"budgets": [str(b) for b in budgets]},
    )
    _make_missing(series, actor, strict=True)
    return series


@transaction.atomic
def edit(
    series_id: UUID | str,
    *,
    actor: Actor,
    expected_version: int | None = None,
    reason: str = "",
    budgets: Sequence[Budget] | None = None,
    **changes: Any,
) -> PlanSeries:
    """Change the terms of later cycles; plans that exist keep theirs and are amended one by one."""
    if unknown := set(changes) - set(_TERMS):
        raise InvalidInput(fields=dict.fromkeys(sorted(unknown), "This cannot be changed."))
    series = _locked(series_id, actor)
    policies.require(actor, "change", series)
    if expected_version is not None and expected_version != series.version:
        raise OutOfDate("Somebody changed this series since you opened it. Reload it and edit again.")
    changed = {name: value for name, value in changes.items() if value != getattr(series, name)}
    _require_may_change(series, changed, actor)
    wanted = list(budgets) if budgets is not None else list(series.budgets.select_related("ad_account"))
    plan_terms.require_budgets(series.client, wanted, series.currency)
    with recording(series, "pacing.series.changed", actor=actor, reason=reason):
        for name, value in changed.items():
            setattr(series, name, value.strip() if name == "name" else value)
        series.version += 1
        _require_terms(series)
        series.save()
        series.budgets.set(wanted)
    if series.is_active:
        _make_missing(series, actor, strict=True)
    return series


@transaction.atomic
def end(series_id: UUID | str, *, actor: Actor, reason: str = "") -> PlanSeries:
    """Make no further plans. The running plan goes on to its own last day."""
    series = _locked(series_id, actor)
    policies.require(actor, "change", series)
    if not series.is_active:
        return series
    with recording(series, "pacing.series.ended", actor=actor, reason=reason):
        series.is_active, series.problem = False, ""
        series.save()
    return series


@transaction.atomic
def resume(series_id: UUID | str, *, actor: Actor) -> PlanSeries:
    """Go on with a series that was ended: from the running cycle, never for cycles that are over."""
    series = _locked(series_id, actor)
    policies.require(actor, "change", series)
    if series.is_active:
        return series
    with recording(series, "pacing.series.resumed", actor=actor):
        series.is_active = True
        series.save()
    _make_missing(series, actor, strict=True)
    return series


def make_due() -> int:
    """Make the plans that are due in every running series; what cannot be made is noted and told once."""
    made = 0
    for pk in PlanSeries.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True):
        made += _make_due_of(pk)
    return made


def cycles_due(series: PlanSeries, today: date) -> list[Cycle]:
    """The running cycle and those that begin within the series' notice, as far as the series goes."""
    current = cycle_on(series.anchor_on, series.cadence, max(today, series.anchor_on), series.cycle_days)
    horizon, number = today + timedelta(days=series.make_ahead_days), current.number
    due: list[Cycle] = []
    while True:
        one = cycle(series.anchor_on, series.cadence, number, series.cycle_days)
        if one.starts_on > horizon or (series.last_on is not None and one.starts_on > series.last_on):
            return due
        due.append(one)
        number += 1


def name_of(series: PlanSeries, one: Cycle) -> str:
    """What a cycle's plan is called: the series' name and the days it covers."""
    first, last = one.starts_on, one.ends_on
    if series.cadence == PlanSeries.Cadence.MONTH and first.day == 1:
        return f"{series.name}, {first:%B %Y}"
    if series.cadence == PlanSeries.Cadence.QUARTER and first.day == 1 and first.month % 3 == 1:
        return f"{series.name}, Q{first.month // 3 + 1} {first.year}"
    return f"{series.name}, {first:%-d %b} to {last:%-d %b %Y}"


@transaction.atomic
def _make_due_of(pk: int) -> int:
    series = PlanSeries.objects.select_related("client").locked().get(pk=pk)
    if not series.is_active or series.client.archived_at is not None:
        return 0
    return _make_missing(series, Actor.system(series.organization_id, "series"), strict=False)


def _make_missing(series: PlanSeries, actor: Actor, *, strict: bool) -> int:
    """Make what is due and missing. ``strict`` raises a refusal, otherwise it is kept with the series."""
    made, problem = 0, ""
    existing = set(series.plans.values_list("cycle_on", flat=True))
    for one in cycles_due(series, clock.today(series.timezone)):
        if one.starts_on in existing:
            continue
        try:
            with transaction.atomic():
                _make(series, one, actor)
            made += 1
        except LaneError as error:
            if strict:
                raise
            problem = f"{one.starts_on:%-d %b %Y}: {error.message}"[:500]
            break
    if problem != series.problem:
        series.problem = problem
        series.save(update_fields=["problem", "updated_at"])
        if problem:
            _tell_stopped(series, problem)
    if made or problem:
        realtime.changed(series.organization_id, "plan", str(series.public_id), client_id=series.client_id)
    return made


def _make(series: PlanSeries, one: Cycle, actor: Actor) -> BudgetPlan:
    return plans.create(
        client=series.client,
        name=name_of(series, one),
        amount_micros=series.amount_micros,
        starts_on=one.starts_on,
        ends_on=one.ends_on,
        budgets=list(series.budgets.select_related("ad_account")),
        strategy=series.strategy,
        landing=series.landing,
        tolerance_ratio=series.tolerance_ratio,
        mode=series.mode,
        pause_at_target=series.pause_at_target,
        currency=series.currency,
        timezone=series.timezone,
        amount_rule=series.amount_rule,
        rollover=series.rollover,
        rollover_cap_ratio=series.rollover_cap_ratio,
        series=series,
        cycle_on=one.starts_on,
        reason=f"Cycle of the series “{series.name}”",
        actor=actor,
    )


def _require_terms(series: PlanSeries) -> None:
    """Every term in its bounds; raises ``InvalidInput`` naming each that is not."""
    fields: dict[str, str] = {}
    if not series.name:
        fields["name"] = "Give the series a name."
    elif len(series.name) > 100:
        fields["name"] = "At most 100 characters."
    if series.amount_micros <= 0:
        fields["amount"] = "The amount must be more than zero."
    elif series.amount_micros % unit_micros(series.currency):
        fields["amount"] = f"{series.currency} has no such fraction. Round the amount."
    if series.cadence not in PlanSeries.Cadence.values:
        fields["cadence"] = f"Choose one of: {', '.join(PlanSeries.Cadence.values)}."
    elif series.cadence == PlanSeries.Cadence.CUSTOM and not 1 <= (series.cycle_days or 0) <= 366:
        fields["cycle_days"] = "Say how many days a cycle has, from 1 to 366."
    if series.last_on is not None and series.last_on < series.anchor_on:
        fields["last_on"] = "The last day is before the first cycle."
    if not 0 <= series.make_ahead_days <= MOST_AHEAD_DAYS:
        fields["make_ahead_days"] = f"Choose 0 to {MOST_AHEAD_DAYS} days."
    if not 0 <= series.rollover_cap_ratio <= 1:
        fields["rollover_cap"] = "Choose a share from 0 % to 100 % of the amount."
    if not 0 < series.tolerance_ratio <= Decimal("0.5"):
        fields["tolerance"] = "Choose a tolerance above 0 % and at most 50 %."
    if fields:
        raise InvalidInput(fields=fields)


def _require_may_change(series: PlanSeries, changed: dict[str, Any], actor: Actor) -> None:
    if series.plans.exists() and any(name in changed for name in _RHYTHM):
        raise InvalidInput(
            fields={
                "cadence": "This series has plans already. End it, and begin a new one with another rhythm."
            }
        )
    if policies.may(actor, "manage", client_id=series.client_id):
        return
    if "amount_rule" in changed:
        raise InvalidInput(
            fields={"amount_rule": "Only an admin chooses who may change the approved amount."}
        )
    if "amount_micros" in changed and series.amount_rule != BudgetPlan.AmountRule.OPEN:
        raise InvalidInput(
            fields={
                "amount": "Amend the running plan “for this and all later cycles”: that asks for approval."
            }
        )


def _locked(series_id: UUID | str, actor: Actor) -> PlanSeries:
    found = PlanSeries.objects.visible_to(actor).filter(public_id=series_id).select_related("client").first()
    if found is None:
        raise NotVisible
    client = plan_terms.lock_client(found.client)
    series = PlanSeries.objects.locked().get(pk=found.pk)
    series.client = client
    return series


def _tell_stopped(series: PlanSeries, problem: str) -> None:
    outbox.publish(
        SeriesStopped(
            organization_id=series.organization_id,
            series_id=str(series.public_id),
            client_id=str(series.client.public_id),
            problem=problem,
        )
    )
