"""What a history says about weekdays, hours and delivery, for every scope from the platform to the budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from pacing.controllers import INTRADAY_PRIOR
from pacing.learning import delivery_ratio, shape_of, weekday_evidence
from pacing.models import LearnedShape
from pacing.services.learned_history import Floats, Group, History, Ints

LEAST_DAYS = 7  # a budget seen for less than a week says no more than its account
WEEKDAY_PRIOR_DAYS, INTRADAY_PRIOR_DAYS = 3.0, 5.0
Scope, Kind = LearnedShape.Scope, LearnedShape.Kind


@dataclass(frozen=True, slots=True)
class Level:
    """The rows of one scope, and where each budget belongs among them."""

    scope: str
    keys: list[int]
    clients: list[int | None]
    of_budget: Ints

    def prior(self, wider: Floats) -> Floats:
        """What each row is drawn towards: the wider scope's figure of any budget in it."""
        prior = np.repeat(wider[:1], len(self.keys), axis=0)
        prior[self.of_budget] = wider
        return prior


def shape_rows(group: Group, history: History, now: datetime) -> list[LearnedShape]:
    """Learned rows of every scope of a group, widest first."""
    levels = _levels(group)
    return [
        row
        for learn in (_weekdays, _hours, _delivery)
        for row in _with_keys(group, levels, learn(levels, history), history, now)
    ]


Learned = tuple[str, list[tuple[Ints, Floats]]]  # kind; per level the days and numbers [R, K] of its rows


def _weekdays(levels: Sequence[Level], history: History) -> Learned:
    wider = np.ones((history.spend.shape[0], 7))
    evidence = weekday_evidence(history.spend, history.bound, history.weekdays, wider)
    found = []
    for level in levels:
        if level.scope == Scope.ACCOUNT:  # budgets that were always the limit lean on what the client showed
            evidence = weekday_evidence(history.spend, history.bound, history.weekdays, wider)
        shown = evidence.grouped(level.of_budget, len(level.keys))
        shape = shape_of(shown, level.prior(wider), WEEKDAY_PRIOR_DAYS, mean=1.0, low=0.05)
        found.append((_whole(shown.count.sum(axis=1)), shape))
        wider = shape[level.of_budget]
    return Kind.WEEKDAY, found


def _hours(levels: Sequence[Level], history: History) -> Learned:
    wider = np.repeat(INTRADAY_PRIOR[None, :], history.spend.shape[0], axis=0)
    found = []
    for level in levels:
        shown = history.hours.grouped(level.of_budget, len(level.keys))
        shape = shape_of(shown, level.prior(wider), INTRADAY_PRIOR_DAYS, mean=1 / 12)
        found.append((_whole(shown.count[:, 0]), shape))
        wider = shape[level.of_budget]
    return Kind.INTRADAY, found


def _delivery(levels: Sequence[Level], history: History) -> Learned:
    wider = np.ones((history.spend.shape[0], 1))
    found = []
    for level in levels:
        shown = history.delivery.grouped(level.of_budget, len(level.keys))
        ratio = delivery_ratio(shown, level.prior(wider)[:, 0])
        numbers = np.stack([ratio.ratio, ratio.log_sd, ratio.low, ratio.high], axis=1)
        found.append((_whole(shown.count[:, 0]), numbers))
        wider = ratio.ratio[level.of_budget][:, None]
    return Kind.DELIVERY, found


def _with_keys(
    group: Group, levels: Sequence[Level], learned: Learned, history: History, now: datetime
) -> list[LearnedShape]:
    """Rows of the scopes that showed something."""
    kind, found = learned
    rows = []
    for level, (days, numbers) in zip(levels, found, strict=True):
        least = LEAST_DAYS if level.scope == Scope.BUDGET else 1
        spent = np.zeros(len(level.keys))
        np.add.at(spent, level.of_budget, history.mean_spend)
        rows += [
            LearnedShape(
                organization_id=group.organization_id,
                client_id=level.clients[i],
                scope=level.scope,
                scope_id=key,
                platform=group.platform,
                kind=kind,
                numbers=[*(round(float(one), 5) for one in numbers[i]), round(float(spent[i]))],
                n_days=int(days[i]),
                as_of=now,
            )
            for i, key in enumerate(level.keys)
            if days[i] >= least
        ]
    return rows


def _levels(group: Group) -> list[Level]:
    """From the widest scope to the budgets themselves."""
    account_of = {account.pk: account for account in group.accounts}
    accounts = sorted(account_of)
    clients = sorted({account.client_id for account in group.accounts})
    homes = [account_of[budget.ad_account_id] for budget in group.budgets]
    count = len(group.budgets)
    client_place = {pk: place for place, pk in enumerate(clients)}
    account_place = {pk: place for place, pk in enumerate(accounts)}
    return [
        Level(Scope.PLATFORM, [group.organization_id], [None], np.zeros(count, dtype=np.int64)),
        Level(Scope.CLIENT, clients, list(clients), np.array([client_place[a.client_id] for a in homes])),
        Level(
            Scope.ACCOUNT,
            accounts,
            [account_of[pk].client_id for pk in accounts],
            np.array([account_place[a.pk] for a in homes]),
        ),
        Level(
            Scope.BUDGET,
            [budget.pk for budget in group.budgets],
            [home.client_id for home in homes],
            np.arange(count),
        ),
    ]


def _whole(counts: Floats) -> Ints:
    return np.rint(counts).astype(np.int64)
