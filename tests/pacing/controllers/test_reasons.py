from __future__ import annotations

import string

from hypothesis import given, settings
from hypothesis import strategies as st

from pacing.controllers import Finding, Reason, decide_one, sentence
from pacing.controllers.reasons import SENTENCES
from tests.pacing.controllers.situations import plan, seen_on_curve


def euros(micros: int) -> str:
    return f"€{micros / 1_000_000:,.2f}"


def test_every_reason_has_a_sentence():
    assert set(SENTENCES) == set(Reason)


def test_every_reason_given_carries_exactly_the_numbers_its_sentence_needs():
    terms = plan()
    decision, _ = decide_one(terms, seen_on_curve(terms, 15, factor=0.7))
    assert {one.reason for one in decision.evidence} == set(Reason)
    for one in decision.evidence:
        fields = {name for _, name, _, _ in string.Formatter().parse(SENTENCES[one.reason]) if name}
        assert fields <= set(one.numbers), one.reason


def test_a_sentence_fills_in_the_decisions_own_numbers():
    terms = plan()
    decision, _ = decide_one(terms, seen_on_curve(terms, 15, factor=0.7))
    text = " ".join(sentence(one.reason, one.numbers, euros) for one in decision.findings(0))
    assert "Projected end €2,100.00, 30.0\u202f% under the plan, past the 7.6\u202f% trigger." in text
    assert "one step is at most 20.0\u202f%" in text


def test_a_cool_down_names_an_instant_where_the_reader_has_a_clock():
    numbers = {"since_hours": 20.0, "in_hours": 4.0}
    assert sentence("cool_down", numbers, euros) == "Last change 20 h ago. Cool-down for 4 h more."
    assert sentence(Reason.COOL_DOWN, numbers, euros, lambda hours: "14:20") == (
        "Last change 20 h ago. Cool-down until 14:20."
    )


@settings(max_examples=40, deadline=None)
@given(day=st.integers(0, 31), factor=st.floats(0.2, 2.0), age=st.sampled_from([0.0, 6.0, 30.0]))
def test_findings_survive_storage_and_read_as_sentences(day, factor, age):
    terms = plan()
    decision, _ = decide_one(terms, seen_on_curve(terms, day, 0.5, factor=factor, report_age_hours=age))
    for finding in decision.findings(0):
        back = Finding.from_json(finding.as_json())
        text = sentence(back.reason, back.numbers, euros)
        assert text.endswith(".")
        assert "nan" not in text
        assert "{" not in text
