"""How well the allocator splits budgets, on a market that knows nothing of it: fresh portfolios every time.

``uplift_over_equal`` and the other figures at the top are those of the product's default policy: it looks every
morning and moves an arm at most every third day, as where people approve moves. ``weekly`` is the same policy with
the pause it has where nobody does.
"""

from __future__ import annotations

import secrets
import time
from argparse import ArgumentParser
from typing import Any

import numpy as np

from pacing.allocation.learning import Evidence, learn_curves
from pacing.allocation.many import Habits, choose
from pacing.allocation.records import Terms
from pacing.simulation.portfolio_policies import Equal, RoasProportional, WinnersLosers
from pacing.simulation.portfolio_runs import SplitOutcome, SplitPolicy, SplitView, run, run_oracle
from pacing.simulation.portfolios import Floats, Variant, draw

TITLE = "Portfolio allocation"
NEEDS_DATABASE = False
DEFAULT = Terms(budget_micros=1_000_000, unit_micros=1)
PORTFOLIOS, DAYS = 400, 60
WEEK = 7
GOALS = {"uplift_over_equal": 0.12, "oracle_gap_closed": 0.65, "worse_than_equal": 0.01}


class Allocator:
    """The product's allocator, playing: curves learned each morning from the days that are usable."""

    def __init__(self, seed: int, every: int = DEFAULT.move_days, **habits: Any) -> None:
        self.every, self.habits = every, Habits(**habits)
        self.rng = np.random.default_rng(seed)
        self.moved_on: Floats | None = None
        self.seconds, self.decided = 0.0, 0

    def split(self, view: SplitView) -> Floats:
        """Portfolios whose last move is long enough ago may move."""
        if self.moved_on is None:
            self.moved_on = np.full(view.amounts.shape[0], -np.inf)
        ready = view.day - self.moved_on >= self.every
        if not ready.any():
            return view.amounts
        started = time.process_time()
        new = view.amounts.copy()
        now = view.amounts[ready]
        learned = learn_curves(_evidence(view, ready))
        new[ready] = choose(learned, now, np.full(len(now), view.budget), self.rng, self.habits)
        self.seconds += time.process_time() - started
        self.decided += len(now)
        moved = np.abs(new - view.amounts).max(axis=1) > 1e-9
        self.moved_on = np.where(moved, view.day, self.moved_on)
        return new


def _evidence(view: SplitView, ready: Any) -> Evidence:
    spend = view.spend[ready].transpose(0, 2, 1)
    value = view.value[ready].transpose(0, 2, 1)
    known = np.isfinite(value)
    return Evidence(
        spend=spend,
        value=np.where(known, value, 0.0),
        weight=known.astype(np.float64),
        dated=np.ones(spend.shape, dtype=np.bool_),
        usual=view.amounts[ready],
        pools=np.ones((*spend.shape[:2], 1)),
    )


def arguments(parser: ArgumentParser) -> None:
    """Size, length, market and seed."""
    parser.add_argument("--portfolios", type=int, default=PORTFOLIOS, help=f"How many ({PORTFOLIOS}).")
    parser.add_argument("--days", type=int, default=DAYS, help=f"Counted days after the warm-up ({DAYS}).")
    parser.add_argument("--arms", type=int, default=8, help="Arms of each portfolio (8).")
    parser.add_argument("--variant", choices=[each.value for each in Variant], default=Variant.USUAL.value)


def answer(options: dict[str, Any]) -> dict[str, Any]:
    """Every policy on the same fresh portfolios."""
    seed = options.get("seed")
    seed = secrets.randbelow(2**31) if seed is None else int(seed)
    count, days = int(options.get("portfolios", PORTFOLIOS)), int(options.get("days", DAYS))
    arms, variant = int(options.get("arms", 8)), Variant(options.get("variant", Variant.USUAL))
    if count < 1 or days < 1 or arms < 2:
        raise ValueError("Ask for at least one portfolio, one day and two arms.")
    portfolios = draw(count, days, np.random.default_rng(seed), arms=arms, variant=variant)
    ours = Allocator(seed + 1)
    policies: dict[str, SplitPolicy] = {
        "ours": ours,
        "weekly": Allocator(seed + 2, every=WEEK),
        "curves_only": Allocator(seed + 3, blend=1.0),
        "thompson": Allocator(seed + 4, thompson=True),
        "roas_proportional": RoasProportional(),
        "winners_losers": WinnersLosers(),
    }
    equal, oracle = run(portfolios, Equal(), seed + 5), run_oracle(portfolios)
    outcomes = {name: run(portfolios, policy, seed + 5) for name, policy in policies.items()}
    outcomes = {**outcomes, "equal": equal, "oracle": oracle}
    figures = {
        name: _figures(outcome, equal, oracle, outcomes["roas_proportional"])
        for name, outcome in outcomes.items()
    }
    top = figures["ours"]
    return {
        **top,
        "seed": seed,
        "portfolios": count,
        "days": days,
        "arms": arms,
        "variant": variant.value,
        "goals": _goals(top, figures["roas_proportional"]),
        "ms_per_1000_decisions": round(1e6 * ours.seconds / max(ours.decided, 1), 1),
        "policies": figures,
    }


def _figures(
    outcome: SplitOutcome, equal: SplitOutcome, oracle: SplitOutcome, returns: SplitOutcome
) -> dict[str, float]:
    uplift = outcome.value / equal.value - 1
    gap = float((oracle.value - equal.value).sum())
    figures = {
        "uplift_over_equal": float(uplift.mean()),
        "uplift_over_roas": float((outcome.value / returns.value - 1).mean()),
        "oracle_gap_closed": float((outcome.value - equal.value).sum()) / gap,
        "p5": float(np.quantile(uplift, 0.05)),
        "worse_than_equal": float((uplift < 0).mean()),
        "changes": float(outcome.changes.mean()),
    }
    return {name: round(figure, 5) for name, figure in figures.items()}


def _goals(ours: dict[str, float], returns: dict[str, float]) -> dict[str, bool]:
    """What is promised, and whether this draw kept it."""
    return {
        "uplift_over_equal": ours["uplift_over_equal"] >= GOALS["uplift_over_equal"],
        "mean_above_roas": ours["uplift_over_equal"] > returns["uplift_over_equal"],
        "p5_not_below_roas": ours["p5"] >= returns["p5"],
        "oracle_gap_closed": ours["oracle_gap_closed"] >= GOALS["oracle_gap_closed"],
        "worse_than_equal": ours["worse_than_equal"] <= GOALS["worse_than_equal"],
    }


def table(answer: dict[str, Any]) -> str:
    """The figures as people read them."""
    lines = [
        (
            f"{answer['portfolios']} portfolios of {answer['arms']} arms, {answer['days']} days, "
            f"market {answer['variant']}, seed {answer['seed']}"
        ),
        f"{'policy':<20}{'over equal':>11}{'p5':>9}{'worse':>8}{'over ROAS':>11}{'gap closed':>12}{'changes':>9}",
    ]
    for name, row in answer["policies"].items():
        lines.append(
            f"{name:<20}{row['uplift_over_equal']:>11.1%}{row['p5']:>9.1%}{row['worse_than_equal']:>8.1%}"
            f"{row['uplift_over_roas']:>11.1%}{row['oracle_gap_closed']:>12.0%}{row['changes']:>9.1f}"
        )
    missed = [name for name, kept in answer["goals"].items() if not kept]
    lines.append(f"goals missed: {', '.join(missed)}" if missed else "all goals kept")
    lines.append(f"{answer['ms_per_1000_decisions']:.0f} ms of CPU per 1,000 portfolios decided")
    return "\n".join(lines)
