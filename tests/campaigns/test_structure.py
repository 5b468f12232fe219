"""The platform's tree in Lane's tables: kept, moved, marked as removed, never lost."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.models import AdCampaign, AdGroup, Budget, BudgetSpender, BudgetValue, Drift
from campaigns.platforms.records import (
    BudgetKind,
    EntityRecord,
    EntityRef,
    EntityStatus,
    ExternalChange,
    Level,
    Money,
)
from campaigns.services import drift
from campaigns.sync import structure
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.models import Event
from tests.campaigns.ledger_world import EUR, LedgerWorld
from tests.campaigns.world import AT, make_world

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 10)


def _budget(key: str, micros: int | None, *, carrier: Level | None = None, **values) -> EntityRecord:
    return EntityRecord(
        EntityRef(Level.BUDGET, key), f"Budget {key}", EntityStatus.ACTIVE, "ENABLED",
        parent_ref=EntityRef(carrier, key) if carrier else None, budget_kind=BudgetKind.DAILY,
        budget=Money(micros, "EUR") if micros is not None else None, **values,
    )  # fmt: skip


def _campaign(key: str, budget: str = "", status: EntityStatus = EntityStatus.ACTIVE) -> EntityRecord:
    return EntityRecord(
        EntityRef(Level.CAMPAIGN, key), f"Campaign {key}", status, "ENABLED",
        budget_ref=EntityRef(Level.BUDGET, budget) if budget else None,
    )  # fmt: skip


def _group(key: str, campaign: str, budget: str = "") -> EntityRecord:
    return EntityRecord(
        EntityRef(Level.GROUP, key), f"Group {key}", EntityStatus.ACTIVE, "ENABLED",
        parent_ref=EntityRef(Level.CAMPAIGN, campaign),
        budget_ref=EntityRef(Level.BUDGET, budget) if budget else None,
    )  # fmt: skip


def _tree(budgets=(), campaigns=(), groups=()) -> structure.Tree:
    return structure.Tree(
        clock.machine_now(), {Level.BUDGET: budgets, Level.CAMPAIGN: campaigns, Level.GROUP: groups}
    )


def test_a_shared_budget_has_all_its_campaigns_as_spenders():
    world = make_world()
    structure.store(
        world.account, _tree([_budget("1", 9)], [_campaign("a", "1"), _campaign("b", "1")]), TODAY
    )
    campaigns = AdCampaign.objects.filter(budget__external_id="1")
    spenders = BudgetSpender.objects.filter(budget__external_id="1", level=1)
    assert set(spenders.values_list("entity_id", flat=True)) == {row.pk for row in campaigns}
    assert campaigns.count() == 2


def test_an_ad_set_with_its_own_budget_spends_instead_of_its_campaign():
    world = make_world(platform="meta")
    tree = _tree([_budget("g1", 9, carrier=Level.GROUP)], [_campaign("a")], [_group("g1", "a", "g1")])
    structure.store(world.account, tree, TODAY)
    spender = BudgetSpender.objects.get()
    assert (spender.level, spender.entity_id) == (2, AdGroup.objects.get().pk)
    assert AdCampaign.objects.get().budget is None
    assert Budget.objects.get().carrier == Budget.Carrier.GROUP


def test_a_google_group_does_not_carry_its_campaigns_budget():
    world = make_world()
    structure.store(
        world.account, _tree([_budget("1", 9)], [_campaign("a", "1")], [_group("g", "a", "1")]), TODAY
    )
    assert AdGroup.objects.get().budget is None
    assert BudgetSpender.objects.get().level == 1


def test_a_campaign_moved_to_another_budget_takes_its_spend_along():
    world = make_world()
    budgets = [_budget("1", 9), _budget("2", 9)]
    structure.store(world.account, _tree(budgets, [_campaign("a", "1")]), TODAY)
    structure.store(world.account, _tree(budgets, [_campaign("a", "2")]), TODAY)
    assert BudgetSpender.objects.get().budget.external_id == "2"


def test_what_the_platform_no_longer_lists_is_marked_and_kept_and_can_come_back():
    world = make_world()
    both = _tree([_budget("1", 9)], [_campaign("a", "1"), _campaign("b", "1")])
    structure.store(world.account, both, TODAY)
    structure.store(world.account, _tree([_budget("1", 9)], [_campaign("a", "1")]), TODAY)
    gone = AdCampaign.objects.get(external_id="b")
    assert (gone.status, gone.removed_at is not None) == ("removed", True)
    structure.store(world.account, both, TODAY)
    gone.refresh_from_db()
    assert (gone.status, gone.removed_at) == ("active", None)


def test_a_level_that_was_not_read_is_left_alone():
    world = make_world()
    structure.store(world.account, _tree([_budget("1", 9)], [_campaign("a", "1")], [_group("g", "a")]), TODAY)
    quick = structure.Tree(clock.machine_now(), {Level.BUDGET: [_budget("1", 9)], Level.CAMPAIGN: []})
    structure.store(world.account, quick, TODAY)
    assert AdGroup.objects.get().removed_at is None
    assert AdCampaign.objects.get().removed_at is not None


def test_a_budgets_highest_amount_of_the_day_survives_a_cut():
    world = make_world()
    for micros in (50, 80, 20):
        structure.store(world.account, _tree([_budget("1", micros)]), TODAY)
    value = BudgetValue.objects.get()
    assert (value.on, value.last_micros, value.highest_micros) == (TODAY, 20, 80)


def test_an_unknown_amount_is_unknown_and_not_zero():
    world = make_world()
    structure.store(world.account, _tree([_budget("1", None)]), TODAY)
    assert Budget.objects.get().amount_micros is None
    assert not BudgetValue.objects.exists()


def test_a_campaign_somebody_switched_on_again_is_no_longer_lanes_to_resume():
    world = make_world()
    structure.store(world.account, _tree([], [_campaign("a", status=EntityStatus.PAUSED)]), TODAY)
    AdCampaign.objects.update(paused_by_lane_at=AT)
    structure.store(world.account, _tree([], [_campaign("a", status=EntityStatus.PAUSED)]), TODAY)
    assert AdCampaign.objects.get().paused_by_lane_at == AT
    structure.store(world.account, _tree([], [_campaign("a")]), TODAY)
    assert AdCampaign.objects.get().paused_by_lane_at is None


# --- drift -------------------------------------------------------------------------------------------


def _sync(world, micros: int, edits=()):
    stored = structure.store(world.account, _tree([_budget("1", micros)]), TODAY)
    return drift.note(world.account, stored.moved, list(edits), busy_budgets=stored.busy_budgets)


def _edit(new: int) -> ExternalChange:
    return ExternalChange(
        EntityRef(Level.BUDGET, "1"), AT, "jonas@example.com", "WEB_CLIENT", ("budget_micros",),
        {"budget_micros": 50}, {"budget_micros": new},
    )  # fmt: skip


def test_an_edit_of_a_budget_lane_never_wrote_is_recorded_and_is_no_drift():
    world = make_world()
    _sync(world, 50)
    assert _sync(world, 70, [_edit(70)]) == []
    entry = AuditEntry.objects.get(action="campaigns.budget.edited_outside")
    assert (entry.before["amount_micros"], entry.after["amount_micros"]) == (50, 70)
    assert "jonas@example.com" in entry.reason
    assert not Drift.objects.exists()


def test_an_edit_of_what_lane_wrote_is_drift_with_who_and_with_what():
    world = make_world()
    _sync(world, 50)
    Budget.objects.update(verified_micros=50)
    (found,) = _sync(world, 70, [_edit(60), _edit(70)])
    assert (found.expected_micros, found.observed_micros) == (50, 70)
    assert (found.edited_by, found.edited_with, found.edited_at) == ("jonas@example.com", "WEB_CLIENT", AT)
    assert Event.objects.filter(name="campaigns.budget.drifted").count() == 1


def test_the_same_drift_is_told_once_and_a_new_amount_supersedes_it():
    world = make_world()
    _sync(world, 50)
    Budget.objects.update(verified_micros=50)
    _sync(world, 70)
    assert _sync(world, 70) == []
    (second,) = _sync(world, 90)
    assert second.observed_micros == 90
    assert list(Drift.objects.order_by("pk").values_list("state", flat=True)) == ["superseded", "open"]
    assert _sync(world, 50) == []
    assert not Drift.objects.filter(state="open").exists()


def test_a_drift_that_was_left_is_not_reported_again():
    world = make_world()
    _sync(world, 50)
    Budget.objects.update(verified_micros=50)
    (found,) = _sync(world, 70)
    Drift.objects.filter(pk=found.pk).update(state="left")
    assert _sync(world, 70) == []
    assert Drift.objects.count() == 1


def test_an_older_listing_does_not_undo_what_the_ledger_wrote_meanwhile(monkeypatch):
    world = LedgerWorld(monkeypatch)
    budget = world.budget(euros=100)
    older = _tree([_budget(budget.external_id, 100 * EUR)])
    assert world.apply(world.approved(budget, 110)).state == "verified"
    stored = structure.store(world.account, older, TODAY)
    assert drift.note(world.account, stored.moved, [], busy_budgets=stored.busy_budgets) == []
    budget.refresh_from_db()
    assert (budget.amount_micros, budget.verified_micros) == (110 * EUR, 110 * EUR)
