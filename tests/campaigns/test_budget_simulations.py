"""Budget simulations in the nightly sync: kept, updated, and never in the way of facts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from campaigns.models import AdCampaign, BudgetSimulation, SyncRun
from campaigns.platforms import records
from campaigns.selectors.simulations import newest_of
from campaigns.services import sync
from campaigns.sync import simulations
from lane.core import clock
from tests.campaigns.sandbox_login import control
from tests.campaigns.test_sync import make
from tests.campaigns.world import make_budget, make_world, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def real_time():
    clock.forget()
    yield
    clock.forget()


def with_simulations(world):
    """The first account whose campaign has a budget of its own."""
    for account in world.accounts:
        run = sync.sync_account(account.pk, "nightly")
        assert (run.state, run.error) == ("done", "")
        if BudgetSimulation.objects.filter(ad_campaign__ad_account=account).exists():
            return account
    raise AssertionError("no account with a simulation")


def told(campaign, first, last, *costs):
    points = tuple(
        records.SimulationPoint(cost // 7, cost, Decimal("1.5"), None) for cost in (costs or (70_000_000,))
    )
    return records.BudgetSimulation(
        records.EntityRef(records.Level.CAMPAIGN, campaign.external_id), first, last, points
    )


def test_the_nightly_sync_keeps_simulations_and_a_later_one_adds_its_own_window(sandbox_reset):
    world = make(sandbox_reset, "google_ads", 7)
    account = with_simulations(world)
    first = BudgetSimulation.objects.filter(ad_campaign__ad_account=account).get()
    today = clock.today(account.timezone)
    assert (first.starts_on, first.ends_on, first.days) == (today - timedelta(7), today - timedelta(1), 7)
    assert (first.organization, first.client) == (account.organization, account.client)
    assert len(first.points) == 11
    assert all(point["cost_micros"] > 0 < point["conversions_milli"] for point in first.points)
    sync.sync_account(account.pk, "nightly")
    again = BudgetSimulation.objects.get(pk=first.pk)
    assert again.points == first.points
    assert again.fetched_at > first.fetched_at
    world.advance(days=1)
    sync.sync_account(account.pk, "nightly")
    ends = BudgetSimulation.objects.filter(ad_campaign=first.ad_campaign).values_list("ends_on", flat=True)
    assert sorted(ends) == [today - timedelta(1), today]
    clock.forget()


def test_a_quick_read_asks_for_no_simulations(sandbox_reset):
    world = make(sandbox_reset, "google_ads", 7)
    for account in world.accounts:
        sync.sync_account(account.pk, "today")
    assert not BudgetSimulation.objects.exists()
    clock.forget()


def test_meta_is_never_asked(sandbox_reset):
    world = make(sandbox_reset, "meta", 1)
    run = sync.sync_account(world.account.pk, "nightly")
    assert (run.state, run.error, run.error_kind) == ("done", "", "")
    assert not BudgetSimulation.objects.exists()
    clock.forget()


def test_simulations_that_cannot_be_read_do_not_fail_the_sync_but_are_noted(sandbox_reset):
    world = make(sandbox_reset, "google_ads", 7)
    account = with_simulations(world)
    kept = BudgetSimulation.objects.get(ad_campaign__ad_account=account)
    # A nightly sync asks for the simulations last: count its reads, then break the one of that number.
    world.fault("slow", method="GoogleAdsService.SearchStream", seconds=0)
    sync.sync_account(account.pk, "nightly")
    (counted,) = control(sandbox_reset, "GET", "faults")["faults"]
    world.calm()
    world.fault("rate_limit", method="GoogleAdsService.SearchStream", nth=counted["seen"])
    run = sync.sync_account(account.pk, "nightly")
    world.calm()
    assert (run.state, run.error_kind) == (SyncRun.State.DONE, "simulations_unread")
    assert "Budget simulations were not read" in run.error
    account.refresh_from_db()
    assert account.facts_synced_at == run.started_at
    assert BudgetSimulation.objects.get(ad_campaign__ad_account=account).pk == kept.pk
    run = sync.sync_account(account.pk, "nightly")
    assert (run.state, run.error, run.error_kind) == ("done", "", "")
    clock.forget()


def test_a_window_is_kept_once_unknown_campaigns_are_left_out_and_old_windows_go(real_time):
    world = make_world()
    make_budget(world)
    campaign = AdCampaign.objects.get(ad_account=world.account)
    ids, now = {campaign.external_id: campaign.pk}, clock.now()
    last = clock.today(world.account.timezone) - timedelta(days=1)
    first = last - timedelta(days=6)
    strange = records.BudgetSimulation(
        records.EntityRef(records.Level.CAMPAIGN, "999"), first, last, told(campaign, first, last).points
    )
    assert simulations.store(world.account, [told(campaign, first, last), strange], ids, fetched_at=now) == 1
    assert simulations.store(world.account, [told(campaign, first, last, 9, 99)], ids, fetched_at=now) == 1
    row = BudgetSimulation.objects.get()
    assert [point["cost_micros"] for point in row.points] == [9, 99]
    assert row.points[0]["conversions_milli"] == 1500
    assert row.points[0]["conversion_value_micros"] is None
    with pytest.raises(IntegrityError), transaction.atomic():
        BudgetSimulation.objects.create(
            organization=row.organization, client=row.client, ad_campaign=campaign, starts_on=first,
            ends_on=last, points=[], fetched_at=now,
        )  # fmt: skip
    BudgetSimulation.objects.filter(pk=row.pk).update(
        starts_on=first - timedelta(days=100), ends_on=last - timedelta(days=100)
    )
    simulations.store(world.account, [], ids, fetched_at=now)
    assert not BudgetSimulation.objects.exists()


def test_others_do_not_see_it_and_a_budget_of_two_campaigns_has_none(real_time):
    world = make_world()
    alone, shared = make_budget(world), make_budget(world, campaigns=2)
    last = clock.today(world.account.timezone) - timedelta(days=1)
    first = last - timedelta(days=6)
    campaigns = list(AdCampaign.objects.filter(ad_account=world.account))
    simulations.store(
        world.account,
        [told(each, first, last) for each in campaigns],
        {each.external_id: each.pk for each in campaigns},
        fetched_at=clock.now(),
    )
    assert list(newest_of([alone.pk, shared.pk], first, last)) == [alone.pk]
    assert newest_of([alone.pk], first, last - timedelta(days=1)) == {}
    assert BudgetSimulation.objects.visible_to(world.admin).count() == 3
    elsewhere = make_world()
    _, stranger = person(elsewhere.organization, "owner")
    assert not BudgetSimulation.objects.visible_to(stranger).exists()
