"""The frame around the benchmarks; what they measure is measured by running them."""

from __future__ import annotations

import importlib

import pytest
from django.core.management import CommandError, call_command

from lane.ops import benchmarks


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
