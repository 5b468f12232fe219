"""Google's budget simulations, read from the running sandbox through the real SDK; Meta has none."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from google.ads.googleads.v26.services.types import google_ads_service

from campaigns.platforms.google_ads import simulations
from campaigns.platforms.google_ads.connector import GoogleAdsConnector
from campaigns.platforms.meta.connector import MetaConnector
from campaigns.platforms.records import Grain, Level
from tests.platforms.conftest import Connected, Control


def account_named(connector, name):
    return next(each for each in connector.list_accounts() if each.name == name)


def test_google_tells_concave_totals_of_the_last_seven_days_near_what_happened(
    google: Connected, control: Control
) -> None:
    connector = google.connector()
    account = account_named(connector, "Aldermoor Homes")
    today = control.now().astimezone(ZoneInfo(account.timezone)).date()
    (found,) = connector.budget_simulations(account)
    assert (found.starts_on, found.ends_on) == (today - timedelta(days=7), today - timedelta(days=1))
    campaign = next(
        each for each in connector.list_entities(account, Level.CAMPAIGN) if each.ref == found.ref
    )
    assert campaign.channel == "SEARCH"
    budget = connector.read_state(account, [campaign.budget_ref])[campaign.budget_ref].budget
    assert [point.budget_micros for point in found.points] == [
        budget.micros * tenth // 10 for tenth in range(5, 16)
    ]
    # Totals over the days: spend of seven days at its own budget is what was really spent in them.
    rows = connector.fetch_metrics(account, Level.CAMPAIGN, Grain.DAY, found.starts_on, found.ends_on)
    spent = sum(row.spend_micros for row in rows if row.ref == found.ref)
    own = next(point for point in found.points if point.budget_micros == budget.micros)
    assert own.cost_micros == pytest.approx(spent, rel=0.15)
    gains = [
        (b.conversion_value_micros - a.conversion_value_micros) / (b.cost_micros - a.cost_micros)
        for a, b in pairwise(found.points)
        if b.cost_micros > a.cost_micros
    ]
    assert len(gains) >= 5
    assert all(later < earlier for earlier, later in pairwise(gains))
    assert all(gain > 0 for gain in gains)
    assert connector.budget_simulations(account) == [found]


def test_shared_total_new_and_other_campaigns_have_no_simulation(google: Connected) -> None:
    connector = google.connector()
    for name in ("Pinewick Coffee", "Maison Orlac", "Quillon Insurance"):
        assert connector.budget_simulations(account_named(connector, name)) == [], name


def test_meta_has_none_and_says_so(meta: Connected) -> None:
    connector = meta.connector()
    account = next(iter(connector.list_accounts()))
    before = connector.calls_made
    assert tuple(connector.budget_simulations(account)) == ()
    assert connector.calls_made == before
    assert not MetaConnector.capabilities.budget_simulations
    assert GoogleAdsConnector.capabilities.budget_simulations


def test_results_that_are_zero_everywhere_are_unknown() -> None:
    row = google_ads_service.GoogleAdsRow.pb()()
    found = row.campaign_simulation
    found.campaign_id, found.start_date, found.end_date = 7, "2026-05-01", "2026-05-07"
    found.type_ = 9  # BUDGET
    assert simulations.of(row) is None  # no points
    for micros in (5_000_000, 9_000_000):
        found.budget_point_list.points.add(
            budget_amount_micros=micros, cost_micros=micros * 7, biddable_conversions=2.5
        )
    told = simulations.of(row)
    assert told is not None
    assert [point.conversion_value_micros for point in told.points] == [None, None]
    assert [str(point.conversions) for point in told.points] == ["2.5", "2.5"]
    found.type_ = 4  # TARGET_CPA
    assert simulations.of(row) is None
