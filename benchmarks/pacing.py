"""How exactly each way of pacing lands flights on their amounts, in a market it has never seen.

The market is `pacing.simulation`; it knows nothing of the controllers. Shares count feasible flights: those whose
market allowed at least 5 % more than the amount.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pacing.simulation.flights import Flights, Rules, draw
from pacing.simulation.policies import POLICIES
from pacing.simulation.replay import flights_from, read_series
from pacing.simulation.runs import Outcome, run

FLIGHTS, DAYS = 1_000, 30
COLUMNS: list[tuple[str, str, Callable[[float], str]]] = [
    ("within_1", "in 1 %", lambda share: f"{share * 100:.2f}"),
    ("within_2", "in 2 %", lambda share: f"{share * 100:.2f}"),
    ("within_5", "in 5 %", lambda share: f"{share * 100:.2f}"),
    ("utilisation", "util %", lambda share: f"{share * 100:.2f}"),
    ("worst_over", "worst over %", lambda share: f"{share * 100:.2f}"),
    ("rmse", "rmse", lambda value: f"{value:.2f}"),
    ("changes", "changes", lambda value: f"{value:.1f}"),
    ("big_changes", "> 20 %", lambda value: f"{value:.2f}"),
    ("ms_per_decision", "ms/decision", lambda value: f"{value:.4f}"),
]


def arguments(parser: ArgumentParser) -> None:
    """The market to draw, or the file to replay."""
    parser.add_argument("--flights", type=_at_least(1), default=FLIGHTS, help="How many flights to draw.")
    parser.add_argument("--days", type=_at_least(2), default=DAYS, help="Days of each flight.")
    parser.add_argument("--market", choices=[rule.value for rule in Rules], default=Rules.META.value)
    parser.add_argument("--stress", action="store_true", help="Reports 8 to 12 h late, wilder delivery.")
    parser.add_argument(
        "--replay", metavar="FILE.csv", help="Real delivery: columns date, campaign, daily_budget, cost."
    )


def answer(options: dict[str, Any]) -> dict[str, Any]:
    """Run every policy over the same flights."""
    flights = _flights(options)
    if not flights.feasible().any():
        raise ValueError("No flight of this draw is feasible: draw more of them with --flights.")
    return {
        "seed": options["seed"],
        "policies": {name: figures(run(flights, make())) for name, make in POLICIES.items()},
    }


def figures(outcome: Outcome) -> dict[str, float]:
    """The figures of one policy, over feasible flights; shares as fractions."""
    feasible = outcome.feasible()
    return {
        "within_1": round(outcome.within(0.01), 6),
        "within_2": round(outcome.within(0.02), 6),
        "within_5": round(outcome.within(0.05), 6),
        "utilisation": round(outcome.utilisation(), 6),
        "worst_over": round(outcome.worst_over(), 6),
        "rmse": round(float(outcome.rmse[feasible].mean()), 6),
        "changes": round(float(outcome.changes[feasible].mean()), 4),
        "big_changes": round(float(outcome.big_changes[feasible].mean()), 4),
        "ms_per_decision": round(outcome.seconds_per_decision * 1000, 6),
    }


def table(found: dict[str, Any]) -> str:
    """One row per policy."""
    header = f"{'policy':<22}" + "".join(f"{title:>13}" for _, title, _ in COLUMNS)
    rows = [
        f"{name:<22}" + "".join(f"{shown(row[key]):>13}" for key, _, shown in COLUMNS)
        for name, row in found["policies"].items()
    ]
    return "\n".join([f"seed {found['seed']}", header, *rows])


def _flights(options: dict[str, Any]) -> Flights:
    rng = np.random.default_rng(options["seed"])
    rules = Rules(options["market"])
    if options.get("replay"):
        series = read_series(Path(options["replay"]))
        return flights_from(series, options["days"], options["flights"], rng, rules=rules)
    return draw(options["flights"], options["days"], rng, rules=rules, stress=options["stress"])


def _at_least(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ArgumentTypeError(f"“{text}” is not a whole number.") from None
        if value < least:
            raise ArgumentTypeError(f"{value} is too small: at least {least}.")
        return value

    return whole
