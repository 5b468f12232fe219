"""Deciding: what is allowed, and that every refusal changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from approvals.models import ApprovalRequest, Decision
from approvals.services import decide, expiry, links
from lane.accounts.models import Membership
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.actors import Actor, ActorKind
from lane.core.errors import Gone, InvalidInput, LaneError, NotAllowed, NotVisible, OutOfDate
from lane.core.models import Event
from tests.approvals.world import EURO, World, amount, pause


def approve(world: World, request: ApprovalRequest, **changes: Any) -> ApprovalRequest:
    given: dict[str, Any] = {
        "kind": "approve",
        "actor": world.actor(world.approver),
        "content_hash": request.content_hash,
        "typed": "490.00",
    }
    return decide.decide(request.public_id, **(given | changes))


@contextmanager
def refused(
    world: World, request: ApprovalRequest, error: type[LaneError], match: str = "."
) -> Iterator[None]:
    """The block is refused and nothing at all changed."""
    counts = (AuditEntry.objects.count(), Event.objects.count())
    with pytest.raises(error, match=match):
        yield
    request.refresh_from_db()
    assert request.state == "open"
    assert (AuditEntry.objects.count(), Event.objects.count()) == counts
    assert not Decision.objects.exists()
    assert not request.links.exclude(used_at=None).exists()
    assert world.thing.done == []


def test_an_approver_approves_by_typing_the_new_total(world: World) -> None:
    request = approve(world, world.open())
    assert request.state == "approved"
    done = world.thing.done[0]
    assert (done["did"], done["approval_id"], done["approved_hash"], done["lowered"]) == (
        "carry_out", str(request.public_id), request.content_hash, None,
    )  # fmt: skip
    decision = Decision.objects.get()
    assert (decision.user, decision.via, decision.content_hash) == (
        world.approver,
        "web",
        request.content_hash,
    )
    assert AuditEntry.objects.filter(action="approvals.request.approved").count() == 1
    assert Event.objects.filter(name="approvals.request.decided").count() == 1


def test_a_lower_amount_is_carried_out_row_by_row(world: World) -> None:
    request = approve(world, world.open(), kind="approve_lower", typed="475")
    lowered = world.thing.done[0]["lowered"]
    totals = {row.key: row.new_micros for row in world.thing.rows} | lowered
    assert sum(totals.values()) == 475 * EURO
    assert Decision.objects.get().approved_target == lowered
    assert request.state == "approved"


@pytest.mark.parametrize("typed", ["", "yes", "490.01", "455", "49000"])
def test_another_amount_than_the_proposed_one_is_refused(world: World, typed: str) -> None:
    request = world.open()
    with refused(world, request, InvalidInput):
        approve(world, request, typed=typed)


@pytest.mark.parametrize("typed", ["490", "455", "500", "0", "-1", "474.999"])
def test_a_lower_amount_lies_between_now_and_new(world: World, typed: str) -> None:
    request = world.open()
    with refused(world, request, InvalidInput):
        approve(world, request, kind="approve_lower", typed=typed)


def test_a_pause_is_approved_by_typing_the_word(world: World) -> None:
    world.thing.rows = [pause()]
    request = world.open()
    with refused(world, request, InvalidInput, match="Type PAUSE"):
        approve(world, request, typed="0")
    assert approve(world, request, typed="pause").state == "approved"


@pytest.mark.parametrize("kind", ["decline", "changes"])
@pytest.mark.parametrize("comment", ["", " ", "no", "    n  "])
def test_turning_down_needs_a_reason(world: World, kind: str, comment: str) -> None:
    request = world.open()
    with refused(world, request, InvalidInput, match="Say why"):
        approve(world, request, kind=kind, comment=comment)


def test_declining_turns_the_subject_down_with_the_reason(world: World) -> None:
    request = approve(world, world.open(), kind="decline", comment="Creative is tired")
    assert request.state == "declined"
    assert (world.thing.done[0]["did"], world.thing.done[0]["outcome"]) == ("turn_down", "declined")
    assert world.thing.done[0]["reason"] == "Creative is tired"


def test_asking_for_changes_leaves_the_subject_open_for_an_edit(world: World) -> None:
    request = approve(world, world.open(), kind="changes", comment="Half of it, please")
    assert request.state == "changes"
    assert world.thing.done == []


def test_nobody_decides_what_they_proposed(world: World) -> None:
    request = world.open()
    with refused(world, request, NotAllowed, match="proposed"):
        approve(world, request, actor=world.actor(world.requester))


def test_the_last_editor_does_not_decide_either(world: World) -> None:
    request = world.open(barred_user_ids=[world.requester.pk, world.other_approver.pk])
    with refused(world, request, NotAllowed, match="proposed"):
        approve(world, request, actor=world.actor(world.other_approver))


def test_an_api_key_of_the_requester_is_the_requester(world: World) -> None:
    request = world.open()
    with refused(world, request, NotAllowed, match="proposed"):
        approve(world, request, actor=world.actor(world.requester, ActorKind.API_KEY, via="api"))


@pytest.mark.parametrize("kind", [ActorKind.AGENT, ActorKind.RULE])
def test_automation_never_decides(world: World, kind: ActorKind) -> None:
    request = world.open()
    with refused(world, request, NotAllowed):
        approve(world, request, actor=world.actor(world.approver, kind))


def test_the_system_never_decides(world: World) -> None:
    request = world.open()
    with refused(world, request, NotAllowed):
        approve(world, request, actor=Actor.system(world.client.organization_id, "test"))


def test_a_viewer_without_the_flag_does_not_decide(world: World) -> None:
    request = world.open()
    with refused(world, request, NotAllowed, match="approver"):
        approve(world, request, actor=world.actor(world.viewer))


def test_a_demoted_approver_does_not_decide_although_asked(world: World) -> None:
    request = world.open()
    Membership.objects.filter(user=world.approver).update(is_approver=False)
    with refused(world, request, NotAllowed):
        approve(world, request)


def test_somebody_of_another_organization_sees_nothing(world: World) -> None:
    request = world.open()
    stranger = Actor(ActorKind.PERSON, world.client.organization_id + 1, user_id=world.approver.pk)
    with refused(world, request, NotVisible):
        approve(world, request, actor=stranger)


def test_an_edit_after_reading_is_refused(world: World) -> None:
    request = world.open()
    world.thing.content = "b" * 64
    with refused(world, request, OutOfDate):
        approve(world, request)


def test_another_hash_than_the_one_asked_about_is_refused(world: World) -> None:
    request = world.open()
    with refused(world, request, OutOfDate):
        approve(world, request, content_hash="c" * 64)


def test_what_is_no_longer_true_cannot_be_approved_but_declined(world: World) -> None:
    request = world.open()
    world.thing.untrue = "the budget was changed at Meta."
    with refused(world, request, OutOfDate, match="changed at Meta"):
        approve(world, request)
    assert approve(world, request, kind="decline", comment="not any more").state == "declined"


def test_a_second_decision_is_refused(world: World) -> None:
    request = world.open()
    approve(world, request)
    with pytest.raises(Gone, match="Ines Moreau"):
        approve(world, request, actor=world.actor(world.other_approver), kind="decline", comment="too late")
    assert Decision.objects.count() == 1


def test_a_large_raise_needs_a_fresh_sign_in(world: World) -> None:
    world.thing.rows = [amount("a", 100, 150)]
    request = world.open()
    link, _ = links.issue(request, world.approver)
    by_link = world.actor(world.approver, ActorKind.LINK, via="link")
    with refused(world, request, NotAllowed, match="Sign in"):
        approve(world, request, actor=by_link, link=link, typed="150")
    with refused(world, request, NotAllowed, match="Confirm"):
        approve(world, request, typed="150")
    with refused(world, request, NotAllowed, match="Confirm"):
        approve(world, request, typed="150", sign_in_age_seconds=7200)
    assert approve(world, request, typed="150", sign_in_age_seconds=20).state == "approved"


def test_a_large_raise_can_be_declined_by_link(world: World) -> None:
    world.thing.rows = [amount("a", 100, 150)]
    request = world.open()
    link, _ = links.issue(request, world.approver)
    by_link = world.actor(world.approver, ActorKind.LINK, via="link")
    assert (
        approve(world, request, actor=by_link, link=link, kind="decline", comment="too much").state
        == "declined"
    )


def test_silence_ends_the_request_and_writes_nothing(world: World) -> None:
    request = world.open()
    clock.set_offset(timedelta(hours=49))
    with refused(world, request, Gone, match="time to answer"):
        approve(world, request)
    assert expiry.expire_due() == 1
    request.refresh_from_db()
    assert request.state == "expired"
    assert [d["did"] for d in world.thing.done] == ["turn_down"]
    assert expiry.expire_due() == 0


def test_an_unknown_decision_is_refused(world: World) -> None:
    request = world.open()
    with refused(world, request, InvalidInput):
        approve(world, request, kind="maybe")
