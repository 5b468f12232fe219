"""Faults strike as they are told to, writes land or do not, and the journal knows."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.sandbox.engine import LostAnswer
from campaigns.sandbox.faults import READ, WRITE, Call
from campaigns.sandbox.journal import Write
from campaigns.sandbox.world import BUDGET
from tests.sandbox.conftest import Local

MUTATE = Call("google_ads", "CampaignBudgetService.MutateCampaignBudgets", WRITE, "42")
READING = Call("google_ads", "GoogleAdsService.SearchStream", READ, "42")


def write(local: Local, micros: int, **fault: Any) -> None:
    """One budget write, with a fault for it alone."""
    if fault:
        local.sandbox.faults.add(fault | {"times": 1})
    budget = local.budget("summer-crossings")
    order = Write("google_ads", budget.account.id, budget.id, BUDGET, micros, "r-1", "lane", "api")
    local.sandbox.land(order, local.sandbox.arrive(MUTATE))


def amount(local: Local) -> int:
    local.sandbox.settle()
    return local.sandbox.world.amount(local.budget("summer-crossings"))


def entries(local: Local) -> list[tuple[int, int, bool]]:
    return [(e["before"], e["after"], e["effective"]) for e in local.sandbox.journal.entries()]


def test_a_write_lands_and_is_noted(local: Local) -> None:
    write(local, 1_400_000_000)
    assert amount(local) == 1_400_000_000
    assert entries(local) == [(1_345_000_000, 1_400_000_000, True)]


@pytest.mark.parametrize(
    ("effect", "landed"), [("drop_after_commit", True), ("drop_before_commit", False), ("drop_before", False)]
)
def test_a_lost_answer_says_nothing_of_the_write(local: Local, effect: str, landed: bool) -> None:
    with pytest.raises(LostAnswer):
        write(local, 1_400_000_000, effect=effect)
    assert (amount(local) == 1_400_000_000) is landed
    assert entries(local) == [(1_345_000_000, 1_400_000_000, landed)]


def test_an_ignored_write_is_answered_as_if_it_were_done(local: Local) -> None:
    write(local, 1_400_000_000, effect="accept_but_ignore")
    assert amount(local) == 1_345_000_000
    assert entries(local) == [(1_345_000_000, 1_400_000_000, False)]


def test_a_late_write_lands_after_its_seconds_even_across_a_restart(local: Local) -> None:
    with pytest.raises(LostAnswer):
        write(local, 1_400_000_000, effect="late_apply", seconds=30)
    local.machine.now += 29
    assert amount(local) == 1_345_000_000
    local.sandbox.store.close()
    local.open()
    local.machine.now += 1
    assert amount(local) == 1_400_000_000
    assert entries(local) == [(1_345_000_000, 1_400_000_000, True)]


def test_somebody_else_may_be_faster(local: Local) -> None:
    write(local, 1_400_000_000, effect="external_edit", daily_budget_micros=1_500_000_000)
    assert entries(local) == [(1_500_000_000, 1_400_000_000, True)]
    assert [edit.client for edit in local.sandbox.world.edits(0, 9e12)] == ["web", "api"]


def test_a_stale_read_sees_the_value_of_before(local: Local) -> None:
    local.machine.now += 60
    write(local, 1_400_000_000)
    local.machine.now += 10
    local.sandbox.faults.add({"effect": "stale_read", "seconds": 30})
    with local.sandbox.view(local.sandbox.arrive(READING)):
        assert local.sandbox.world.amount(local.budget("summer-crossings")) == 1_345_000_000
    assert amount(local) == 1_400_000_000


def test_the_world_outlives_its_process(local: Local) -> None:
    write(local, 1_400_000_000)
    local.sandbox.faults.add({"effect": "transient", "times": 3})
    token = local.sandbox.tokens.make("refresh", "somebody")
    local.sandbox.clock.run_at(60)
    local.machine.now += 60
    moment = local.sandbox.clock.now()
    local.sandbox.store.close()
    local.open()
    assert amount(local) == 1_400_000_000
    assert local.sandbox.clock.now() == moment
    assert len(local.sandbox.faults.listed()) == 1
    assert local.sandbox.tokens.login_of(token, "refresh") == "somebody"


def test_reset_forgets_what_happened_and_keeps_logins(local: Local) -> None:
    write(local, 1_400_000_000, effect="slow", seconds=2)
    token = local.sandbox.tokens.make("refresh", "somebody")
    local.sandbox.reset()
    assert local.slept == [2]
    assert amount(local) == 1_345_000_000
    assert local.sandbox.journal.entries() == []
    assert local.sandbox.faults.listed() == []
    assert local.sandbox.tokens.login_of(token, "refresh") == "somebody"


def test_a_rule_names_its_platform_method_account_and_turn(local: Local) -> None:
    faults = local.sandbox.faults
    faults.add({"effect": "transient", "platform": "meta"})
    faults.add({"effect": "transient", "method": "*Mutate*", "account": "43"})
    assert not faults.take(MUTATE)
    faults.add({"effect": "rate_limit", "method": "*Mutate*", "account": "42", "nth": 2})
    assert [bool(faults.take(MUTATE)) for _ in range(3)] == [False, True, False]
    assert not faults.take(READING)


def test_effects_of_writes_never_strike_reads(local: Local) -> None:
    for effect in ("drop_after_commit", "accept_but_ignore", "late_apply", "partial_failure"):
        local.sandbox.faults.add({"effect": effect})
    assert not local.sandbox.faults.take(READING)


def test_chance_repeats_itself(local: Local) -> None:
    local.sandbox.faults.add({"effect": "transient", "probability": 0.4})
    first = [bool(local.sandbox.faults.take(READING)) for _ in range(40)]
    local.sandbox.reset()
    local.sandbox.faults.add({"effect": "transient", "probability": 0.4})
    assert [bool(local.sandbox.faults.take(READING)) for _ in range(40)] == first
    assert 6 <= sum(first) <= 26


def test_an_unknown_effect_is_refused(local: Local) -> None:
    with pytest.raises(ValueError, match="Unknown effect"):
        local.sandbox.faults.add({"effect": "explode"})
