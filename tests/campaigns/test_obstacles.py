"""Why budgets cannot spend, from what the platforms say to what pacing and pages read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import Ad, AdAccount, AdCampaign, Budget, Change, Connection
from campaigns.platforms.meta import mapping as meta_mapping
from campaigns.platforms.records import AccountRecord, EntityStatus, Level
from campaigns.selectors.obstacles import nothing_can_spend, obstacles_for
from campaigns.services.changes import StatusTarget
from lane.core import clock
from tests.campaigns.aims_world import Place, place
from tests.campaigns.world import make_budget, make_group, make_world

pytestmark = pytest.mark.django_db
UNIT = 1_000_000
SEEN = "2026-11-10T08:00:00+00:00"


@pytest.fixture
def world():
    made = make_world()
    AdAccount.objects.filter(pk=made.account.pk).update(facts_synced_at=clock.now())
    return made


def hinder(row, code: str, words: str = "Told so") -> None:
    type(row).objects.filter(pk=row.pk).update(
        hindrances=[{"code": code, "words": words, "raw": "RAW", "since": SEEN}]
    )


def codes(budget: Budget) -> list[tuple[str, str]]:
    return [(one.code, one.entity) for one in obstacles_for([budget.pk])[budget.pk]]


def test_a_budget_that_nothing_hinders_has_none(world):
    budget = make_budget(world)
    assert obstacles_for([budget.pk]) == {budget.pk: []}


def test_what_the_platform_says_comes_with_words_entity_and_since(world):
    budget = make_budget(world)
    campaign = budget.ad_campaigns.get()
    hinder(campaign, "limited_by_bid", "Its bid target limits how much it can spend")
    (one,) = obstacles_for([budget.pk])[budget.pk]
    assert (one.code, one.entity, one.stops) == ("limited_by_bid", campaign.name, False)
    assert one.since is not None
    assert one.since.isoformat() == SEEN


def test_learning_and_a_budget_that_limits_are_no_obstacles(world):
    budget = make_budget(world, campaigns=2)
    first, second = budget.ad_campaigns.all()
    hinder(first, "learning")
    hinder(second, "limited_by_budget")
    assert codes(budget) == []


def test_paused_by_a_person_and_by_lane_are_told_apart_and_ended_follows_from_the_date(world):
    budget = make_budget(world, campaigns=3)
    first, second, third = budget.ad_campaigns.order_by("pk")
    AdCampaign.objects.filter(pk=first.pk).update(status="paused", paused_by_lane_at=clock.now())
    AdCampaign.objects.filter(pk=second.pk).update(status="paused")
    AdCampaign.objects.filter(pk=third.pk).update(ends_on=clock.today("Europe/Berlin") - timedelta(days=1))
    found = obstacles_for([budget.pk])[budget.pk]
    assert [(one.code, one.words.split(" on ")[0]) for one in found] == [
        ("paused", "Paused by Lane"),
        ("paused", "Paused"),
        ("ended", "It ended"),
    ]
    assert nothing_can_spend(found, 3)
    assert not nothing_can_spend(found, 4)


def test_a_reached_cap_and_a_spent_total_are_named_with_their_amount(world):
    capped = make_budget(world)
    AdCampaign.objects.filter(budget=capped).update(
        spend_cap_micros=1_000 * UNIT, lifetime_spend_micros=996 * UNIT, lifetime_spend_at=clock.now()
    )
    total = make_budget(world, amount=500 * UNIT, kind="lifetime")
    AdCampaign.objects.filter(budget=total).update(lifetime_spend_micros=500 * UNIT)
    found = obstacles_for([capped.pk, total.pk])
    assert [(one.code, "€1,000.00" in one.words, one.stops) for one in found[capped.pk]] == [
        ("cap_reached", True, True)
    ]
    assert [(one.code, one.level) for one in found[total.pk]] == [("cap_reached", "budget")]
    AdCampaign.objects.filter(budget=capped).update(lifetime_spend_micros=990 * UNIT)
    assert codes(capped) == []


def test_disapproved_ads_are_counted_and_replace_the_campaigns_general_word(world):
    budget = make_budget(world)
    campaign = budget.ad_campaigns.get()
    hinder(campaign, "disapproved_ads", "Ads were disapproved")
    group = make_group(world, campaign)
    for number in range(3):
        Ad.objects.create(
            organization=world.organization, client=world.client, ad_account=world.account, ad_group=group,
            external_id=str(number), name=f"Ad {number}", status="limited", seen_at=clock.now(),
            hindrances=[{"code": "disapproved_ads", "words": "Disapproved", "raw": "", "since": SEEN}]
            if number
            else [],
        )  # fmt: skip
    (one,) = obstacles_for([budget.pk])[budget.pk]
    assert (one.code, one.words, one.level) == ("disapproved_ads", "2 ads are disapproved", "ads")


def test_the_account_speaks_for_every_budget_in_it(world):
    budget = make_budget(world)
    hinder(world.account, "account_limit", "The account reached its spending limit")
    (one,) = obstacles_for([budget.pk])[budget.pk]
    assert (one.code, one.level, one.stops) == ("account_limit", "account", True)
    AdAccount.objects.filter(pk=world.account.pk).update(hindrances=[])
    Connection.objects.filter(pk=world.connection.pk).update(status="reconnect")
    (one,) = obstacles_for([budget.pk])[budget.pk]
    assert (one.code, one.level, one.stops) == ("outage", "account", False)
    assert "connected again" in one.words
    Connection.objects.filter(pk=world.connection.pk).update(status="ok")
    AdAccount.objects.filter(pk=world.account.pk).update(facts_synced_at=clock.now() - timedelta(hours=20))
    assert codes(budget) == [("outage", world.account.name)]


def test_an_ad_set_with_its_own_budget_tells_its_own_and_its_campaigns_obstacles(world):
    budget = make_budget(world, campaigns=0, carrier="group")
    other = make_budget(world)
    campaign = AdCampaign.objects.create(
        organization=world.organization, client=world.client, ad_account=world.account, external_id="c9",
        name="Catalogue", status="active", seen_at=clock.now(),
    )  # fmt: skip
    group = make_group(world, campaign, budget=budget)
    hinder(group, "in_review")
    hinder(campaign, "payment")
    assert codes(budget) == [("payment", "Catalogue"), ("in_review", group.name)]
    assert codes(other) == []


def test_a_budget_without_campaigns_says_so(world):
    budget = make_budget(world, campaigns=0)
    assert [one.words for one in obstacles_for([budget.pk])[budget.pk]] == [
        "No campaign spends from this budget"
    ]


def test_the_number_of_queries_does_not_grow_with_budgets(world, django_assert_max_num_queries):
    budgets = [make_budget(world, campaigns=2) for _ in range(12)]
    for budget in budgets:
        make_group(world, budget.ad_campaigns.first())
        hinder(budget.ad_campaigns.first(), "limited_by_bid")
    with django_assert_max_num_queries(5):
        found = obstacles_for([budget.pk for budget in budgets])
    assert all(len(found[budget.pk]) == 1 for budget in budgets)


def test_the_sandbox_names_a_limited_bid_and_disapproved_ads(sandbox_reset):
    kitchens = place(sandbox_reset, "google_ads", "Tervo Kitchens")
    budget = kitchens.budget("Spring kitchens")
    AdAccount.objects.update(facts_synced_at=clock.now())
    assert codes(budget) == [("limited_by_bid", "Spring kitchens | Search")]
    seen = obstacles_for([budget.pk])[budget.pk][0].since
    clock.set_offset(clock.offset() + timedelta(hours=3))
    kitchens.read()
    assert obstacles_for([budget.pk])[budget.pk][0].since == seen
    clock.forget()


def test_the_sandbox_counts_the_disapproved_ads_of_a_launch(sandbox_reset):
    maison = place(sandbox_reset, "google_ads", "Maison Orlac")
    AdAccount.objects.update(facts_synced_at=clock.now())
    found = obstacles_for([maison.budget("Parfum launch").pk])
    assert [(one.code, one.words, one.entity) for rows in found.values() for one in rows] == [
        ("disapproved_ads", "2 ads are disapproved", "Parfum launch | Search")
    ]
    clock.forget()


def test_a_pause_by_lane_shows_at_once_and_a_cap_when_it_is_reached(sandbox_reset):
    coffee: Place = place(sandbox_reset, "meta", "Pinewick Coffee (Meta)")
    AdAccount.objects.update(facts_synced_at=clock.now())
    campaign, budget = coffee.campaign("Cold brew"), coffee.budget("Cold brew")
    coffee.apply(coffee.propose(StatusTarget(campaign, "paused")))
    assert [one.words for one in obstacles_for([budget.pk])[budget.pk]] == ["Paused by Lane"]
    Change.objects.update(updated_at=clock.machine_now() - timedelta(hours=1))
    coffee.read()
    assert [one.words for one in obstacles_for([budget.pk])[budget.pk]] == ["Paused by Lane"]
    coffee.edit(campaign.external_id, status="active")
    coffee.edit(campaign.external_id, spend_cap_micros=campaign.lifetime_spend_micros)
    coffee.read()
    assert [one.code for one in obstacles_for([budget.pk])[budget.pk]] == ["cap_reached"]
    clock.forget()


def test_an_issue_that_meta_reports_keeps_metas_own_words(sandbox_reset):
    quillon = place(sandbox_reset, "meta", "Quillon Insurance (Meta)")
    AdAccount.objects.update(facts_synced_at=clock.now())
    (one,) = obstacles_for([quillon.budget("Renters 20-35").pk])[quillon.budget("Renters 20-35").pk]
    assert (one.code, one.words, one.entity) == (
        "limited_by_bid",
        "The bid cap may limit delivery",
        "Renters awareness",
    )
    clock.forget()


META = AccountRecord("1", "A", "EUR", "Europe/Berlin", EntityStatus.ACTIVE)


@pytest.mark.parametrize(
    ("node", "told"),
    [
        ({"status": "ACTIVE", "effective_status": "ACTIVE"}, []),
        ({"status": "ACTIVE", "effective_status": "CAMPAIGN_PAUSED"}, ["paused"]),
        ({"status": "ACTIVE", "effective_status": "PENDING_REVIEW"}, ["in_review"]),
        ({"status": "ACTIVE", "effective_status": "WITH_ISSUES"}, ["other"]),
        (
            {
                "status": "ACTIVE", "effective_status": "WITH_ISSUES",
                "issues_info": [{"error_code": 1, "error_summary": "Account spending limit reached"}],
            },
            ["account_limit"],
        ),
        (
            {
                "status": "ACTIVE", "effective_status": "ACTIVE",
                "learning_stage_info": {"status": "LEARNING"},
            },
            ["learning"],
        ),
    ],
)  # fmt: skip
def test_metas_statuses_and_issues_become_codes(node, told):
    node = {"id": "7", "campaign_id": "6", "name": "Set", **node}
    record = meta_mapping.entity(node, Level.GROUP, META, clock.now())
    assert [one.code for one in record.hindrances] == told


def test_metas_account_limit_and_payment_are_read_from_the_account():
    node = {
        "account_id": "1", "name": "A", "currency": "EUR", "timezone_name": "Europe/Berlin", "account_status": 3,
        "spend_cap": "50000", "amount_spent": "50000",
    }  # fmt: skip
    record = meta_mapping.account(node)
    assert [one.code for one in record.hindrances] == ["payment", "account_limit"]
    record = meta_mapping.account({**node, "account_status": 1, "spend_cap": "0"})
    assert record.hindrances == ()
