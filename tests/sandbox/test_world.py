"""What the sandbox delivers follows from its seed, its clock and what people set."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from campaigns.sandbox.calendar import local_date, slots
from campaigns.sandbox.facts import NOTHING, Fact
from campaigns.sandbox.market import Budget
from campaigns.sandbox.scenario import BUDGETS, META
from campaigns.sandbox.world import BID, BUDGET, CAP, STATUS
from tests.sandbox.conftest import START, Local

HOURS = 3600


def spend(local: Local, budget: Budget, first: date, days: int) -> list[int]:
    return [local.sandbox.world.true_spend(budget, first + timedelta(days=k)) for k in range(days)]


def reported(local: Local, budget: Budget, on: date) -> Fact:
    total = NOTHING
    for group in budget.groups:
        total = total.plus(local.sandbox.world.day(group, on, local.sandbox.clock.now()))
    return total


def everything(local: Local, reverse: bool = False) -> dict[tuple[str, date], dict[int, Fact]]:
    world, now = local.sandbox.world, local.sandbox.clock.now()
    asked = [
        (group, local_date(now, group.campaign.account.timezone) - timedelta(days=back))
        for group in world.market.groups.values()
        for back in (0, 1, 5, 33)
    ]
    return {(g.id, on): world.hours(g, on, now) for g, on in (reversed(asked) if reverse else asked)}


def test_same_seed_and_clock_give_the_same_world_whatever_is_asked_first(
    local: Local, another: Callable[..., Local]
) -> None:
    assert everything(local) == everything(another(), reverse=True)


def test_another_seed_gives_another_world(local: Local, another: Callable[..., Local]) -> None:
    other = another(seed=8)
    assert set(local.sandbox.world.market.campaigns) != set(other.sandbox.world.market.campaigns)


@pytest.mark.parametrize("role", ["on_track", "ahead", "behind", "limited", "cannot_spend"])
def test_budgets_turn_out_as_their_role_says(local: Local, role: str) -> None:
    bands = {
        "on_track": (0.95, 1.05),
        "ahead": (1.07, 1.4),
        "behind": (0.75, 0.93),
        "limited": (0.5, 0.92),
        "cannot_spend": (0.5, 0.88),
    }
    low, high = bands[role]
    for spec in (b for b in BUDGETS if b.role == role):
        budget = local.budget(spec.key)
        days = spend(local, budget, START.date() - timedelta(days=28), 28)
        ratio = sum(days) / 28 / (spec.plan_per_day * 1_000_000)
        assert low <= ratio <= high, (spec.name, ratio)


def test_every_role_of_the_demo_exists() -> None:
    roles = {budget.role for budget in BUDGETS}
    assert roles >= {"on_track", "ahead", "behind", "cannot_spend", "limited", "new", "paused"}


def test_no_day_passes_the_platforms_daily_limit_and_no_month_or_week_its_own(local: Local) -> None:
    world = local.sandbox.world
    for budget in world.market.budgets.values():
        if budget.lifetime:
            continue
        amount, meta = world.amount(budget), budget.account.platform == META
        limit = 1.75 if meta else 2.0
        days = spend(local, budget, date(2026, 3, 1), 31)
        assert max(days) <= limit * amount
        if meta:
            assert sum(spend(local, budget, date(2026, 3, 1), 7)) <= 7 * amount  # a Sunday
        else:
            assert sum(days) <= 30.4 * amount + budget.account.unit


def test_a_raised_budget_spends_more_from_then_on_and_leaves_the_past(local: Local) -> None:
    world, budget = local.sandbox.world, local.budget("opticians-b2b")
    today = START.date()
    before = spend(local, budget, today - timedelta(days=20), 20)
    world.set(budget.id, BUDGET, world.amount(budget) * 3 // 2, actor="x", client="api")
    local.forward(hours=24 * 15)
    assert spend(local, budget, today - timedelta(days=20), 20) == before
    after = spend(local, budget, today + timedelta(days=1), 14)
    assert sum(after) / 14 > 1.25 * sum(before) / 20


def test_a_budget_that_demand_cannot_fill_does_not_spend_more_when_raised(local: Local) -> None:
    world, budget = local.sandbox.world, local.budget("spring-kitchens")
    before = spend(local, budget, START.date() - timedelta(days=20), 20)
    world.set(budget.id, BUDGET, world.amount(budget) * 2, actor="x", client="api")
    after = spend(local, budget, START.date() + timedelta(days=1), 14)
    assert sum(after) / 14 < 1.15 * sum(before) / 20


def test_a_cut_late_in_the_day_only_halves_its_way(local: Local, another: Callable[..., Local]) -> None:
    """The highest budget of the day counts: after a cut the platform aims at the mean of both."""
    kept, cut = local, another()
    budget = kept.budget("always-on-shopping")
    cut.forward(hours=4)
    micros = cut.sandbox.world.amount(budget)
    cut.sandbox.world.set(budget.id, BUDGET, micros // 2, actor="x", client="api")
    whole, less = (spend(each, each.budget("always-on-shopping"), START.date(), 1)[0] for each in (kept, cut))
    assert micros // 2 < less < whole


def test_a_paused_campaign_stops_at_once_and_what_it_spent_stays(local: Local) -> None:
    world, budget = local.sandbox.world, local.budget("cold-brew")
    world.set(budget.campaigns[0].id, STATUS, "paused", actor="x", client="api")
    local.forward(hours=72)
    now = local.sandbox.clock.now()
    zone = budget.account.timezone
    today = {h: f for g in budget.groups for h, f in world.hours(g, START.date(), now).items()}
    assert max(today) <= START.astimezone().astimezone(UTC).hour + 2 - 1  # Berlin is two hours ahead
    assert spend(local, budget, local_date(now, zone) - timedelta(days=1), 2) == [0, 0]


def test_reports_come_one_to_three_hours_late_and_short_at_first(local: Local) -> None:
    world, budget = local.sandbox.world, local.budget("summer-crossings")
    now, today = local.sandbox.clock.now(), START.date()
    seen = {hour for group in budget.groups for hour in world.hours(group, today, now)}
    here = 14  # local hour that has just begun in Berlin
    assert here - 4 <= max(seen) <= here - 2
    early = reported(local, budget, today).spend_micros
    true = spend(local, budget, today, 1)[0]
    assert 0 < early < true
    local.forward(hours=30)
    assert reported(local, budget, today).spend_micros == true


def test_settled_days_lose_invalid_clicks_once_and_gain_conversions_for_weeks(local: Local) -> None:
    days = [START.date() - timedelta(days=k) for k in range(1, 4)]
    budgets = [b for b in local.sandbox.world.market.budgets.values() if not b.lifetime]

    def read() -> tuple[int, int]:
        facts = [reported(local, budget, on) for budget in budgets for on in days]
        return sum(f.spend_micros for f in facts), sum(f.conversions for f in facts)

    readings = [read()]
    for _ in range(3):
        local.forward(hours=24 * 5)
        readings.append(read())
    spends, sales = zip(*readings, strict=True)
    assert spends[1] < spends[0]
    assert spends[1] > spends[0] * 0.99
    assert spends[1] == spends[2] == spends[3]
    assert sales[0] < sales[1] < sales[2]
    assert all(a <= b for a, b in pairwise(sales))


def test_the_long_and_the_short_day_have_all_their_hours() -> None:
    assert len(slots(date(2026, 10, 25), "Europe/Berlin")) == 25
    short = slots(date(2026, 3, 29), "Europe/Berlin")
    assert len(short) == 23
    assert 2 not in {slot.hour for slot in short}
    assert all(a.end == b.start for a, b in pairwise(short))


def test_facts_of_ads_add_up_to_their_group_and_refused_ads_get_none(local: Local) -> None:
    world, now = local.sandbox.world, local.sandbox.clock.now()
    on = START.date() - timedelta(days=9)
    for group in local.budget("parfum-launch").groups:
        parts = [world.day(group, on, now, ad) for ad in group.ads]
        assert sum(p.spend_micros for p in parts) == world.day(group, on, now).spend_micros
        assert sum(p.conversions for p in parts) == world.day(group, on, now).conversions
        assert all(not any(p) for p, ad in zip(parts, group.ads, strict=True) if ad.approval != "APPROVED")


def test_yen_are_spent_whole(local: Local) -> None:
    budget = local.budget("autumn-tea")
    assert all(micros % 1_000_000 == 0 for micros in spend(local, budget, START.date(), 3))


def test_a_lifetime_budget_lands_on_its_total(local: Local) -> None:
    budget = local.budget("winter-weekends")
    first = local.sandbox.world.begins(budget.account.timezone) + timedelta(days=60)
    total = sum(spend(local, budget, first, 120))
    assert 0.97 * budget.micros <= total <= budget.micros
    assert spend(local, budget, first + timedelta(days=120), 2) == [0, 0]


def test_the_clock_goes_back_only_over_time_in_which_nothing_was_changed(local: Local) -> None:
    world, budget = local.sandbox.world, local.budget("cold-brew")
    world.move_clock(START.timestamp() - 40 * 24 * HOURS)
    assert local.sandbox.clock.utc() == datetime(2026, 4, 10, 12, 0, tzinfo=UTC)
    world.set(budget.id, BUDGET, 500_000_000, actor="x", client="api")
    with pytest.raises(ValueError, match="reset"):
        world.move_clock(START.timestamp() - 41 * 24 * HOURS)


def test_a_spend_cap_ends_delivery_when_it_is_reached_and_lets_it_go_on_when_it_is_lifted(
    local: Local,
) -> None:
    world, budget = local.sandbox.world, local.budget("cold-brew")
    campaign, today = budget.campaigns[0], START.date()
    whole = spend(local, budget, today, 4)
    spent = sum(spend(local, budget, today - timedelta(days=120), 121))
    world.set(campaign.id, CAP, spent + 600_000_000, actor="x", client="api")
    capped = spend(local, budget, today, 4)
    assert capped[0] == whole[0]
    assert 599_000_000 < sum(capped) - capped[0] <= 600_000_000
    assert capped[3] < 100_000  # the last cents come off in whole ones
    local.forward(hours=24 * 4)
    world.set(campaign.id, CAP, None, actor="x", client="api")
    assert spend(local, budget, today + timedelta(days=5), 1)[0] > 0
    assert spend(local, budget, today, 4) == capped


def test_ad_sets_of_one_campaign_share_its_spend_cap(local: Local) -> None:
    world = local.sandbox.world
    budgets = [local.budget(key) for key in ("frames-women", "frames-men", "frames-retargeting")]
    campaign, today = budgets[0].campaigns[0], START.date()
    spent = sum(sum(spend(local, budget, today - timedelta(days=120), 121)) for budget in budgets)
    world.set(campaign.id, CAP, spent + 500_000_000, actor="x", client="api")
    after = [sum(spend(local, budget, today + timedelta(days=1), 10)) for budget in budgets]
    assert 499_000_000 < sum(after) <= 500_000_000
    assert all(part > 0 for part in after)


def test_a_more_generous_target_reaches_more_of_the_market(local: Local) -> None:
    """Demand limits this budget, so what a target reaches is what is spent."""
    world, budget = local.sandbox.world, local.budget("spring-kitchens")
    search = next(c for c in budget.campaigns if c.spec.strategy == "TARGET_CPA")
    groups = [group for group in budget.groups if group.campaign is search]
    day = START.date() + timedelta(days=1)

    def reached() -> float:
        return sum(
            float(world.delivery.day(budget, day + timedelta(days=k)).spent[group.id].sum())
            for group in groups
            for k in range(10)
        )

    before = reached()
    world.set(search.id, BID, 95_000_000 * 3 // 2, actor="x", client="api")
    raised = reached()
    world.set(search.id, BID, 95_000_000 // 2, actor="x", client="api")
    lowered = reached()
    assert 1.15 * before < raised < 1.35 * before
    assert 0.55 * before < lowered < 0.8 * before
