from __future__ import annotations

import numpy as np

from pacing.simulation.baselines import SetOnce
from pacing.simulation.flights import INTRADAY, Rules, draw
from pacing.simulation.platform import PlatformSim
from pacing.simulation.runs import run


def test_the_intraday_shape_is_a_whole_day():
    assert abs(INTRADAY.sum() - 1) < 1e-3


def test_the_same_seed_draws_the_same_flights():
    one, two = (draw(20, 10, np.random.default_rng(4)) for _ in range(2))
    assert (one.demand == two.demand).all()
    assert (one.faults.down == two.faults.down).all()


def test_nothing_is_spent_while_paused_and_never_more_than_demand():
    flights = draw(50, 5, np.random.default_rng(1))
    platform = PlatformSim(flights, np.full(50, 100.0))
    platform.paused[:25] = True
    for day in range(5):
        platform.start_day(day)
        for tick in range(12):
            platform.run_tick(day, tick)
    assert platform.spent[:25].sum() == 0
    assert platform.spent[25:].sum() > 0
    assert (platform.spent <= flights.demand.reshape(50, -1) + 1e-9).all()


def test_google_never_spends_past_its_month_limit():
    flights = draw(200, 30, np.random.default_rng(2), rules=Rules.GOOGLE, headroom=4.0)
    outcome = run(flights, SetOnce())
    assert outcome.billed_ratio.max() <= 30.4 / 30 + 1e-9


def test_lowering_late_in_the_day_saves_only_half_of_the_cut():
    flights = draw(50, 2, np.random.default_rng(3), headroom=50.0, shocks=False)
    platform = PlatformSim(flights, np.full(50, 100.0))
    for day in range(2):
        platform.start_day(day)
        for tick in range(12):
            if day == 1 and tick == 0:
                platform.set_budgets(day, np.full(50, 50.0), np.ones(50, dtype=bool))
            platform.run_tick(day, tick)
    second = platform.spent[:, 12:].sum(axis=1) / flights.delivery[:, 1]
    assert 60 < np.median(second) < 90
