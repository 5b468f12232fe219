"""The write ledger against a platform that misbehaves in every known way."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from campaigns.models import BudgetValue, Change, ChangeSet, Connection, WriteCall
from campaigns.platforms.errors import Ambiguous, AuthError, Invalid, NotFound, RateLimited, Transient
from campaigns.services import changes, kill_switches, ledger
from campaigns.services.ledger import claims
from lane.audit.models import AuditEntry
from lane.core.errors import NotAllowed, OutOfDate
from lane.core.models import Event
from tests.campaigns.ledger_world import EUR, LedgerWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> LedgerWorld:
    return LedgerWorld(monkeypatch)


def test_an_approved_change_is_sent_once_read_back_and_recorded(world):
    budget = world.budget(euros=100)
    change = world.apply(world.approved(budget, 115))
    assert (change.state, world.live(budget), world.platform.calls) == ("verified", 115, 1)
    budget.refresh_from_db()
    assert (budget.amount_micros, budget.verified_micros) == (115 * EUR, 115 * EUR)
    value = BudgetValue.objects.get(budget=budget)
    assert (value.last_micros, value.highest_micros) == (115 * EUR, 115 * EUR)
    entry = AuditEntry.objects.get(action="campaigns.change.verified")
    assert entry.before["daily_budget_micros"] == 100 * EUR
    assert entry.after["daily_budget_micros"] == 115 * EUR
    assert entry.links["approval"] == "request-1"
    call = WriteCall.objects.get()
    assert (call.answer, call.request_id, change.platform_request_id) == ("accepted", "req-1", "req-1")
    change_set = ChangeSet.objects.get()
    assert change_set.state == "applied"
    names = list(Event.objects.order_by("id").values_list("name", flat=True))
    assert names[-2:] == ["campaigns.change.finished", "campaigns.change_set.finished"]


def test_a_repeated_hint_does_nothing_more(world):
    change = world.approved(world.budget(), 115)
    for _ in range(3):
        assert ledger.apply(change.pk) == "verified"
    assert world.platform.calls == 1


def test_a_change_nobody_approved_is_never_sent(world):
    change = world.propose(world.budget(), 115).changes.get()
    assert ledger.apply(change.pk) == "proposed"
    assert ledger.due(10) == []
    assert world.platform.calls == 0


def test_the_database_refuses_a_change_without_approval_and_illegal_moves(world):
    change = world.propose(world.budget(), 115).changes.get()
    for values in (
        {"state": "approved"},
        {"state": "sent", "approval_id": "x", "approved_hash": "y"},
        {"state": "verified", "approval_id": "x", "approved_hash": "y"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            Change.objects.filter(pk=change.pk).update(**values)
    verified = world.apply(world.approved(world.budget("Espresso"), 115))
    for values in ({"state": "approved"}, {"target_micros": 1}, {"fence": 0}, {"approval_id": "other"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Change.objects.filter(pk=verified.pk).update(**values)
    with pytest.raises(DatabaseError), transaction.atomic():
        WriteCall.objects.all().delete()


def test_a_row_that_is_not_what_was_approved_is_blocked(world):
    change = world.approved(world.budget(), 115)
    ChangeSet.objects.update(approved_hash="0" * 64)
    assert world.apply(change).state == "blocked"
    assert "not what was approved" in change.outcome
    assert world.platform.calls == 0


def test_a_timeout_after_the_write_landed_is_settled_by_reading_not_by_sending_again(world):
    budget = world.budget()
    world.platform.write_faults = ["drop_after"]
    change = world.apply(world.approved(budget, 115))
    assert change.state == "sent"
    assert WriteCall.objects.get().answer == "ambiguous"
    world.elapse(6, change)
    assert world.apply(change).state == "verified"
    assert world.platform.journal == [(world.ref(budget), 115 * EUR)]


def test_a_late_write_within_the_quiet_period_is_not_sent_twice(world):
    budget = world.budget()
    world.platform.write_faults = ["late"]
    change = world.apply(world.approved(budget, 115))
    world.elapse(60, change)
    assert world.apply(change).state == "sent"
    world.platform.land_late_writes()
    world.elapse(61, change)
    assert world.apply(change).state == "verified"
    assert (world.platform.calls, len(world.platform.journal)) == (1, 1)


def test_a_write_that_never_landed_is_sent_again_only_after_the_quiet_period(world):
    world.platform.write_faults = [Ambiguous("The connection broke.")]
    change = world.apply(world.approved(world.budget(), 115))
    world.elapse(100, change)
    assert (world.apply(change).state, world.platform.calls) == ("sent", 1)
    world.elapse(100, change)
    assert (world.apply(change).state, world.platform.calls) == ("verified", 2)
    assert change.outcome == "Applied and read back after 2 calls."


def test_success_that_changed_nothing_is_caught_and_ends_with_a_person(world):
    budget = world.budget()
    world.platform.write_faults = ["ignore"] * 6
    change = world.apply(world.approved(budget, 115))
    assert change.state == "sent"
    assert "does not show it yet" in change.outcome
    for _ in range(10):
        world.elapse(200, change)
        world.apply(change)
    assert (change.state, world.platform.calls, world.live(budget)) == ("stuck", 6, 100)
    assert ChangeSet.objects.get().state == "failed"


def test_a_person_can_settle_a_stuck_change(world):
    budget = world.budget()
    world.platform.write_faults = ["ignore"] * 6
    change = world.apply(world.approved(budget, 115))
    for _ in range(10):
        world.elapse(200, change)
        world.apply(change)
    with pytest.raises(NotAllowed):
        ledger.retry(change.public_id, actor=world.editor, reason="The platform had an outage.")
    ledger.retry(change.public_id, actor=world.admin, reason="The platform had an outage.")
    world.elapse(200, change)
    assert world.apply(change).state == "verified"
    assert (world.live(budget), ChangeSet.objects.get().state) == (115, "applied")


def test_somebody_elses_edit_in_between_is_never_overwritten(world):
    budget = world.budget()
    change = world.approved(budget, 115)
    world.platform.budget(budget.external_id, 130 * EUR)
    for _ in range(3):
        world.apply(change)
        world.elapse(31, change)
    assert (change.state, world.live(budget), world.platform.calls) == ("conflict", 130, 0)
    assert "€130.00" in change.outcome


def test_a_stale_reading_is_waited_out(world):
    budget = world.budget()
    world.apply(world.approved(budget, 115))
    change = world.approved(budget, 120)
    world.platform.read_faults = [100 * EUR]
    assert world.apply(change).state == "approved"
    world.elapse(6, change)
    assert world.apply(change).state == "verified"
    assert world.live(budget) == 120


def test_going_back_to_the_old_value_is_not_taken_for_done_by_a_stale_reading(world):
    budget = world.budget()
    world.apply(world.approved(budget, 115))
    back = world.approved(budget, 100)
    world.platform.read_faults = [100 * EUR]
    assert world.apply(back).state == "approved"
    world.elapse(6, back)
    assert (world.apply(back).state, world.live(budget)) == ("verified", 100)


def test_a_value_that_is_already_there_is_not_sent(world):
    budget = world.budget()
    change = world.approved(budget, 115)
    world.platform.budget(budget.external_id, 115 * EUR)
    assert (world.apply(change).state, world.platform.calls) == ("noop", 0)
    budget.refresh_from_db()
    assert (budget.amount_micros, budget.verified_micros) == (115 * EUR, None)


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (RateLimited("Too many requests.", retry_after=700), "rate_limited"),
        (Transient("The platform is down."), "transient"),
    ],
)
def test_a_clear_not_now_waits_and_then_sends(world, error, answer):
    world.platform.write_faults = [error]
    change = world.apply(world.approved(world.budget(), 115))
    assert (change.state, WriteCall.objects.get().answer) == ("approved", answer)
    assert world.apply(change).attempts == 1  # not due yet
    if isinstance(error, RateLimited):
        assert (ledger.seconds_until_due(change.pk) or 0) > 690
    world.elapse(1000, change)
    assert world.apply(change).state == "verified"


@pytest.mark.parametrize("error", [Invalid("Below the minimum budget."), NotFound("No such budget.")])
def test_a_clear_no_ends_the_change_with_the_platforms_reason(world, error):
    world.platform.write_faults = [error]
    change = world.apply(world.approved(world.budget(), 115))
    assert (change.state, change.outcome) == ("refused", error.message)
    assert ChangeSet.objects.get().state == "failed"


def test_a_revoked_login_is_noted_once_and_the_change_waits(world):
    world.platform.read_faults = [AuthError("The login was revoked.")]
    change = world.apply(world.approved(world.budget(), 115))
    assert change.state == "approved"
    world.connection.refresh_from_db()
    assert world.connection.status == Connection.Status.RECONNECT
    assert Event.objects.filter(name="campaigns.connection.lost").count() == 1
    world.elapse(1000, change)
    assert "connected again" in world.apply(change).outcome
    Connection.objects.update(status=Connection.Status.OK)
    world.elapse(1000, change)
    assert world.apply(change).state == "verified"


def test_a_failed_reading_sends_nothing(world):
    world.platform.read_faults = [Transient("502")]
    change = world.apply(world.approved(world.budget(), 115))
    assert (change.state, world.platform.calls) == ("approved", 0)
    world.elapse(1000, change)
    assert world.apply(change).state == "verified"


def test_a_failed_read_back_after_acceptance_is_repeated_without_sending(world):
    budget = world.budget()
    change = world.approved(budget, 115)
    world.platform.before_apply = lambda: world.platform.read_faults.append(Transient("502"))
    assert world.apply(change).state == "sent"
    world.elapse(6, change)
    assert (world.apply(change).state, world.platform.calls) == ("verified", 1)


def test_an_unexpected_error_while_sending_counts_as_unanswered(world):
    world.platform.write_faults = [TypeError("a defect in an SDK")]
    change = world.apply(world.approved(world.budget(), 115))
    assert (change.state, WriteCall.objects.get().answer) == ("sent", "ambiguous")


def test_what_a_dead_worker_left_sent_is_picked_up_after_its_lease(world):
    """The worker died between saying "sent" and calling: nothing landed."""
    budget = world.budget()
    change = world.approved(budget, 115)

    class Killed(BaseException):
        pass

    def die() -> None:
        raise Killed

    world.platform.before_apply = die
    with pytest.raises(Killed):
        ledger.apply(change.pk)
    world.platform.before_apply = None
    change.refresh_from_db()
    assert (change.state, change.fence) == ("sent", 1)
    assert world.apply(change).fence == 1  # the lease still holds
    world.elapse(121, change)
    assert (world.apply(change).state, change.fence) == ("sent", 2)  # still quiet: only looked
    world.elapse(200, change)
    assert (world.apply(change).state, world.live(budget)) == ("verified", 115)
    assert len(world.platform.journal) == 1


def test_a_worker_that_lost_its_lease_sends_nothing(world):
    change = world.approved(world.budget(), 115)
    stale = claims.take(change.pk)
    world.elapse(121, change)
    fresh = claims.take(change.pk)
    assert stale is not None and fresh is not None and fresh.fence == stale.fence + 1
    with pytest.raises(ledger.outcomes.LostClaim):
        ledger.outcomes.mark_sent(stale, quiet_seconds=1)
    with pytest.raises(ledger.outcomes.LostClaim):
        ledger.outcomes.finish(stale, "noop", "")
    change.refresh_from_db()
    assert change.state == "approved"


def test_an_expired_lease_alone_stops_the_send_even_if_nobody_took_over(world):
    change = world.approved(world.budget(), 115)
    claim = claims.take(change.pk)
    assert claim is not None
    world.elapse(90, change)
    with pytest.raises(ledger.outcomes.LostClaim):
        ledger.outcomes.mark_sent(claim, quiet_seconds=1)


def test_changes_of_one_budget_are_written_in_the_order_of_approval(world):
    budget = world.budget()
    second_proposed_first = world.propose(budget, 110)
    first = world.approved(budget, 105)
    with pytest.raises(OutOfDate):  # the hash is bound to the value people saw, but the base still moves
        world.authorise(second_proposed_first, approved_hash="0" * 64)
    follower = world.approved(budget, 120)
    assert follower.base_micros == 105 * EUR
    assert ledger.due(10) == [first.pk]
    assert world.apply(follower).state == "approved"
    ledger.drain()
    assert [value for _, value in world.platform.journal] == [105 * EUR, 120 * EUR]


def test_a_newer_change_waits_while_an_older_one_is_unsettled(world):
    budget = world.budget()
    world.platform.write_faults = ["late"]
    first, second = world.approved(budget, 110), world.approved(budget, 120)
    world.apply(first)
    assert (world.apply(second).state, world.platform.calls) == ("approved", 1)
    world.platform.land_late_writes()
    world.elapse(30, first)
    ledger.drain()
    assert [value for _, value in world.platform.journal] == [110 * EUR, 120 * EUR]


def test_a_stop_between_claim_and_send_is_obeyed(world, monkeypatch):
    change = world.approved(world.budget(), 115)
    read = world.platform.read_state

    def stop_while_reading(*args):
        if not kill_switches.selectors.on().exists():
            kill_switches.stop(actor=world.editor, reason="Wrong client.")
        return read(*args)

    monkeypatch.setattr(world.platform, "read_state", stop_while_reading)
    assert world.apply(change).state == "blocked"
    assert (world.platform.calls, WriteCall.objects.count()) == (0, 0)
    assert "Wrong client." in change.outcome


def test_after_a_stop_an_unsettled_write_is_only_read_never_sent_again(world):
    world.platform.write_faults = [Ambiguous("lost")]
    change = world.apply(world.approved(world.budget(), 115))
    kill_switches.stop(actor=world.editor, reason="Wrong client.")
    world.elapse(200, change)
    assert (world.apply(change).state, world.platform.calls) == ("blocked", 1)


def test_the_platforms_hourly_limit_makes_a_change_wait(world):
    world.platform.capabilities = replace(world.platform.capabilities, writes_per_entity_per_hour=2)
    budget = world.budget()
    for euros in (105, 110):
        assert world.apply(world.approved(budget, euros)).state == "verified"
    third = world.apply(world.approved(budget, 115))
    assert (third.state, world.platform.calls) == ("approved", 2)
    WriteCall.objects.all()  # calls are kept for ever; an hour later they no longer count
    from lane.core import clock

    clock.set_offset(timedelta(hours=2))
    world.elapse(61, third)
    assert world.apply(third).state == "verified"


def test_pausing_is_written_and_only_what_lane_paused_may_be_resumed(world):
    budget = world.budget()
    campaign = world.campaign(budget=budget)
    change_set = changes.propose(
        client=world.client,
        title="Pause at target",
        reason="The plan's amount is spent.",
        targets=changes.pausing([budget]),
        origin="guard",
        is_guard=True,
        actor=world.system,
    )
    world.authorise(change_set, approval_id="plan:42", actor=world.system, automatic=True)
    assert world.apply(change_set.changes.get()).state == "verified"
    campaign.refresh_from_db()
    assert campaign.status == "paused" and campaign.paused_by_lane_at is not None
    (target,) = changes.resuming([budget])
    assert target == changes.StatusTarget(campaign, "active")


def test_a_transaction_left_open_by_a_caller_is_refused_before_anything_happens(world):
    change = world.approved(world.budget(), 115)
    with transaction.atomic(), pytest.raises(RuntimeError):
        ledger.apply(change.pk)
    assert world.platform.calls == 0


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_on_one_change_exactly_one_sends(world, settings):
    change = world.approved(world.budget(), 115)
    start = threading.Barrier(12)

    def work() -> None:
        try:
            start.wait()
            ledger.apply(change.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    change.refresh_from_db()
    assert (change.state, world.platform.calls) == ("verified", 1)
