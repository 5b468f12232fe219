"""Key figures over the pacing table: sums per currency for the filters, and how many plans each view holds.

One query groups plans by everything the figures distinguish; the few hundred groups are added up here. That is
twice as quick on 10,000 plans as asking the server for each figure with a filter of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from decimal import Decimal
from math import sqrt
from typing import Any

from django.db.models import Count, F, FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast

from pacing.models import BudgetPlan, PlanHealth

AT_RISK = (PlanHealth.AHEAD, PlanHealth.BEHIND, PlanHealth.CANNOT_SPEND)
NEEDS_ATTENTION = (*AT_RISK, PlanHealth.STALE)
_EVERY = Q(pk__isnull=False)
_KEYS = ("currency", "client_id", "status", "snapshot__health", "here", "lands", "projects", "is_over")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Totals:
    """All plans of one currency that match the filters; sums are None where no plan knows the number."""

    currency: str
    plans: int
    clients: int
    budget_micros: int
    spent_micros: int | None
    expected_micros: int | None
    p10_micros: int | None
    p50_micros: int | None
    p90_micros: int | None
    projected_share: Decimal | None
    projected_plans: int
    under_micros: int | None
    under_plans: int
    over_micros: int | None
    over_plans: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands over the table: totals by currency, counts by view, and plans nobody looked at yet."""

    totals: list[Totals]
    counts: dict[str, int]
    unseen: int
    groups: dict[Hashable, list[Totals]] = field(default_factory=dict)


def summary(plans: QuerySet[BudgetPlan], here: Q | None, landing: Q, *, group: str = "") -> Summary:
    """Figures of the plans for which ``here`` holds (None: all of them); counts of views are over all plans.

    ``group`` names a column: the figures of what matches are then given per value of it too.
    """
    rows: list[Row] = list(
        plans.order_by()
        .annotate(
            here=_EVERY if here is None else here,
            lands=landing,
            projects=Q(snapshot__projected_p50_micros__isnull=False),
            is_over=Q(snapshot__miss_micros__gt=0),
        )
        .values(*dict.fromkeys((*_KEYS, *([group] if group else []))))
        .annotate(
            plans=Count("pk"),
            budget=Sum("amount_micros"),
            spent=Sum("snapshot__spent_micros"),
            expected=Sum("snapshot__expected_micros"),
            projected=Sum("snapshot__projected_p50_micros"),
            miss=Sum("snapshot__miss_micros"),
            below=_squares("projected_p50_micros", "projected_p10_micros"),
            above=_squares("projected_p90_micros", "projected_p50_micros"),
        )
    )
    matching = [row for row in rows if row["here"]]
    return Summary(
        totals=_totals(matching),
        counts={
            "all": _count(rows),
            "attention": _count(rows, lambda row: _runs(row) and _health(row) in NEEDS_ATTENTION),
            "cannot_spend": _count(rows, lambda row: _runs(row) and _health(row) == PlanHealth.CANNOT_SPEND),
            "landing": _count(rows, lambda row: row["lands"]),
        },
        unseen=_count(matching, lambda row: _health(row) is None),
        groups=_by_group(matching, group) if group else {},
    )


def group_key(value: Any) -> Hashable:
    """A value of a grouping column as a key; lists, such as platforms, become tuples."""
    return tuple(value) if isinstance(value, list) else value


def _by_group(rows: list[Row], column: str) -> dict[Hashable, list[Totals]]:
    parts: dict[Hashable, list[Row]] = {}
    for row in rows:
        parts.setdefault(group_key(row[column]), []).append(row)
    return {key: _totals(part) for key, part in parts.items()}


def _totals(rows: list[Row]) -> list[Totals]:
    """One total per currency, the one with most plans first."""
    currencies = {row["currency"] for row in rows}
    totals = [_total(each, [row for row in rows if row["currency"] == each]) for each in currencies]
    return sorted(totals, key=lambda total: (-total.plans, total.currency))


def _squares(high: str, low: str) -> Sum:
    """Squared distances of a quantile from the middle: independent plans miss in different directions."""
    distance = Cast(F(f"snapshot__{high}") - F(f"snapshot__{low}"), FloatField())
    return Sum(distance * distance)


def _total(currency: str, rows: list[Row]) -> Totals:
    projected = [row for row in rows if _runs(row) and row["projects"]]
    risky = [row for row in rows if _runs(row) and _health(row) in AT_RISK]
    over = [row for row in risky if row["is_over"]]
    under = [row for row in risky if not row["is_over"]]
    middle, whole = _sum(projected, "projected"), _sum(projected, "budget")
    return Totals(
        currency=currency,
        plans=_count(rows),
        clients=len({row["client_id"] for row in rows}),
        budget_micros=_sum(rows, "budget") or 0,
        spent_micros=_sum(rows, "spent"),
        expected_micros=_sum([row for row in rows if _runs(row)], "expected"),
        p10_micros=None if middle is None else max(0, middle - round(sqrt(_sum(projected, "below") or 0))),
        p50_micros=middle,
        p90_micros=None if middle is None else middle + round(sqrt(_sum(projected, "above") or 0)),
        projected_share=Decimal(middle) / whole if middle is not None and whole else None,
        projected_plans=_count(projected),
        under_micros=_sum(under, "miss"),
        under_plans=_count(under),
        over_micros=_sum(over, "miss"),
        over_plans=_count(over),
    )


def _sum(rows: list[Row], name: str) -> int | None:
    """The sum of what is known; None when nobody knows it."""
    values = [row[name] for row in rows if row[name] is not None]
    return int(sum(values)) if values else None


def _count(rows: list[Row], wanted: Callable[[Row], bool] = bool) -> int:
    return sum(row["plans"] for row in rows if wanted(row))


def _runs(row: Row) -> bool:
    return bool(row["status"] != BudgetPlan.Status.PAUSED)


def _health(row: Row) -> str | None:
    return row["snapshot__health"]  # type: ignore[no-any-return]
