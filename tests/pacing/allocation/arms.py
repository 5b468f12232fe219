"""Arms with made-up history on a known curve."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pacing.allocation import Arm, ArmDay

TODAY = date(2026, 3, 1)
EUR = 1_000_000


def true_value(slope: float, bend: float, spend: float) -> float:
    return slope * bend * float(np.log1p(spend / bend))


def arm(
    key: str,
    *,
    slope: float = 2.0,
    bend: float = 60.0,
    daily: float = 100.0,
    days: int = 40,
    noise: float = 0.2,
    spread: float = 0.15,
    seed: int = 1,
    change: tuple[int, float] | None = None,
    **terms: object,
) -> Arm:
    """An arm whose value follows ``slope * bend * log(1 + spend / bend)``; ``change`` = (days ago, factor)."""
    rng = np.random.default_rng([seed, *key.encode()])
    history = []
    for ago in range(days, 0, -1):
        spend = daily * float(np.exp(rng.normal(0, spread)))
        value = true_value(slope, bend, spend) * float(np.exp(rng.normal(0, noise)))
        if change and ago <= change[0]:
            value *= change[1]
        history.append(ArmDay(TODAY - timedelta(days=ago), round(spend * EUR), value))
    return Arm(key, round(daily * EUR), tuple(history), **terms)  # type: ignore[arg-type]


def three(**terms: object) -> list[Arm]:
    """A strong, a usual and a weak arm."""
    return [
        arm("strong", slope=4.0, **terms),
        arm("usual", slope=2.0, **terms),
        arm("weak", slope=1.0, **terms),
    ]
