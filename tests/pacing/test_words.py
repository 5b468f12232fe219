"""Findings as sentences and as few words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pacing.controllers import Reason
from pacing.controllers.reasons import SENTENCES
from pacing.words import _BRIEF, brief, money_in, reason_text, reason_texts

UNDER = {
    "code": "projected_under",
    "params": {"projected_micros": 14_030_000_000, "error_ratio": 0.123, "trigger_ratio": 0.02},
}
COOLING = {"code": "cool_down", "params": {"since_hours": 22.0, "in_hours": 4.0}}


def test_a_finding_is_a_sentence_in_the_plans_money():
    assert reason_text(UNDER, "GBP") == (
        "Projected end £14,030, 12.3\u202f% under the plan, past the 2.0\u202f% trigger."
    )


def test_small_amounts_keep_their_minor_units_and_large_ones_do_not():
    assert (money_in("EUR", 455_500_000), money_in("EUR", 1_455_500_000)) == ("€455.50", "€1,456")


def test_a_cool_down_ends_at_a_local_time_and_names_the_day_when_it_is_another():
    at = datetime(2026, 5, 20, 12, 20, tzinfo=UTC)
    assert "until 18:20" in reason_text(COOLING, "EUR", timezone="Europe/Berlin", at=at)
    later = {**COOLING, "params": {"since_hours": 2.0, "in_hours": 22.0}}
    assert "until Thu 12:20" in reason_text(later, "EUR", timezone="Europe/Berlin", at=at)


def test_without_an_instant_a_cool_down_says_how_long():
    assert "for 4 h more" in reason_text(COOLING, "EUR")


@pytest.mark.parametrize("finding", [{}, {"code": "from_another_version", "params": {}}])
def test_a_finding_nobody_knows_says_nothing(finding):
    assert (reason_text(finding, "EUR"), brief(finding, "EUR")) == ("", "")
    assert reason_texts([finding, UNDER], "EUR") == [reason_text(UNDER, "EUR")]


@pytest.mark.parametrize("reason", list(Reason))
def test_the_few_words_of_a_reason_use_only_numbers_its_sentence_has(reason):
    named = {part.partition("}")[0] for part in _BRIEF[reason].split("{")[1:]}
    assert named <= {part.partition("}")[0] for part in SENTENCES[reason].split("{")[1:]}
    assert not _BRIEF[reason].endswith(".")
