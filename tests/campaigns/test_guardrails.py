"""What Lane may do here: learning, rest, caps and stops, as pages show and guards hold them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import AdAccount, AdCampaign, Budget, BudgetValue, Change, Drift
from campaigns.selectors.guardrails import guardrails_for
from campaigns.selectors.learning_phase import learning_of
from campaigns.services import automation, kill_switches
from lane.core import clock
from tests.campaigns.ledger_world import EUR, LedgerWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> LedgerWorld:
    made = LedgerWorld(monkeypatch)
    AdAccount.objects.update(facts_synced_at=clock.now())
    made.account.refresh_from_db()
    return made


def later(**delta: float) -> None:
    clock.set_offset(clock.offset() + timedelta(**delta))
    AdAccount.objects.update(facts_synced_at=clock.now())


def test_nothing_in_the_way_lets_automation_act(world):
    rails = guardrails_for([world.budget(), world.budget("Other")])
    assert (rails.held_by, rails.may_act_alone) == ((), True)
    assert (rails.changes_left_today, rails.changes_per_day, rails.learning_days) == (3, 3, 7)
    (account,) = rails.accounts
    assert (account.increase_cap_micros, account.increase_left_micros) == (60 * EUR, 60 * EUR)


def test_an_automatic_change_uses_up_rest_count_and_the_accounts_room(world):
    budget = world.budget()
    world.budget("Rest", euros=900)
    assert world.apply(world.automatic(budget, 110)).state == "verified"
    rails = guardrails_for([budget])
    (one,) = rails.budgets
    assert one.changes_left_today == 2
    assert one.rest_until is not None
    assert timedelta(hours=3) < one.rest_until - clock.now() <= timedelta(hours=4)
    (account,) = rails.accounts
    assert account.increase_cap_micros - account.increase_left_micros == 10 * EUR
    assert rails.held_by == ("Automation changed this in the last 4 hours.",)
    later(hours=4, minutes=1)
    assert guardrails_for([budget]).may_act_alone
    clock.forget()


def test_a_large_step_by_a_person_starts_a_learning_phase_that_guards_keep(world):
    budget = world.budget()
    world.budget("Rest", euros=900)
    assert world.apply(world.approved(budget, 150)).state == "verified"
    (one,) = guardrails_for([budget]).budgets
    assert one.learning_until is not None
    assert timedelta(days=6, hours=23) < one.learning_until - clock.now() <= timedelta(days=7)
    assert "more than 20 %" in one.learning_reason
    blocked = world.apply(world.automatic(budget, 160))
    assert (blocked.state, "leaves Cold brew alone until" in blocked.outcome) == ("blocked", True)
    assert world.apply(world.approved(budget, 160)).state == "verified"
    later(days=7, minutes=1)
    assert guardrails_for([budget]).may_act_alone
    assert world.apply(world.automatic(budget, 170)).state == "verified"
    clock.forget()


def test_small_steps_do_not_and_the_last_day_of_a_plan_does_not_wait(world):
    budget, rest = world.budget(), world.budget("Rest", euros=900)
    world.apply(world.approved(budget, 119))
    assert learning_of([budget]) == {}
    world.apply(world.approved(rest, 400))
    evidence = {"last_day": True, "remaining_micros": 900 * EUR}
    assert world.apply(world.automatic(rest, 450, evidence=evidence)).state == "verified"


def test_a_start_and_the_platforms_own_word_start_it_too(world):
    new, old, told = (world.budget(name) for name in ("New", "Old", "Told"))
    today = clock.today("Europe/Berlin")
    world.campaign("New search", budget=new, starts_on=today - timedelta(days=2))
    world.campaign("Old search", budget=old, starts_on=today - timedelta(days=30))
    world.campaign("Joined later", budget=old, starts_on=today)
    world.campaign(
        "Told so", budget=told,
        hindrances=[{"code": "learning", "words": "", "raw": "", "since": clock.now().isoformat()}],
    )  # fmt: skip
    found = learning_of(Budget.objects.select_related("ad_account"))
    assert {pk: row.reason for pk, row in found.items()} == {
        new.pk: "It started",
        told.pk: "The platform is still learning",
    }
    blocked = world.apply(world.automatic(new, 105))
    assert (blocked.state, blocked.outcome.startswith("It started less than 7 days ago")) == ("blocked", True)


def test_a_jump_nobody_at_lane_made_counts_but_automations_own_steps_do_not(world):
    budget, own = world.budget(), world.budget("Own", euros=1_000)
    today = clock.today("Europe/Berlin")
    for back, euros in ((3, 100), (2, 100), (1, 160)):
        BudgetValue.objects.create(
            budget=budget, on=today - timedelta(days=back), last_micros=euros * EUR, highest_micros=euros * EUR,
            seen_at=clock.now(),
        )  # fmt: skip
    BudgetValue.objects.create(
        budget=own,
        on=today - timedelta(days=1),
        last_micros=700 * EUR,
        highest_micros=700 * EUR,
        seen_at=clock.now(),
    )
    Budget.objects.filter(pk=own.pk).update(amount_micros=1_000 * EUR)
    assert world.apply(world.automatic(own, 1_100)).state == "verified"
    found = learning_of(Budget.objects.select_related("ad_account"))
    assert {pk: row.reason for pk, row in found.items()} == {
        budget.pk: "It was changed by more than 20 % outside Lane"
    }


def test_the_setting_switches_the_protection_off(world, settings):
    settings.LANE_LEARNING_DAYS = 0
    budget = world.budget()
    world.budget("Rest", euros=900)
    world.apply(world.approved(budget, 150))
    assert world.apply(world.automatic(budget, 160)).state == "verified"


def test_stops_drifts_pauses_and_limits_are_named(world):
    budget = world.budget(floor_micros=50 * EUR, ceiling_micros=300 * EUR)
    Drift.objects.create(
        organization=world.organization, client=world.client, budget=budget, expected_micros=1, observed_micros=2,
        seen_at=clock.now(),
    )  # fmt: skip
    kill_switches.stop(actor=world.editor, reason="An audit.", client=world.client)
    automation.pause_budget(budget, actor=world.editor, reason="A launch.")
    AdAccount.objects.update(facts_synced_at=clock.now() - timedelta(hours=20), platform="meta")
    rails = guardrails_for([budget])
    (one,) = rails.budgets
    assert (one.floor_micros, one.ceiling_micros) == (50 * EUR, 300 * EUR)
    assert (one.edits_per_hour, one.edits_left_this_hour) == (2, 2)
    assert "An audit." in rails.stopped
    assert rails.recommend_only_reason == "A launch."
    assert len(rails.held_by) == 4
    assert not rails.may_act_alone


def test_the_number_of_queries_does_not_grow_with_budgets(world, django_assert_max_num_queries):
    budgets = [world.budget(f"B{number}", euros=100) for number in range(15)]
    for budget in budgets:
        AdCampaign.objects.filter(pk=world.campaign(budget.name, budget=budget).pk).update(starts_on=None)
        world.apply(world.approved(budget, 101))
    with django_assert_max_num_queries(13):
        rails = guardrails_for(budgets)
    assert len(rails.budgets) == 15
    assert Change.objects.filter(state="verified").count() == 15
