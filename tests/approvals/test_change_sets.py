"""From a proposal to the ledger: what campaigns tells approvals, and what approvals hands down."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from approvals.models import ApprovalPolicy, ApprovalRequest
from approvals.services import decide, expiry, links
from campaigns.models import AdAccount, Budget, Change, ChangeSet
from campaigns.services import changes
from campaigns.services.changes import BudgetTarget
from lane.accounts.events import MembershipChanged
from lane.accounts.models import Membership, User
from lane.audit.models import AuditEntry
from lane.core import clock, outbox
from lane.core.actors import Actor, ActorKind
from lane.core.errors import Gone, NotAllowed, OutOfDate
from tests.campaigns import world as campaigns_world

EURO = 1_000_000


@dataclass
class Agency:
    """An editor who proposes, two approvers, one budget of 100 a day."""

    editor: Actor
    approver: User
    second: User
    base: campaigns_world.World
    budget: Budget

    def propose(self, euros: float, **given: object) -> ChangeSet:
        change_set = changes.propose(
            client=self.base.client,
            title=f"Set {self.budget.name} to {euros}",
            reason="Behind plan",
            targets=[BudgetTarget(self.budget, round(euros * EURO))],
            origin="person",
            actor=given.pop("actor", self.editor),
            **given,
        )
        outbox.drain()
        return change_set

    def request(self, change_set: ChangeSet) -> ApprovalRequest:
        found = ApprovalRequest.objects.filter(subject_id=str(change_set.public_id)).order_by("-id").first()
        assert found is not None
        return found

    def actor(self, user: User, kind: ActorKind = ActorKind.PERSON, via: str = "web") -> Actor:
        return Actor(kind, self.base.organization.pk, user.pk, label=str(user), via=via)

    def approve(self, request: ApprovalRequest, typed: str, **given: object) -> ApprovalRequest:
        values = {"actor": self.actor(self.approver), "kind": "approve"} | given
        decided = decide.decide(request.public_id, typed=typed, content_hash=request.content_hash, **values)
        outbox.drain()
        return decided


@pytest.fixture
def agency(db: None) -> Agency:
    """Everything in the database."""
    clock.forget()
    base = campaigns_world.make_world()
    _, editor = campaigns_world.person(base.organization, "editor")
    approvers = []
    for _ in range(2):
        user, _ = campaigns_world.person(base.organization, "viewer")
        Membership.objects.filter(user=user).update(is_approver=True)
        approvers.append(user)
    budget = campaigns_world.make_budget(base, amount=100 * EURO)
    return Agency(editor, approvers[0], approvers[1], base, budget)


def test_a_proposal_waits_for_the_approvers_and_then_may_be_written(agency: Agency) -> None:
    change_set = agency.propose(110)
    request = agency.request(change_set)
    assert (request.state, request.requested_by_id) == ("open", agency.editor.user_id)
    assert request.diff["rows"][0]["entity_key"] == f"budget:{agency.budget.pk}"
    agency.approve(request, "110")
    change = Change.objects.get(change_set=change_set)
    assert change.state != Change.State.PROPOSED
    assert (change.approval_id, change.approved_hash) == (str(request.public_id), request.content_hash)
    assert change.is_automatic is False
    assert ApprovalRequest.objects.count() == 1
    assert AuditEntry.objects.filter(action="approvals.request.approved").exists()


def test_an_approved_lower_amount_is_what_may_be_written(agency: Agency) -> None:
    change_set = agency.propose(110)
    agency.approve(agency.request(change_set), "105", kind="approve_lower")
    assert Change.objects.get(change_set=change_set).target_micros == 105 * EURO


def test_a_small_cut_is_authorised_by_the_policy_at_once(agency: Agency) -> None:
    change_set = agency.propose(95)
    request = agency.request(change_set)
    assert (request.state, request.was_automatic) == ("approved", True)
    assert Change.objects.get(change_set=change_set).is_automatic is True


def _chain(agency: Agency, euros: float) -> ApprovalRequest:
    """Propose from the value the last change leaves behind, as if it had been applied."""
    done = Change.objects.exclude(state="proposed").order_by("id").last()
    if done is not None:
        agency.budget.amount_micros = done.target_micros
        agency.budget.save()
        Change.objects.filter(state="approved").update(state="sent", sent_at=clock.machine_now())
        Change.objects.filter(state="sent").update(state="verified")
    return agency.request(agency.propose(euros))


def test_automatic_cuts_add_up_over_the_day(agency: Agency) -> None:
    assert _chain(agency, 95).was_automatic
    assert _chain(agency, 91).was_automatic
    third = _chain(agency, 88)
    assert not third.was_automatic
    assert third.state == "open"


def test_raises_by_link_add_up_over_the_day(agency: Agency) -> None:
    first = _chain(agency, 115)
    assert not first.needs_sign_in
    agency.approve(first, "115")
    second = _chain(agency, 125)
    assert second.needs_sign_in
    link, _ = links.issue(second, agency.approver)
    with pytest.raises(NotAllowed, match="Sign in"):
        agency.approve(second, "125", actor=agency.actor(agency.approver, ActorKind.LINK, "link"), link=link)
    assert agency.approve(second, "125", sign_in_age_seconds=10).state == "approved"


def test_a_raise_that_lane_proposes_itself_follows_the_policys_limits(agency: Agency) -> None:
    lane = Actor.system(agency.base.organization.pk, "pacing")
    assert not agency.request(agency.propose(105, actor=lane)).was_automatic
    ApprovalPolicy.objects.create(
        organization=agency.base.organization,
        name="Hands off",
        auto_increase_ratio=Decimal("0.10"),
        auto_increase_micros=20 * EURO,
    )
    other = campaigns_world.make_budget(agency.base, amount=100 * EURO)
    agency.budget = other
    assert agency.request(agency.propose(105, actor=lane)).was_automatic


def test_an_edit_opens_a_new_request_and_the_old_one_no_longer_decides(agency: Agency) -> None:
    change_set = agency.propose(110)
    first = agency.request(change_set)
    link, _ = links.issue(first, agency.approver)
    changes.edit(
        change_set.public_id, targets=[BudgetTarget(agency.budget, 115 * EURO)], reason="A bit more",
        actor=agency.editor, expected_version=1,
    )  # fmt: skip
    # even before the new request is open, the old content cannot be approved
    with pytest.raises(OutOfDate):
        agency.approve(first, "110")
    outbox.drain()
    second = agency.request(change_set)
    first.refresh_from_db()
    link.refresh_from_db()
    assert (first.state, second.state, second.version) == ("superseded", "open", 2)
    assert link.revoked_at is not None
    with pytest.raises(OutOfDate):
        agency.approve(first, "110")
    agency.approve(second, "115")
    assert Change.objects.get(change_set=change_set, version=2).target_micros == 115 * EURO


def test_the_editor_of_a_version_is_barred_from_it(agency: Agency) -> None:
    Membership.objects.filter(user=agency.second).update(role="editor")
    change_set = agency.propose(110)
    changes.edit(
        change_set.public_id, targets=[BudgetTarget(agency.budget, 112 * EURO)], reason="Better",
        actor=agency.actor(agency.second), expected_version=1,
    )  # fmt: skip
    outbox.drain()
    request = agency.request(change_set)
    assert [row.user for row in request.approvers.all()] == [agency.approver]
    with pytest.raises(NotAllowed, match="edited"):
        agency.approve(request, "112", actor=agency.actor(agency.second))


def test_what_changed_at_the_platform_meanwhile_cannot_be_approved(agency: Agency) -> None:
    request = agency.request(agency.propose(110))
    Budget.objects.update(amount_micros=130 * EURO)
    with pytest.raises(OutOfDate, match=r"is now €130\.00"):
        agency.approve(request, "110")


def test_withdrawing_closes_the_request(agency: Agency) -> None:
    change_set = agency.propose(110)
    changes.withdraw(change_set.public_id, actor=agency.editor)
    outbox.drain()
    assert agency.request(change_set).state == "withdrawn"


def test_declining_and_silence_write_nothing(agency: Agency) -> None:
    change_set = agency.propose(110)
    request = agency.request(change_set)
    agency.approve(request, "", kind="decline", comment="No budget left")
    change_set.refresh_from_db()
    assert change_set.state == "declined"
    silent = agency.propose(111)
    ApprovalRequest.objects.filter(state="open").update(due_at=clock.now())
    assert expiry.expire_due() == 1
    outbox.drain()
    silent.refresh_from_db()
    assert silent.state == "expired"
    assert set(Change.objects.values_list("state", flat=True)) <= {"cancelled", "expired"}


def test_changed_rights_end_the_links_sent_before(agency: Agency) -> None:
    request = agency.request(agency.propose(110))
    _, token = links.issue(request, agency.approver)
    outbox.publish(
        MembershipChanged(
            organization_id=agency.base.organization.pk, user_id=str(agency.approver.public_id), removed=False
        )
    )
    outbox.drain()
    with pytest.raises(Gone, match="rights changed"):
        links.find(token)


def test_a_limit_that_only_lowers_spend_goes_along_with_an_automatic_raise(agency: Agency) -> None:
    lane = Actor.system(agency.base.organization.pk, "pacing")
    AdAccount.objects.update(platform="meta")
    ApprovalPolicy.objects.create(
        organization=agency.base.organization,
        name="Hands off",
        auto_increase_ratio=Decimal("0.10"),
        auto_increase_micros=20 * EURO,
    )

    def asked(cap: int | None, left: int | None = None) -> ApprovalRequest:
        budget = campaigns_world.make_budget(agency.base, amount=100 * EURO)
        campaign = budget.ad_campaigns.get()
        campaign.lifetime_spend_micros, campaign.spend_cap_micros = 100 * EURO, 500 * EURO
        campaign.save()
        targets = [BudgetTarget(budget, 105 * EURO), changes.SpendCapTarget(campaign, cap)]
        change_set = changes.propose(
            client=agency.base.client, title="Raise it", reason="It is behind.", targets=targets,
            origin="recommendation", actor=lane, evidence={"remaining_micros": left},
        )  # fmt: skip
        outbox.drain()
        return agency.request(change_set)

    assert asked(400 * EURO).was_automatic
    assert asked(900 * EURO, left=790 * EURO).was_automatic
    assert not asked(900 * EURO, left=700 * EURO).was_automatic
    wider, none = asked(900 * EURO), asked(None)
    assert (wider.was_automatic, none.was_automatic) == (False, False)
    assert [row["label"] for row in none.diff["rows"]][1].startswith("Spend cap, lifetime: ")
