"""Guard rails in the claiming transaction."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from campaigns.models import AccountGuardDay, AdAccount, Budget, Change
from campaigns.services import changes, ledger
from lane.core import clock
from tests.campaigns.ledger_world import EUR, LedgerWorld


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> LedgerWorld:
    return LedgerWorld(monkeypatch)


def test_automation_raises_by_at_most_a_fifth(world):
    world.budget("Rest of the account", euros=1000)
    assert world.apply(world.automatic(world.budget("A"), 120)).state == "verified"
    blocked = world.apply(world.automatic(world.budget("B"), 121))
    assert (blocked.state, world.platform.calls) == ("blocked", 1)
    assert "at most 20%" in blocked.outcome


def test_the_last_day_allows_half_more_but_not_above_what_is_left(world):
    world.budget("Rest of the account", euros=1000)
    evidence = {"last_day": True, "remaining_micros": 145 * EUR}
    assert world.apply(world.automatic(world.budget("A"), 145, evidence=evidence)).state == "verified"
    over = world.apply(world.automatic(world.budget("B"), 150, evidence=evidence))
    assert (over.state, "€145.00" in over.outcome) == ("blocked", True)


def test_automatic_decreases_and_what_people_approved_are_not_capped(world):
    assert world.apply(world.automatic(world.budget("A"), 10)).state == "verified"
    assert world.apply(world.approved(world.budget("B"), 190)).state == "verified"


def test_automation_rests_four_hours_and_stops_after_three_changes_a_day(world):
    world.budget("Rest of the account", euros=1000)
    budget = world.budget("A")
    clock.set_offset(_until_local_morning())
    assert world.apply(world.automatic(budget, 101)).state == "verified"
    early = world.apply(world.automatic(budget, 102))
    assert (early.state, "last 4 hours" in early.outcome) == ("blocked", True)
    for euros in (103, 104):
        clock.set_offset(clock.offset() + timedelta(hours=4, minutes=1))
        assert world.apply(world.automatic(budget, euros)).state == "verified"
    clock.set_offset(clock.offset() + timedelta(hours=4, minutes=1))
    fourth = world.apply(world.automatic(budget, 105))
    assert (fourth.state, "3 times today" in fourth.outcome) == ("blocked", True)


def test_increases_nobody_approved_share_one_cap_per_account_and_day(world):
    budgets = [world.budget(f"B{n}", euros=100) for n in range(3)]
    AdAccount.objects.update(name="Pinewick Search")
    states = [world.apply(world.automatic(budget, 120)).state for budget in budgets]
    # 30 % of 3 x 100 is 90; three times 20 fits, what lands does not widen the cap
    assert states == ["verified"] * 3
    more = [world.budget(f"C{n}", euros=10) for n in range(2)]
    assert [world.apply(world.automatic(b, 12)).state for b in more] == ["verified"] * 2
    big = world.budget("Big", euros=200)
    blocked = world.apply(world.automatic(big, 240))
    assert blocked.state == "verified"  # the cap grew with the account's own budgets: 30 % of 520 = 156
    day = AccountGuardDay.objects.get()
    assert day.increased_micros == (60 + 4 + 40) * EUR
    last = world.budget("Last", euros=300)
    assert world.apply(world.automatic(last, 360)).state == "verified"
    final = world.apply(world.automatic(world.budget("Over", euros=500), 600))
    assert final.state == "verified"
    Budget.objects.filter(name__in=["Over", "Last", "Big"]).update(removed_at=clock.now())
    over = world.apply(world.automatic(world.budget("Too much", euros=100), 110))
    assert (over.state, "add up to" in over.outcome) == ("blocked", True)


@pytest.mark.django_db(transaction=True)
def test_fifty_workers_cannot_together_exceed_the_account_day_cap(world, settings):
    budgets = [world.budget(f"B{n}", euros=100) for n in range(50)]
    Budget.objects.filter(pk__in=[b.pk for b in budgets[10:]]).update(kind="daily")
    # 50 x 100: the cap is 1500; every change asks for 50 on its last day, so exactly 30 fit
    rows = [world.automatic(budget, 150, evidence={"last_day": True}) for budget in budgets]
    start = threading.Barrier(len(rows))

    def work(pk: int) -> None:
        try:
            start.wait()
            ledger.apply(pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(row.pk,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Change.objects.filter(state="verified").count() == 30
    assert Change.objects.filter(state="blocked").count() == 20
    assert AccountGuardDay.objects.get().increased_micros == 1500 * EUR


@pytest.mark.django_db
def test_floor_and_ceiling_hold_even_when_set_after_approval(world):
    for limit, euros in (({"floor_micros": 95 * EUR}, 90), ({"ceiling_micros": 105 * EUR}, 110)):
        budget = world.budget(f"to {euros}")
        change = world.approved(budget, euros)
        Budget.objects.filter(pk=budget.pk).update(**limit)
        assert world.apply(change).state == "blocked"
    assert world.platform.calls == 0


@pytest.mark.django_db
def test_a_recommend_only_account_blocks_automation_but_not_guards_or_people(world):
    AdAccount.objects.update(recommend_only_reason="Two edits by somebody else in a day.")
    world.account.refresh_from_db()
    budget = world.budget()
    world.campaign(budget=budget)
    blocked = world.apply(world.automatic(budget, 105))
    assert (blocked.state, "Two edits" in blocked.outcome) == ("blocked", True)
    assert world.apply(world.approved(budget, 105)).state == "verified"
    guard = changes.propose(
        client=world.client,
        title="Pause at target",
        reason="The plan's amount is spent.",
        targets=changes.pausing([budget]),
        origin="guard",
        is_guard=True,
        actor=world.system,
    )
    world.authorise(guard, approval_id="plan:1", actor=world.system, automatic=True)
    assert world.apply(guard.changes.get()).state == "verified"


def _until_local_morning() -> timedelta:
    """From now to tomorrow 06:00 in Berlin, so that a whole local day lies ahead."""
    from lane.core.dates import day_start

    tomorrow = clock.today("Europe/Berlin") + timedelta(days=1)
    return day_start(tomorrow, "Europe/Berlin") + timedelta(hours=6) - clock.machine_now()
