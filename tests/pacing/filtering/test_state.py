"""The opaque state: what the caller need not tell again, and what happens when it does otherwise."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tests.pacing.filtering.lines import M, answers, observation, started

START = datetime(2026, 5, 1, tzinfo=UTC)


class Plan:
    """A plan whose platform spends exactly its budget, looked at every two hours; answers are carried out."""

    def __init__(self, name="a", *, ends_on="2026-05-12", amount=1200 * M, obeys=True):
        self.name, self.ends_on, self.amount, self.obeys = name, ends_on, amount, obeys
        self.hours, self.budget, self.paused, self.state = 0, 80 * M, False, None
        self.spend = {}
        self.last = {}
        self.told = {}

    def line(self):
        now = START + timedelta(hours=self.hours)
        self.last[now.date()] = self.budget
        return {
            "plan": self.name,
            "amount_micros": self.amount,
            "starts_on": "2026-05-01",
            "ends_on": self.ends_on,
            "now": now.isoformat(),
            "reported": {
                "through": now.isoformat(),
                "days": [{"on": str(on), "spend_micros": spend} for on, spend in self.spend.items()],
            },
            "budget_micros": self.budget,
            "paused": self.paused,
            "state": self.state,
            **self.told,
        }

    def follow(self, answer):
        self.state = answer["state"]
        if self.obeys:
            self.budget, self.paused = answer["budget_micros"], answer["pause"]
        on = (START + timedelta(hours=self.hours)).date()
        self.spend[on] = self.spend.get(on, 0) + (0 if self.paused else self.budget // 12)
        self.hours += 2


def decided(answer):
    return {name: value for name, value in answer.items() if name != "state"}


def played(plan, days):
    found = []
    for _ in range(days * 12):
        [answer] = answers(plan.line())
        assert "error" not in answer
        plan.follow(answer)
        found.append(answer)
    return found


def test_an_interleaved_run_equals_one_plan_alone():
    alone = played(Plan("b", amount=900 * M), 12)
    first, second = Plan("a"), Plan("b", amount=900 * M)
    with started() as process:
        for step in range(0, 144, 2):
            for _ in range(2):
                for plan in (first, second):
                    process.stdin.write(json.dumps(plan.line()).encode() + b"\n")
                    process.stdin.flush()
                    answer = json.loads(process.stdout.readline())
                    plan.follow(answer)
            assert decided(answer) | {"reasons": 0} == decided(alone[step + 1]) | {"reasons": 0}
        process.stdin.close()


def test_a_plan_that_is_obeyed_lands_on_its_amount():
    plan = Plan()
    found = played(plan, 12)
    assert abs(sum(plan.spend.values()) / plan.amount - 1) <= 0.01
    assert {answer["action"] for answer in found} >= {"raise", "lower"}


def test_what_the_caller_leaves_out_is_what_it_would_have_told():
    """Past budgets and the time of the last change come from the state, or from the caller: the same answers."""
    silent, telling = Plan(), Plan()
    changed_at = None
    for _ in range(12 * 12):
        now = START + timedelta(hours=telling.hours)
        telling.told = {
            "budgets": [
                {"on": str(on), "micros": budget} for on, budget in telling.last.items() if on < now.date()
            ],
            "last_change_at": changed_at,
        }
        [one], [other] = answers(silent.line()), answers(telling.line())
        assert decided(one) == decided(other)
        before = telling.budget
        silent.follow(one)
        telling.follow(other)
        if telling.budget != before:
            changed_at = now.isoformat()


def test_a_cool_down_starts_when_the_answer_is_found_carried_out():
    plan = Plan()
    found = played(plan, 4)
    changes = [place for place, answer in enumerate(found) if answer["action"] in ("raise", "lower")]
    assert len(changes) >= 2
    assert min(later - earlier for earlier, later in pairwise(changes)) >= 12


def test_an_answer_that_is_not_carried_out_is_asked_for_again():
    plan = Plan(obeys=False)
    found = played(plan, 8)
    assert [answer["budget_micros"] for answer in found[-3:]] == [found[-1]["budget_micros"]] * 3
    assert all(answer["action"] == "raise" for answer in found[-3:])
    assert found[-1]["state"]["budgets"] == [80 * M] * 7


def test_a_pause_that_is_not_carried_out_is_asked_for_again():
    plan = Plan(amount=300 * M, obeys=False)
    found = played(plan, 6)
    assert found[-1]["action"] == "pause"
    assert found[-1]["pause"] is True


def test_a_pause_asked_for_is_lanes_own_and_one_from_outside_is_not():
    record = observation(day=30, spend=103 * M)
    [asked] = answers(record)
    assert asked["pause"]
    later = {**record, "now": "2026-05-30T14:00:00", "state": asked["state"], "paused": True}
    [held] = answers(later)
    assert (held["action"], held["pause"], held["status"]) == ("hold", True, "paused")
    [outside] = answers({**later, "state": None})
    assert outside["action"] == "none"
    still = {**later, "now": "2026-05-30T16:00:00", "state": outside["state"]}
    assert answers(still)[0]["action"] == "none"


def test_days_of_a_pause_are_not_taken_for_weak_demand():
    record = observation(day=10)
    record["reported"]["days"][-1]["spend_micros"] = 5 * M
    weak = answers(record)[0]
    known = answers({**record, "paused_days": ["2026-05-09"]})[0]
    assert weak["achievable_micros"] is not None
    assert known["achievable_micros"] is None


def test_another_hands_change_starts_no_cool_down():
    [first] = answers(observation(day=12))
    assert first["action"] == "hold"
    [second] = answers(observation(day=13, spend=80 * M, budget_micros=90 * M, state=first["state"]))
    assert second["action"] == "raise"


def test_a_flight_that_is_moved_keeps_what_it_remembers():
    plan = Plan()
    played(plan, 5)
    moved = plan.line() | {"starts_on": "2026-04-29", "ends_on": "2026-05-14"}
    [answer] = answers(moved)
    assert answer["day"] == 8
    assert answer["state"]["budgets"][:2] == [None, None]
    assert answer["state"]["budgets"][2:] == plan.state["budgets"] + [plan.budget]


def test_the_same_line_gets_the_same_answer():
    plan = Plan()
    played(plan, 3)
    assert answers(plan.line()) == answers(plan.line())


def test_who_says_nothing_of_budget_and_pause_has_carried_the_answer_out():
    """A caller that simply obeys need not tell what it did."""
    silent, telling = Plan(amount=400 * M), Plan(amount=400 * M)
    actions = set()
    for step in range(12 * 12):
        line = silent.line()
        if step:
            del line["budget_micros"], line["paused"]
        [one], [other] = answers(line), answers(telling.line())
        assert one == other
        actions.add(one["action"])
        silent.follow(one)
        telling.follow(other)
    assert actions >= {"lower", "pause"}


def test_the_shape_of_a_plans_days_is_learned_from_its_own_reports():
    """This platform spends alike in every hour; after some days that is what is expected."""
    plan = Plan(ends_on="2026-05-20", amount=2000 * M)
    played(plan, 8)
    noon = plan.line() | {"now": "2026-05-09T12:00:00", "landing": "none", "strategy": "linear"}
    flat, usual = answers({**noon, "intraday": [1] * 24}, {**noon, "state": None})
    [learned] = answers(noon)
    errors = [abs(one["expected_micros"] - flat["expected_micros"]) for one in (learned, usual)]
    assert errors[0] < errors[1] / 3
    assert len(learned["state"]["shape"][0]) == 12


def test_a_day_with_a_pause_teaches_no_shape():
    plan = Plan()
    for step in range(13):
        plan.told = {"paused": step in (4, 5, 6), "paused_by": "other"}
        [answer] = answers(plan.line())
        plan.follow(answer)
    assert answer["state"]["shape"][1] == 0
