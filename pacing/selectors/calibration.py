"""Reading scores: error, bias and coverage by client, platform and horizon. Too few are unknown, not a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Case, Count, DecimalField, F, Q, QuerySet, Value, When
from django.db.models.functions import Abs, TruncWeek

from campaigns.platforms.registry import capabilities_of
from lane.core.actors import Actor
from pacing.models import BudgetPlan, ProjectionScore
from pacing.selectors.calendar import CURRENT

LEAST_SHOWN = 10
WORST_SHOWN, WEEKS_SHOWN = 8, 12
EXPECTED_COVERAGE = Decimal("0.8")
_COVERED = Avg(
    Case(When(covered=True, then=Value(1)), default=Value(0), output_field=DecimalField()),
)
_AVERAGES: dict[str, Any] = {
    "n": Count("pk"),
    "plans": Count("plan", distinct=True),
    "error": Avg(Abs(F("error_ratio"))),
    "bias": Avg("error_ratio"),
    "coverage": _COVERED,
}


@dataclass(frozen=True, slots=True)
class Totals:
    """Averages over some scores; None while there are too few to say."""

    n: int
    plans: int
    error_ratio: Decimal | None  # mean absolute
    bias_ratio: Decimal | None  # mean, positive when ends were projected too high
    coverage_ratio: Decimal | None

    @classmethod
    def of(cls, row: Mapping[str, Any], least: int = LEAST_SHOWN) -> Totals:
        """From one row of averages."""
        n = int(row["n"])
        known = n >= max(least, 1)
        return cls(
            n,
            int(row["plans"]),
            row["error"] if known else None,
            row["bias"] if known else None,
            row["coverage"] if known else None,
        )

    @property
    def missing(self) -> str:
        """Why there is no figure."""
        return (
            "" if self.error_ratio is not None else f"{self.n} of at least {LEAST_SHOWN} projections measured"
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """Averages of one client, platform and horizon."""

    client_id: int
    client_name: str
    client_public_id: str
    platform: str
    horizon: str
    totals: Totals


@dataclass(frozen=True, slots=True)
class Week:
    """Averages of the flights that ended in one week."""

    first: date
    totals: Totals


def scores_for(actor: Actor) -> QuerySet[ProjectionScore]:
    """Scores of the clients the actor sees."""
    return ProjectionScore.objects.visible_to(actor).select_related("client", "plan", "run")


def measured_since(first: date) -> QuerySet[ProjectionScore]:
    """Scores that say something, of flights that ended since a day."""
    return ProjectionScore.objects.filter(measured=True, ended_on__gte=first)


def totals_of(scores: QuerySet[ProjectionScore]) -> Totals:
    """Averages over some measured scores."""
    return Totals.of(scores.order_by().aggregate(**_AVERAGES))


def cells_of(scores: QuerySet[ProjectionScore]) -> list[Cell]:
    """Averages by client, platform and horizon, the closest horizon first."""
    order = {horizon: place for place, horizon in enumerate(ProjectionScore.Horizon.values)}
    rows = (
        scores.filter(measured=True)
        .order_by()
        .values("client_id", "client__name", "client__public_id", "platform", "horizon")
        .annotate(**_AVERAGES)
    )
    cells = [
        Cell(
            row["client_id"], row["client__name"], str(row["client__public_id"]), row["platform"], row["horizon"],
            Totals.of(row),
        )
        for row in rows
    ]  # fmt: skip
    return sorted(
        cells, key=lambda cell: (cell.client_name, cell.client_id, cell.platform, order[cell.horizon])
    )


def weeks_of(scores: QuerySet[ProjectionScore]) -> list[Week]:
    """Averages by the week flights ended in, oldest first."""
    rows = (
        scores.filter(measured=True)
        .order_by()
        .annotate(week=TruncWeek("ended_on"))
        .values("week")
        .annotate(**_AVERAGES)
        .order_by("-week")[:WEEKS_SHOWN]
    )
    return [Week(row["week"], Totals.of(row)) for row in rows][::-1]


def worst_of(scores: QuerySet[ProjectionScore]) -> list[ProjectionScore]:
    """The largest misses, one a plan, largest first."""
    found: dict[int, ProjectionScore] = {}
    ordered = scores.filter(measured=True).annotate(size=Abs(F("error_ratio"))).order_by("-size", "pk")
    for score in ordered[: WORST_SHOWN * 20]:
        found.setdefault(score.plan_id, score)
    return list(found.values())[:WORST_SHOWN]


def unmeasured_of(scores: QuerySet[ProjectionScore]) -> list[tuple[str, int]]:
    """How many projections could not be measured, by reason."""
    rows = scores.filter(measured=False).order_by().values("why_not").annotate(n=Count("pk")).order_by("-n")
    return [(ProjectionScore.WhyNot(row["why_not"]).label, row["n"]) for row in rows]


def next_score_on(actor: Actor) -> date | None:
    """The first day on which a flight that runs or just ended can be scored; None without any."""
    plans = BudgetPlan.objects.visible_to(actor).filter(
        Q(status__in=CURRENT) | Q(status=BudgetPlan.Status.ENDED, scores__isnull=True)
    )
    rows = plans.order_by("ends_on").values_list("ends_on", "budgets__ad_account__platform").distinct()
    days = [
        ends_on + timedelta(days=capabilities_of(platform).settle_days + 2)
        for ends_on, platform in rows[:200]
        if platform
    ]
    return min(days, default=None)
