"""The what-if page answers while somebody types, by keyboard, on a desk and on a phone."""

from __future__ import annotations

import pytest

from campaigns.models import AccountDayFreshness
from lane.core import clock
from pacing.models import BudgetPlan
from tests.campaigns.world import make_budget, make_world, person
from tests.e2e.desk import scrolls_sideways
from tests.pacing.test_lab_replay import tell_days
from tests.pacing.world import MICROS, make_plan

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in(page, user):
    page.goto("/accounts/login/")
    page.fill("input[name=login]", user.email)
    page.fill("input[name=password]", "a long password")
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/")


def test_a_term_is_typed_and_the_outcome_follows(page):
    world = make_world()
    first, second = make_budget(world), make_budget(world)
    tell_days(world, first, spend=lambda n: 40 + n % 9)
    tell_days(world, second, spend=lambda n: 44 + n % 5)
    AccountDayFreshness.objects.update(fetched_at=clock.now())
    world.account.facts_synced_at = clock.now()
    world.account.save()
    plan = make_plan(world, [first, second], per_day=100)
    user, _ = person(world.organization, "editor")
    sign_in(page, user)
    page.goto(f"/pacing/{plan.public_id}/what-if/")
    page.get_by_text("These are the terms the plan has.").wait_for()
    page.get_by_label("Amount, EUR").fill("3600")
    page.get_by_role("cell", name="€3,600.00").first.wait_for()
    assert "amount=3600" in page.url
    assert page.get_by_label("Amount, EUR").evaluate("field => field === document.activeElement")
    page.get_by_label("Amount, EUR").fill("lots")
    page.get_by_text("is not an amount").first.wait_for()
    page.get_by_label("Amount, EUR").fill("3600")
    page.get_by_role("button", name="Save these terms").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    assert not scrolls_sideways(page)
    assert BudgetPlan.objects.get().amount_micros == 3_000 * MICROS
