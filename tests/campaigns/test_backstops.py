"""Which limits at the platform belong to a plan, and how far they reach."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import AdCampaign, Budget
from campaigns.services import backstops
from campaigns.services.changes import BudgetTarget, SpendCapTarget
from lane.core import clock
from tests.campaigns.aims_world import place
from tests.campaigns.world import make_budget, make_group, make_world

pytestmark = pytest.mark.django_db
UNIT = 1_000_000


@pytest.fixture
def meta():
    return make_world(platform="meta")


def known(budget: Budget, spent: int, **values) -> AdCampaign:
    campaign = budget.ad_campaigns.get()
    AdCampaign.objects.filter(pk=campaign.pk).update(
        lifetime_spend_micros=spent * UNIT, lifetime_spend_at=clock.now(), **values
    )
    campaign.refresh_from_db()
    return campaign


def ask(*budgets: Budget, left: int, **more):
    return backstops.targets_for(
        budgets, left * UNIT, clock.today("Europe/Berlin") + timedelta(days=9), **more
    )


def test_one_campaign_may_spend_what_is_left_and_a_margin(meta):
    campaign = known(make_budget(meta, amount=100 * UNIT), 4_000)
    (target,) = ask(campaign.budget, left=1_000)
    assert target == SpendCapTarget(campaign, (4_000 + 1_000 + 20) * UNIT)


def test_campaigns_that_share_what_is_left_get_their_part_and_slack_but_never_more_than_all(meta):
    small, large = make_budget(meta, amount=100 * UNIT), make_budget(meta, amount=900 * UNIT)
    for budget in (small, large):
        known(budget, 0)
    found = {
        target.ad_campaign.budget_id: target.target_micros // UNIT
        for target in ask(small, large, left=10_000)
    }
    assert found == {small.pk: 1_250 + 200, large.pk: 10_000 + 200}


def test_a_campaign_that_also_spends_from_elsewhere_is_not_capped(meta):
    own, other = (make_budget(meta, campaigns=0, carrier="group") for _ in range(2))
    campaign = AdCampaign.objects.create(
        organization=meta.organization, client=meta.client, ad_account=meta.account, external_id="c1",
        name="Catalogue", status="active", seen_at=clock.now(), lifetime_spend_micros=0,
        lifetime_spend_at=clock.now(),
    )  # fmt: skip
    for budget in (own, other):
        make_group(meta, campaign, budget=budget)
    assert ask(own, left=1_000) == []
    (target,) = ask(own, other, left=1_000)
    assert target.target_micros == 1_020 * UNIT


def test_unknown_or_old_spend_too_little_left_and_other_platforms_mean_no_cap(meta):
    campaign = known(make_budget(meta), 4_000)
    assert ask(campaign.budget, left=90) == []
    assert ask(campaign.budget, left=0) == []
    assert ask(campaign.budget, left=1_000, currency="USD") == []
    AdCampaign.objects.update(lifetime_spend_at=clock.now() - timedelta(hours=30))
    assert ask(campaign.budget, left=1_000) == []
    AdCampaign.objects.update(lifetime_spend_at=clock.now(), lifetime_spend_micros=None)
    assert ask(campaign.budget, left=1_000) == []
    google = make_world()
    assert ask(known(make_budget(google), 100).budget, left=1_000) == []


def test_a_cap_set_by_a_person_stays_and_lanes_own_is_left_while_it_serves(meta):
    campaign = known(make_budget(meta), 4_000, spend_cap_micros=4_500 * UNIT)
    assert ask(campaign.budget, left=1_000) == []
    lanes = {"verified_cap_micros": 4_500 * UNIT, "cap_verified_at": clock.now()}
    AdCampaign.objects.update(**lanes)
    (target,) = ask(campaign.budget, left=1_000)
    assert target.target_micros == 5_020 * UNIT
    AdCampaign.objects.update(spend_cap_micros=5_010 * UNIT, verified_cap_micros=5_010 * UNIT)
    assert ask(campaign.budget, left=1_000) == []
    # spend moved from "left" to "spent": the same cap still serves
    AdCampaign.objects.update(lifetime_spend_micros=4_400 * UNIT)
    assert ask(campaign.budget, left=600) == []
    # the plan was cut: the cap is too wide now
    (target,) = ask(campaign.budget, left=300)
    assert target.target_micros == 4_706 * UNIT


def test_only_lanes_own_caps_are_released(meta):
    mine = known(
        make_budget(meta),
        10,
        spend_cap_micros=500 * UNIT,
        verified_cap_micros=500 * UNIT,
        cap_verified_at=clock.now(),
    )
    theirs = known(make_budget(meta), 10, spend_cap_micros=500 * UNIT)
    assert backstops.release_targets([mine.budget, theirs.budget]) == [SpendCapTarget(mine, None)]


def test_a_lifetime_total_becomes_spent_and_left_where_its_end_is_the_plans(meta):
    end = clock.today("Europe/Berlin") + timedelta(days=9)
    budget = make_budget(meta, amount=9_000 * UNIT, kind="lifetime")
    known(budget, 4_000, ends_on=end)
    assert ask(budget, left=3_000) == [BudgetTarget(budget, 7_000 * UNIT)]
    Budget.objects.filter(pk=budget.pk).update(amount_micros=7_000 * UNIT)
    assert ask(budget, left=3_000) == []
    AdCampaign.objects.update(ends_on=end + timedelta(days=30))
    assert ask(budget, left=2_000) == []


@pytest.mark.parametrize(
    ("setting", "automatic", "wanted"),
    [("auto", True, True), ("auto", False, False), ("always", False, True), ("never", True, False)],
)
def test_proposals_of_automatic_plans_carry_backstops_unless_told_otherwise(
    settings, setting, automatic, wanted
):
    settings.LANE_BACKSTOPS = setting
    assert backstops.wanted_for(automatic=automatic) is wanted


def test_what_is_asked_for_is_taken_by_the_platform_and_then_stands(sandbox_reset):
    coffee = place(sandbox_reset, "meta", "Pinewick Coffee (Meta)")
    budget = coffee.budget("Cold brew")
    ends = clock.today(coffee.account.timezone) + timedelta(days=9)
    targets = backstops.targets_for([budget], 4_000 * UNIT, ends)
    assert [row.state for row in coffee.apply(coffee.propose(*targets))] == ["verified"]
    assert backstops.targets_for([budget], 4_000 * UNIT, ends) == []
    coffee.advance(days=20)
    coffee.read()
    campaign = coffee.campaign("Cold brew")
    spent = campaign.lifetime_spend_micros
    assert spent is not None
    assert spent <= campaign.spend_cap_micros
    assert spent >= 0.99 * campaign.spend_cap_micros
    assert backstops.release_targets([budget]) == [SpendCapTarget(campaign, None)]
    clock.forget()
