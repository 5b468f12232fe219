"""Reading what was learned: for many plans at once in a pass, and for one plan's page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from pacing.models import BudgetPlan, LearnedShape

Scope, Kind = LearnedShape.Scope, LearnedShape.Kind
Key = tuple[str, int, str]  # scope, its key, platform


@dataclass(frozen=True, slots=True)
class Home:
    """Where a budget stands: whose figures apply when its own say nothing."""

    budget_id: int
    account_id: int
    client_id: int
    organization_id: int
    platform: str

    def scopes(self) -> tuple[Key, Key, Key, Key]:
        """From the narrowest to the widest scope."""
        return (
            (Scope.BUDGET.value, self.budget_id, self.platform),
            (Scope.ACCOUNT.value, self.account_id, self.platform),
            (Scope.CLIENT.value, self.client_id, self.platform),
            (Scope.PLATFORM.value, self.organization_id, self.platform),
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """One learned figure as it applies to a budget, and the scope it came from."""

    values: dict[str, Any]
    scope: str
    n_days: int
    as_of: datetime | None = None


class Learned:
    """Learned figures of some budgets, found by the narrowest scope that has one."""

    def __init__(self, rows: dict[str, dict[Key, Figure]]) -> None:
        self._rows = rows

    @classmethod
    def read(cls, homes: Iterable[Home]) -> Learned:
        """Everything that may apply to some budgets; one query, whatever their number."""
        keys: dict[str, set[int]] = {scope.value: set() for scope in Scope}
        for home in homes:
            for scope, key, _ in home.scopes():
                keys[scope].add(key)
        if not keys[Scope.BUDGET.value]:
            return cls({})
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT l.kind, l.scope, l.scope_id, l.platform, l.values::text, l.n_days, l.as_of "
                "FROM (VALUES ('budget', %s::bigint[]), ('account', %s::bigint[]), ('client', %s::bigint[]), "
                "('platform', %s::bigint[])) AS asked (scope, keys) "
                "JOIN pacing_learnedshape l ON l.scope = asked.scope AND l.scope_id = ANY(asked.keys)",
                [
                    sorted(keys[scope.value])
                    for scope in (Scope.BUDGET, Scope.ACCOUNT, Scope.CLIENT, Scope.PLATFORM)
                ],
            )
            found: dict[str, dict[Key, Figure]] = {}
            for kind, scope, key, platform, values, n_days, as_of in cursor.fetchall():
                found.setdefault(kind, {})[scope, key, platform] = Figure(
                    json.loads(values), scope, n_days, as_of
                )
        return cls(found)

    def of(self, kind: str, home: Home) -> Figure | None:
        """The figure of the narrowest scope that has one."""
        rows = self._rows.get(kind)
        if not rows:
            return None
        for key in home.scopes():
            figure = rows.get(key)
            if figure is not None:
                return figure
        return None


def homes_of(plan: BudgetPlan) -> list[Home]:
    """Where the budgets of one plan stand."""
    rows = plan.budgets.order_by("pk").values_list(
        "pk", "ad_account_id", "client_id", "organization_id", "ad_account__platform"
    )
    return [Home(*row) for row in rows]
