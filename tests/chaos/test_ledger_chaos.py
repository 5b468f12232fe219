"""The ledger under a seeded storm of faults, and proof that the checker sees damage when there is some."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from campaigns.chaos.checker import Intent, check, check_steps

ROOT = Path(__file__).resolve().parents[2]


def chaos(*words: str) -> tuple[int, dict[str, object]]:
    """Run the command as a person would; its last line is one JSON object."""
    done = subprocess.run(
        [sys.executable, "manage.py", "chaos", "ledger", "--json", *words],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.stdout.strip(), done.stderr[-4000:]
    return done.returncode, json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.timeout(900)
def test_three_hundred_changes_survive_the_storm_exactly_once():
    code, found = chaos("--intents", "300", "--seed", "7")
    assert (found["lost"], found["duplicated"], found["surplus"]) == (0, 0, 0), found
    assert (found["out_of_order"], found["wrong_final"], found["unaudited"]) == (0, 0, 0), found
    assert found["recovery_s"] is not None and code == 0
    faults = found["faults"]
    assert faults["api"] > 50 and sum(faults.values()) > faults["api"] + 5, faults


@pytest.mark.timeout(600)
def test_a_task_without_the_ledger_is_caught():
    code, found = chaos("--intents", "60", "--seed", "7", "--broken", "relative")
    assert code != 0
    assert found["lost"] or found["duplicated"] or found["surplus"], found


def _write(seq, before, after, *, effective=True, **more):
    return {
        "seq": seq, "entity": "b1", "field": "budget_micros", "before": before, "after": after,
        "effective": effective, "at_real": f"2026-01-01T00:00:{seq:02d}Z", **more,
    }  # fmt: skip


INTENTS = [Intent("b1", 1, 2, 0, "verified"), Intent("b1", 2, 3, 1, "verified")]


def test_the_checker_passes_only_the_approved_order():
    clean = check(INTENTS, [_write(1, 1, 2), _write(2, 2, 3)], {"b1": 3})
    assert clean.is_clean
    ignored = _write(0, 1, 2, effective=False)
    assert check(INTENTS, [ignored, _write(1, 1, 2), _write(2, 2, 3)], {"b1": 3}).is_clean


@pytest.mark.parametrize(
    ("journal", "final", "damage"),
    [
        ([_write(1, 1, 2)], 2, {"lost": 1, "wrong_final": 1}),
        ([_write(1, 1, 2), _write(2, 2, 2), _write(3, 2, 3)], 3, {"surplus": 1}),
        ([_write(1, 1, 2), _write(2, 2, 3), _write(3, 3, 2), _write(4, 2, 3)], 3, {"duplicated": 2}),
        ([_write(1, 1, 2), _write(2, 2, 9), _write(3, 9, 3)], 3, {"surplus": 1, "out_of_order": 1}),
        ([_write(1, 1, 3), _write(2, 3, 2)], 2, {"out_of_order": 1, "wrong_final": 1}),
    ],
)
def test_the_checker_sees_each_kind_of_damage(journal, final, damage):
    verdict = check(INTENTS, journal, {"b1": final})
    assert not verdict.is_clean
    assert {key: getattr(verdict, key) for key in damage} == damage


def test_a_late_write_is_judged_by_when_it_landed():
    late = _write(1, 3, 2, landed_real="2026-01-01T00:00:30Z")
    assert check(INTENTS, [late, _write(2, 1, 2), _write(3, 2, 3)], {"b1": 2}).duplicated == 1


def test_an_intent_that_never_ended_counts_as_lost():
    unfinished = [INTENTS[0], Intent("b1", 2, 3, 1, "sent")]
    assert check(unfinished, [_write(1, 1, 2), _write(2, 2, 3)], {"b1": 3}).lost == 1


def test_relative_steps_are_judged_by_their_sum():
    assert check_steps(INTENTS, [_write(1, 1, 2), _write(2, 2, 3)], {"b1": 3}).is_clean
    assert check_steps(INTENTS, [_write(n, n, n + 1) for n in (1, 2, 3)], {"b1": 4}).duplicated == 1
    assert check_steps(INTENTS, [_write(1, 1, 2)], {"b1": 2}).lost == 1
