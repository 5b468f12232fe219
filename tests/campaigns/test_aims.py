"""Spend caps, lifetime totals and bid targets: from the proposal to the sandbox and back, through the SDKs."""

from __future__ import annotations

import pytest

from campaigns.models import AdCampaign, Change
from campaigns.services import changes, drift_settlement, ledger
from campaigns.services.changes import BidTarget, BudgetTarget, SpendCapTarget, StatusTarget
from campaigns.subjects import ChangeSetSubject
from lane.core import clock
from lane.core.actors import Actor
from lane.core.errors import InvalidInput, NotAllowed, OutOfDate
from tests.campaigns.aims_world import Place, place
from tests.campaigns.sandbox_login import control
from tests.campaigns.world import person

pytestmark = pytest.mark.django_db
UNIT = 1_000_000


@pytest.fixture
def coffee(sandbox_reset):
    yield place(sandbox_reset, "meta", "Pinewick Coffee (Meta)")
    clock.forget()


@pytest.fixture
def homes(sandbox_reset):
    yield place(sandbox_reset, "google_ads", "Aldermoor Homes")
    clock.forget()


@pytest.fixture
def kitchens(sandbox_reset):
    yield place(sandbox_reset, "google_ads", "Tervo Kitchens")
    clock.forget()


def cap_above_spent(campaign: AdCampaign, units: int) -> int:
    assert campaign.lifetime_spend_micros is not None
    return campaign.lifetime_spend_micros // UNIT * UNIT + units * UNIT


def test_a_spend_cap_is_written_once_read_back_and_undone(coffee: Place):
    campaign = coffee.campaign("Cold brew")
    cap = cap_above_spent(campaign, 2_000)
    change_set = coffee.propose(
        SpendCapTarget(campaign, cap),
        BudgetTarget(coffee.budget("Cold brew"), 500 * UNIT),
    )
    rows = coffee.apply(change_set)
    assert [row.state for row in rows] == ["verified", "verified"]
    assert coffee.written() == [("spend_cap_micros", cap), ("budget_micros", 500 * UNIT)]
    campaign.refresh_from_db()
    assert (campaign.spend_cap_micros, campaign.verified_cap_micros) == (cap, cap)
    assert coffee.read() == []
    campaign.refresh_from_db()
    assert campaign.spend_cap_micros == cap

    back = changes.undo(change_set.public_id, actor=coffee.editor, reason="It was a test.")
    undone = coffee.apply(back)
    assert {(row.field, row.target_micros) for row in undone} == {
        ("spend_cap", None),
        ("budget", 455 * UNIT),
    }
    assert [row.state for row in undone] == ["verified", "verified"]
    campaign.refresh_from_db()
    assert (campaign.spend_cap_micros, campaign.cap_verified_at is not None) == (None, True)


def _a_cap_too_low_is_refused_with_the_least_it_takes(coffee: Place):
    campaign = coffee.campaign("Cold brew")
    with pytest.raises(InvalidInput) as refused:
        coffee.propose(SpendCapTarget(campaign, cap_above_spent(campaign, 50)))
    assert "no cap below" in refused.value.fields["targets.0"]
    with pytest.raises(InvalidInput, match="no spend cap"):
        coffee.propose(SpendCapTarget(campaign, None))


def test_what_was_spent_meanwhile_lets_the_platform_refuse_and_nothing_changes(coffee: Place):
    campaign = coffee.campaign("Cold brew")
    change_set = coffee.propose(SpendCapTarget(campaign, cap_above_spent(campaign, 300)))
    coffee.advance(days=2)
    (row,) = coffee.apply(change_set)
    assert row.state == "refused"
    assert "at least" in row.outcome
    assert coffee.written() == []


def test_a_lost_answer_is_settled_by_reading_and_the_cap_is_written_once(coffee: Place):
    campaign = coffee.campaign("Cold brew")
    cap = cap_above_spent(campaign, 2_000)
    control(coffee.sandbox, "POST", "faults", platform="meta", effect="drop_after_commit", times=1)
    (row,) = coffee.apply(coffee.propose(SpendCapTarget(campaign, cap)))
    assert row.state == "sent"
    Change.objects.filter(pk=row.pk).update(next_at=clock.machine_now())
    (row,) = _again(row)
    assert (row.state, row.attempts) == ("verified", 1)
    assert coffee.written() == [("spend_cap_micros", cap)]


def test_what_is_not_approved_not_possible_or_not_proven_does_not_count(coffee: Place):
    _a_cap_too_low_is_refused_with_the_least_it_takes(coffee)
    _a_value_swapped_after_the_yes_is_not_written(coffee)
    _a_yes_without_effect_is_not_believed(coffee)


def _a_yes_without_effect_is_not_believed(coffee: Place):
    campaign = coffee.campaign("Cold brew")
    control(coffee.sandbox, "POST", "faults", platform="meta", effect="accept_but_ignore", times=1)
    (row,) = coffee.apply(coffee.propose(SpendCapTarget(campaign, cap_above_spent(campaign, 2_000))))
    assert row.state == "sent"
    assert "does not show it yet: it has no spend cap" in row.outcome


def test_google_has_no_spend_caps_and_says_so(kitchens: Place):
    with pytest.raises(InvalidInput, match="no spend cap"):
        kitchens.propose(SpendCapTarget(kitchens.campaign("Spring kitchens | Search"), 10_000 * UNIT))


def test_an_outside_edit_of_a_cap_is_a_conflict_before_the_write_and_a_drift_to_settle_after(coffee: Place):
    campaign = coffee.campaign("Cold brew")
    cap = cap_above_spent(campaign, 2_000)
    change_set = coffee.propose(SpendCapTarget(campaign, cap))
    coffee.edit(campaign.external_id, spend_cap_micros=cap + 500 * UNIT, actor="jonas@northbank.example")
    (row,) = coffee.apply(change_set)
    for _ in range(2):
        Change.objects.filter(pk=row.pk).update(next_at=clock.machine_now())
        (row,) = _again(row)
    assert row.state == "conflict"
    assert coffee.written() == []

    coffee.read()
    campaign.refresh_from_db()
    (row,) = coffee.apply(coffee.propose(SpendCapTarget(campaign, cap)))
    assert row.state == "verified"
    coffee.edit(campaign.external_id, spend_cap_micros=0, actor="jonas@northbank.example")
    (found,) = coffee.read()
    assert (found.field, found.expected_micros, found.observed_micros) == ("spend_cap", cap, None)
    assert found.edited_by == "jonas@northbank.example"
    assert found.thing == "Spend cap of Cold brew"
    assert coffee.read() == []

    again = drift_settlement.reapply(found.public_id, actor=coffee.editor)
    assert again.title.endswith("Spend cap of Cold brew back to €" + f"{cap / UNIT:,.2f}")
    assert [row.state for row in coffee.apply(again)] == ["verified"]
    assert coffee.read() == []

    coffee.edit(campaign.external_id, spend_cap_micros=0)
    (found,) = coffee.read()
    drift_settlement.adopt(found.public_id, actor=coffee.editor)
    assert coffee.read() == []
    campaign.refresh_from_db()
    assert campaign.verified_cap_micros is None


def _again(row: Change) -> list[Change]:
    ledger.apply(row.pk)
    row.refresh_from_db()
    return [row]


def test_a_total_budget_moves_as_a_total_at_google(homes: Place):
    budget = homes.budget("Open days, autumn (total)")
    assert (budget.kind, budget.amount_micros) == ("lifetime", 95 * 120 * UNIT)
    campaign = homes.campaign("Open days | Demand Gen")
    assert campaign.lifetime_spend_micros
    assert campaign.lifetime_spend_micros > 0
    change_set = homes.propose(BudgetTarget(budget, 12_000 * UNIT))
    change = change_set.changes.get()
    assert (change.kind, change.what) == ("lifetime", "Lifetime budget")
    (row,) = homes.apply(change_set)
    assert (row.state, homes.written()) == ("verified", [("budget_micros", 12_000 * UNIT)])
    budget.refresh_from_db()
    assert (budget.amount_micros, budget.verified_micros) == (12_000 * UNIT, 12_000 * UNIT)
    assert not budget.values.filter(last_micros=12_000 * UNIT).exists()
    with pytest.raises(InvalidInput, match="has spent"):
        homes.propose(BudgetTarget(budget, 100 * UNIT))


def test_a_lifetime_budget_at_meta_is_one_total(sandbox_reset):
    ferries = place(sandbox_reset, "meta", "Sundby Ferries (Meta)")
    budget = ferries.budget("Winter weekends")
    (row,) = ferries.apply(ferries.propose(BudgetTarget(budget, 30_000 * UNIT)))
    assert (row.state, ferries.written()) == ("verified", [("budget_micros", 30_000 * UNIT)])
    clock.forget()


def test_a_target_cpa_moves_in_micros_and_a_target_roas_in_thousandths(kitchens: Place):
    search, pmax = (kitchens.campaign(f"Spring kitchens | {name}") for name in ("Search", "Performance Max"))
    assert (search.bid_kind, search.bid_micros, search.bid_strategy) == (
        "target_cpa",
        95 * UNIT,
        "TARGET_CPA",
    )
    assert (pmax.bid_kind, pmax.bid_millis) == ("target_roas", 4_000)
    change_set = kitchens.propose(
        BidTarget(search, "target_cpa", 110 * UNIT), BidTarget(pmax, "target_roas", 3_650)
    )
    rows = kitchens.apply(change_set)
    assert [row.state for row in rows] == ["verified", "verified"]
    assert kitchens.written() == [("bid", 110 * UNIT), ("bid", 3_650)]
    pmax.refresh_from_db()
    assert pmax.bid_millis == 3_650
    kitchens.read()
    pmax.refresh_from_db()
    assert pmax.bid_millis == 3_650
    back = changes.undo(change_set.public_id, actor=kitchens.editor, reason="Too dear.")
    assert [row.state for row in kitchens.apply(back)] == ["verified", "verified"]
    assert kitchens.written()[2:] == [("bid", 95 * UNIT), ("bid", 4_000)]


def test_a_bid_target_moved_by_somebody_else_is_not_undone(kitchens: Place):
    search = kitchens.campaign("Spring kitchens | Search")
    change_set = kitchens.propose(BidTarget(search, "target_cpa", 110 * UNIT))
    kitchens.apply(change_set)
    AdCampaign.objects.filter(pk=search.pk).update(bid_micros=130 * UNIT)
    with pytest.raises(OutOfDate):
        changes.undo(change_set.public_id, actor=kitchens.editor, reason="Too dear.")


def test_a_bid_cap_is_set_on_the_ad_set_at_meta(sandbox_reset):
    quillon = place(sandbox_reset, "meta", "Quillon Insurance (Meta)")
    group = quillon.group("Renters 20-35")
    assert (group.bid_kind, group.bid_micros) == ("bid_cap", 12 * UNIT)
    (row,) = quillon.apply(quillon.propose(BidTarget(group, "bid_cap", 13_500_000)))
    assert (row.state, quillon.written()) == ("verified", [("bid", 13_500_000)])
    group.refresh_from_db()
    assert group.bid_micros == 13_500_000
    clock.forget()


def test_a_cost_per_result_of_a_campaign_budget_is_read_through_its_campaign(sandbox_reset):
    homes = place(sandbox_reset, "meta", "Aldermoor Homes (Meta)")
    group = homes.group("Movers")
    assert (group.bid_kind, group.bid_micros, group.bid_strategy) == ("target_cpa", 40 * UNIT, "COST_CAP")
    (row,) = homes.apply(homes.propose(BidTarget(group, "target_cpa", 44 * UNIT)))
    assert row.state == "verified"
    clock.forget()


def test_bids_are_refused_shown_and_guarded(kitchens: Place):
    _a_bid_that_cannot_be_set_says_why(kitchens)
    _only_an_owner_may_double_a_bid(kitchens)
    _approvers_see_words_and_only_daily_amounts_are_added_up(kitchens)


def _a_bid_that_cannot_be_set_says_why(kitchens: Place):
    cases = [
        ("Spring kitchens | Search", "target_roas", 3_000, "bids towards a target CPA"),
        ("Spring kitchens | Search", "bid_cap", 3 * UNIT, "cannot set a bid cap"),
        ("Spring kitchens | Search", "target_cpa", 95 * UNIT, "already has a target CPA of €95.00"),
        ("Spring kitchens | Search", "target_cpa", 95_000_001, "steps of"),
        ("Spring kitchens | Performance Max", "target_roas", 5, "between 0.01 and 1,000"),
        ("Showroom visits | Search", "target_cpa", 20 * UNIT, "without a target of its own"),
    ]
    for name, kind, target, words in cases:
        with pytest.raises(InvalidInput, match=words):
            kitchens.propose(BidTarget(kitchens.campaign(name), kind, target))


def test_all_kinds_of_one_campaign_go_in_one_set_but_each_only_once(coffee: Place):
    campaign = coffee.campaign("Cold brew")
    cap = cap_above_spent(campaign, 2_000)
    change_set = coffee.propose(
        SpendCapTarget(campaign, cap),
        StatusTarget(campaign, "paused"),
        BudgetTarget(coffee.budget("Cold brew"), 500 * UNIT),
    )
    assert [row.state for row in coffee.apply(change_set)] == ["verified"] * 3
    with pytest.raises(InvalidInput, match="twice"):
        coffee.propose(SpendCapTarget(campaign, cap + UNIT), SpendCapTarget(campaign, cap + 2 * UNIT))


def _a_value_swapped_after_the_yes_is_not_written(coffee: Place):
    campaign = coffee.campaign("Cold brew")
    change_set = coffee.propose(SpendCapTarget(campaign, cap_above_spent(campaign, 2_000)))
    change = change_set.changes.get()
    Change.objects.filter(pk=change.pk).update(target_micros=None)
    (row,) = coffee.apply(change_set)
    assert row.state == "blocked"
    assert "not what was approved" in row.outcome
    assert coffee.written() == []


def _approvers_see_words_and_only_daily_amounts_are_added_up(kitchens: Place):
    search, pmax = (kitchens.campaign(f"Spring kitchens | {name}") for name in ("Search", "Performance Max"))
    change_set = kitchens.propose(
        BudgetTarget(kitchens.budget("Spring kitchens"), 1_800 * UNIT),
        BidTarget(search, "target_cpa", 110 * UNIT),
        BidTarget(pmax, "target_roas", 5_000),
    )
    diff = ChangeSetSubject().diff(str(change_set.public_id))
    assert [(row.label, row.now, row.new, row.new_micros, row.is_restriction) for row in diff.rows] == [
        ("Spring kitchens", "€1,750.00", "€1,800.00", 1_800 * UNIT, False),
        ("Target CPA: Spring kitchens | Search", "€95.00", "€110.00", None, False),
        ("Target ROAS: Spring kitchens | Performance Max", "4.0", "5.0", None, True),
    ]
    assert ChangeSetSubject().still_true(str(change_set.public_id)) == ""
    AdCampaign.objects.filter(pk=search.pk).update(bid_micros=100 * UNIT)
    assert "is now €100.00" in ChangeSetSubject().still_true(str(change_set.public_id))


def _only_an_owner_may_double_a_bid(kitchens: Place):
    search = kitchens.campaign("Spring kitchens | Search")
    change_set = kitchens.propose(BidTarget(search, "target_cpa", 190 * UNIT))
    _, admin = _admin(kitchens)
    with pytest.raises(NotAllowed, match="double"):
        changes.authorise(
            change_set.public_id,
            approval_id="request-1",
            approved_hash=change_set.content_hash,
            actor=admin,
        )


def _admin(place: Place):
    return person(place.client.organization, "admin")


def test_automation_moves_bids_by_a_fifth_and_caps_only_as_far_as_the_plan_goes(
    coffee: Place, kitchens: Place
):
    system = {"actor": _system(kitchens)}
    search = kitchens.campaign("Spring kitchens | Search")
    far = kitchens.propose(BidTarget(search, "target_cpa", 120 * UNIT), **system)
    (row,) = kitchens.apply(far, automatic=True)
    assert (row.state, "at most 20%" in row.outcome) == ("blocked", True)
    (row,) = kitchens.apply(
        kitchens.propose(BidTarget(search, "target_cpa", 110 * UNIT), **system), automatic=True
    )
    assert row.state == "verified"

    campaign, system = coffee.campaign("Cold brew"), {"actor": _system(coffee)}
    cap = cap_above_spent(campaign, 2_000)
    (row,) = coffee.apply(coffee.propose(SpendCapTarget(campaign, cap), **system), automatic=True)
    assert row.state == "verified"
    evidence = {"remaining_micros": 1_000 * UNIT}
    beyond = coffee.propose(SpendCapTarget(campaign, cap + 500 * UNIT), evidence=evidence, **system)
    (row,) = coffee.apply(beyond, automatic=True)
    assert (row.state, "€1,000.00" in row.outcome) == ("blocked", True)
    (row,) = coffee.apply(coffee.propose(SpendCapTarget(campaign, None), **system), automatic=True)
    assert (row.state, "Only a person" in row.outcome) == ("blocked", True)


def _system(place: Place):
    return Actor.system(place.client.organization_id, "pacing")
