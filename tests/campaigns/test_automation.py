"""Pausing automation: by a person, from a drift, or by too many disturbances; resumed by a person alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.events import AutomationPaused
from campaigns.models import AdAccount, Budget, Change, Drift
from campaigns.services import automation, drift, drift_settlement
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.errors import InvalidInput, NotAllowed, OutOfDate
from lane.core.models import Event
from notifications.messages.catalogue import CATALOGUE, notices_of
from tests.campaigns.ledger_world import EUR, LedgerWorld
from tests.campaigns.world import make_budget, make_world, person

pytestmark = pytest.mark.django_db
UNIT = 1_000_000


@pytest.fixture
def ledger_world(monkeypatch: pytest.MonkeyPatch) -> LedgerWorld:
    return LedgerWorld(monkeypatch)


def events() -> list[str]:
    rows = Event.objects.filter(name__startswith="campaigns.automation").order_by("id")
    return list(rows.values_list("name", flat=True))


def test_a_paused_budget_holds_automation_and_no_other_budget(ledger_world):
    held, free = ledger_world.budget("Held"), ledger_world.budget("Free", euros=1000)
    automation.pause_budget(held, actor=ledger_world.editor, reason="A launch runs by hand.")
    blocked = ledger_world.apply(ledger_world.automatic(held, 105))
    assert (blocked.state, "A launch runs by hand" in blocked.outcome) == ("blocked", True)
    assert ledger_world.apply(ledger_world.automatic(free, 1_050)).state == "verified"
    assert ledger_world.apply(ledger_world.approved(held, 105)).state == "verified"


def test_pausing_says_why_is_recorded_and_tells_people_once(ledger_world):
    budget = ledger_world.budget()
    with pytest.raises(InvalidInput, match="few words"):
        automation.pause_budget(budget, actor=ledger_world.editor, reason=" ")
    automation.pause_budget(budget, actor=ledger_world.editor, reason="A launch.")
    automation.pause_budget(budget, actor=ledger_world.editor, reason="A launch, until Friday.")
    budget.refresh_from_db()
    assert budget.recommend_only_reason == "A launch, until Friday."
    assert budget.recommend_only_since is not None
    assert events() == ["campaigns.automation.paused"]
    assert AuditEntry.objects.filter(action="campaigns.budget.automation_stopped").count() == 2
    event = AutomationPaused(
        organization_id=ledger_world.organization.pk,
        account_id=str(ledger_world.account.public_id),
        budget_id=str(budget.public_id),
        reason="A launch.",
        by="Edda",
    )
    assert AutomationPaused in CATALOGUE
    told = notices_of(event)
    assert told
    assert {notice.title for notice in told} == {"Automation is paused: Cold brew"}


def test_only_who_may_manage_resumes_and_gives_a_reason(ledger_world):
    budget = ledger_world.budget()
    automation.pause_budget(budget, actor=ledger_world.editor, reason="A launch.")
    with pytest.raises(NotAllowed):
        automation.resume_budget(budget, actor=ledger_world.editor, reason="Over.")
    automation.resume_budget(budget, actor=ledger_world.admin, reason="The launch is over.")
    budget.refresh_from_db()
    assert budget.recommend_only_reason == ""
    assert events() == ["campaigns.automation.paused", "campaigns.automation.resumed"]
    with pytest.raises(OutOfDate):
        automation.resume_budget(budget, actor=ledger_world.admin, reason="Again.")
    assert ledger_world.apply(ledger_world.automatic(budget, 105)).state == "verified"


def drifted(world, number: int = 0, **values) -> Drift:
    budget = make_budget(world, amount=70 * UNIT, verified_micros=50 * UNIT)
    return Drift.objects.create(
        organization=world.organization, client=world.client, budget=budget, expected_micros=50 * UNIT,
        observed_micros=70 * UNIT, seen_at=clock.now() - timedelta(hours=number), edited_by="jonas@example.com", **values,
    )  # fmt: skip


def test_a_drift_can_be_answered_by_pausing_automation_there():
    world = make_world()
    row = drifted(world)
    settled = drift_settlement.pause_automation(row.public_id, actor=world.admin)
    assert settled.state == "paused"
    budget = Budget.objects.get(pk=row.budget_id)
    assert "jonas@example.com" in budget.recommend_only_reason
    assert (budget.amount_micros, budget.verified_micros) == (70 * UNIT, 50 * UNIT)
    assert Change.objects.count() == 0
    assert Drift.objects.filter(state="open").count() == 0
    _, viewer = person(world.organization, "viewer")
    with pytest.raises(NotAllowed):
        drift_settlement.pause_automation(drifted(world).public_id, actor=viewer)


def test_three_disturbances_in_a_week_pause_the_account_until_somebody_resumes_it():
    world = make_world()
    for number in range(2):
        drifted(world, number)
    assert not automation.trip(world.account)
    drifted(world, 24 * 8)  # too long ago
    assert not automation.trip(world.account)
    drifted(world, 3)
    assert automation.trip(world.account)
    account = AdAccount.objects.get(pk=world.account.pk)
    assert account.recommend_only_reason == "3 values were changed outside Lane in 7 days."
    assert events() == ["campaigns.automation.paused"]
    assert not automation.trip(account)
    automation.resume_account(account, actor=world.admin, reason="We agreed who edits what.")
    account.refresh_from_db()
    assert not automation.trip(account)
    drifted(world)
    account.refresh_from_db()
    assert not automation.trip(account)


def test_the_limit_is_a_setting_and_zero_never_pauses(settings):
    world = make_world()
    settings.LANE_AUTOMATION_DISTURBANCES = 1
    drifted(world)
    assert automation.trip(world.account)
    other = make_world()
    settings.LANE_AUTOMATION_DISTURBANCES = 0
    for _ in range(5):
        drifted(other)
    assert not automation.trip(other.account)


def test_a_sync_that_finds_the_third_drift_trips_it():
    world = make_world()
    for number in range(2):
        drifted(world, number)
    make_budget(world, amount=70 * UNIT, verified_micros=50 * UNIT)
    drift.note(world.account, [], [], busy_budgets=set(Drift.objects.values_list("budget_id", flat=True)))
    assert AdAccount.objects.get(pk=world.account.pk).recommend_only_reason


def test_conflicts_at_the_write_count_too(ledger_world, settings):
    settings.LANE_AUTOMATION_DISTURBANCES = 1
    budget = ledger_world.budget()
    change = ledger_world.approved(budget, 110)
    ledger_world.platform.budget(budget.external_id, 130 * EUR)
    for _ in range(4):
        Change.objects.filter(pk=change.pk).update(next_at=clock.machine_now())
        change = ledger_world.apply(change)
    assert change.state == "conflict"
    ledger_world.account.refresh_from_db()
    assert "changed outside Lane" in ledger_world.account.recommend_only_reason
