"""Recurring plans and what rolls over between them: exact cycles, made once, corrected when spend is final."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import AdAccount
from lane.core import clock
from lane.core.errors import InvalidInput, LaneError, NotAllowed
from lane.core.models import Event
from pacing.cycles import cycle, cycle_on
from pacing.models import BudgetPlan, LedgerEntry, PlanSeries
from pacing.services import amendments, plans, rollover, series
from tests.api.callers import hire
from tests.campaigns.world import World, make_budget, make_world
from tests.pacing.world import MICROS, make_plan, tell_spend

days = st.dates(min_value=date(2019, 1, 1), max_value=date(2032, 12, 31))
cadences = st.sampled_from(
    [("week", None), ("month", None), ("quarter", None), ("custom", 10), ("custom", 1)]
)


# Cycles


@given(days, cadences, st.integers(-50, 200))
def test_cycles_follow_each_other_without_gap_or_overlap(anchor, cadence, number):
    name, length = cadence
    this, following = (cycle(anchor, name, n, length) for n in (number, number + 1))
    assert following.starts_on == this.ends_on + timedelta(days=1)
    assert this.days >= 1


@given(days, cadences, days)
def test_every_day_lies_in_the_cycle_that_is_found_for_it(anchor, cadence, day):
    name, length = cadence
    found = cycle_on(anchor, name, day, length)
    assert found.starts_on <= day <= found.ends_on
    assert cycle(anchor, name, found.number, length) == found


@given(days, st.integers(0, 60))
def test_a_month_cycle_keeps_the_anchors_day_and_does_not_drift(anchor, number):
    first = cycle(anchor, "month", number).starts_on
    assert first.day == anchor.day or (first + timedelta(days=1)).day == 1


def test_short_months_and_leap_years():
    anchor = date(2027, 12, 31)
    starts = [cycle(anchor, "month", n).starts_on for n in range(4)]
    assert starts == [date(2027, 12, 31), date(2028, 1, 31), date(2028, 2, 29), date(2028, 3, 31)]
    assert cycle(date(2026, 1, 1), "quarter", 1) == cycle_on(date(2026, 1, 1), "quarter", date(2026, 5, 20))
    assert [cycle(date(2026, 1, 1), "month", n).days for n in range(4)] == [31, 28, 31, 30]


# Series

pytestmark = pytest.mark.django_db


def monthly(world: World, **values) -> PlanSeries:
    today = clock.today("Europe/Berlin")
    return series.create(
        client=world.client,
        name=values.pop("name", "Always on"),
        amount_micros=values.pop("amount", 3000) * MICROS,
        cadence=values.pop("cadence", "month"),
        anchor_on=values.pop("anchor_on", today.replace(day=1)),
        budgets=values.pop("budgets", None) or [make_budget(world)],
        actor=values.pop("actor", world.admin),
        **values,
    )


def go_to(day: date) -> None:
    """Noon of a day in Berlin."""
    wished = datetime(day.year, day.month, day.day, 11, tzinfo=UTC)
    clock.set_offset(wished - clock.machine_now())


def test_the_running_cycle_is_made_at_once_and_the_next_before_it_begins_and_only_once():
    world = make_world()
    go_to(date(2026, 11, 21))
    made = monthly(world)
    assert [(p.cycle_on, p.ends_on, p.name) for p in made.plans.all()] == [
        (date(2026, 11, 1), date(2026, 11, 30), "Always on, November 2026")
    ]
    assert LedgerEntry.objects.get().via == "series"
    assert series.make_due() == 0
    go_to(date(2026, 11, 28))
    assert series.make_due() == 1
    assert series.make_due() == 0
    following = made.plans.get(cycle_on=date(2026, 12, 1))
    assert (following.status, following.days_total) == ("scheduled", 31)


def test_the_database_allows_one_plan_per_cycle():
    world = make_world()
    made = monthly(world)
    plan = made.plans.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        BudgetPlan.objects.filter(pk=make_plan(world, [make_budget(world)]).pk).update(
            series=made, cycle_on=plan.cycle_on
        )


def test_a_cycle_somebody_archived_is_not_made_again():
    world = make_world()
    made = monthly(world)
    plans.archive(made.plans.get().public_id, actor=world.admin)
    assert series.make_due() == 0


def test_a_reduction_reverts_at_the_cycles_end_and_a_change_for_good_stays():
    world = make_world()
    go_to(date(2026, 11, 21))
    made = monthly(world)
    plan = made.plans.get()
    amendments.propose(
        plan.public_id, actor=world.admin, reason="Less this month", amount_micros=2500 * MICROS
    )
    go_to(date(2026, 11, 29))
    series.make_due()
    december = made.plans.get(cycle_on=date(2026, 12, 1))
    assert december.amount_micros == 3000 * MICROS
    go_to(date(2026, 12, 5))
    plans.roll_over_days()
    amendments.propose(
        december.public_id, actor=world.admin, reason="From now on", amount_micros=3600 * MICROS,
        reverts_at_cycle_end=False,
    )  # fmt: skip
    go_to(date(2026, 12, 30))
    series.make_due()
    assert made.plans.get(cycle_on=date(2027, 1, 1)).amount_micros == 3600 * MICROS


def test_an_ended_series_makes_no_further_plans_and_goes_on_from_the_running_cycle():
    world = make_world()
    go_to(date(2026, 11, 21))
    made = monthly(world)
    series.end(made.public_id, actor=world.admin, reason="Season over")
    go_to(date(2027, 2, 10))
    assert series.make_due() == 0
    series.resume(made.public_id, actor=world.admin)
    assert list(made.plans.values_list("cycle_on", flat=True).order_by("cycle_on")) == [
        date(2026, 11, 1), date(2027, 2, 1),
    ]  # fmt: skip
    limited = monthly(world, name="Short", last_on=date(2027, 2, 20))
    go_to(date(2027, 2, 28))
    series.make_due()
    assert limited.plans.count() == 1


def test_a_plan_that_cannot_be_made_is_noted_told_once_and_made_when_the_way_is_free():
    world = make_world()
    go_to(date(2026, 11, 21))
    budget = make_budget(world)
    made = monthly(world, budgets=[budget])
    other = make_plan(world, [budget], day=-14, days=10, name="Christmas")  # 5 to 14 December
    go_to(date(2026, 11, 29))
    assert series.make_due() == 0
    series.make_due()
    made.refresh_from_db()
    assert "Christmas" in made.problem
    assert Event.objects.filter(name="pacing.series.stopped").count() == 1
    plans.archive(other.public_id, actor=world.admin)
    assert series.make_due() == 1
    made.refresh_from_db()
    assert made.problem == ""


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"name": " "}, "name"),
        ({"cadence": "decade"}, "cadence"),
        ({"cadence": "custom"}, "cycle_days"),
        ({"cadence": "custom", "cycle_days": 400}, "cycle_days"),
        ({"last_on": date(2001, 1, 1)}, "last_on"),
        ({"make_ahead_days": 90}, "make_ahead_days"),
        ({"rollover_cap_ratio": Decimal(2)}, "rollover_cap"),
    ],
)
def test_wrong_terms_of_a_series_are_refused_by_field_and_nothing_is_made(values, field):
    world = make_world()
    with pytest.raises(InvalidInput) as refused:
        monthly(world, **values)
    assert field in refused.value.fields
    assert (PlanSeries.objects.count(), BudgetPlan.objects.count()) == (0, 0)


def test_who_may_change_a_series_and_what_of_it():
    world = make_world()
    made = monthly(world)
    _, editor = hire(world, "editor")
    _, viewer = hire(world, "viewer")
    with pytest.raises(NotAllowed):
        series.end(made.public_id, actor=viewer)
    with pytest.raises(InvalidInput) as refused:
        series.edit(made.public_id, actor=editor, amount_micros=9000 * MICROS)
    assert "asks for approval" in refused.value.fields["amount"]
    with pytest.raises(InvalidInput) as refused:
        series.edit(made.public_id, actor=world.admin, cadence="week")
    assert "cadence" in refused.value.fields
    assert series.edit(made.public_id, actor=editor, name="Evergreen", rollover="both").rollover == "both"
    assert series.edit(made.public_id, actor=world.admin, amount_micros=9000 * MICROS).version == 3


# Rollover


def two_cycles(
    policy: str, *, cap: str = "0.10", spent_per_day: int = 95
) -> tuple[World, BudgetPlan, BudgetPlan]:
    """Ten-day cycles of 1,000 a day apart; the first is over with its spend read, not final."""
    world = make_world()
    go_to(date(2026, 11, 1))
    budget = make_budget(world)
    made = monthly(
        world, cadence="custom", cycle_days=10, anchor_on=date(2026, 11, 1), amount=1000, budgets=[budget],
        rollover=policy, rollover_cap_ratio=Decimal(cap),
    )  # fmt: skip
    go_to(date(2026, 11, 12))
    series.make_due()
    plans.roll_over_days()
    report(world, budget, spent_per_day)
    first, second = made.plans.order_by("cycle_on")
    return world, first, second


def report(world: World, budget, per_day: int, *, final: bool = False) -> None:
    tell_spend(world, budget, per_day=per_day, days=12)
    if final:
        AdAccount.objects.filter(pk=world.account.pk).update(final_through=clock.today("Europe/Berlin"))


def rolled(plan: BudgetPlan) -> list[tuple[int, bool]]:
    plan.refresh_from_db()
    total = plan.entries.aggregate(total=Sum("amount_micros"))["total"]
    assert total == plan.amount_micros
    entries = plan.entries.filter(kind="rollover").order_by("id")
    return [(round(entry.amount_micros / MICROS), entry.is_provisional) for entry in entries]


@pytest.mark.parametrize(
    ("policy", "per_day", "expected"),
    [
        ("underspend", 95, [(50, True)]),
        ("underspend", 104, []),
        ("overspend", 104, [(-40, True)]),
        ("overspend", 95, []),
        ("both", 95, [(50, True)]),
        ("both", 104, [(-40, True)]),
        ("both", 50, [(100, True)]),
        ("none", 50, []),
    ],
)
def test_what_rolls_over_is_the_policys_choice_up_to_its_cap(policy, per_day, expected):
    _, _, second = two_cycles(policy, spent_per_day=per_day)
    rollover.settle_due()
    assert rolled(second) == expected
    assert rollover.settle_due() == 0


def test_a_provisional_rollover_is_corrected_when_the_spend_is_final_and_again_when_restated():
    world, first, second = two_cycles("both")
    budget = first.budgets.get()
    rollover.settle_due()
    report(world, budget, 96)
    assert rollover.settle_due() == 0  # not final: one provisional entry is enough
    report(world, budget, 97, final=True)
    assert rollover.settle_due() == 1
    assert rolled(second) == [(50, True), (-20, False)]
    assert rollover.settle_due() == 0
    report(world, budget, 96, final=True)
    rollover.settle_due()
    assert rolled(second) == [(50, True), (-20, False), (10, False)]
    assert first.series.plans.get(cycle_on=first.cycle_on).amount_micros == 1000 * MICROS


def test_final_spend_that_changed_nothing_is_confirmed_by_an_entry_of_zero():
    world, first, second = two_cycles("both")
    rollover.settle_due()
    report(world, first.budgets.get(), 95, final=True)
    rollover.settle_due()
    assert rolled(second) == [(50, True), (0, False)]
    assert second.entries.order_by("id").last().reason.startswith("Confirmed")


def test_nothing_rolls_over_before_the_last_day_was_read():
    _, _, second = two_cycles("both")
    AdAccount.objects.update(facts_synced_at=datetime(2026, 11, 10, 20, tzinfo=UTC))
    assert rollover.settle_due() == 0
    assert rolled(second) == []


def test_a_rollover_stays_under_the_clients_limit_and_says_so():
    world, _, second = two_cycles("both")
    world.client.budget_limit_micros = 1020 * MICROS
    world.client.save()
    rollover.settle_due()
    assert rolled(second) == [(20, True)]
    assert "limit is reached" in second.entries.order_by("id").last().reason


# Whatever happens, the entries add up


@pytest.mark.parametrize("seed", range(6))
def test_after_any_sequence_of_amendments_and_rollovers_the_entries_sum_to_the_amount(seed):
    chance = random.Random(seed)
    world, first, second = two_cycles("both", spent_per_day=chance.choice([60, 95, 103]))
    _, editor = hire(world, "editor")
    budget = first.budgets.get()
    for _ in range(12):
        act = chance.choice(["amend", "ask", "withdraw", "roll", "restate", "final", "reverse", "edit"])
        try:
            if act == "amend":
                second.refresh_from_db()
                amendments.propose(
                    second.public_id,
                    actor=world.admin,
                    reason="Any",
                    amount_micros=chance.randrange(1, 3000) * MICROS,
                )
            elif act == "ask":
                amendments.propose(
                    second.public_id,
                    actor=editor,
                    reason="Any",
                    amount_micros=chance.randrange(1, 3000) * MICROS,
                )
            elif act == "withdraw":
                for one in second.amendments.filter(state="proposed"):
                    amendments.withdraw(one.public_id, actor=editor)
            elif act == "reverse":
                entry = second.entries.filter(kind="amendment", reversed_by=None).first()
                if entry:
                    amendments.reverse(entry.public_id, actor=world.admin, reason="Any")
            elif act == "edit":
                plans.edit(
                    second.public_id, actor=world.admin, amount_micros=chance.randrange(1, 3000) * MICROS
                )
            elif act == "roll":
                rollover.settle_due()
            else:
                report(world, budget, chance.randrange(50, 110), final=act == "final")
        except LaneError:
            pass  # refused, so nothing may have changed
        for plan in (first, second):
            plan.refresh_from_db()
            assert plan.entries.aggregate(total=Sum("amount_micros"))["total"] == plan.amount_micros > 0
