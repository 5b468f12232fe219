"""The sandbox's budget simulations come out of its own market."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from campaigns.sandbox.calendar import local_date
from campaigns.sandbox.dialects.google_ads import gaql, reads, schema
from campaigns.sandbox.dialects.google_ads.errors import Refusal
from campaigns.sandbox.simulations import Simulation, simulate
from campaigns.sandbox.world import BUDGET, STATUS
from tests.sandbox.conftest import Local


def simulated(local: Local, key: str) -> Simulation | None:
    (campaign,) = local.budget(key).campaigns
    return simulate(local.sandbox.world, campaign, local.sandbox.clock.now())


def people_set(local: Local, entity: str, field: str, value: object) -> None:
    local.sandbox.world.set(entity, field, value, actor="someone", client="GOOGLE_ADS_WEB_CLIENT")


@pytest.mark.parametrize("key", ["showroom-visits", "freight-leads", "opticians-b2b", "retirement-village"])
def test_more_money_finds_ever_less_and_ends_where_the_market_ends(local: Local, key: str) -> None:
    found = simulated(local, key)
    assert found is not None
    for before, after in pairwise(found.points):
        assert before.budget_micros < after.budget_micros
        assert before.cost_micros <= after.cost_micros <= after.budget_micros * 7 * 1.1
        assert before.value < after.value
    returns = [point.value / point.cost_micros for point in found.points]
    assert returns == sorted(returns, reverse=True)
    people_set(local, local.budget(key).id, BUDGET, 20 * local.budget(key).micros)
    flooded = simulated(local, key)
    assert flooded is not None
    assert flooded.points[-2].cost_micros == flooded.points[-1].cost_micros


def test_it_follows_from_the_seed_and_moves_on_with_the_days(local: Local) -> None:
    first = simulated(local, "freight-leads")
    assert first == simulated(local, "freight-leads")
    local.forward(hours=24)
    second = simulated(local, "freight-leads")
    assert first is not None
    assert second is not None
    assert second.last - first.last == timedelta(days=1)
    assert second.points != first.points


def test_paused_and_new_campaigns_have_none_until_they_ran_for_a_week(local: Local) -> None:
    assert simulated(local, "home-cover") is None
    local.forward(hours=24 * 5)
    assert simulated(local, "home-cover") is None
    local.forward(hours=24 * 2)
    assert simulated(local, "home-cover") is not None
    (campaign,) = local.budget("home-cover").campaigns
    people_set(local, campaign.id, STATUS, "paused")
    assert simulated(local, "home-cover") is None


def test_the_query_is_answered_and_metrics_cannot_join_it(local: Local) -> None:
    today = local_date(local.sandbox.clock.now(), "Europe/Berlin")

    def run(text: str, on: date = today) -> list[dict[str, object]]:
        query = gaql.parse(text, on)
        schema.check(query, manager=False)
        world, now = local.sandbox.world, local.sandbox.clock.now()
        return reads.run(world, local.account("sundby-g"), query, now)

    select = "SELECT campaign_simulation.campaign_id FROM campaign_simulation"
    (row,) = run(f"{select} WHERE campaign_simulation.type = BUDGET")
    assert row["campaign_simulation.end_date"] == (today - timedelta(days=1)).isoformat()
    assert run(f"{select} WHERE campaign_simulation.type = TARGET_CPA") == []
    with pytest.raises(Refusal):
        run("SELECT metrics.clicks FROM campaign_simulation")
