"""Replaying a client's own history: real ratios in, flights out, and clear words for what is wrong in a file."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta

import numpy as np
import pytest

from lane.ops.management.commands.bench import Command
from pacing.simulation.policies import Controller
from pacing.simulation.replay import flights_from, series_from
from pacing.simulation.runs import run

HEADER = "date,campaign,daily_budget,cost\n"


def history(days=60, campaigns=("Brand", "Shoes"), seed=3):
    rng = np.random.default_rng(seed)
    rows = [
        f"{date(2026, 1, 1) + timedelta(days=day)},{name},50.00,{50 * rng.lognormal(0, 0.2):.2f}"
        for name in campaigns
        for day in range(days)
    ]
    return HEADER + "\n".join(rows) + "\n"


def read(text):
    return series_from(io.StringIO(text), "history.csv")


def test_flights_are_cut_from_unbroken_days_and_keep_the_real_ratios():
    text = history(days=40, campaigns=("Brand",)).splitlines(keepends=True)
    del text[11]  # 11 January is missing: no day of zero, but the end of a series
    series = read("".join(text))
    assert [len(one.ratios) for one in series] == [10, 29]
    flights = flights_from(series, 10, 100, np.random.default_rng(1))
    assert flights.count == 1 + 20
    assert flights.delivery[0].tolist() == list(series[0].ratios)
    assert flights.first_weekday[0] == date(2026, 1, 1).weekday()
    assert flights.feasible().all()
    assert flights_from(series, 10, 5, np.random.default_rng(1)).count == 5


def test_real_noise_is_paced_by_the_same_controller():
    flights = flights_from(read(history()), 30, 60, np.random.default_rng(2))
    assert run(flights, Controller()).within(0.02) >= 0.9


def test_columns_may_come_in_any_order_with_others_between():
    text = "Cost,note,Campaign,Date,Daily_Budget\n5,x,Brand,2026-01-01,10\n"
    assert read(text)[0].ratios == (0.5,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no column date, campaign, daily_budget, cost"),
        ("date,campaign,cost\n", "line 1: no column daily_budget"),
        (HEADER, "has no rows"),
        (HEADER + "2026-13-01,Brand,10,5\n", "line 2: date “2026-13-01” is not a date"),
        (
            HEADER + "2026-01-01,Brand,10,5\n2026-01-02,Brand,ten,5\n",
            "line 3: daily_budget “ten” is not a number",
        ),
        (HEADER + "2026-01-01,Brand,10,-5\n", "line 2: cost “-5” is not an amount of zero or more"),
        (HEADER + "2026-01-01,Brand,10,nan\n", "line 2: cost “nan” is not an amount"),
        (HEADER + "2026-01-01,Brand,0,5\n", "line 2: daily_budget is 0"),
        (HEADER + "2026-01-01,,10,5\n", "line 2: campaign is empty"),
        (HEADER + "2026-01-01,Brand,10\n", "line 2: cost “” is not a number"),
        (HEADER + "2026-01-01,Brand,10,5\n" * 2, "line 3: Brand has 2026-01-01 twice"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_line(text, message):
    with pytest.raises(ValueError, match=r"history\.csv") as caught:
        read(text)
    assert message in str(caught.value)


def test_too_short_a_history_names_the_longest_flight_there_is():
    with pytest.raises(ValueError, match=r"the longest has 12\. Use --days 12"):
        flights_from(read(history(days=12)), 30, 10, np.random.default_rng(1))


def test_the_command_replays_a_file(tmp_path, capsys):
    path = tmp_path / "history.csv"
    path.write_text(history(days=20))
    asked = [
        "bench",
        "pacing",
        "--replay",
        str(path),
        "--days",
        "7",
        "--flights",
        "10",
        "--seed",
        "2",
        "--json",
    ]
    Command().run_from_argv(["manage.py", *asked])
    answer = json.loads(capsys.readouterr().out)
    assert answer["policies"]["adaptive"]["within_5"] > 0.5
    assert answer["policies"]["even"]["changes"] == 0


def test_the_command_says_what_is_wrong_with_a_file(tmp_path, capsys):
    path = tmp_path / "history.csv"
    path.write_text(HEADER + "yesterday,Brand,10,5\n")
    with pytest.raises(SystemExit):
        Command().run_from_argv(["manage.py", "bench", "pacing", "--replay", str(path)])
    assert "line 2: date “yesterday”" in capsys.readouterr().err
