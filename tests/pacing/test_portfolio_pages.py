"""The pages of portfolios: what they show, what they refuse, and what they cost."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client as Browser
from django.urls import reverse

from campaigns.models import Budget, ChangeSet
from lane.core import clock
from pacing.models import AllocationLook, Portfolio
from pacing.services.portfolios import switching
from pacing.templatetags.pacing_charts import ResponseCurve, worth_text
from tests.campaigns.world import make_budget, make_world, person
from tests.pacing.portfolio_world import EURO, look, make_portfolio, make_shop
from tests.pacing.world import make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def real_time():
    clock.forget()


@pytest.fixture
def shop():
    return make_shop()


def browser(user):
    found = Browser()
    found.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return found


def text(answer):
    return " ".join(answer.content.decode().split())


def page_of(portfolio, user, **query):
    return browser(user).get(reverse("portfolio-detail", args=[portfolio.public_id]), query)


# --- what is shown --------------------------------------------------------------------------------------


def test_the_page_shows_curves_split_proposal_and_exact_sums(shop):
    portfolio = make_portfolio(shop)
    look(portfolio)
    page = text(page_of(portfolio, shop.world.user))
    for shown in (
        "Response curves",
        "Rich",
        "€60.00",
        "Accept split",
        "±0",
        "€150.00",
        "Better than its cost",
    ):
        assert shown in page, shown
    assert page.count('class="chart response"') == 3
    assert page.count('class="new-dot"') == 2


def test_before_the_first_look_the_page_says_so_and_shows_no_number_it_does_not_know(shop):
    page = text(page_of(make_portfolio(shop), shop.world.user))
    assert "Lane has not looked at this portfolio yet" in page
    assert "€0.00" not in page


def test_the_list_shows_state_money_and_expected_gain_in_at_most_eight_queries(
    shop, django_assert_max_num_queries
):
    look(make_portfolio(shop))
    for number in range(12):
        other = [make_budget(shop.world), make_budget(shop.world)]
        named = Budget.objects.select_related("ad_account").filter(pk__in=[one.pk for one in other])
        from pacing.portfolio_forms import arms_of_budgets

        make_portfolio(shop, name=f"Shop {number}", arms=arms_of_budgets(list(named)))
    found = browser(shop.world.user)
    found.get(reverse("portfolio-list"))
    with django_assert_max_num_queries(10):
        page = text(found.get(reverse("portfolio-list")))
    for shown in ("All shops", "Running", "Shop 11", "over 7 days", "fixed"):
        assert shown in page
    assert "No portfolio matches" in text(found.get(reverse("portfolio-list"), {"q": "nothing like it"}))


def test_the_page_of_a_portfolio_takes_a_bounded_number_of_queries(shop, django_assert_max_num_queries):
    portfolio = make_portfolio(shop)
    look(portfolio)
    found = browser(shop.world.user)
    address = reverse("portfolio-detail", args=[portfolio.public_id])
    found.get(address)
    with django_assert_max_num_queries(26):
        found.get(address)


def test_empty_pages_say_what_to_do_next(shop):
    page = text(browser(shop.world.user).get(reverse("portfolio-list")))
    assert "Create a portfolio" in page
    viewer, _ = person(shop.world.organization, "viewer")
    page = text(browser(viewer).get(reverse("portfolio-list")))
    assert "An editor of your organization can create one" in page


def test_a_look_has_a_page_of_its_own(shop):
    found = look(make_portfolio(shop))
    page = text(browser(shop.world.user).get(reverse("portfolio-look-detail", args=[found.public_id])))
    assert "would not be raised if" in page
    assert str(found.seed) in page
    page = text(browser(shop.world.user).get(reverse("portfolio-looks", args=[found.portfolio.public_id])))
    assert "Move" in page


def test_strangers_find_nothing_and_viewers_may_not_act(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    stranger, viewer = browser(make_world().user), browser(person(shop.world.organization, "viewer")[0])
    for name in ("portfolio-detail", "portfolio-edit", "portfolio-looks"):
        assert stranger.get(reverse(name, args=[portfolio.public_id])).status_code == 404
    assert stranger.get(reverse("portfolio-look-detail", args=[found.public_id])).status_code == 404
    for name in (
        "portfolio-start",
        "portfolio-pause",
        "portfolio-stop",
        "portfolio-look",
        "portfolio-arms",
        "portfolio-groups",
    ):
        assert (
            stranger.post(reverse(name, args=[portfolio.public_id]), {"reason": "because"}).status_code == 404
        )
    for name in ("split-accept", "split-decline"):
        address = reverse(name, args=[found.public_id])
        assert stranger.post(address, {"reason": "because"}).status_code == 404
        assert viewer.post(address, {"reason": "because"}).status_code == 403
    assert (
        viewer.post(reverse("portfolio-pause", args=[portfolio.public_id]), {"reason": "x" * 5}).status_code
        == 403
    )
    page = text(viewer.get(reverse("portfolio-detail", args=[portfolio.public_id])))
    assert "You may read this portfolio" in page
    assert "Accept split" not in page
    assert not ChangeSet.objects.exists()
    assert Portfolio.objects.get().state == "running"


# --- what is done ---------------------------------------------------------------------------------------


def form_of(shop, **changed):
    values = {
        "client": shop.world.client.public_id,
        "name": "Shops",
        "budgets": [budget.public_id for budget in shop.budgets.values()],
        "arms_by": "budget",
        "money": "fixed",
        "daily": "",
        "goal": "value",
        "mode": "recommend",
        "look_every_minutes": "30",
        "min_days_between_moves": "",
        "step": "20",
        "blend": "50",
        "exploration": "none",
        "exploration_share": "",
        "roas_floor": "",
    }
    return values | changed


def test_a_portfolio_is_made_from_the_form_with_sensible_defaults(shop):
    found = browser(shop.world.user)
    page = text(found.get(reverse("portfolio-create"), {"client": shop.world.client.public_id}))
    assert page.count("checked") >= 3 + 4
    answer = found.post(reverse("portfolio-create"), form_of(shop))
    made = Portfolio.objects.get()
    assert answer.url == reverse("portfolio-detail", args=[made.public_id])
    assert made.daily_micros == 150 * EURO
    assert made.min_days_between_moves == 3
    assert {arm.label for arm in made.arms.all()} == set(shop.budgets)


def test_the_money_comes_from_the_plan_when_it_is_chosen(shop):
    plan = make_plan(shop.world, list(shop.budgets.values()), name="Spring")
    found = browser(shop.world.user)
    page = text(found.get(reverse("portfolio-create"), {"client": shop.world.client.public_id}))
    assert "Plan “Spring”" in page
    found.post(reverse("portfolio-create"), form_of(shop, money=str(plan.public_id)))
    assert Portfolio.objects.get().plan == plan


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"budgets": []}, "at least two budgets"),
        ({"daily": "lots"}, "is not an amount"),
        ({"step": "70"}, "at most 50 %"),
        ({"exploration": "thompson", "exploration_share": "9"}, "at most 5%"),
        ({"look_every_minutes": "5"}, "15 to 60 minutes"),
        ({"name": ""}, "Give the portfolio a name"),
    ],
)
def test_what_was_typed_survives_a_refusal_that_names_the_fix(shop, typed, said):
    answer = browser(shop.world.user).post(
        reverse("portfolio-create"), form_of(shop, roas_floor="1.5", **typed)
    )
    assert answer.status_code == 422
    assert said in text(answer)
    assert 'value="1.5"' in text(answer)
    assert not Portfolio.objects.exists()


def test_a_budget_chosen_twice_over_the_platform_makes_one_arm(shop):
    browser(shop.world.user).post(reverse("portfolio-create"), form_of(shop, arms_by="platform"))
    assert not Portfolio.objects.exists()  # one platform and channel is one arm: nothing to move between


def test_arms_are_edited_in_place_and_a_wrong_cell_is_named_and_kept(shop):
    portfolio = make_portfolio(shop)
    lines = {arm.label: arm for arm in portfolio.arms.all()}
    typed = {"version": portfolio.version}
    for arm in lines.values():
        typed |= {f"arm-{arm.public_id}": "1", f"floor-{arm.public_id}": "", f"cap-{arm.public_id}": ""}
    key = lines["Rich"].public_id
    wrong = browser(shop.world.user).post(
        reverse("portfolio-arms", args=[portfolio.public_id]),
        typed | {f"cap-{key}": "a lot", f"floor-{key}": "31"},
    )
    assert wrong.status_code == 422
    assert "is not an amount" in text(wrong)
    assert 'value="a lot"' in text(wrong)
    right = browser(shop.world.user).post(
        reverse("portfolio-arms", args=[portfolio.public_id]),
        typed | {f"cap-{key}": "80", f"floor-{key}": "31.50", f"locked-{key}": "on"},
    )
    assert right.status_code == 302
    arm = portfolio.arms.get(label="Rich")
    assert (arm.locked, arm.floor_micros, arm.cap_micros) == (True, 31_500_000, 80_000_000)
    older = browser(shop.world.user).post(
        reverse("portfolio-arms", args=[portfolio.public_id]), typed | {f"cap-{key}": "70"}
    )
    assert older.status_code == 422
    assert "changed this portfolio since" in text(older)


def test_groups_are_made_and_given_to_arms(shop):
    portfolio = make_portfolio(shop)
    address = reverse("portfolio-groups", args=[portfolio.public_id])
    person_ = browser(shop.world.user)
    wrong = person_.post(address, {"group-name": ["Brand"], "group-min": ["80"], "group-max": ["20"]})
    assert "must be below the most" in text(wrong)
    person_.post(address, {"group-name": ["Brand", ""], "group-min": ["10", "0"], "group-max": ["60", "100"]})
    assert portfolio.groups.get().name == "Brand"


def test_arms_are_taken_out_and_in_again(shop):
    portfolio = make_portfolio(shop)
    person_ = browser(shop.world.user)
    arm = portfolio.arms.get(label="Full")
    person_.post(reverse("portfolio-arm-remove", args=[portfolio.public_id, arm.public_id]))
    assert portfolio.arms.filter(removed_at=None).count() == 2
    page = text(page_of(portfolio, shop.world.user))
    assert "Add arm" in page
    added = person_.post(
        reverse("portfolio-arm-add", args=[portfolio.public_id]),
        {"budget": str(shop.budgets["Full"].public_id)},
    )
    assert added.status_code == 302
    assert portfolio.arms.filter(removed_at=None).count() == 3
    unknown = person_.post(
        reverse("portfolio-arm-add", args=[portfolio.public_id]), {"budget": str(uuid.uuid4())}
    )
    assert unknown.status_code == 422


def test_a_split_is_accepted_or_declined_with_a_reason(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    person_ = browser(shop.world.user)
    empty = person_.post(reverse("split-decline", args=[found.public_id]), {"reason": ""})
    assert empty.status_code == 422
    assert "Say why in a few words" in text(empty)
    answer = person_.post(reverse("split-accept", args=[found.public_id]))
    assert answer.url == reverse("change-set-detail", args=[ChangeSet.objects.get().public_id])
    again = person_.post(reverse("split-accept", args=[found.public_id]))
    assert again.status_code == 409
    assert "already" in text(again)
    assert AllocationLook.objects.get().proposal == "accepted"


def test_pausing_needs_a_reason_and_starting_undoes_it(shop):
    portfolio = make_portfolio(shop)
    person_ = browser(shop.world.user)
    assert (
        person_.post(reverse("portfolio-pause", args=[portfolio.public_id]), {"reason": ""}).status_code
        == 422
    )
    person_.post(reverse("portfolio-pause", args=[portfolio.public_id]), {"reason": "Holidays"})
    assert "Holidays" in text(page_of(portfolio, shop.world.user))
    person_.post(reverse("portfolio-start", args=[portfolio.public_id]))
    portfolio.refresh_from_db()
    assert portfolio.state == "running"
    switching.stop(portfolio.public_id, actor=shop.world.admin, reason="Done with it")
    page = text(browser(shop.world.user).get(reverse("portfolio-list"), {"view": "stopped"}))
    assert "All shops" in page


def test_terms_are_edited_by_version(shop):
    portfolio = make_portfolio(shop)
    person_ = browser(shop.world.user)
    address = reverse("portfolio-edit", args=[portfolio.public_id])
    assert "All shops" in text(person_.get(address))
    values = form_of(
        shop, name="Renamed", daily="151.00", version="1", reason="More money", min_days_between_moves="4"
    )
    assert person_.post(address, values).status_code == 302
    portfolio.refresh_from_db()
    assert (portfolio.name, portfolio.daily_micros, portfolio.min_days_between_moves) == (
        "Renamed",
        151 * EURO,
        4,
    )
    assert person_.post(address, values).status_code == 409


# --- the chart ------------------------------------------------------------------------------------------


def test_a_curve_is_drawn_inside_its_frame_and_says_what_it_shows():
    curve = ResponseCurve(
        [(0, 0.0, 0.0, 0.0), (50 * EURO, 100.0, 80.0, 120.0), (100 * EURO, 150.0, 110.0, 190.0)],
        now_micros=25 * EURO,
        new_micros=75 * EURO,
        days=[(40 * EURO, 90.0), (60 * EURO, 5_000.0)],
    )
    assert curve.value_at(25 * EURO) == 50
    assert curve.value_at(75 * EURO) == 125
    svg = curve.svg(lambda micros: f"{micros // EURO}", lambda value: f"{value:.0f}", "A & B")
    assert 'aria-label="A &amp; B"' in svg
    assert "style=" not in svg
    assert svg.count("<circle") == 4


def test_figures_of_the_goal_are_written_as_people_read_them():
    assert worth_text(1234.4, "value", "EUR") == "€1,234"
    assert worth_text(12.345, "value", "EUR") == "€12.34"
    assert worth_text(3.14159, "conversions", "EUR") == "3.1 conv."


def test_a_plan_names_the_portfolio_that_splits_its_money(shop):
    plan = make_plan(shop.world, list(shop.budgets.values()))
    portfolio = make_portfolio(shop, plan=plan)
    user, _ = person(shop.world.organization, "viewer")
    shown = text(browser(user).get(reverse("plan-part", args=[plan.public_id, "history"])))
    assert reverse("portfolio-detail", args=[portfolio.public_id]) in shown
    switching.stop(portfolio.public_id, actor=shop.world.admin, reason="No longer needed")
    shown = text(browser(user).get(reverse("plan-part", args=[plan.public_id, "history"])))
    assert reverse("portfolio-detail", args=[portfolio.public_id]) not in shown
