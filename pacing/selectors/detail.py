"""One plan from all sides: its curve, looks, proposal and changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Q

from campaigns.models import Budget, Change
from campaigns.selectors import facts
from campaigns.selectors.changes import changes_for
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.actors import Actor
from lane.core.dates import elapsed_share, local_date
from lane.core.money import format_money
from pacing.controllers import Landing, Strategy, target_curve
from pacing.controllers.status import tolerance_now
from pacing.models import BudgetPlan, Offer, PacingRun, PlanSnapshot, Recommendation
from pacing.selectors.calendar import marks_for, weights_for
from pacing.selectors.proposals import Proposal
from pacing.selectors.spending import spend_days, spend_days_as_known
from pacing.words import reason_text, reason_texts

RUNS_SHOWN, CHANGES_SHOWN, ACTIVITY_SHOWN = 8, 8, 8
_SILENT = ("unknown", "paused", "scheduled", "ended")
_GAP_TONES = {"behind": "behind", "ahead": "ahead", "cannot_spend": "cannot_spend"}


@dataclass(frozen=True, slots=True)
class Curve:
    """The spend curve with its sentence and its table; ``drawing`` has the fields of a ``SpendCurve``."""

    drawing: Mapping[str, Any]
    summary: str
    rows: list[dict[str, Any]]
    known_on: date | None


@dataclass(frozen=True, slots=True)
class RunLine:
    """One look as a line: local time, what was decided, why, and how much a day."""

    run: PacingRun
    at: str
    reason: str
    step: str


def curve_of(
    plan: BudgetPlan,
    snapshot: PlanSnapshot | None,
    budgets: Sequence[Budget],
    proposal: Proposal | None,
    *,
    known_on: date | None = None,
) -> Curve:
    """Cumulative spend against the target curve of a plan, as known now or at the end of an earlier day."""
    now = clock.now()
    zone = plan.timezone
    reach = _reported_to(snapshot, now) if known_on is None else _end_of(known_on, zone)
    last = min(local_date(reach, zone), plan.ends_on)
    daily = _daily(plan, budgets, last, reach, known_on)
    target = _target(plan, weights_for(plan))
    spent = _cumulative(plan.starts_on, last, daily)
    moment = _offset(plan, now)
    actual = [(0.0, 0)] if spent else []
    for index, micros in enumerate(spent):
        whole = plan.starts_on + timedelta(days=index) < local_date(reach, zone)
        actual.append((index + (1.0 if whole else max(elapsed_share(reach, zone), 0.02)), micros))
    unknown_from = next((on for on, micros in sorted(daily.items()) if micros is None), None)
    total = spent[-1] if spent and unknown_from is None else None
    drawing: dict[str, Any] = {
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
        "target": target,
        "actual": actual,
        "now": moment,
        "now_label": f"today {now.astimezone(ZoneInfo(zone)):%H:%M}",
        "events": marks_for(plan),
    }
    if known_on is None and snapshot is not None and moment is not None and total is not None:
        drawing |= _forecast(plan, snapshot, actual[-1], proposal)
        drawing |= _gap(plan, snapshot, total)
    return Curve(
        drawing=drawing,
        summary=_summary(plan, snapshot, total, reach, proposal, known_on)
        if unknown_from is None
        else f"No exchange rate to {plan.currency} is known for {unknown_from:%-d %b}: from that day on this "
        "plan's spend cannot be told. Enter the rate.",
        rows=_rows(plan, spent, target),
        known_on=known_on,
    )


def run_lines(plan: BudgetPlan, runs: Sequence[PacingRun]) -> list[RunLine]:
    """Looks as lines, each with its two strongest reasons."""
    zone, today = ZoneInfo(plan.timezone), clock.today(plan.timezone)
    lines = []
    for run in runs:
        local = run.at.astimezone(zone)
        texts = reason_texts(run.reasons, plan.currency, timezone=plan.timezone, at=run.at)
        lines.append(
            RunLine(
                run=run,
                at=f"{local:%H:%M}" if local.date() == today else f"{local:%a %-d %b %H:%M}",
                reason=" ".join(texts[:2]) or "No reason was stored.",
                step=_step(run, plan.currency),
            )
        )
    return lines


def explanations(plan: BudgetPlan, snapshot: PlanSnapshot | None) -> str:
    """The strongest reason of the latest look as a sentence."""
    if plan.status == BudgetPlan.Status.PAUSED:
        return f"Pacing is paused. {plan.paused_reason}".strip()
    if snapshot is None:
        return "Not looked at yet. The first look follows within minutes."
    return reason_text(snapshot.reason, plan.currency, timezone=plan.timezone, at=snapshot.as_of)


def changes_of(plan: BudgetPlan, budget_ids: Sequence[int], actor: Actor) -> list[Change]:
    """The last ledger rows that touch a budget of the plan or a campaign that spends from one."""
    touching = Q(budget__in=budget_ids) | Q(ad_campaign__budget__in=budget_ids)
    return list(changes_for(actor).filter(touching)[:CHANGES_SHOWN])


def activity_of(plan: BudgetPlan, recommendations: Sequence[Recommendation]) -> list[AuditEntry]:
    """What people and Lane did to the plan, newest first, with reasons."""
    ways_out = Offer.objects.filter(plan=plan, state=Offer.State.TAKEN).values_list("public_id", flat=True)
    about = [str(each) for each in (plan.public_id, *ways_out, *(one.public_id for one in recommendations))]
    mine = AuditEntry.objects.filter(organization_id=plan.organization_id, object_id__in=about)
    return list(mine.order_by("-id")[:ACTIVITY_SHOWN])


def tolerance_of(plan: BudgetPlan) -> float:
    """The tolerance in force today: it narrows through the flight down to the plan's own on the last day."""
    today = clock.today(plan.timezone)
    left = min(max((plan.ends_on - today).days + 1, 1), plan.days_total)
    now = tolerance_now(
        np.array([float(plan.tolerance_ratio)]), np.array([left]), np.array([plan.days_total])
    )
    return float(now[0])


def _daily(
    plan: BudgetPlan, budgets: Sequence[Budget], last: date, reach: datetime, known_on: date | None
) -> dict[date, int | None]:
    """Spend per day in the plan's currency, as known now or then; None where a rate is missing."""
    ids = [budget.pk for budget in budgets]
    if last < plan.starts_on:
        return {}
    if known_on is not None:
        return spend_days_as_known(plan, budgets, plan.starts_on, last, reach)
    if all(budget.currency == plan.currency for budget in budgets):
        return dict(facts.daily_spend(ids, plan.starts_on, last))
    return spend_days(plan, plan.starts_on, last)


def _target(plan: BudgetPlan, weights: Sequence[float] | None) -> list[tuple[float, int]]:
    by_day = target_curve(
        plan.amount_micros,
        plan.days_total,
        Strategy[plan.strategy.upper()],
        landing=Landing[plan.landing.upper()],
        plan_weight=weights,
    )
    return [(0.0, 0), *((float(day), int(micros)) for day, micros in enumerate(by_day, start=1))]


def _cumulative(first: date, last: date, daily: Mapping[date, int | None]) -> list[int]:
    """Spend to date per day, up to the first day nobody can convert. A day read without a row spent nothing."""
    days = [first + timedelta(days=index) for index in range((last - first).days + 1)]
    known = takewhile(lambda micros: micros is not None, (daily.get(day, 0) for day in days))
    return list(accumulate(micros or 0 for micros in known)) if daily else []


def _reported_to(snapshot: PlanSnapshot | None, now: datetime) -> datetime:
    """The instant the reports reach: the oldest account's; now while nobody knows."""
    return snapshot.data_as_of if snapshot is not None and snapshot.data_as_of is not None else now


def _end_of(day: date, zone: str) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)) - timedelta(seconds=1)


def _offset(plan: BudgetPlan, now: datetime) -> float | None:
    """Days since the start of the flight; None before its first and after its last day."""
    today = local_date(now, plan.timezone)
    if not plan.starts_on <= today <= plan.ends_on:
        return None
    return (today - plan.starts_on).days + elapsed_share(now, plan.timezone)


def _forecast(
    plan: BudgetPlan, snapshot: PlanSnapshot, start: tuple[float, int], proposal: Proposal | None
) -> dict[str, Any]:
    day, micros = start
    end = float(plan.days_total)
    fans: dict[str, Any] = {}
    without = (snapshot.projected_p10_micros, snapshot.projected_p50_micros, snapshot.projected_p90_micros)
    if None not in without and snapshot.health not in _SILENT:
        fans["without"] = [(day, micros, micros, micros), (end, *without)]
        changed = effect_with(proposal)
        if changed is not None:
            fans["with_change"] = [(day, micros, micros, micros), (end, *changed)]
    return fans


def effect_with(proposal: Proposal | None) -> tuple[int, int, int] | None:
    """The projected end with the proposal that still waits, P10, P50 and P90; None without one."""
    if proposal is None or proposal.recommendation is None or proposal.shape != "waiting":
        return None
    band = proposal.recommendation.effect.get("with") or {}
    values = tuple(band.get(name) for name in ("p10", "p50", "p90"))
    return None if None in values else values  # type: ignore[return-value]


def _gap(plan: BudgetPlan, snapshot: PlanSnapshot, total: int) -> dict[str, str]:
    if snapshot.expected_micros is None or snapshot.health in _SILENT:
        return {}
    gap = total - snapshot.expected_micros
    words = "ahead of" if gap > 0 else "behind"
    return {
        "gap_label": f"{format_money(abs(gap), plan.currency, 0)} {words} plan",
        "gap_tone": _GAP_TONES.get(snapshot.health, "quiet"),
    }


def _summary(
    plan: BudgetPlan,
    snapshot: PlanSnapshot | None,
    total: int | None,
    reach: datetime,
    proposal: Proposal | None,
    known_on: date | None,
) -> str:
    """The chart in one or two sentences."""
    local = reach.astimezone(ZoneInfo(plan.timezone))
    cur = plan.currency
    if known_on is not None:
        if total is None:
            return f"Nothing was known of this plan's spend on {known_on:%-d %b}."
        return f"As known at the end of {known_on:%-d %b}: {format_money(total, cur, 0)} spent to that day."
    if total is None:
        return "No spend has been reported for this flight yet."
    texts = [f"Spent {format_money(total, cur, 0)} by {local:%-d %b %H:%M}"]
    if snapshot is not None and snapshot.expected_micros is not None and snapshot.health not in _SILENT:
        gap = total - snapshot.expected_micros
        texts[0] += f", {format_money(abs(gap), cur, 0)} {'over' if gap > 0 else 'under'} the plan for now"
        if snapshot.projected_p50_micros is not None:
            end = f"As things stand the plan ends at {format_money(snapshot.projected_p50_micros, cur, 0)}"
            changed = effect_with(proposal)
            if changed is not None:
                end += f"; with the proposed change at {format_money(changed[1], cur, 0)}"
            texts.append(f"{end}. Bands are P10 to P90")
    return ". ".join(texts) + "."


def _rows(
    plan: BudgetPlan, spent: Sequence[int], target: Sequence[tuple[float, int]]
) -> list[dict[str, Any]]:
    return [
        {
            "day": plan.starts_on + timedelta(days=index),
            "spent_micros": spent[index] if index < len(spent) else None,
            "target_micros": target[index + 1][1],
        }
        for index in range(plan.days_total)
    ]


def _step(run: PacingRun, currency: str) -> str:
    """How much a day a look asked to add or take away; a dash when nothing."""
    if run.decision != PacingRun.Decision.PROPOSE or run.wanted_micros is None or run.budget_micros is None:
        return "–"
    step = run.wanted_micros - run.budget_micros
    return format_money(step, currency, signed=True) if step else "–"
