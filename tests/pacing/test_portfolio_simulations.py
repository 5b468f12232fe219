"""Google's own simulations in a look: they steer arms with little history, and only where they fit."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from campaigns.models import AdAccount, AdCampaign, BudgetSimulation, DailyPerformance
from lane.core import clock
from pacing.services.portfolios.seeing import see
from pacing.services.portfolios.simulated import points_of
from pacing.templatetags.pacing_charts import simulation_words
from tests.pacing.portfolio_world import EURO, look, make_portfolio, make_shop

pytestmark = pytest.mark.django_db
RICH = (400.0, 120.0)


@pytest.fixture(autouse=True)
def real_time():
    clock.forget()
    yield
    clock.forget()


def simulate(shop, name, *, curve=RICH, ended=1, days=7, unknown=False):
    """Google's points of one arm along a curve: totals over the days."""
    campaign = AdCampaign.objects.get(budget=shop.budgets[name])
    last = clock.today(shop.world.account.timezone) - timedelta(days=ended)
    a, kappa = curve
    return BudgetSimulation.objects.create(
        organization=campaign.organization,
        client=campaign.client,
        ad_campaign=campaign,
        starts_on=last - timedelta(days=days - 1),
        ends_on=last,
        fetched_at=clock.now(),
        points=[
            {
                "budget_micros": spend * EURO,
                "cost_micros": spend * EURO * days,
                "conversions_milli": round(a * math.log1p(spend / kappa) * 20 * days),
                "conversion_value_micros": None
                if unknown
                else round(a * math.log1p(spend / kappa) * days * EURO),
            }
            for spend in range(25, 80, 5)
        ],
    )


def points_in(portfolio):
    return {one.arm.label: one.told.points for one in see(portfolio, clock.now()).arms}


def value_now(portfolio, label):
    arm = next(arm for arm in portfolio.figures["arms"] if arm["label"] == label)
    return arm["value_now"]["mean"]


def forget_days(shop, name, keep):
    """Take all but the latest days of an arm."""
    campaign = AdCampaign.objects.get(budget=shop.budgets[name])
    oldest = clock.today(shop.world.account.timezone) - timedelta(days=keep)
    DailyPerformance.objects.filter(entity_id=campaign.pk, level=1, on__lt=oldest).delete()


def test_totals_become_days_and_together_weigh_as_much_as_the_days():
    shop = make_shop(days=3)
    one = simulate(shop, "Full", days=7)
    values, counts = points_of(one, counts=False), points_of(one, counts=True)
    assert [point.daily_micros for point in values] == [spend * EURO for spend in range(25, 80, 5)]
    assert values[5].value == pytest.approx(400 * math.log1p(50 / 120), rel=1e-6)
    assert counts[5].value == pytest.approx(400 * math.log1p(50 / 120) * 20 / 1000, rel=1e-3)
    assert sum(point.weight_days for point in values) == pytest.approx(7)
    # Budgets above the demand spend the same: one point. Free ones and unknown results make none.
    one.points = [*one.points[:2], one.points[1], one.points[1] | {"cost_micros": 0}]
    assert len(points_of(one, counts=False)) == 2
    assert all(point.weight_days == 2 for point in points_of(one, counts=False))
    one.points = [point | {"conversion_value_micros": None} for point in one.points]
    assert points_of(one, counts=False) == ()


def test_an_arm_with_little_history_moves_its_curve_towards_the_points():
    shop = make_shop()
    forget_days(shop, "Full", keep=6)
    portfolio = make_portfolio(shop, mode="observe")
    look(portfolio)
    portfolio.refresh_from_db()
    before, other = value_now(portfolio, "Full"), value_now(portfolio, "Fair")
    simulate(shop, "Full")
    look(portfolio)
    portfolio.refresh_from_db()
    after = value_now(portfolio, "Full")
    said = 400 * math.log1p(50 / 120)
    assert before < said
    assert abs(after - said) < 0.6 * abs(before - said)
    assert value_now(portfolio, "Fair") == pytest.approx(other, rel=0.05)
    arms = {arm["label"]: arm["simulation"] for arm in portfolio.figures["arms"]}
    last = clock.today(shop.world.account.timezone) - timedelta(days=1)
    assert arms["Full"] == {
        "points": 11,
        "first": (last - timedelta(days=6)).isoformat(),
        "last": last.isoformat(),
    }
    assert arms["Fair"] is None


def test_an_arm_with_two_months_of_days_is_hardly_moved():
    long, short = make_shop(), make_shop()
    forget_days(short, "Full", keep=6)
    moved = []
    for shop in (long, short):
        portfolio = make_portfolio(shop, mode="observe")
        look(portfolio)
        portfolio.refresh_from_db()
        before = value_now(portfolio, "Full")
        simulate(shop, "Full")
        look(portfolio)
        portfolio.refresh_from_db()
        moved.append(abs(value_now(portfolio, "Full") - before))
    assert 0 < moved[0] < moved[1]


def test_only_young_simulations_of_one_google_campaign_in_the_goal_are_used():
    shop = make_shop(days=5)
    portfolio = make_portfolio(shop)
    old = simulate(shop, "Rich", ended=14)
    assert points_in(portfolio)["Rich"] == ()
    simulate(shop, "Rich", ended=13)
    assert len(points_in(portfolio)["Rich"]) == 11
    simulate(shop, "Fair", unknown=True)
    assert points_in(portfolio)["Fair"] == ()
    newer = simulate(shop, "Rich", ended=2, curve=(10.0, 5.0))
    assert points_in(portfolio)["Rich"][0].value == pytest.approx(points_of(newer, counts=False)[0].value)
    assert old.ends_on < newer.ends_on
    campaign = AdCampaign.objects.get(budget=shop.budgets["Rich"])
    second = AdCampaign.objects.get(pk=campaign.pk)
    second.pk, second.external_id, second.public_id = None, "another", None
    second.public_id = AdCampaign._meta.get_field("public_id").get_default()
    second.save(force_insert=True)
    assert points_in(portfolio)["Rich"] == ()


def test_conversions_as_the_goal_take_conversions():
    shop = make_shop(days=5)
    one = simulate(shop, "Fair", unknown=True)
    portfolio = make_portfolio(shop, goal="conversions")
    assert points_in(portfolio)["Fair"] == points_of(one, counts=True) != ()


def test_an_arm_at_meta_takes_no_points():
    shop = make_shop(days=5, platform="meta")
    portfolio = make_portfolio(shop)
    assert AdAccount.objects.get().platform == "meta"
    simulate(shop, "Rich")
    assert points_in(portfolio)["Rich"] == ()


def test_the_page_and_the_api_say_which_points_a_curve_leans_on():
    shop = make_shop(days=20)
    one = simulate(shop, "Full")
    portfolio = make_portfolio(shop)
    look(portfolio)
    browser = Browser()
    browser.force_login(shop.world.user, backend="django.contrib.auth.backends.ModelBackend")
    page = browser.get(reverse("portfolio-detail", args=[portfolio.public_id])).content.decode()
    words = simulation_words(
        {"points": 11, "first": one.starts_on.isoformat(), "last": one.ends_on.isoformat()}
    )
    assert page.count(words) == 1
    told = browser.get(f"/api/v1/portfolios/{portfolio.public_id}/").json()["figures"]["arms"]
    assert {arm["label"]: arm["simulation"] and arm["simulation"]["points"] for arm in told} == {
        "Rich": None,
        "Fair": None,
        "Full": 11,
    }


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-11-13", "2026-11-19", "11 points of Google’s own simulation, 13–19 Nov"),
        ("2026-10-28", "2026-11-03", "11 points of Google’s own simulation, 28 Oct – 3 Nov"),
    ],
)
def test_the_days_of_a_simulation_are_said_shortly(first, last, words):
    assert simulation_words({"points": 11, "first": first, "last": last}) == words
