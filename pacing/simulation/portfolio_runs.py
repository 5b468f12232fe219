"""Run a split policy over portfolios: it sees noisy spend and late outcomes, and moves when it may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pacing.simulation.portfolios import (
    EVENTS_PER_VALUE,
    FLOOR,
    LATE_DAYS,
    WARM_UP_DAYS,
    Floats,
    Portfolios,
    best_split,
)

CHANGED = 1e-6  # relative; smaller differences are arithmetic


@dataclass(frozen=True, slots=True)
class SplitView:
    """What a policy may know on the morning of a day; never the market behind it."""

    day: int  # 0-based, from the first day of the warm-up
    spend: Floats  # [P, day, n] spend of past days
    value: Floats  # [P, day, n] outcomes as far as they are usable, NaN for the last days
    amounts: Floats  # [P, n] daily budgets now
    budget: float


class SplitPolicy(Protocol):
    """Anything that splits a budget."""

    def split(self, view: SplitView) -> Floats:
        """Daily budgets [P, n] from this morning on; they must add up to the budget."""


@dataclass(frozen=True, slots=True)
class SplitOutcome:
    """What each portfolio earned over the counted days."""

    value: Floats  # [P] expected value at the spend that happened
    changes: Floats  # [P] budget changes per arm


def run(portfolios: Portfolios, policy: SplitPolicy, seed: int) -> SplitOutcome:
    """Play every portfolio: the warm-up at an equal split, then the policy every morning."""
    count, arms = portfolios.count, portfolios.arms
    total = WARM_UP_DAYS + portfolios.days
    rng = np.random.default_rng(seed)
    spend, outcome = np.zeros((count, total, arms)), np.zeros((count, total, arms))
    amounts = np.full((count, arms), portfolios.budget / arms)
    earned, changes = np.zeros(count), np.zeros(count)
    for day in range(total):
        if day >= WARM_UP_DAYS:
            usable = outcome[:, :day].copy()
            usable[:, max(day - LATE_DAYS, 0) :] = np.nan
            asked = policy.split(SplitView(day, spend[:, :day], usable, amounts.copy(), portfolios.budget))
            _check(asked, portfolios.budget)
            changes += (np.abs(asked / amounts - 1) > CHANGED).mean(axis=1)
            amounts = asked
        spend[:, day] = amounts * portfolios.spend_noise[:, day]
        true = portfolios.value(day, spend[:, day])
        events = rng.poisson(EVENTS_PER_VALUE * true * portfolios.value_noise[:, day])
        outcome[:, day] = events / EVENTS_PER_VALUE
        earned += true.sum(axis=1) * (day >= WARM_UP_DAYS)
    return SplitOutcome(earned, changes)


def run_oracle(portfolios: Portfolios, every: int = 3) -> SplitOutcome:
    """What the best split would have earned, chosen anew every few days without limits on its steps."""
    earned = np.zeros(portfolios.count)
    amounts = np.full((portfolios.count, portfolios.arms), 1.0)
    for day in range(WARM_UP_DAYS, WARM_UP_DAYS + portfolios.days):
        if (day - WARM_UP_DAYS) % every == 0:
            amounts = best_split(portfolios, day)
        earned += portfolios.value(day, amounts * portfolios.spend_noise[:, day]).sum(axis=1)
    return SplitOutcome(earned, np.zeros(portfolios.count))


def _check(asked: Floats, budget: float) -> None:
    if not np.allclose(asked.sum(axis=1), budget, rtol=1e-6) or (asked < FLOOR * 0.999).any():
        raise ValueError("A policy must spend the budget and keep the floor of every arm.")
