"""Google's budget simulations in Lane's words.

A simulation's cost and results are totals over its days, the first and the last included; its budgets are daily.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from campaigns.platforms.currencies import micros_of
from campaigns.platforms.google_ads.mapping import enum_name
from campaigns.platforms.records import BudgetSimulation, EntityRef, Level, SimulationPoint


def of(row: Any) -> BudgetSimulation | None:
    """One simulation; None for one without points or of a campaign's bids.

    Google leaves a figure it does not tell at 0, which cannot be told from none: results that are 0 at every
    budget are unknown.
    """
    found = row.campaign_simulation
    given = found.budget_point_list.points
    if enum_name(found, "type_") != "BUDGET" or not given:
        return None
    counts = _tells([point.biddable_conversions for point in given])
    values = _tells([point.biddable_conversions_value for point in given])
    return BudgetSimulation(
        ref=EntityRef(Level.CAMPAIGN, str(found.campaign_id)),
        starts_on=date.fromisoformat(found.start_date),
        ends_on=date.fromisoformat(found.end_date),
        points=tuple(
            SimulationPoint(
                budget_micros=point.budget_amount_micros,
                cost_micros=point.cost_micros,
                conversions=Decimal(str(point.biddable_conversions)) if counts else None,
                conversion_value_micros=micros_of(point.biddable_conversions_value) if values else None,
            )
            for point in given
        ),
    )


def _tells(figures: Sequence[float]) -> bool:
    return any(figure > 0 for figure in figures)
