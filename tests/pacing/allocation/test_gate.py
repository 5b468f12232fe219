"""The allocator must keep its measured gains on portfolios it has never seen: seeds are drawn at test time."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import allocation
from pacing.simulation.portfolio_policies import Equal, RoasProportional
from pacing.simulation.portfolio_runs import run, run_oracle
from pacing.simulation.portfolios import FLOOR, Variant, best_split, draw

COUNT = 160


@pytest.fixture
def seed():
    value = int(np.random.SeedSequence().generate_state(1)[0])
    print(f"seed {value}")
    return value


def test_it_beats_equal_and_proportional_splits_on_fresh_portfolios(seed):
    portfolios = draw(COUNT, 60, np.random.default_rng(seed))
    equal, oracle = run(portfolios, Equal(), seed), run_oracle(portfolios)
    ours, returns = (
        run(portfolios, allocation.Allocator(seed), seed),
        run(portfolios, RoasProportional(), seed),
    )
    uplift, other = ours.value / equal.value - 1, returns.value / equal.value - 1
    assert uplift.mean() >= 0.10  # measured 13.5 %, and 0.8 % is one standard error of so few portfolios
    assert uplift.mean() > other.mean()
    assert np.quantile(uplift, 0.05) >= np.quantile(other, 0.05) - 0.01
    assert (uplift < 0).mean() <= 0.03
    assert (ours.value - equal.value).sum() / (oracle.value - equal.value).sum() >= 0.62
    assert ours.changes.mean() <= 9


@pytest.mark.parametrize("variant", [Variant.NOISY, Variant.BREAKS])
def test_it_still_beats_them_in_harder_markets(seed, variant):
    portfolios = draw(80, 30, np.random.default_rng(seed), variant=variant)
    equal, ours = run(portfolios, Equal(), seed), run(portfolios, allocation.Allocator(seed), seed)
    returns = run(portfolios, RoasProportional(), seed)
    uplift = ours.value / equal.value - 1
    assert uplift.mean() > (returns.value / equal.value - 1).mean() - 0.015
    assert (uplift < 0).mean() <= 0.12


def test_the_best_split_is_at_least_as_good_as_any_other(seed):
    rng = np.random.default_rng(seed)
    portfolios = draw(60, 1, rng)
    best = best_split(portfolios, 14)
    assert np.allclose(best.sum(axis=1), portfolios.budget)
    assert (best >= FLOOR - 1e-9).all()
    top = portfolios.value(14, best).sum(axis=1)
    for _ in range(200):
        free = rng.dirichlet(np.ones(portfolios.arms), portfolios.count) * (portfolios.budget * (1 - FLOOR))
        assert (portfolios.value(14, FLOOR + free).sum(axis=1) <= top * 1.003).all()


def test_the_answer_of_the_benchmark_names_its_seed_and_every_policy():
    answer = allocation.answer({"portfolios": 5, "days": 6, "seed": 3})
    assert allocation.answer({"portfolios": 5, "days": 6, "seed": 3}) == answer | {
        "ms_per_1000_decisions": pytest.approx(answer["ms_per_1000_decisions"], rel=1e3)
    }
    assert answer["seed"] == 3
    for key in (
        "uplift_over_equal",
        "uplift_over_roas",
        "oracle_gap_closed",
        "p5",
        "worse_than_equal",
        "changes",
    ):
        assert answer[key] == answer["policies"]["ours"][key]
    assert answer["policies"]["equal"]["uplift_over_equal"] == 0
    assert answer["policies"]["oracle"]["oracle_gap_closed"] == 1
    assert "seed 3" in allocation.table(answer)
    assert (
        allocation.answer({"portfolios": 2, "days": 2})["seed"]
        != allocation.answer({"portfolios": 2, "days": 2})["seed"]
    )
