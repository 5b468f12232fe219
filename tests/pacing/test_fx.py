"""Plans over several currencies: dated rates, exact conversion both ways, and unknown where a rate is missing."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import AdAccount, Budget, ChangeSet, Connection
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.errors import InvalidInput, NotAllowed
from lane.core.money import unit_micros
from pacing.exchange import RateBook, back_down, back_up, convert, convert_down, convert_up
from pacing.models import BudgetPlan, FxRate
from pacing.selectors.detail import curve_of
from pacing.selectors.ledger import explain
from pacing.selectors.spending import spend_days, spend_days_as_known
from pacing.services import fx, recommendations, runs
from pacing.words import brief, reason_text
from tests.api.callers import hire
from tests.campaigns.world import World, make_budget, make_world
from tests.pacing.world import MICROS, make_plan, tell_spend

DAY = date(2026, 5, 20)
rates = st.decimals(min_value="0.0001", max_value="9999", places=8).filter(lambda rate: rate > 0)
amounts = st.integers(min_value=0, max_value=10**15)


# Arithmetic


@given(amounts, rates)
def test_converting_there_and_back_stays_within_a_micro_of_each_rounding(micros, rate):
    there = convert(micros, rate)
    assert abs(Decimal(there) - micros * rate) <= Decimal("0.5")
    back = convert(there, 1 / rate)
    assert abs(back - micros) <= 1 / rate + 1


@given(amounts, rates, st.integers(min_value=1, max_value=1000))
def test_scaling_an_amount_scales_its_worth(micros, rate, factor):
    assert abs(convert(micros * factor, rate) - factor * convert(micros, rate)) <= factor


@given(amounts, rates, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_down_and_up_stay_on_their_side_in_whole_units(micros, rate, currency):
    unit = unit_micros(currency)
    low, high = convert_down(micros, rate, currency), convert_up(micros, rate, currency)
    assert low % unit == high % unit == 0
    assert low <= micros * rate <= high
    assert high - low in (0, unit)


@given(st.integers(min_value=1, max_value=10**12), rates)
def test_the_way_back_never_asks_for_more_than_was_decided(micros, rate):
    own = back_down(micros, rate, "GBP")
    assert own * rate <= micros
    assert (own + unit_micros("GBP")) * rate > micros
    assert back_up(micros, rate, "GBP") * rate >= micros


def test_an_exact_amount_comes_back_exactly_through_an_inverted_rate():
    book = RateBook.of([("EUR", "GBP", DAY, Decimal("0.87"))])
    quote = book.quote("GBP", "EUR", DAY)
    assert quote is not None and quote.inverted
    worth = convert(87 * MICROS, quote.rate, "EUR")
    assert worth == 100 * MICROS
    assert back_down(worth, quote.rate, "GBP") == back_up(worth, quote.rate, "GBP") == 87 * MICROS


# The book of rates


def test_the_latest_rate_on_or_before_a_day_counts_for_a_month_and_no_longer():
    book = RateBook.of(
        [("GBP", "EUR", DAY, Decimal("1.15")), ("GBP", "EUR", DAY + timedelta(days=3), Decimal("1.2"))]
    )

    def known(offset: int) -> Decimal | None:
        quote = book.quote("GBP", "EUR", DAY + timedelta(days=offset))
        return quote.rate if quote else None

    assert [known(n) for n in (-1, 0, 2, 3, 34, 35)] == [
        None, Decimal("1.15"), Decimal("1.15"), Decimal("1.2"), Decimal("1.2"), None,
    ]  # fmt: skip
    assert book.quote("EUR", "EUR", DAY).rate == 1
    assert book.quote("USD", "EUR", DAY) is None


def test_the_younger_of_both_directions_wins():
    book = RateBook.of(
        [("GBP", "EUR", DAY, Decimal("1.15")), ("EUR", "GBP", DAY + timedelta(days=1), Decimal("0.8"))]
    )
    assert book.quote("GBP", "EUR", DAY).rate == Decimal("1.15")
    assert book.quote("GBP", "EUR", DAY + timedelta(days=1)).rate == Decimal("1.25")


# Entering and importing

_db = pytest.mark.django_db


@_db
def test_a_rate_entered_again_for_a_day_replaces_it_and_the_trail_keeps_both():
    world = make_world()
    today = clock.today("UTC")
    fx.enter(actor=world.admin, base="gbp", quote="EUR", on=today, value="1.15")
    fx.enter(actor=world.admin, base="GBP", quote="EUR", on=today, value="1.16")
    assert FxRate.objects.get().rate == Decimal("1.16")
    assert AuditEntry.objects.filter(action="pacing.fx_rate.entered").count() == 2
    assert fx.rate(world.organization.pk, "GBP", "EUR", today) == Decimal("1.16")
    assert fx.rate(make_world().organization.pk, "GBP", "EUR", today) is None


@_db
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"base": "GPB"}, "base"),
        ({"quote": "GBP"}, "quote"),
        ({"value": "0"}, "rate"),
        ({"value": "-1"}, "rate"),
        ({"value": "one"}, "rate"),
        ({"value": "NaN"}, "rate"),
        ({"value": "1e400"}, "rate"),
        ({"value": "1.123456789"}, "rate"),
        ({"days": 5}, "on"),
    ],
)
def test_a_wrong_rate_is_refused_by_field(values, field):
    world = make_world()
    asked = {"base": "GBP", "quote": "EUR", "value": "1.15"} | {
        k: v for k, v in values.items() if k != "days"
    }
    with pytest.raises(InvalidInput) as refused:
        fx.enter(actor=world.admin, on=clock.today("UTC") + timedelta(days=values.get("days", 0)), **asked)
    assert field in refused.value.fields
    assert not FxRate.objects.exists()


@_db
def test_a_viewer_enters_no_rates():
    world = make_world()
    with pytest.raises(NotAllowed):
        fx.enter(actor=hire(world, "viewer")[1], base="GBP", quote="EUR", on=DAY, value="1.1")


@_db
def test_a_csv_is_judged_row_by_row_and_what_is_right_is_imported():
    world = make_world()
    text = (
        "Date;From;To;Rate\n2026-05-01;GBP;EUR;1,1523\n2026-05-02;GBP;EUR;1.16\n02.05.2026;GBP;EUR;1.2\n"
        "2026-05-03;GBP;XXX;1.2\n2026-05-02;GBP;EUR;1.17\n\n2026-05-04;GBP;EUR\n"
    )
    reading = fx.read_csv(text, actor=world.admin)
    assert [row.line for row in reading.valid] == [2, 3]
    assert [row.line for row in reading.refused] == [4, 5, 6, 8]
    assert "Line 3 has this day already" in reading.refused[2].problem
    with pytest.raises(InvalidInput):
        fx.import_rates(text, actor=world.admin, expected_rows=5)
    assert not FxRate.objects.exists()
    _, changed = fx.import_rates(text, actor=world.admin, expected_rows=2)
    assert changed == 2
    assert fx.import_rates(text, actor=world.admin)[1] == 0
    assert [row.changes for row in fx.read_csv(text, actor=world.admin).valid] == ["same", "same"]


@_db
@pytest.mark.parametrize("text", ["", "   ", "a,b,rate\n1,2,3", "rate"])
def test_a_csv_that_cannot_be_read_says_what_it_needs(text):
    world = make_world()
    with pytest.raises(InvalidInput) as refused:
        fx.import_rates(text, actor=world.admin)
    assert refused.value.fields["text"]


# Plans over two currencies


def british(world: World, timezone: str = "Europe/Berlin") -> World:
    """The same client with an account in pounds."""
    account = AdAccount.objects.create(
        organization=world.organization, client=world.client, connection=world.connection, platform="meta",
        external_id=f"gb-{world.account.pk}", name="British account", currency="GBP", timezone=timezone,
    )  # fmt: skip
    return dataclasses.replace(world, account=account)


def pounds(world: World, **values) -> Budget:
    budget = make_budget(world, **values)
    Budget.objects.filter(pk=budget.pk).update(currency="GBP")
    budget.refresh_from_db()
    return budget


def two_currencies(*, days_of_rates: int = 40, rate: str = "1.25", **plan) -> tuple[World, World, BudgetPlan]:
    world = make_world()
    abroad = british(world)
    home, away = make_budget(world), pounds(abroad)
    for n in range(days_of_rates):
        FxRate.objects.create(
            organization=world.organization, base="GBP", quote="EUR", on=clock.today("Europe/Berlin") - timedelta(days=n),
            rate=Decimal(rate), entered_label="Test",
        )  # fmt: skip
    made = make_plan(world, [home, away], per_day=plan.pop("per_day", 112), **plan)
    return world, abroad, made


@_db
def test_budgets_of_two_currencies_need_a_rate_and_the_missing_pair_is_named():
    world = make_world()
    budgets = [make_budget(world), pounds(british(world))]
    with pytest.raises(InvalidInput) as refused:
        make_plan(world, budgets)
    assert "GBP→EUR" in refused.value.fields["budgets"]
    assert BudgetPlan.objects.count() == 0
    fx.enter(actor=world.admin, base="EUR", quote="GBP", on=clock.today("UTC"), value="0.8")
    assert make_plan(world, budgets).currency == "EUR"


@_db
def test_spend_of_each_day_counts_by_that_days_rate_and_the_looks_numbers_are_explained():
    world, abroad, plan = two_currencies()
    home, away = plan.budgets.order_by("pk")
    tell_spend(world, home, per_day=50)
    tell_spend(abroad, away, per_day=40)
    day = plan.starts_on + timedelta(days=3)
    FxRate.objects.filter(on=day).update(rate=Decimal("1.5"))
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    plan.refresh_from_db()
    assert plan.snapshot.spent_micros == (14 * 50 + 13 * 50 + 60) * MICROS
    assert plan.snapshot.budget_micros == (50 + round(50 * 1.25 * 100) / 100) * MICROS
    assert spend_days(plan, day, day) == {day: 110 * MICROS}
    told = explain(plan, "spent")
    assert told.micros == plan.snapshot.spent_micros == sum(part.micros for part in told.parts)
    assert "1 GBP = 1.25 EUR" in told.rates[0]


@_db
def test_without_a_days_rate_the_spend_is_unknown_with_the_reason_and_nothing_is_written():
    world, abroad, plan = two_currencies()
    home, away = plan.budgets.order_by("pk")
    tell_spend(world, home, per_day=50)
    tell_spend(abroad, away, per_day=40)
    FxRate.objects.filter(on__lt=plan.starts_on + timedelta(days=2)).delete()
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    plan.refresh_from_db()
    assert plan.snapshot.spent_micros is None
    assert "No GBP→EUR exchange rate is known" in reason_text(plan.snapshot.reason, "EUR")
    assert "GBP→EUR" in brief(plan.snapshot.reason, "EUR")
    assert plan.snapshot.reason["params"]["pair"] == "GBP→EUR"
    assert not plan.recommendations.exists()
    assert ChangeSet.objects.count() == 0
    told = explain(plan, "remaining")
    assert told.micros is None
    assert "GBP→EUR" in told.unknown


@_db
def test_what_was_known_earlier_is_converted_like_what_is_known_now():
    world, abroad, plan = two_currencies()
    home, away = plan.budgets.order_by("pk")
    tell_spend(world, home, per_day=50)
    tell_spend(abroad, away, per_day=40)
    budgets = list(plan.budgets.order_by("pk"))
    day = plan.starts_on + timedelta(days=3)
    later = clock.now() + timedelta(minutes=1)
    assert spend_days_as_known(plan, budgets, day, day, later) == {day: 100 * MICROS}
    long_ago = clock.now() - timedelta(days=400)
    assert spend_days_as_known(plan, budgets, day, day, long_ago) == {}


@_db
def test_the_curve_ends_where_a_rate_is_missing_and_says_which_day():
    world, abroad, plan = two_currencies()
    home, away = plan.budgets.order_by("pk")
    tell_spend(world, home, per_day=50)
    tell_spend(abroad, away, per_day=40)
    kept = FxRate.objects.get(on=plan.starts_on)
    FxRate.objects.exclude(pk=kept.pk).delete()
    FxRate.objects.update(on=plan.starts_on - timedelta(days=28))
    drawn = curve_of(plan, None, list(plan.budgets.order_by("pk")), None)
    assert drawn.rows[3]["spent_micros"] == 400 * MICROS and drawn.rows[4]["spent_micros"] is None
    missing = plan.starts_on + timedelta(days=4)
    assert f"{missing:%-d %b}" in drawn.summary and "rate" in drawn.summary


@_db
def test_a_proposal_asks_for_whole_pence_and_never_for_more_than_decided():
    world, abroad, plan = two_currencies(rate="1.1537", per_day=130)
    home, away = plan.budgets.order_by("pk")
    tell_spend(world, home, per_day=40)
    tell_spend(abroad, away, per_day=40)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    advice = plan.recommendations.get(state="open")
    row = next(row for row in advice.rows if row["budget_id"] == str(away.public_id))
    assert (row["currency"], row["now_micros"]) == ("GBP", 50 * MICROS)
    assert row["new_micros"] % unit_micros("GBP") == 0
    assert 50 * MICROS < row["new_micros"] <= 60 * MICROS
    in_euros = sum(
        each["new_micros"] if "currency" not in each else convert(each["new_micros"], Decimal(each["rate"]))
        for each in advice.rows
    )
    assert in_euros == advice.new_micros
    Connection.objects.update(status="ok")
    change_set = recommendations.accept(advice.public_id, actor=world.admin)
    changed = change_set.changes.get(budget=away)
    assert (changed.currency, changed.target_micros) == ("GBP", row["new_micros"])


@_db
def test_a_plan_in_one_currency_reads_no_rates():
    world = make_world()
    plan = make_plan(world, [make_budget(world)])
    with CaptureQueriesContext(connection) as queries:
        runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    assert not [each for each in queries if "pacing_fxrate" in each["sql"]]


@_db
def test_scaling_both_currencies_scales_what_is_spent_and_left():
    seen = []
    for factor in (1, 100):
        world, abroad, plan = two_currencies(per_day=112 * factor)
        home, away = plan.budgets.order_by("pk")
        Budget.objects.filter(pk__in=[home.pk, away.pk]).update(amount_micros=50 * factor * MICROS)
        tell_spend(world, home, per_day=50 * factor)
        tell_spend(abroad, away, per_day=40 * factor)
        runs.run_pass(plan_ids=[plan.pk], on_demand=True)
        plan.refresh_from_db()
        seen.append(
            (
                plan.snapshot.health,
                plan.snapshot.spent_micros // factor,
                plan.snapshot.budget_micros // factor,
            )
        )
    assert seen[0] == seen[1]


@_db
def test_the_plans_day_is_the_one_that_ends_last_and_far_apart_days_are_refused():
    world = make_world()
    fx.enter(actor=world.admin, base="GBP", quote="EUR", on=clock.today("UTC"), value="1.15")
    near = make_plan(world, [make_budget(world), pounds(british(world, "Europe/London"))])
    assert near.timezone == "Europe/London"
    other = make_world()
    fx.enter(actor=other.admin, base="GBP", quote="EUR", on=clock.today("UTC"), value="1.15")
    with pytest.raises(InvalidInput) as refused:
        make_plan(other, [make_budget(other), pounds(british(other, "Pacific/Auckland"))])
    assert "hours apart" in refused.value.fields["budgets"]


@_db
def test_a_limit_in_euros_counts_plans_in_pounds_by_the_latest_rate():
    world = make_world()
    world.client.budget_limit_micros = 2500 * MICROS
    world.client.save()
    abroad = british(world)
    with pytest.raises(InvalidInput) as refused:
        make_plan(abroad, [pounds(abroad)], per_day=40, currency="GBP")
    assert "GBP→EUR" in refused.value.fields["amount"]
    fx.enter(actor=world.admin, base="GBP", quote="EUR", on=clock.today("UTC"), value="1.25")
    make_plan(abroad, [pounds(abroad)], per_day=40, currency="GBP")  # 1,200 pounds are 1,500 euros
    with pytest.raises(InvalidInput) as refused:
        make_plan(world, [make_budget(world)], per_day=34, name="Second")
    assert "€1,000.00" in refused.value.fields["amount"]
    make_plan(world, [make_budget(world)], per_day=33, name="Third")
