"""Reading what was learned, for many budgets at once: the narrowest scope that says something counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from campaigns.platforms.records import Platform
from pacing.models import BudgetPlan, LearnedShape
from pacing.models.learned import NUMBERS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Scope, Kind = LearnedShape.Scope, LearnedShape.Kind
SCOPES = (Scope.BUDGET.value, Scope.ACCOUNT.value, Scope.CLIENT.value, Scope.PLATFORM.value)
_PLATFORM_CODES = {platform.value: code for code, platform in enumerate(Platform)}
_CODES = 64  # room for platforms in a key
# array_send: 20 bytes of header, then each element's length before it.
_HEADER = "V20"


@dataclass(frozen=True, slots=True)
class Homes:
    """Where M budgets stand: the keys of the scopes whose figures may apply to them."""

    budgets: Ints
    accounts: Ints
    clients: Ints
    organizations: Ints
    platforms: Ints  # codes

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int, str]]) -> Homes:
        """From (budget, account, client, organization, platform) of each budget."""
        codes = [(*row[:4], _PLATFORM_CODES[row[4]]) for row in rows]
        table = np.array(codes, dtype=np.int64).reshape(-1, 5)
        return cls(*(np.ascontiguousarray(column) for column in table.T))

    def keys(self) -> dict[str, Ints]:
        """Scope keys with the platform folded in, from the narrowest scope to the widest."""
        columns = (self.budgets, self.accounts, self.clients, self.organizations)
        return {
            scope: column * _CODES + self.platforms for scope, column in zip(SCOPES, columns, strict=True)
        }


@dataclass(frozen=True, slots=True)
class Found:
    """One kind of figure for M budgets."""

    numbers: Floats  # [M, K], NaN where no scope says anything
    scope: Ints  # place in SCOPES, len(SCOPES) where none
    n_days: Ints

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which budgets have a figure at all."""
        return np.asarray(self.scope < len(SCOPES))


@dataclass(frozen=True, slots=True)
class _Rows:
    keys: Ints  # ascending
    n_days: Ints
    numbers: Floats


class Learned:
    """Learned figures of some budgets, read once."""

    def __init__(self, homes: Homes, rows: dict[tuple[str, str], _Rows], as_of: datetime | None) -> None:
        self._homes, self._rows = homes.keys(), rows
        self._count = homes.budgets.size
        self.as_of = as_of

    @classmethod
    def read(cls, homes: Homes) -> Learned:
        """Everything that may apply to some budgets: one query, packed, whatever their number."""
        if not homes.budgets.size:
            return cls(homes, {}, None)
        wanted = [homes.budgets, homes.accounts, homes.clients, homes.organizations]
        packed: dict[tuple[str, str], list[tuple[int, bytes]]] = {}
        newest: datetime | None = None
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT l.kind, l.scope, l.platform, string_agg(int8send(l.scope_id) || int8send(l.n_days) || "
                "array_send(l.numbers), ''::bytea), max(l.as_of) FROM (SELECT 'budget' AS scope, "
                "unnest(%s::bigint[]) AS key UNION ALL SELECT 'account', unnest(%s::bigint[]) UNION ALL "
                "SELECT 'client', unnest(%s::bigint[]) UNION ALL SELECT 'platform', unnest(%s::bigint[])) AS asked "
                "JOIN pacing_learnedshape l ON l.scope = asked.scope AND l.scope_id = asked.key "
                "GROUP BY l.kind, l.scope, l.platform",
                [np.unique(keys).tolist() for keys in wanted],
            )
            for kind, scope, platform, rows, as_of in cursor.fetchall():
                packed.setdefault((kind, scope), []).append((_PLATFORM_CODES[platform], bytes(rows)))
                newest = as_of if newest is None else max(newest, as_of)
        return cls(homes, {key: _unpacked(key[0], parts) for key, parts in packed.items()}, newest)

    def of(self, kind: str) -> Found:
        """The figures of one kind, each from the narrowest scope that has one."""
        numbers = np.full((self._count, len(NUMBERS[kind])), np.nan)
        scope = np.full(self._count, len(SCOPES), dtype=np.int64)
        n_days = np.zeros(self._count, dtype=np.int64)
        for place, name in enumerate(SCOPES):
            rows = self._rows.get((kind, name))
            if rows is None:
                continue
            keys = self._homes[name]
            at = np.minimum(np.searchsorted(rows.keys, keys), rows.keys.size - 1)
            takes = (scope == len(SCOPES)) & (rows.keys[at] == keys)
            numbers[takes], n_days[takes], scope[takes] = (
                rows.numbers[at[takes]],
                rows.n_days[at[takes]],
                place,
            )
        return Found(numbers, scope, n_days)


def _unpacked(kind: str, parts: Sequence[tuple[int, bytes]]) -> _Rows:
    element = np.dtype([("length", ">i4"), ("value", ">f8")])
    row = np.dtype(
        [("key", ">i8"), ("n_days", ">i8"), ("header", _HEADER), ("numbers", element, (len(NUMBERS[kind]),))]
    )
    tables = [(code, np.frombuffer(raw, dtype=row)) for code, raw in parts]
    keys = np.concatenate([table["key"].astype(np.int64) * _CODES + code for code, table in tables])
    n_days = np.concatenate([table["n_days"].astype(np.int64) for _, table in tables])
    numbers = np.concatenate([table["numbers"]["value"].astype(np.float64) for _, table in tables])
    order = np.argsort(keys, kind="stable")
    return _Rows(keys[order], n_days[order], numbers[order])


@dataclass(frozen=True, slots=True)
class Mixed:
    """One kind of figure for a whole plan: its budgets' figures weighted by what each spends."""

    numbers: list[float]
    n_days: int  # the most that any of its budgets showed
    scope: str  # the widest scope any budget had to borrow from


def learned_of(plan: BudgetPlan) -> dict[str, Any]:
    """What was learned of a plan's days, by kind; a kind nothing was learned of is None. Two queries."""
    rows = list(
        plan.budgets.order_by("pk").values_list(
            "pk", "ad_account_id", "client_id", "organization_id", "ad_account__platform", "amount_micros"
        )
    )
    homes = Homes.of([row[:5] for row in rows])
    amounts = np.array([float(row[5] or 0) for row in rows])
    learned = Learned.read(homes)
    found: dict[str, Any] = {kind.value: _mixed(learned.of(kind.value), amounts) for kind in Kind}
    return found | {"as_of": learned.as_of, "any": any(found.values())}


def _mixed(found: Found, amounts: Floats) -> Mixed | None:
    known = found.known
    if not known.any():
        return None
    own = np.where(found.scope == 0, found.numbers[:, -1], amounts)[known]
    weights = np.maximum(own, 1.0)
    numbers = (found.numbers[known] * weights[:, None]).sum(axis=0) / weights.sum()
    widest = Scope(SCOPES[int(found.scope[known].max())])
    return Mixed(numbers.tolist(), int(found.n_days[known].max()), str(widest.label))
