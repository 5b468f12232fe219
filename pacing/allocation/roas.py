"""A floor on the portfolio's return that holds with a stated confidence, not just on average."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pacing.allocation.answers import Finding, Problem
from pacing.allocation.curves import Curves
from pacing.allocation.situation import Look
from pacing.allocation.split import Split, split_budget

LEANINGS = (0.25, 0.5, 0.75, 1.0)  # weight of the pessimistic curves, tried in turn


@dataclass(frozen=True, slots=True)
class Led:
    """The split after the floor was looked at; forced when what is there now breaks the floor and this does not."""

    split: Split
    forced: bool = False
    findings: tuple[Finding, ...] = ()
    problems: tuple[Problem, ...] = ()


def lean_to_floor(about: Look, best: Split) -> Led:
    """Lean towards arms with sure returns, just as far as the floor asks; say so when nothing reaches it."""
    terms = about.terms
    if terms.roas_floor is None:
        return Led(best)
    numbers = {"confidence": terms.roas_confidence, "floor": terms.roas_floor}
    low = about.low_return(best.amounts)
    if low >= terms.roas_floor:
        return Led(best, findings=(Finding("roas_floor_kept", numbers | {"low": low}),))
    highest, surest = low, best
    for weight in LEANINGS:
        split = _leaning(about, weight)
        if split is None:
            continue
        low = about.low_return(split.amounts)
        if low >= terms.roas_floor:
            broken = about.low_return(about.limits.kept) < terms.roas_floor
            return Led(split, broken, (Finding("roas_floor_led", numbers | {"low": low}),))
        if low > highest:
            highest, surest = low, split
    problem = Problem("roas_floor", numbers | {"low": highest}, tuple(arm.key for arm in about.arms))
    return Led(surest, problems=(problem,))


def _leaning(about: Look, weight: float) -> Split | None:
    """The best split by a mixture of the blend and of curves as low as the confidence asks."""
    sds = NormalDist().inv_cdf(about.terms.roas_confidence)
    usual, low = about.guide.curves, about.learned.curves.pessimistic(max(sds, 0.0))
    curves = Curves(
        np.concatenate([usual.bend, low.bend], axis=-1),
        np.concatenate([usual.mean, low.mean], axis=-1),
        np.concatenate([usual.sd, low.sd], axis=-1),
        np.concatenate([(1 - weight) * usual.probability, weight * low.probability], axis=-1),
    )
    limits, terms = about.limits, about.terms
    return split_budget(
        curves, limits.kept, limits.least, limits.most, terms.budget_micros, terms.unit_micros,
        groups=limits.groups, cost=about.cost,
    )  # fmt: skip
