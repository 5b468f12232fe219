"""What if: other terms are looked at on a page and by the API, and nothing is written until somebody saves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.models import Change
from lane.audit.models import AuditEntry
from lane.core.errors import InvalidInput
from lane.core.models import Event
from pacing.models import PacingRun
from pacing.selectors.ledger import waiting_amendment
from pacing.services import plans, runs, what_if
from pacing.services.what_if import Assumed
from tests.campaigns.world import make_budget, make_world, person
from tests.pacing.world import MICROS, make_plan, tell_spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def plan(world):
    budgets = [make_budget(world), make_budget(world)]
    for budget in budgets:
        tell_spend(world, budget, per_day=45)
    return make_plan(world, budgets, per_day=100, landing="precise")


def asked(plan, **changes):
    return Assumed(**(Assumed.of(plan).terms() | changes))


def test_looking_writes_nothing(plan, world):
    before = (AuditEntry.objects.count(), Event.objects.count(), PacingRun.objects.count())
    version = plan.version
    found = what_if.look(
        plan, asked(plan, amount_micros=4_000 * MICROS, strategy="linear"), actor=world.admin
    )
    assert found.differs
    plan.refresh_from_db()
    assert (plan.amount_micros, plan.strategy, plan.version) == (3_000 * MICROS, "adaptive", version)
    assert (AuditEntry.objects.count(), Event.objects.count(), PacingRun.objects.count()) == before
    assert not Change.objects.exists()


def test_more_money_needs_more_a_day_and_is_landed_in_the_simulation(plan, world):
    found = what_if.look(plan, asked(plan, amount_micros=3_300 * MICROS), actor=world.admin)
    assert found.then.needed_per_day_micros > found.now.needed_per_day_micros
    assert found.then.target[-1] == 3_300 * MICROS
    assert found.now.target[-1] == 3_000 * MICROS
    for side, amount in ((found.now, 3_000), (found.then, 3_300)):
        assert side.paced.p10 <= side.paced.p50 <= side.paced.p90
        assert abs(side.paced.p50 / (amount * MICROS) - 1) <= 0.01
        assert side.left_alone.p50 < side.paced.p50
    assert found.then.changes >= 1
    assert not found.refusals


def test_the_same_look_says_the_same(plan, world):
    terms = asked(plan, ends_on=plan.ends_on + timedelta(days=5))
    one, other = (what_if.look(plan, terms, actor=world.admin) for _ in range(2))
    assert one.then.paced == other.then.paced
    assert one.then.changes == other.then.changes


def test_an_amount_that_is_spent_already_is_warned_of_and_would_pause(plan, world):
    found = what_if.look(plan, asked(plan, amount_micros=1_000 * MICROS), actor=world.admin)
    assert any("spent already" in text for text in found.then.warnings)
    assert found.then.pauses == 1
    assert not any("spent already" in text for text in found.now.warnings)


def test_a_short_flight_and_a_late_start_say_what_they_cost(plan, world):
    late = plan.ends_on - timedelta(days=16)
    found = what_if.look(
        plan, asked(plan, starts_on=late, ends_on=late + timedelta(days=5)), actor=world.admin
    )
    assert any("cannot be landed within 1 %" in text for text in found.then.warnings)
    assert any("no longer counts" in text for text in found.then.warnings)
    assert found.then.days == 6
    assert found.then.spent_micros < found.now.spent_micros


def test_a_locked_budget_keeps_its_amount_and_the_other_takes_the_step(plan, world):
    locked, free = plan.budgets.order_by("name")
    terms = Assumed(**asked(plan).terms(), locked=frozenset({str(locked.public_id)}))
    found = what_if.look(plan, terms, actor=world.admin)
    rows = {row.name: row for row in found.then.split}
    assert rows[locked.name].locked
    assert rows[locked.name].next_micros == rows[locked.name].needed_micros == 50 * MICROS
    assert 50 * MICROS < rows[free.name].next_micros <= 60 * MICROS
    assert rows[free.name].needed_micros + 50 * MICROS == pytest.approx(
        found.then.needed_per_day_micros, abs=10_000
    )
    more = asked(plan, amount_micros=8_000 * MICROS)
    held = Assumed(**more.terms(), locked=terms.locked)
    ends = [what_if.look(plan, one, actor=world.admin).then.paced.p50 for one in (held, more)]
    assert ends[0] < ends[1]
    every = Assumed(**asked(plan).terms(), locked=frozenset(str(one.public_id) for one in (locked, free)))
    still = what_if.look(plan, every, actor=world.admin)
    assert still.then.changes == 0
    assert any("Every budget is locked" in text for text in still.then.warnings)


def test_a_flight_to_come_starts_from_the_budgets_there_are(world):
    budget = make_budget(world)
    plan = make_plan(world, [budget], per_day=60, day=-4)
    found = what_if.look(plan, asked(plan, amount_micros=1_500 * MICROS), actor=world.admin)
    assert found.then.left_alone is None
    assert found.then.status == "scheduled"
    assert abs(found.then.paced.p50 / (1_500 * MICROS) - 1) <= 0.02


def test_an_unknown_budget_is_not_simulated(world):
    budget = make_budget(world, amount=None)
    tell_spend(world, budget, per_day=45)
    found = what_if.look(
        plan := make_plan(world, [budget]), asked(plan, strategy="linear"), actor=world.admin
    )
    assert found.then.paced is None
    assert found.then.changes is None
    assert any("does not tell the daily budget" in text for text in found.then.warnings)


def test_unusable_terms_name_their_field(plan, world):
    for changes, field in (
        ({"ends_on": plan.starts_on - timedelta(days=1)}, "ends_on"),
        ({"amount_micros": 0}, "amount"),
        ({"strategy": "fast"}, "strategy"),
    ):
        with pytest.raises(InvalidInput) as refused:
            what_if.look(plan, asked(plan, **changes), actor=world.admin)
        assert field in refused.value.fields
    with pytest.raises(InvalidInput):
        what_if.look(plan, Assumed(**asked(plan).terms(), locked=frozenset({"no such"})), actor=world.admin)


def test_what_saving_would_refuse_is_said_before(plan, world):
    shared = plan.budgets.order_by("name").first()
    later = make_plan(world, [shared], day=-20, name="Summer")
    found = what_if.look(plan, asked(plan, ends_on=later.starts_on), actor=world.admin)
    assert "Summer" in found.refusals["budgets"]
    assert found.then.paced is not None


def test_saving_makes_exactly_the_terms_that_were_looked_at(plan, world, client):
    user, _ = person(world.organization, "editor")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("plan-what-if", args=[plan.public_id])
    page = client.get(address, {"amount": "3300", "strategy": "linear"})
    assert page.status_code == 200
    typed = page.context["typed"]
    assert (typed["amount"], typed["strategy"]) == ("3300.00", "linear")
    assert b"Save these terms" in page.content
    saved = client.post(address, typed | {"version": plan.version, "reason": "Client added 300"})
    assert saved.status_code == 302
    plan.refresh_from_db()
    asked_for = waiting_amendment(plan)
    assert (plan.amount_micros, plan.strategy) == (3_000 * MICROS, "linear")
    assert asked_for.reason == "Client added 300"
    assert "once they are approved" in client.get(saved.url).content.decode()
    stale = client.post(address, typed | {"version": 1})
    assert stale.status_code == 409
    assert "Reload" in stale.content.decode()


def test_a_viewer_may_look_and_not_save_and_a_stranger_finds_nothing(plan, world, client):
    address = reverse("plan-what-if", args=[plan.public_id])
    viewer, _ = person(world.organization, "viewer")
    client.force_login(viewer, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(address, {"amount": "3300"})
    assert page.status_code == 200
    assert b"Save these terms" not in page.content
    assert client.post(address, {"amount": "3300", "version": plan.version}).status_code in (403, 404)
    stranger, _ = person(make_world().organization, "admin")
    client.force_login(stranger, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(address).status_code == 404
    plan.refresh_from_db()
    assert plan.amount_micros == 3_000 * MICROS


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"amount": "many"}, "is not an amount"),
        ({"amount": "0"}, "more than zero"),
        ({"ends_on": "2020-01-01"}, "before the first"),
        ({"starts_on": "soon"}, "Enter a valid date"),
        ({"locked": "nobody"}, "locked budget"),
    ],
)
def test_a_wrong_field_is_named_and_what_was_typed_stays(plan, world, client, typed, words):
    user, _ = person(world.organization, "editor")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("plan-what-if", args=[plan.public_id])
    page = client.get(address, typed)
    assert page.status_code == 422
    assert words in page.content.decode()
    [(name, value)] = typed.items()
    assert name == "locked" or f'value="{value}"' in page.content.decode()


def test_a_flight_that_is_moved_keeps_the_controllers_memory_at_the_same_moment(plan, world):
    runs.run_pass()
    plan.refresh_from_db()
    tick = plan.controller_state["last_tick"]
    earlier = plan.starts_on - timedelta(days=3)
    plans.edit(plan.public_id, actor=world.admin, starts_on=earlier)
    plan.refresh_from_db()
    assert plan.starts_on == earlier
    assert plan.controller_state["last_tick"] == tick + 36
