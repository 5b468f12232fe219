"""The frame around the benchmarks; what they measure is measured by running them."""

from __future__ import annotations

import importlib
import json
import re

import pytest
from django.core.management import CommandError, call_command

from lane.ops import benchmarks
from lane.ops.management.commands.bench import Command


def test_every_benchmark_says_what_it_measures():
    names = benchmarks.names()
    assert "ingest" in names
    for name in names:
        module = importlib.import_module(f"benchmarks.{name}")
        assert module.TITLE
        assert callable(module.run)


def test_an_unknown_benchmark_is_refused_with_the_known_ones():
    with pytest.raises(CommandError, match="ingest"):
        call_command("bench", "nonsense")


def test_a_missed_goal_shows_in_the_table():
    figure = {"what": "page", "value": 120, "unit": "ms", "goal": "<= 80", "ok": False}
    table = benchmarks.as_table({"title": "Pages", "ok": False, "figures": [figure]})
    assert "Pages: MISSED" in table
    assert "goal <= 80" in table


def test_a_question_takes_its_own_flags_and_prints_one_line_of_json(capsys):
    asked = [
        "bench",
        "pacing",
        "--flights",
        "40",
        "--days",
        "5",
        "--market",
        "google",
        "--seed",
        "7",
        "--json",
    ]
    Command().run_from_argv(["manage.py", *asked])
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"seed", "policies"}
    assert answer["seed"] == 7
    adaptive = answer["policies"]["adaptive"]
    assert set(adaptive) == {
        "within_1",
        "within_2",
        "within_5",
        "utilisation",
        "worst_over",
        "rmse",
        "changes",
        "big_changes",
        "ms_per_decision",
    }
    assert adaptive["within_1"] <= adaptive["within_2"] <= adaptive["within_5"] <= 1


def test_a_question_draws_a_fresh_seed_and_prints_a_table(capsys):
    for _ in range(2):
        Command().run_from_argv(["manage.py", "bench", "pacing", "--flights", "20", "--days", "3"])
    seeds = re.findall(r"^seed (\d+)", capsys.readouterr().out, re.MULTILINE)
    assert len(set(seeds)) == 2


def test_a_question_runs_alone():
    with pytest.raises(CommandError, match="flags of its own"):
        call_command("bench", "pacing", "startup")
