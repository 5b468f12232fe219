"""Scoring projections once their day has come: what was said of a plan's end against what was spent in the end.

Of each day of a flight the first scheduled look counts. A look that asked for a change is held to the projection
*with* it when one was applied within a day. When changes came later only, neither projection was put to the test,
and the score says so instead of counting. A look that left things alone is held to its only projection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from campaigns.models import Change
from lane.core import clock, realtime
from lane.core.dates import local_date
from lane.core.trust import Trust
from pacing.controllers import UNKNOWN
from pacing.models import BudgetPlan, PacingRun, PlanHealth, ProjectionScore, Recommendation
from pacing.selectors.calibration import measured_since, totals_of
from pacing.services import observation
from pacing.services.observation import Seen

CHUNK = 500
APPLIED_WITHIN = timedelta(hours=24)
RESTATED_FOR_DAYS = 60  # ends are looked at again this long after a flight
LOOKS_BACK = timedelta(days=180)
LEAST_PROJECTIONS, LEAST_PLANS = 20, 3
NO_ERROR, TOO_FAR = Decimal("0.02"), Decimal("0.20")
COVERED_WELL, COVERED_BADLY = Decimal("0.70"), Decimal("0.40")
LARGEST_ERROR = Decimal(1000)
_SAID_NOTHING = (
    PlanHealth.UNKNOWN,
    PlanHealth.PAUSED,
    PlanHealth.STALE,
    PlanHealth.SCHEDULED,
    PlanHealth.ENDED,
)
_ASKED = (PacingRun.Decision.PROPOSE, PacingRun.Decision.PAUSE, PacingRun.Decision.RESUME)
Basis, WhyNot, Horizon = ProjectionScore.Basis, ProjectionScore.WhyNot, ProjectionScore.Horizon


@dataclass(slots=True)
class ScoreResult:
    """What one round did."""

    scored: int = 0  # projections
    corrected: int = 0
    waiting: int = 0  # ended plans whose spend is not final yet


def score_due(at: datetime | None = None) -> ScoreResult:
    """Score plans that ended and whose spend is final; correct scores whose end was restated. Safe to repeat."""
    now = at or clock.now()
    result = ScoreResult()
    since = now.date() - timedelta(days=RESTATED_FOR_DAYS)
    ended = BudgetPlan.objects.filter(status=BudgetPlan.Status.ENDED).filter(
        Q(ends_on__gte=since) | Q(scores__isnull=True, ends_on__gte=since - timedelta(days=RESTATED_FOR_DAYS))
    )
    ids = sorted(set(ended.values_list("pk", flat=True)))
    for start in range(0, len(ids), CHUNK):
        _score(ids[start : start + CHUNK], now, result)
    return result


def trust(client_id: int, platform: str | None = None) -> Trust | None:
    """Trust in the forecasts for a client, from half a year of measured ends; None while too few were measured.

    The score is the product of two parts: error counts in full up to 2 % and nothing from 20 %, coverage of the
    P10 to P90 range, which should hold 80 % of ends, counts in full from 70 % and nothing below 40 %.
    """
    scores = measured_since((clock.now() - LOOKS_BACK).date()).filter(client_id=client_id)
    if platform is not None:
        scores = scores.filter(platform=platform)
    totals = totals_of(scores)
    if totals.n < LEAST_PROJECTIONS or totals.plans < LEAST_PLANS:
        return None
    error, coverage = totals.error_ratio, totals.coverage_ratio
    if error is None or coverage is None:
        return None
    return Trust(
        score=_part(error, best=NO_ERROR, worst=TOO_FAR)
        * _part(coverage, best=COVERED_WELL, worst=COVERED_BADLY),
        projections=totals.n,
        plans=totals.plans,
        error_ratio=error,
        coverage_ratio=coverage,
    )


def horizon_of(days_left: int) -> str:
    """The bucket of a number of days left, the day itself included."""
    if days_left <= 3:
        return Horizon.LAST_DAYS
    if days_left <= 7:
        return Horizon.WEEK
    return Horizon.FORTNIGHT if days_left <= 14 else Horizon.LONGER


@transaction.atomic
def _score(plan_ids: Sequence[int], now: datetime, result: ScoreResult) -> None:
    seen = observation.observe(plan_ids, now)
    plans = {plan.pk: plan for plan in BudgetPlan.objects.filter(pk__in=plan_ids)}
    actual = {}
    for row, values in enumerate(seen.plans):
        end = _final_end(seen, row, values["ends_on"])
        if end is None:
            result.waiting += 1
        else:
            actual[values["pk"]] = (end, _platform_of(seen, row))
    result.corrected += _correct(actual, now)
    fresh = set(actual) - set(
        ProjectionScore.objects.filter(plan__in=actual).values_list("plan_id", flat=True)
    )
    applied = _applied_at(fresh)
    made = [
        score
        for plan_id, run in _daily_looks(fresh)
        for score in [_judged(plans[plan_id], run, actual[plan_id], applied.get(plan_id, []), now)]
    ]
    ProjectionScore.objects.bulk_create(made, batch_size=1000, ignore_conflicts=True)
    result.scored += len(made)
    for organization_id in {score.organization_id for score in made}:
        realtime.changed(organization_id, "calibration")


def _final_end(seen: Seen, row: int, ends_on: date) -> int | None:
    """What a flight spent, once every day of it was read after it settled; None until then."""
    final = seen.final_through[row]
    days = int(seen.terms.days_total[row])
    spend = seen.observation.spend_micros[row, :days]
    if final is None or final < ends_on or (spend == UNKNOWN).any():
        return None
    return int(spend.sum())


def _platform_of(seen: Seen, row: int) -> str:
    platforms = {seen.accounts[one]["platform"] for one in seen.account_ids[row]}
    return platforms.pop() if len(platforms) == 1 else ""


def _daily_looks(plan_ids: set[int]) -> list[tuple[int, dict[str, Any]]]:
    """The first scheduled look of each day of each plan that projected an end."""
    looks = (
        PacingRun.objects.filter(plan__in=plan_ids, on_demand=False, projected_p50_micros__isnull=False)
        .exclude(health__in=_SAID_NOTHING)
        .order_by("plan_id", "at", "pk")
        .values(
            "pk", "plan_id", "at", "decision", "plan__timezone", "projected_p10_micros", "projected_p50_micros",
            "projected_p90_micros", "with_p10_micros", "with_p50_micros", "with_p90_micros",
            amount=F("inputs__amount_micros"), days=F("inputs__days_total"), day=F("inputs__day"),
        )
    )  # fmt: skip
    first: dict[tuple[int, date], dict[str, Any]] = {}
    for look in looks.iterator(chunk_size=2000):
        on = local_date(look["at"], look["plan__timezone"])
        first.setdefault((look["plan_id"], on), look | {"on": on})
    return [(plan_id, look) for (plan_id, _), look in first.items()]


def _applied_at(plan_ids: set[int]) -> dict[int, list[datetime]]:
    """When changes that Lane asked for were in force at the platform, by plan."""
    asked = {
        str(public_id): plan_id
        for public_id, plan_id in Recommendation.objects.filter(plan__in=plan_ids).values_list(
            "public_id", "plan_id"
        )
    }
    asked |= {
        str(public_id): pk
        for public_id, pk in BudgetPlan.objects.filter(pk__in=plan_ids).values_list("public_id", "pk")
    }
    found: dict[int, list[datetime]] = {}
    changes = Change.objects.filter(
        change_set__origin__in=["recommendation", "guard"],
        change_set__origin_id__in=list(asked),
        state=Change.State.VERIFIED,
    )
    for origin_id, finished_at in changes.values_list("change_set__origin_id", "finished_at"):
        if finished_at is not None:
            found.setdefault(asked[origin_id], []).append(finished_at)
    return found


def _judged(
    plan: BudgetPlan,
    look: dict[str, Any],
    actual: tuple[int, str],
    applied: Sequence[datetime],
    now: datetime,
) -> ProjectionScore:
    end, platform = actual
    basis, why_not = _basis(plan, look, applied)
    prefix = "with" if basis == Basis.WITH else "projected"
    p10, p50, p90 = (int(look[f"{prefix}_{name}_micros"]) for name in ("p10", "p50", "p90"))
    days_left = int(look["days"]) - int(look["day"]) + 1
    amount = int(look["amount"])
    return ProjectionScore(
        organization_id=plan.organization_id,
        client_id=plan.client_id,
        plan=plan,
        run_id=look["pk"],
        platform=platform,
        made_on=look["on"],
        made_at=look["at"],
        ended_on=plan.ends_on,
        days_left=days_left,
        horizon=horizon_of(days_left),
        basis=basis,
        currency=plan.currency,
        amount_micros=amount,
        p10_micros=p10,
        p50_micros=p50,
        p90_micros=p90,
        actual_micros=end,
        error_ratio=_error(p50, end, amount),
        covered=p10 <= end <= p90,
        measured=why_not == WhyNot.MEASURED,
        why_not=why_not,
        scored_at=now,
    )


def _basis(plan: BudgetPlan, look: dict[str, Any], applied: Sequence[datetime]) -> tuple[str, str]:
    """Which projection was put to the test, and why none was."""
    asked = look["decision"] in _ASKED and look["with_p50_micros"] is not None
    soon = any(look["at"] <= at <= look["at"] + APPLIED_WITHIN for at in applied)
    basis = Basis.WITH if asked and soon else Basis.WITHOUT
    if (int(look["amount"]), int(look["days"])) != (plan.amount_micros, plan.days_total):
        return basis, WhyNot.TERMS_CHANGED
    if asked and not soon and any(at > look["at"] + APPLIED_WITHIN for at in applied):
        return basis, WhyNot.APPLIED_LATE
    return basis, WhyNot.MEASURED


def _correct(actual: dict[int, tuple[int, str]], now: datetime) -> int:
    """Bring scores of plans whose spend was restated to the end as it is known now."""
    changed = []
    for score in ProjectionScore.objects.filter(plan__in=actual).select_for_update().order_by("pk"):
        end = actual[score.plan_id][0]
        if end == score.actual_micros:
            continue
        score.actual_micros, score.corrected_at = end, now
        score.error_ratio = _error(score.p50_micros, end, score.amount_micros)
        score.covered = score.p10_micros <= end <= score.p90_micros
        changed.append(score)
    ProjectionScore.objects.bulk_update(
        changed, ["actual_micros", "corrected_at", "error_ratio", "covered"], batch_size=1000
    )
    return len(changed)


def _error(p50: int, end: int, amount: int) -> Decimal:
    """Kept within a thousand times the amount: beyond that an error of any size says the same."""
    error = round(Decimal(p50 - end) / Decimal(amount), 6)
    return min(max(error, -LARGEST_ERROR), LARGEST_ERROR)


def _part(value: Decimal, *, best: Decimal, worst: Decimal) -> Decimal:
    """1 at the best value and beyond, 0 at the worst and beyond, even in between."""
    return min(max((value - worst) / (best - worst), Decimal(0)), Decimal(1))
