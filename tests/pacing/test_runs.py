"""The pacing pass: what is seen is stored, what is decided is proposed, what is unknown stays unknown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import Change, ChangeSet
from campaigns.sync import budget_history
from lane.core import clock
from lane.core.errors import InvalidInput, OutOfDate
from pacing.models import PacingRun, PlanSnapshot, Recommendation
from pacing.services import plans, recommendations, runs
from tests.campaigns.world import make_budget, make_world, person
from tests.pacing.world import MICROS, make_plan, tell_spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def behind():
    """A plan of 60 a day whose budget of 50 spends 50."""
    world = make_world()
    budget = make_budget(world, amount=50 * MICROS)
    tell_spend(world, budget, per_day=50)
    return world, budget, make_plan(world, [budget], per_day=60)


def test_a_look_is_stored_with_its_inputs_and_reasons(behind):
    _, _, plan = behind
    assert runs.run_pass().looked == 1
    run = PacingRun.objects.get()
    assert (run.health, run.decision) == ("behind", "propose")
    assert run.inputs["spend_micros"][:14] == [50 * MICROS] * 14
    assert run.spent_micros == 14 * 50 * MICROS
    assert run.reasons[0]["code"] == "projected_under"
    snapshot = PlanSnapshot.objects.get(plan=plan)
    assert snapshot.miss_micros < 0
    assert snapshot.abs_miss_micros == -snapshot.miss_micros
    assert snapshot.projected_p10_micros < snapshot.projected_p50_micros < snapshot.projected_p90_micros


def test_a_slot_is_paced_once_and_the_next_slot_again(behind):
    assert runs.run_pass().looked == 1
    assert runs.run_pass().looked == 0
    clock.set_offset(timedelta(hours=2))
    assert runs.run_pass().looked == 1
    assert PacingRun.objects.count() == 2


def test_being_behind_is_proposed_as_one_step_and_not_proposed_again(behind):
    _, budget, _ = behind
    assert runs.run_pass().proposed == 1
    recommendation = Recommendation.objects.get()
    assert recommendation.kind == "raise"
    assert recommendation.rows == [
        {
            "budget_id": str(budget.public_id),
            "name": budget.name,
            "now_micros": 50 * MICROS,
            "new_micros": recommendation.new_micros,
        }
    ]
    assert 50 * MICROS < recommendation.new_micros <= 60 * MICROS
    assert recommendation.effect["with"]["p50"] > recommendation.effect["without"]["p50"]
    clock.set_offset(timedelta(hours=2))
    runs.run_pass()
    assert Recommendation.objects.filter(state="open").count() == 1


def test_accepting_asks_for_approval_and_writes_nothing(behind):
    world, budget, _ = behind
    runs.run_pass()
    recommendation = Recommendation.objects.get()
    change_set = recommendations.accept(recommendation.public_id, actor=world.admin)
    assert change_set.state == ChangeSet.State.PROPOSED
    change = Change.objects.get()
    assert (change.state, change.base_micros, change.target_micros) == (
        "proposed",
        50 * MICROS,
        recommendation.new_micros,
    )
    budget.refresh_from_db()
    assert budget.amount_micros == 50 * MICROS
    with pytest.raises(OutOfDate):
        recommendations.accept(recommendation.public_id, actor=world.admin)


def test_rows_may_be_edited_before_they_are_proposed(behind):
    world, budget, _ = behind
    runs.run_pass()
    recommendation = Recommendation.objects.get()
    recommendations.accept(
        recommendation.public_id, actor=world.admin, rows={str(budget.public_id): 55 * MICROS}
    )
    assert Change.objects.get().target_micros == 55 * MICROS


def test_declining_asks_why(behind):
    world, _, _ = behind
    runs.run_pass()
    recommendation = Recommendation.objects.get()
    with pytest.raises(InvalidInput):
        recommendations.decline(recommendation.public_id, actor=world.admin, reason="")
    recommendations.decline(recommendation.public_id, actor=world.admin, reason="no stock until Friday")
    recommendation.refresh_from_db()
    assert (recommendation.state, recommendation.decline_reason) == ("declined", "no stock until Friday")
    assert ChangeSet.objects.count() == 0


def test_a_waiting_change_stops_further_proposals(behind):
    world, _, _ = behind
    runs.run_pass()
    recommendations.accept(Recommendation.objects.get().public_id, actor=world.admin)
    clock.set_offset(timedelta(hours=2))
    runs.run_pass()
    assert Recommendation.objects.count() == 1


def test_spending_as_planned_is_on_track_and_proposes_nothing():
    world = make_world()
    budget = make_budget(world, amount=50 * MICROS)
    tell_spend(world, budget, per_day=50)
    plan = make_plan(world, [budget], per_day=50, strategy="linear", landing="none")
    runs.run_pass()
    assert PlanSnapshot.objects.get(plan=plan).health == "on_track"
    assert not Recommendation.objects.exists()


def test_the_first_day_is_unknown_and_has_no_projection():
    world = make_world()
    budget = make_budget(world)
    tell_spend(world, budget, per_day=50)
    plan = make_plan(world, [budget], day=1)
    runs.run_pass()
    snapshot = PlanSnapshot.objects.get(plan=plan)
    assert (snapshot.health, snapshot.projected_p50_micros, snapshot.miss_micros) == ("unknown", None, None)


def test_stale_reports_freeze_the_plan_and_say_so(behind):
    world, _, plan = behind
    world.account.facts_synced_at = clock.now() - timedelta(hours=9)
    world.account.save()
    runs.run_pass()
    run = PacingRun.objects.get()
    assert (run.health, run.reasons[0]["code"]) == ("stale", "stale_report")
    assert not Recommendation.objects.filter(plan=plan).exists()


def test_a_paused_plan_is_silent(behind):
    world, _, plan = behind
    plans.pause(plan.public_id, actor=world.admin, reason="no stock")
    runs.run_pass()
    assert PlanSnapshot.objects.get().health == "paused"
    assert not Recommendation.objects.exists()


def test_an_observed_plan_is_looked_at_and_left_alone(behind):
    world, _, plan = behind
    plans.edit(plan.public_id, actor=world.admin, mode="observe")
    runs.run_pass()
    assert PacingRun.objects.get().decision == "hold"
    assert not Recommendation.objects.exists()


def test_at_its_target_a_plan_pauses_its_campaigns_by_the_guard_it_approved():
    world = make_world()
    budget = make_budget(world, amount=50 * MICROS, campaigns=2)
    tell_spend(world, budget, per_day=100)
    plan = make_plan(world, [budget], amount_micros=1400 * MICROS)
    assert runs.run_pass().paused == 1
    changes = list(Change.objects.all())
    assert [(c.field, c.target_status, c.state, c.is_guard) for c in changes] == [
        ("status", "paused", "approved", True)
    ] * 2
    assert {c.approval_id for c in changes} == {f"plan:{plan.public_id}"}
    clock.set_offset(timedelta(hours=2))
    assert runs.run_pass().paused == 0


def test_expired_recommendations_close_and_cannot_be_accepted(behind):
    world, _, _ = behind
    runs.run_pass()
    clock.set_offset(timedelta(hours=25))
    recommendation = Recommendation.objects.get()
    with pytest.raises(OutOfDate):
        recommendations.accept(recommendation.public_id, actor=world.admin)
    assert recommendations.expire_due() == 1
    assert Recommendation.objects.get().state == "expired"


def test_days_nobody_read_are_unknown_and_not_zero():
    world = make_world()
    budget = make_budget(world)
    make_plan(world, [budget])
    world.account.facts_synced_at = clock.now()
    world.account.save()
    runs.run_pass()
    run = PacingRun.objects.get()
    assert set(run.inputs["spend_micros"]) == {None}
    assert run.projected_p50_micros is None


def test_people_of_other_clients_cannot_accept(behind):
    world, _, _ = behind
    runs.run_pass()
    _, viewer = person(world.organization, "viewer")
    from lane.core.errors import NotAllowed

    with pytest.raises(NotAllowed):
        recommendations.accept(Recommendation.objects.get().public_id, actor=viewer)
    assert Recommendation.objects.get().state == "open"


def test_a_plan_that_cannot_spend_is_never_told_to_lower_its_budget():
    world = make_world()
    budget = make_budget(world, amount=100 * MICROS)
    tell_spend(world, budget, per_day=60)
    plan = make_plan(world, [budget], per_day=90, day=20)
    budget_history.backfill(world.account, [])
    runs.run_pass()
    snapshot = PlanSnapshot.objects.get(plan=plan)
    assert (snapshot.health, snapshot.reason["code"]) == ("cannot_spend", "cannot_spend")
    assert not Recommendation.objects.filter(plan=plan, kind="lower").exists()
