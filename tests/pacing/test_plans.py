"""Making and changing plans: every bad input is named, and nothing happens."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from lane.accounts.services import clients
from lane.audit.models import AuditEntry
from lane.core import clock, outbox
from lane.core.errors import InvalidInput, NotAllowed, NotVisible, OutOfDate
from lane.core.models import Event
from pacing.models import BudgetPlan, PlanBudget
from pacing.services import plans
from tests.campaigns.world import make_budget, make_world, person
from tests.pacing.world import MICROS, make_plan

pytestmark = pytest.mark.django_db


def _nothing_happened() -> bool:
    return (BudgetPlan.objects.count(), AuditEntry.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_a_plan_that_began_already_runs_at_once_and_is_on_the_record():
    world = make_world()
    plan = make_plan(world, [make_budget(world)], day=3)
    assert (plan.status, plan.days_total) == ("active", 30)
    assert AuditEntry.objects.get().action == "pacing.plan.created"
    assert Event.objects.get().name == "pacing.plan.created"


def test_a_plan_that_begins_tomorrow_is_scheduled_and_starts_on_its_day():
    world = make_world()
    plan = make_plan(world, [make_budget(world)], day=0)
    assert plan.status == "scheduled"
    clock.set_offset(timedelta(days=1))
    assert plans.roll_over_days() == 1
    plan.refresh_from_db()
    assert (plan.status, plan.plan_budgets.get().status) == ("active", "active")
    clock.set_offset(timedelta(days=32))
    plans.roll_over_days()
    plan.refresh_from_db()
    assert plan.status == "ended"


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"amount_micros": 0}, "amount", "more than zero"),
        ({"amount_micros": -5 * MICROS}, "amount", "more than zero"),
        ({"amount_micros": 10_001}, "amount", "no such fraction"),
        ({"days": 0}, "ends_on", "before the first"),
        ({"days": 400}, "ends_on", "at most 366"),
        ({"day": 99}, "ends_on", "over already"),
        ({"name": "  "}, "name", "Give the plan a name"),
        ({"tolerance_ratio": Decimal("0.9")}, "tolerance", "at most 50"),
        ({"strategy": "clever"}, "strategy", "Choose one of"),
    ],
)
def test_bad_terms_are_refused_by_field_and_nothing_happens(change, field, words):
    world = make_world()
    budget = make_budget(world)
    with pytest.raises(InvalidInput) as refused:
        make_plan(world, [budget], **{"amount_micros": 1500 * MICROS, **change})
    assert words in refused.value.fields[field]
    assert _nothing_happened()


def test_budgets_of_a_plan_share_client_currency_and_kind():
    world, other = make_world(), make_world()
    lifetime = make_budget(world, kind="lifetime")
    for budgets, words in (
        ([], "at least one"),
        ([make_budget(other)], "belong to the plan's client"),
        ([lifetime], "lifetime amount"),
    ):
        with pytest.raises(InvalidInput) as refused:
            make_plan(world, budgets)
        assert words in refused.value.fields["budgets"]
    assert _nothing_happened()


def test_two_plans_may_not_hold_one_budget_on_the_same_days():
    world = make_world()
    budget = make_budget(world)
    first = make_plan(world, [budget], day=5)
    with pytest.raises(InvalidInput) as refused:
        make_plan(world, [budget], day=-10, name="Second")
    assert first.name in refused.value.fields["budgets"]
    assert BudgetPlan.objects.count() == 1
    after = make_plan(world, [budget], day=-25, name="Next month")
    assert PlanBudget.objects.filter(budget=budget).count() == 2
    plans.archive(first.public_id, actor=world.admin)
    plans.edit(after.public_id, actor=world.admin, starts_on=first.starts_on)


def test_the_clients_limit_holds_over_plans_of_the_same_days():
    world = make_world()
    world.client.budget_limit_micros = 2000 * MICROS
    world.client.save()
    make_plan(world, [make_budget(world)])
    with pytest.raises(InvalidInput) as refused:
        make_plan(world, [make_budget(world)], name="Second")
    assert "€500.00" in refused.value.fields["amount"]


def test_an_edit_made_on_an_old_page_is_refused():
    world = make_world()
    plan = make_plan(world, [make_budget(world)])
    plans.edit(plan.public_id, actor=world.admin, expected_version=1, amount_micros=900 * MICROS)
    with pytest.raises(OutOfDate):
        plans.edit(plan.public_id, actor=world.admin, expected_version=1, amount_micros=800 * MICROS)
    plan.refresh_from_db()
    assert (plan.amount_micros, plan.version) == (900 * MICROS, 2)
    entry = AuditEntry.objects.get(action="pacing.plan.amended")
    assert (entry.before["amount_micros"], entry.after["amount_micros"]) == (1500 * MICROS, 900 * MICROS)


def test_a_viewer_may_not_change_a_plan_and_a_stranger_does_not_see_it():
    world, elsewhere = make_world(), make_world()
    plan = make_plan(world, [make_budget(world)])
    _, viewer = person(world.organization, "viewer")
    with pytest.raises(NotAllowed):
        plans.pause(plan.public_id, actor=viewer, reason="no stock")
    with pytest.raises(NotVisible):
        plans.pause(plan.public_id, actor=elsewhere.admin, reason="no stock")
    plan.refresh_from_db()
    assert plan.status == "active"


def test_pausing_asks_why_and_resuming_goes_on():
    world = make_world()
    plan = make_plan(world, [make_budget(world)])
    with pytest.raises(InvalidInput):
        plans.pause(plan.public_id, actor=world.admin, reason=" ")
    paused = plans.pause(plan.public_id, actor=world.admin, reason="no stock")
    assert paused.status == "paused"
    assert "no stock" in paused.paused_reason
    assert plans.resume(plan.public_id, actor=world.admin).status == "active"


def test_the_plans_of_an_archived_client_are_paused_and_say_why():
    world = make_world()
    plan = make_plan(world, [make_budget(world)])
    clients.archive(world.client.public_id, actor=world.admin)
    outbox.drain()
    plan.refresh_from_db()
    assert plan.status == "paused"
    assert "archived" in plan.paused_reason
