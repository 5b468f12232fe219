"""Change sets: what may be asked for, what a yes covers, and how to take it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.models import AdAccount, Change, ChangeSet
from campaigns.selectors import changes as selectors
from campaigns.services import changes, content, ledger
from lane.accounts.models import Client, Membership, Organization, Role, User
from lane.audit.models import AuditEntry
from lane.core import clock, subjects
from lane.core.actors import Actor, ActorKind
from lane.core.errors import InvalidInput, LaneError, NotAllowed, NotVisible, OutOfDate
from lane.core.models import Event
from tests.campaigns.ledger_world import EUR, LedgerWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> LedgerWorld:
    return LedgerWorld(monkeypatch)


def test_a_proposal_holds_absolute_values_and_writes_nothing(world):
    budget = world.budget(euros=100)
    change_set = world.propose(budget, 115)
    change = change_set.changes.get()
    assert (change.base_micros, change.target_micros, change.state) == (100 * EUR, 115 * EUR, "proposed")
    assert change_set.content_hash == content.current_digest(change_set)
    assert Event.objects.get().name == "campaigns.change_set.proposed"
    assert AuditEntry.objects.get().action == "campaigns.change_set.proposed"
    assert world.platform.calls == 0


@pytest.mark.parametrize(
    ("micros", "words"),
    [
        (0, "above zero"),
        (-5 * EUR, "above zero"),
        (100 * EUR, "already has"),
        (100 * EUR + 1, "steps of €0.01"),
        (10**17, "too large"),
        (1.5, "whole micros"),
    ],
)
def test_an_amount_that_cannot_be_is_refused_with_the_fix(world, micros, words):
    budget = world.budget()
    with pytest.raises(InvalidInput) as refused:
        changes.propose(
            client=world.client,
            title="x",
            reason="because",
            targets=[changes.BudgetTarget(budget, micros)],
            origin="person",
            actor=world.editor,
        )
    assert words in refused.value.fields["targets.0"]
    assert (ChangeSet.objects.count(), Event.objects.count(), AuditEntry.objects.count()) == (0, 0, 0)


def test_what_cannot_be_written_cannot_be_proposed(world):
    csv = AdAccount.objects.create(
        organization=world.organization,
        client=world.client,
        platform="meta",
        source="csv",
        external_id="csv-1",
        name="Newspaper",
        currency="EUR",
        timezone="Europe/Berlin",
    )
    other_client = Client.objects.create(organization=world.organization, name="Tervo Kitchens")
    cases = {
        "CSV files": world.budget("From a file", ad_account=csv),
        "removed": world.budget("Gone", removed_at=clock.now()),
        "no amount": world.budget("Ad sets carry it", kind="none"),
        "floor": world.budget("Low", floor_micros=120 * EUR),
        "ceiling": world.budget("High", ceiling_micros=105 * EUR),
    }
    for words, budget in cases.items():
        with pytest.raises(InvalidInput, match=words):
            world.propose(budget, 110)
    budget = world.budget("Elsewhere")
    type(budget).objects.filter(pk=budget.pk).update(client=other_client)
    with pytest.raises(InvalidInput, match="another client"):
        world.propose(budget, 110)
    unknown = world.budget("Unknown")
    type(unknown).objects.filter(pk=unknown.pk).update(amount_micros=None)
    with pytest.raises(InvalidInput, match="not known yet"):
        world.propose(unknown, 110)
    campaign = world.campaign(status="paused")
    with pytest.raises(InvalidInput, match="Lane did not pause"):
        changes.propose(
            client=world.client,
            title="Resume",
            reason="because",
            targets=[changes.StatusTarget(campaign, "active")],
            origin="person",
            actor=world.editor,
        )


def test_the_same_budget_twice_or_nothing_at_all_is_refused(world):
    budget = world.budget()
    for targets in ([], [changes.BudgetTarget(budget, 110 * EUR), changes.BudgetTarget(budget, 120 * EUR)]):
        with pytest.raises(InvalidInput):
            changes.propose(
                client=world.client,
                title="x",
                reason="because",
                targets=targets,
                origin="person",
                actor=world.editor,
            )


def test_viewers_may_not_propose_and_strangers_see_nothing(world):
    budget = world.budget()
    with pytest.raises(NotAllowed):
        world.propose(budget, 110, actor=world.approver)
    elsewhere = Organization.objects.create(name="Other agency")
    user = User.objects.create_user("eve@other.example")
    Membership.objects.create(organization=elsewhere, user=user, role=Role.OWNER, is_approver=True)
    stranger = Actor(ActorKind.PERSON, elsewhere.pk, user_id=user.pk, label="Eve")
    with pytest.raises(NotVisible):
        world.propose(budget, 110, actor=stranger)
    change_set = world.propose(budget, 110)
    for attempt in (
        lambda: world.authorise(change_set, actor=stranger),
        lambda: changes.withdraw(change_set.public_id, actor=stranger),
        lambda: changes.undo(change_set.public_id, actor=stranger, reason="why not"),
    ):
        with pytest.raises(NotVisible):
            attempt()
    assert not selectors.change_sets_for(stranger).exists()


def test_nobody_approves_what_they_asked_for_or_edited_themselves(world):
    budget = world.budget()
    own = world.propose(budget, 110, actor=world.owner)
    with pytest.raises(NotAllowed, match="yourself"):
        world.authorise(own, actor=world.owner)
    edited = world.propose(budget, 112)
    edited = changes.edit(
        edited.public_id,
        targets=[changes.BudgetTarget(budget, 111 * EUR)],
        reason="A little less.",
        actor=world.owner,
        expected_version=1,
    )
    with pytest.raises(NotAllowed, match="yourself"):
        world.authorise(edited, actor=world.owner)
    agent = Actor(ActorKind.AGENT, world.organization.pk, user_id=world.approver.user_id, label="Agent")
    with pytest.raises(NotAllowed):
        world.authorise(edited, actor=agent)
    assert set(Change.objects.values_list("state", flat=True)) == {"proposed", "cancelled"}


def test_an_edit_makes_a_new_version_that_an_old_yes_does_not_cover(world):
    budget = world.budget()
    change_set = world.propose(budget, 110)
    shown = change_set.content_hash
    changes.edit(
        change_set.public_id,
        targets=[changes.BudgetTarget(budget, 190 * EUR)],
        reason="More.",
        actor=world.editor,
        expected_version=1,
    )
    with pytest.raises(OutOfDate, match="edited"):
        world.authorise(change_set, approved_hash=shown)
    with pytest.raises(OutOfDate, match="edited this change set first"):
        changes.edit(
            change_set.public_id,
            targets=[changes.BudgetTarget(budget, 110 * EUR)],
            reason="Back.",
            actor=world.editor,
            expected_version=1,
        )
    back = changes.edit(
        change_set.public_id,
        targets=[changes.BudgetTarget(budget, 110 * EUR)],
        reason="Back.",
        actor=world.editor,
        expected_version=2,
    )
    assert back.content_hash != shown  # the same values again are a new version all the same
    assert Change.objects.filter(state="proposed").count() == 1


def test_a_lowered_yes_writes_the_lower_amount(world):
    budget = world.budget()
    change_set = world.propose(budget, 130)
    key = str(change_set.changes.get().public_id)
    for micros in (100 * EUR, 131 * EUR, 90 * EUR, 110 * EUR + 1):
        with pytest.raises(InvalidInput):
            world.authorise(change_set, lowered={key: micros})
    world.authorise(change_set, lowered={key: 112 * EUR})
    assert world.apply(change_set.changes.get()).state == "verified"
    assert world.live(budget) == 112


def test_doubling_needs_an_owner(world):
    budget = world.budget()
    with pytest.raises(NotAllowed, match="only an owner"):
        world.authorise(world.propose(budget, 200), actor=world.approver)
    doubled = world.propose(budget, 200)
    assert world.authorise(doubled, actor=world.owner).state == "approved"


def test_an_expired_change_set_can_no_longer_be_approved_or_sent(world):
    waiting = world.propose(world.budget("Waiting"), 110)
    approved = world.approved(world.budget("Approved"), 110)
    clock.set_offset(timedelta(hours=73))
    with pytest.raises(OutOfDate, match="expired"):
        world.authorise(waiting)
    assert changes.expire_due() == 2
    assert changes.expire_due() == 0
    assert set(Change.objects.values_list("state", flat=True)) == {"expired"}
    assert set(ChangeSet.objects.values_list("state", flat=True)) == {"expired"}
    assert ledger.apply(approved.pk) == "expired"
    assert world.platform.calls == 0


def test_a_change_set_can_be_taken_back_until_something_was_sent(world):
    budget = world.budget()
    change_set = world.authorise(world.propose(budget, 110))
    changes.withdraw(change_set.public_id, actor=world.editor)
    assert ledger.drain() == 0
    change = world.approved(budget, 115)
    world.apply(change)
    with pytest.raises(OutOfDate):
        changes.withdraw(change.change_set.public_id, actor=world.editor)
    assert world.live(budget) == 115


def test_turning_down_ends_it_and_asking_for_changes_leaves_it_open(world):
    budget = world.budget()
    for outcome, state in (("changes", "proposed"), ("declined", "declined")):
        change_set = world.propose(budget, 110)
        changes.turn_down(
            change_set.public_id,
            approval_id="r1",
            actor=world.approver,
            reason="Too much.",
            outcome=outcome,
        )
        change_set.refresh_from_db()
        assert change_set.state == state
    with pytest.raises(OutOfDate):
        world.authorise(change_set)


def test_undo_proposes_the_values_from_before_while_they_still_stand(world):
    budget = world.budget()
    done = world.apply(world.approved(budget, 115)).change_set
    back = changes.undo(done.public_id, actor=world.editor, reason="The client changed their mind.")
    row = back.changes.get()
    assert (row.base_micros, row.target_micros, back.origin, back.undoes) == (
        115 * EUR,
        100 * EUR,
        "undo",
        done,
    )
    world.authorise(back)
    world.platform.read_faults = []
    world.apply(row)
    assert world.live(budget) == 100
    with pytest.raises(OutOfDate, match="Nothing is left to undo"):
        changes.undo(done.public_id, actor=world.editor, reason="Again.")


def test_undo_is_not_offered_after_somebody_else_changed_the_value(world):
    budget = world.budget()
    done = world.apply(world.approved(budget, 115)).change_set
    type(budget).objects.filter(pk=budget.pk).update(amount_micros=140 * EUR)
    assert selectors.undoable(done) == []


def test_a_plan_approves_only_guards_in_advance(world):
    budget = world.budget()
    raise_it = world.propose(budget, 110, actor=world.system)
    with pytest.raises(NotAllowed):
        world.authorise(raise_it, approval_id="plan:1", actor=world.system, automatic=True)
    with pytest.raises(NotAllowed):
        world.authorise(raise_it, actor=world.editor, automatic=True)
    with pytest.raises(InvalidInput, match="may only pause"):
        world.propose(budget, 110, is_guard=True)


def test_pausing_leaves_out_campaigns_that_also_spend_from_other_budgets(world):
    mine, other = world.budget("Ad set one"), world.budget("Ad set two")
    whole = world.campaign("Own budget", budget=mine)
    mixed = world.campaign("Two ad sets")
    for number, budget in enumerate((mine, other)):
        mixed.ad_groups.create(
            organization=world.organization,
            client=world.client,
            ad_account=world.account,
            external_id=f"g{number}",
            name=f"Ad set {number}",
            budget=budget,
            seen_at=clock.now(),
        )
    assert [target.ad_campaign for target in changes.pausing([mine])] == [whole]
    assert {target.ad_campaign for target in changes.pausing([mine, other])} == {whole, mixed}


def test_the_approval_subject_shows_hashes_and_carries_out(world):
    budget = world.budget()
    change_set = world.propose(budget, 115, evidence={"reasons": ["Behind by 8 %."]})
    subject = subjects.get("campaigns.change_set")
    key = str(change_set.public_id)
    diff = subject.diff(key)
    (row,) = diff.rows
    assert (row.now, row.new, row.now_micros, row.new_micros) == ("€100.00", "€115.00", 100 * EUR, 115 * EUR)
    assert (diff.reasons, diff.currency) == (["Behind by 8 %."], "EUR")
    assert subject.content_hash(key) == change_set.content_hash
    assert subject.still_true(key) == ""
    type(budget).objects.filter(pk=budget.pk).update(amount_micros=140 * EUR)
    assert "is now €140.00" in subject.still_true(key)
    subject.carry_out(
        key, approval_id="r1", approved_hash=change_set.content_hash, actor=world.owner, lowered=None
    )
    assert Change.objects.get().state == "approved"


def test_every_refusal_says_what_to_do(world):
    with pytest.raises(LaneError, match="in a few words"):
        changes.propose(
            client=world.client,
            title="x",
            reason=" ",
            targets=[changes.BudgetTarget(world.budget(), 110 * EUR)],
            origin="person",
            actor=world.editor,
        )
