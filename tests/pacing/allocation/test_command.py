"""`manage.py allocate`: a CSV in, an exact split out, and every mistake told by line."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.pacing.allocation.arms import three

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def history(tmp_path):
    path = tmp_path / "history.csv"
    platform = {"strong": "google_ads", "usual": "meta", "weak": "meta"}
    rows = ["date,arm,spend,value,platform"]
    for arm in three():
        rows += [
            f"{day.day},{arm.key},{day.spend_micros / 1e6:.2f},{day.value:.3f},{platform[arm.key]}"
            for day in arm.history
        ]
    path.write_text("\n".join(rows))
    return path


def allocate(history, *words: str) -> dict:
    out = StringIO()
    call_command("allocate", "--csv", str(history), "--json", *words, stdout=out)
    return json.loads(out.getvalue())


def total(answer: dict) -> Decimal:
    return sum((Decimal(amount) for amount in answer["split"].values()), Decimal(0))


@pytest.mark.parametrize(
    ("budget", "currency"),
    [("300", None), ("299.99", "EUR"), ("0.30", "EUR"), ("12345", "JPY"), ("100.125", "KWD")],
)
def test_the_split_adds_up_to_the_smallest_amount_of_the_currency(history, budget, currency):
    answer = allocate(history, "--budget", budget, *(["--currency", currency] if currency else []))
    assert total(answer) == Decimal(budget)
    if currency == "JPY":
        assert all("." not in amount for amount in answer["split"].values())


def test_free_arms_end_with_equal_marginal_values(history):
    answer = allocate(history, "--budget", "600")
    free = [arm for arm in answer["arms"] if not arm["bound"]]
    assert len(free) >= 2
    worth = [answer["marginal_values"][arm["arm"]] for arm in free]
    assert max(worth) - min(worth) <= 0.01 * answer["price"]
    assert answer["value_split"]["mean"] >= answer["value_kept"]["mean"]


def test_the_printed_curves_give_the_printed_marginal_values(history):
    answer = allocate(history, "--budget", "600")
    for arm in answer["arms"]:
        spend = float(arm["new"])
        parts = answer["curves"][arm["arm"]]["parts"]
        slope = sum(part["probability"] * part["slope"] / (1 + spend / part["kappa"]) for part in parts)
        assert slope == pytest.approx(arm["marginal_new"], rel=1e-3)


def test_floors_caps_locks_groups_and_steps_are_kept(history):
    answer = allocate(
        history, "--budget", "400", "--floor", "weak=90", "--cap", "strong=150", "--lock", "usual=110.50",
        "--group", "platform=meta:0.2:0.8",
    )  # fmt: skip
    split = {name: Decimal(amount) for name, amount in answer["split"].items()}
    assert total(answer) == 400
    assert split["weak"] >= 90
    assert split["strong"] <= 150
    assert split["usual"] == Decimal("110.50")
    stepped = allocate(history, "--budget", "300", "--step", "0.1")
    for arm in stepped["arms"]:
        assert abs(Decimal(arm["new"]) / Decimal(arm["kept"]) - 1) <= Decimal("0.1001")


def test_wishes_that_cannot_be_kept_end_with_1_and_are_named(history):
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command(
            "allocate", "--csv", str(history), "--budget", "100", "--floor", "weak=90", "--floor", "usual=90",
            "--json", stdout=out,
        )  # fmt: skip
    answer = json.loads(out.getvalue())
    assert ended.value.code == 1
    assert answer["split"] is None
    assert answer["problems"][0]["code"] == "floors_exceed_budget"
    assert answer["problems"][0]["arms"] == ["usual", "weak"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2026-01-0x,a,1,2", "Line 2, column date: “2026-01-0x” is not a date"),
        ("2026-01-01,a,-1,2", "Line 2, column spend: -1 is negative"),
        ("2026-01-01,a,1,many", "Line 2, column value: “many” is not a number"),
        ("2026-01-01,,1,2", "Line 2, column arm: it is empty"),
        ("2026-01-01,a,1", "Line 2: 3 cells under 4 headings"),
        ("2026-01-01,a,1,2\n2026-01-01,a,3,4", "Line 3, column date: 2026-01-01 of “a” is on line 2 too"),
        ("", "there are no rows"),
    ],
)
def test_a_mistake_is_told_by_line_and_column(tmp_path, line, said):
    path = tmp_path / "bad.csv"
    path.write_text(f"date,arm,spend,value\n{line}\n")
    with pytest.raises(CommandError, match=said):
        allocate(path, "--budget", "10")


def test_all_mistakes_are_told_at_once(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("date;arm;spend;value\nx;a;1;2\n2026-01-01;a;y;2\n")
    with pytest.raises(CommandError, match=r"(?s)Line 2.*Line 3"):
        allocate(path, "--budget", "10")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--budget", "10.001"), "not a multiple of 0.01"),
        (("--budget", "ten"), "“ten” is not an amount"),
        (("--budget", "300", "--floor", "nobody=1"), "there is no arm “nobody”"),
        (("--budget", "300", "--group", "platform=x:0:1"), "no row has “x” in column “platform”"),
        (("--budget", "300", "--group", "platform"), "is not COLUMN=NAME:MIN:MAX"),
        (("--budget", "300", "--pool", "objective"), "there is no column “objective”"),
        (("--budget", "300", "--currency", "EURO"), "not an ISO 4217 code"),
        (("--budget", "300", "--today", "soon"), "“soon” is not a date"),
        (("--budget", "300", "--blend", "2"), "blend is 2"),
        (("--budget", "0"), "budget_micros must be positive"),
    ],
)
def test_a_wrong_option_says_what_to_write(history, words, said):
    with pytest.raises(CommandError, match=said):
        allocate(history, *words)


def test_it_needs_no_database_and_reads_standard_input(history):
    done = subprocess.run(
        [sys.executable, "manage.py", "allocate", "--csv", "-", "--budget", "300"],
        cwd=ROOT, input=history.read_text(), capture_output=True, text=True, check=True,
        env={"PATH": "/usr/bin:/bin", "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["arm", "now", "split"]
    assert [line.split()[0] for line in lines[1:4]] == ["strong", "usual", "weak"]
    assert "300.00" in lines[4]
