"""A client's planned events: what is refused, which plans they move, and what a paste says row by row."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import IntegrityError, transaction

from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.errors import InvalidInput, NotAllowed, NotVisible
from lane.core.models import Event
from pacing.models import PacingRun, PlannedEvent
from pacing.selectors import calendar as reading
from pacing.services import calendar, calendar_csv, observation, plans, runs
from tests.campaigns.world import make_budget, make_world, person
from tests.pacing.world import make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def event(world, *, starts=2, days=1, actor=None, **terms):
    """An event that begins some days from today."""
    first = clock.today(world.account.timezone) + timedelta(days=starts)
    values = {
        "name": "Sale", "kind": "promo", "starts_on": first, "ends_on": first + timedelta(days=days - 1),
        "factor": Decimal("1.5"),
    }  # fmt: skip
    return calendar.create(client=world.client, actor=actor or world.admin, **(values | terms))


def weights(plan):
    seen = observation.observe([plan.pk], clock.now())
    return seen.terms.plan_weight[0]


def test_a_promo_and_a_blackout_shape_the_plans_days_and_demand(world):
    plan = make_plan(world, [make_budget(world)], days=30, day=1)
    event(world, starts=2, days=2)
    event(world, starts=5, name="Closed", kind="blackout", factor=None)
    terms = observation.observe([plan.pk], clock.now()).terms
    assert terms.plan_weight[0, :7].tolist() == [1, 1, 1.5, 1.5, 1, 0, 1]
    assert terms.season[0, :7].tolist() == [1, 1, 1.5, 1.5, 1, 1, 1]
    assert reading.weights_for(plan) == terms.plan_weight[0].tolist()
    assert [label for _, label in reading.marks_for(plan)][1].endswith("Closed")


def test_events_of_another_client_plan_or_platform_leave_a_plan_alone(world):
    plan = make_plan(world, [make_budget(world)], days=10, day=1)
    other = make_plan(world, [make_budget(world)], name="Other", days=10, day=1)
    event(make_world())
    event(world, plan=other, starts=3)
    event(world, platform="meta", starts=4)
    assert weights(plan).tolist() == [1.0] * 10
    assert weights(other).tolist() == [1, 1, 1, 1.5, 1, 1, 1, 1, 1, 1]
    assert reading.weights_for(plan) is None


def test_an_event_of_one_platform_moves_its_share_of_a_plan_over_several(world):
    days = reading.PlanDays(1, date(2026, 11, 1), 3, {"google_ads": 0.75, "meta": 0.25})
    made = PlannedEvent(
        kind="promo",
        factor=Decimal(3),
        platform="meta",
        starts_on=date(2026, 11, 2),
        ends_on=date(2026, 11, 2),
    )
    assert reading.day_factors([made], days) == [1.0, 1.5, 1.0]


def test_events_on_one_day_multiply_and_a_blackout_wins(world):
    plan = make_plan(world, [make_budget(world)], days=5, day=1)
    event(world, starts=1)
    event(world, starts=1, name="Holiday", kind="holiday", factor=Decimal("0.5"))
    event(world, starts=2)
    event(world, starts=2, name="Closed", kind="blackout", factor=Decimal(0))
    assert weights(plan).tolist() == [1, 0.75, 0, 1, 1]


def test_a_yearly_event_returns_every_year_and_the_29th_of_february_becomes_the_28th():
    made = PlannedEvent(
        starts_on=date(2024, 2, 29), ends_on=date(2024, 3, 1), recurs_yearly=True, factor=Decimal(2)
    )
    found = reading.occurrences(made, date(2025, 1, 1), date(2028, 12, 31))
    assert [one.starts_on for one in found] == [
        date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)
    ]  # fmt: skip
    across = PlannedEvent(
        starts_on=date(2024, 12, 30), ends_on=date(2025, 1, 2), recurs_yearly=True, factor=Decimal(2)
    )
    assert [one.starts_on for one in reading.occurrences(across, date(2027, 1, 1), date(2027, 1, 1))] == [
        date(2026, 12, 30)
    ]
    assert reading.occurrences(across, date(2023, 1, 1), date(2024, 6, 1)) == []


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"name": " "}, "name"),
        ({"kind": "party"}, "kind"),
        ({"factor": Decimal(0)}, "factor"),
        ({"factor": Decimal(11)}, "factor"),
        ({"factor": Decimal("1.555")}, "factor"),
        ({"factor": None}, "factor"),
        ({"kind": "blackout"}, "factor"),
        ({"ends_on": date(2020, 1, 1)}, "ends_on"),
        ({"ends_on": date(2029, 1, 1)}, "ends_on"),
        ({"platform": "myspace"}, "platform"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused_by_field_and_nothing_is_kept(world, terms, field):
    with pytest.raises(InvalidInput) as refused:
        event(world, **terms)
    assert field in refused.value.fields
    assert not PlannedEvent.objects.exists()
    assert not AuditEntry.objects.filter(action="pacing.event.created").exists()


def test_the_database_itself_refuses_a_blackout_with_spend_and_days_out_of_order(world):
    today = clock.today("UTC")
    owner = {"organization": world.organization, "client": world.client, "name": "X"}
    for values in (
        {"kind": "blackout", "factor": 1, "starts_on": today, "ends_on": today},
        {"kind": "promo", "factor": 0, "starts_on": today, "ends_on": today},
        {"kind": "promo", "factor": 1, "starts_on": today, "ends_on": today - timedelta(days=1)},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            PlannedEvent.objects.create(**owner, **values)


def test_blackouts_may_not_cover_every_day_of_a_plan_nor_may_a_plan_move_into_them(world):
    plan = make_plan(world, [make_budget(world)], days=4, day=1)
    event(world, starts=0, days=2, kind="blackout", factor=Decimal(0))
    with pytest.raises(InvalidInput, match="Spring sale"):
        event(world, name="Rest", starts=2, days=2, kind="blackout", factor=Decimal(0))
    assert PlannedEvent.objects.count() == 1
    with pytest.raises(InvalidInput, match="blackout"):
        plans.edit(plan.public_id, actor=world.admin, ends_on=plan.starts_on + timedelta(days=1))
    with pytest.raises(InvalidInput, match="blackout"):
        make_plan(world, [make_budget(world)], name="New", days=2, day=1)
    assert weights(plan).tolist() == [0, 0, 1, 1]


def test_every_change_is_audited_and_makes_the_touched_plans_be_looked_at_again(world):
    plan = make_plan(world, [make_budget(world)], days=10, day=1)
    Event.objects.all().delete()
    made = event(world)
    calendar.edit(made.public_id, actor=world.admin, factor=Decimal(2), reason="bigger")
    assert weights(plan)[2] == 2
    calendar.remove(made.public_id, actor=world.admin)
    assert weights(plan).tolist() == [1.0] * 10
    told = Event.objects.filter(name="pacing.plan.changed").values_list("payload__plan_id", flat=True)
    assert list(told) == [str(plan.public_id)] * 3
    actions = AuditEntry.objects.filter(action__startswith="pacing.event.").order_by("id")
    assert [(entry.action, entry.reason) for entry in actions] == [
        ("pacing.event.created", ""), ("pacing.event.changed", "bigger"), ("pacing.event.removed", "")
    ]  # fmt: skip
    assert actions[1].before["factor"] == "1.50"


def test_an_event_that_touches_no_plan_disturbs_nobody(world):
    make_plan(world, [make_budget(world)], days=3, day=1)
    Event.objects.all().delete()
    event(world, starts=40)
    assert not Event.objects.exists()


def test_viewers_cannot_change_the_calendar_and_strangers_do_not_see_it(world):
    made = event(world)
    _, viewer = person(world.organization, "viewer")
    with pytest.raises(NotAllowed):
        event(world, actor=viewer)
    with pytest.raises(NotAllowed):
        calendar.remove(made.public_id, actor=viewer)
    with pytest.raises(NotVisible):
        calendar.edit(made.public_id, actor=make_world().admin, name="Mine")
    assert not reading.events_for(make_world().admin).exists()
    assert PlannedEvent.objects.get().name == "Sale"


def test_a_paste_keeps_what_can_be_read_and_says_what_is_wrong_line_by_line(world):
    text = (
        "Name;Kind;First day;Last day;Factor;Platform;Yearly;Note\n"
        "Black Friday;promo;2026-11-27;30.11.2026;1,8;;no;big one\n"
        "\n"
        "Christmas;holiday;2026-12-24;2026-12-26;60 %;Meta;yes;\n"
        "Move;blackout;2027-01-04;;;;;\n"
        "Party;rave;2027-13-01;;many;Myspace;maybe;\n"
        "Backwards;promo;2027-03-02;2027-03-01;1.5;;;\n"
    )
    rows = calendar_csv.parse(text)
    assert [row.line for row in rows] == [2, 4, 5, 6, 7]
    stored, refused = calendar.paste(client=world.client, actor=world.admin, rows=rows)
    assert stored == 3
    assert PlannedEvent.objects.get(name="Black Friday").factor == Decimal("1.80")
    christmas = PlannedEvent.objects.get(name="Christmas")
    assert (christmas.factor, christmas.platform, christmas.recurs_yearly) == (Decimal("0.60"), "meta", True)
    assert PlannedEvent.objects.get(name="Move").factor == 0
    assert [row.line for row in refused] == [6, 7]
    for said in ("rave", "2027-13-01", "many", "myspace", "maybe"):
        assert said in refused[0].problem.lower()
    assert "before the first" in refused[1].problem
    again, doubles = calendar.paste(client=world.client, actor=world.admin, rows=rows[:3])
    assert again == 0
    assert all("already" in row.problem for row in doubles)


@pytest.mark.parametrize("text", ["", "  \n ", "kind,factor,name\nx,1,2", "x\n" * 500, 'a,"b\x00'])
def test_a_paste_that_is_no_table_is_refused_as_a_whole(text):
    with pytest.raises(InvalidInput):
        rows = calendar_csv.parse(text)
        assert not [row for row in rows if not row.problem]
        raise InvalidInput(rows[0].problem)


def test_the_pass_reads_the_calendar_of_many_clients_in_one_query(world, django_assert_num_queries):
    event(world)
    event(world, name="Yearly", recurs_yearly=True)
    with django_assert_num_queries(1):
        found = reading.events_between([world.client.pk, 1], date(2026, 1, 1), date(2027, 1, 1))
    assert len(found[world.client.pk]) == 2


def test_a_look_keeps_what_it_was_told_of_its_days(world):
    plan = make_plan(world, [make_budget(world)], days=6, day=1)
    runs.run_pass()
    assert "plan_weight" not in PacingRun.objects.get().inputs
    event(world, starts=2)
    clock.set_offset(timedelta(hours=2))
    runs.run_pass()
    told = PacingRun.objects.order_by("-at")[0].inputs
    assert told["plan_weight"] == [1, 1, 1.5, 1, 1, 1][: plan.days_total]
    assert "season_week" not in told
    assert told["stale_after_hours"] == 7


def test_a_blackout_asks_the_budget_down_and_plans_nothing_that_day(world):
    plan = make_plan(world, [make_budget(world)], days=10, day=1)
    event(world, starts=0, kind="blackout", factor=Decimal(0))
    assert np.flatnonzero(weights(plan) == 0).tolist() == [0]
