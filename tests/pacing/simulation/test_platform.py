"""The market's own rules, each seen by itself."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pacing.simulation
from pacing.simulation.baselines import SetOnce
from pacing.simulation.flights import INTRADAY, Rules, draw
from pacing.simulation.platform import PlatformSim
from pacing.simulation.runs import Orders, run
from tests.pacing.simulation.markets import calm


def spent_by_day(flights, budgets):
    platform = PlatformSim(flights, budgets[0])
    for index in range(flights.days):
        platform.start_day(index)
        for tick in range(12):
            if tick == 0 and index < len(budgets):
                platform.set_budgets(index, budgets[index], np.ones(flights.count, dtype=bool))
            platform.run_tick(index, tick)
    return platform.spent.reshape(flights.count, flights.days, 12).sum(axis=2)


class Watch(SetOnce):
    """Sets once and keeps every view."""

    def opening(self, flights):
        self.views = []
        return super().opening(flights)

    def act(self, view):
        self.views.append(view)
        return super().act(view)


def test_the_market_does_not_know_the_controllers():
    knowing = []
    for path in Path(pacing.simulation.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            if any(name.startswith("pacing.") and not name.startswith("pacing.simulation") for name in names):
                knowing.append(path.stem)
    assert {name for name in knowing if not name.startswith("portfolio")} == {"policies"}


def test_the_intraday_shape_is_a_whole_day():
    assert abs(INTRADAY.sum() - 1) < 1e-3


def test_the_same_seed_draws_the_same_flights():
    one, two = (draw(20, 10, np.random.default_rng(4)) for _ in range(2))
    assert (one.demand == two.demand).all()
    assert (one.faults.down == two.faults.down).all()


def test_the_draw_has_the_measured_spreads():
    flights = draw(4_000, 30, np.random.default_rng())
    assert 0.87 <= flights.feasible().mean() <= 0.93
    assert 0.75 <= flights.strict().mean() <= 0.83
    assert 0.10 <= (flights.delivery > 1.2).mean() <= 0.16
    low, middle, high = np.quantile(flights.most() / flights.amount, [0.05, 0.5, 0.95])
    assert low == pytest.approx(0.87, abs=0.1)
    assert middle == pytest.approx(1.9, abs=0.12)
    assert high == pytest.approx(4.1, abs=0.4)
    assert set(np.unique(flights.faults.lag)) == {1, 2, 3}


def test_stress_reports_come_eight_to_twelve_hours_late_and_delivery_strays_further():
    one = draw(500, 10, np.random.default_rng(6))
    two = draw(500, 10, np.random.default_rng(6), stress=True)
    assert set(np.unique(two.faults.lag)) == {4, 5, 6}
    assert np.allclose(two.delivery, one.delivery**1.6)


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


def test_google_never_spends_past_its_month_limit_and_an_edit_sets_it_anew():
    flights = draw(200, 30, np.random.default_rng(2), rules=Rules.GOOGLE, headroom=4.0)
    assert run(flights, SetOnce()).billed_ratio.max() <= 30.4 / 30 + 1e-9
    wild = calm(1, 3, rules=Rules.GOOGLE, delivery=np.array([[2.0, 2.0, 2.0]]))
    spent = spent_by_day(wild, [np.array([100.0]), np.array([50.0])])
    assert spent[0, 1:].sum() == pytest.approx(2 * 50.0)


@pytest.mark.parametrize(("rules", "limit"), [(Rules.GOOGLE, 2.0), (Rules.META, 1.75)])
def test_no_day_passes_the_platforms_own_limit(rules, limit):
    flights = calm(1, 9, rules=rules, delivery=np.full((1, 9), 5.0))
    assert spent_by_day(flights, [np.array([100.0])])[0].max() == pytest.approx(limit * 100.0)


def test_a_week_on_meta_stays_within_seven_budgets():
    flights = calm(1, 14, delivery=np.full((1, 14), 5.0), first_weekday=np.array([6]))
    spent = spent_by_day(flights, [np.array([100.0])])[0]
    assert spent[:7].sum() == pytest.approx(700.0)
    assert spent[7:].sum() == pytest.approx(700.0)


def test_lowering_late_in_the_day_saves_only_half_of_the_cut():
    spent = spent_by_day(calm(1, 2), [np.array([100.0]), np.array([50.0])])
    assert spent[0].tolist() == pytest.approx([100.0, 75.0])


def test_the_platform_leans_against_what_it_overspent():
    spent = spent_by_day(calm(1, 2, delivery=np.array([[1.4, 1.0]])), [np.array([100.0])])
    assert spent[0].tolist() == pytest.approx([140.0, 100.0 * np.exp(-0.5 * 0.4)])


def test_reports_come_late_trimmed_and_credited_and_freeze_while_the_interface_is_down():
    flights = calm(2, 6)
    down = np.zeros_like(flights.faults.down)
    down[1, 30:36] = True
    faults = replace(flights.faults, credit=np.array([0.01, 0.0]), trim=flights.faults.trim + 0.04, down=down)
    watch = Watch()
    run(replace(flights, faults=faults), watch)
    first, noon, frozen, settled = watch.views[0], watch.views[6], watch.views[35], watch.views[48]
    assert np.isnan(first.reported).all()
    assert noon.reported[0, 0] == pytest.approx(100 * INTRADAY[:4].sum() / INTRADAY.sum() * 0.96)
    assert np.nansum(noon.today_by_tick[0]) == pytest.approx(noon.reported[0, 0])
    assert np.isnan(noon.today_by_tick[0, 4:]).all()
    assert noon.report_age_hours[0] == 4
    assert frozen.report_age_hours.tolist() == [4, 16]
    assert not frozen.writable[1]
    assert frozen.reported[1, 2] == watch.views[29].reported[1, 2]
    assert settled.reported[0, 1] == pytest.approx(99.0)
    assert settled.reported[0, 2] == pytest.approx(100.0)


def test_orders_wait_while_the_interface_is_down():
    flights = calm(1, 2)
    down = np.zeros_like(flights.faults.down)
    down[0, 3:12] = True

    class Cut(SetOnce):
        def act(self, view):
            return Orders(np.full(1, 50.0 if (view.day, view.tick) >= (1, 3) else 100.0), view.paused)

    outcome = run(replace(flights, faults=replace(flights.faults, down=down)), Cut())
    assert outcome.changes.tolist() == [1]
    prompt = run(flights, Cut())
    assert outcome.billed_ratio[0] > prompt.billed_ratio[0]
