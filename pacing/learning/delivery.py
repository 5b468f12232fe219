"""How much of a daily budget a platform spends on days on which the budget was the limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pacing.learning.pools import Evidence, Floats

Flags = NDArray[np.bool_]

BOUND = 0.85  # a day that spent this much of its budget was limited by it
PRIOR_DAYS = 6.0
PRIOR_LOG_SD = 0.16  # measured on real accounts: 0.08-0.26
LARGEST_LOG = 0.7  # one wild day moves the mean no further than twice or half
P90_Z = 1.2815515594600038


@dataclass(frozen=True, slots=True)
class DeliveryRatio:
    """Spend per unit of budget [N], with the range of single days."""

    ratio: Floats
    log_sd: Floats
    low: Floats  # P10 of a day
    high: Floats  # P90 of a day


def delivery_evidence(spend: Floats, budgets: Floats, steady: Flags) -> Evidence:
    """Logs of spend against budget and their squares on budget-bound days whose budget was not edited."""
    known = steady & ~np.isnan(spend) & ~np.isnan(budgets) & (np.nan_to_num(budgets) > 0)
    share = np.divide(spend, budgets, out=np.zeros_like(spend), where=known)
    counts = known & (share >= BOUND)
    logs = np.where(counts, np.clip(np.log(np.where(counts, share, 1.0)), -LARGEST_LOG, LARGEST_LOG), 0.0)
    days = counts.sum(axis=1).astype(np.float64)
    return Evidence(
        np.stack([logs.sum(axis=1), (logs * logs).sum(axis=1)], axis=1), np.stack([days, days], axis=1)
    )


def delivery_ratio(evidence: Evidence, prior: Floats) -> DeliveryRatio:
    """The ratio drawn towards ``prior`` [N] by how few days were seen."""
    days = evidence.count[:, 0]
    logs, squares = evidence.total[:, 0], evidence.total[:, 1]
    middle = (logs + PRIOR_DAYS * np.log(prior)) / (days + PRIOR_DAYS)
    own = np.divide(logs, days, out=np.zeros_like(logs), where=days > 0)
    spread = np.maximum(squares - days * own * own, 0.0)
    log_sd = np.sqrt((PRIOR_DAYS * PRIOR_LOG_SD**2 + spread) / (PRIOR_DAYS + np.maximum(days - 1, 0)))
    return DeliveryRatio(
        np.exp(middle), log_sd, np.exp(middle - P90_Z * log_sd), np.exp(middle + P90_Z * log_sd)
    )
