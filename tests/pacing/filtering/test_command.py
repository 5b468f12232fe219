"""``manage.py pace`` as an outside program meets it: bytes in, bytes out, nothing else needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from pacing.filtering.observed import KNOWN_FIELDS
from pacing.filtering.schema import ANSWER, OBSERVATION
from tests.pacing.filtering.lines import ROOT, M, answers, observation, started


def test_each_line_is_answered_before_the_next_is_written():
    with started() as process:
        for plan in ("a", "b", "a"):
            process.stdin.write(json.dumps(observation(plan=plan)).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["plan"] == plan
        # A line that comes in two pieces is answered once it is whole.
        whole = json.dumps(observation(plan="c")).encode() + b"\n"
        process.stdin.write(whole[:40])
        process.stdin.flush()
        process.stdin.write(whole[40:])
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["plan"] == "c"
        process.stdin.close()
        assert process.wait(20) == 0
        assert process.stderr.read() == b""


def test_bulk_input_is_answered_in_order_even_without_a_last_line_end():
    lines = [json.dumps(observation(plan=number, day=1 + number % 30)) for number in range(3_000)]
    process = started()
    out, err = process.communicate("\n".join(lines).encode(), timeout=60)
    assert process.returncode == 0, err
    assert [json.loads(line)["plan"] for line in out.splitlines()] == list(range(3_000))


def test_a_bad_line_is_named_in_its_place_and_the_rest_goes_on():
    lines = [json.dumps(observation()).encode(), b"", b"{", json.dumps(observation(plan="b")).encode()]
    process = started()
    out, err = process.communicate(b"\n".join(lines) + b"\n", timeout=60)
    found = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 1
    assert b"1 line" in err
    assert [one.get("plan", one.get("line")) for one in found] == ["a", 3, "b"]
    assert found[1]["error"]["field"] == "line"


def test_nothing_of_the_site_is_needed(tmp_path):
    """No database address, no secrets, and nothing is written: a clone nobody may write to will do."""
    state = tmp_path / "state"
    process = started(LANE_STATE=str(state), DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    out, _ = process.communicate(json.dumps(observation()).encode() + b"\n", timeout=60)
    assert process.returncode == 0
    assert json.loads(out)["action"] == "hold"
    assert not state.exists()


def test_the_schema_names_every_field_that_is_read_and_every_field_that_is_written():
    done = subprocess.run(
        [sys.executable, "manage.py", "pace", "--schema"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        env=dict(os.environ),
    )
    printed = json.loads(done.stdout)
    assert printed["observation"] == OBSERVATION
    assert set(OBSERVATION["properties"]) == KNOWN_FIELDS
    [found] = answers(observation(budget_micros=80 * M, typo=1))
    assert set(found) == set(ANSWER["properties"])
    assert found["unknown_fields"] == ["typo"]


def test_the_reference_names_every_field():
    text = (ROOT / "docs/reference/pace-filter.md").read_text()
    platform = OBSERVATION["properties"]["platform"]["properties"]
    missing = [
        name
        for name in (*OBSERVATION["properties"], *platform, *ANSWER["properties"])
        if f"`{name}`" not in text
    ]
    assert missing == []
