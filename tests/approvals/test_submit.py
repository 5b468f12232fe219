"""Opening requests: who is asked, what needs nobody, what an edit replaces."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from approvals.models import ApprovalLink, ApprovalPolicy, ApprovalRequest, Decision
from approvals.services import links
from lane.audit.models import AuditEntry
from lane.core import clock
from lane.core.errors import Gone
from lane.core.models import Event
from tests.approvals.world import World, amount, pause


def events() -> list[str]:
    return list(Event.objects.order_by("id").values_list("name", flat=True))


def test_everybody_with_the_approver_flag_is_asked_except_who_proposed(world: World) -> None:
    request = world.open()
    asked = set(request.approvers.values_list("user__name", flat=True))
    assert asked == {"Ines Moreau", "Jonas Weber"}
    assert events() == ["approvals.request.opened"]
    assert AuditEntry.objects.get().action == "approvals.request.opened"


def test_the_clients_policy_wins_over_the_organizations(world: World) -> None:
    ApprovalPolicy.objects.create(organization=world.client.organization, name="House")
    own = ApprovalPolicy.objects.create(
        organization=world.client.organization, client=world.client, name="Pinewick", sla_hours=5
    )
    own.approvers.add(world.approver)
    request = world.open()
    assert request.policy_snapshot["name"] == "Pinewick"
    assert [a.user for a in request.approvers.all()] == [world.approver]
    assert request.due_at - clock.now() <= timedelta(hours=5)


def test_a_small_cut_needs_nobody_and_is_recorded_as_such(world: World) -> None:
    world.thing.rows = [amount("a", 100, 95)]
    request = world.open()
    assert (request.state, request.was_automatic) == ("approved", True)
    assert "5.0" in request.outcome_reason
    assert world.thing.done[0]["did"] == "carry_out"
    assert Decision.objects.get().user is None
    assert events() == ["approvals.request.decided"]


@pytest.mark.parametrize(
    "rows", [[amount("a", 100, 85)], [amount("a", 100, 100.01)], [pause()], [amount("a", 100, 95), pause()]]
)
def test_more_than_the_limit_waits_for_a_person(world: World, rows: list) -> None:
    world.thing.rows = rows
    assert world.open().state == "open"
    assert world.thing.done == []


def _generous(world: World) -> None:
    ApprovalPolicy.objects.create(
        organization=world.client.organization,
        name="Generous",
        auto_increase_ratio=Decimal("0.10"),
        auto_increase_micros=50_000_000,
        auto_decrease_ratio=Decimal(1),
    )


def test_a_small_raise_needs_nobody_where_the_policy_says_so(world: World) -> None:
    _generous(world)
    world.thing.rows = [amount("a", 100, 109)]
    assert world.open().was_automatic


@pytest.mark.parametrize("kind", ["agent", "rule"])
def test_a_raise_by_an_agent_or_rule_always_waits(world: World, kind: str) -> None:
    _generous(world)
    world.thing.rows = [amount("a", 100, 101)]
    assert not world.open(proposer_kind=kind).was_automatic


def test_a_raise_in_another_currency_waits_because_the_limit_cannot_be_compared(world: World) -> None:
    _generous(world)
    world.thing.rows = [amount("a", 100, 101, currency="USD")]
    request = world.open()
    assert not request.was_automatic
    assert request.needs_sign_in


@pytest.mark.parametrize(
    ("now", "new", "above"),
    [(100, 120, False), (100, 120.01, True), (10_000, 11_001, True), (100, 50, False)],
)
def test_the_link_cap_is_a_share_and_an_amount(world: World, now: float, new: float, above: bool) -> None:
    world.thing.rows = [amount("a", now, new)]
    assert world.open().needs_sign_in is above


def test_asking_twice_for_the_same_content_gives_one_request(world: World) -> None:
    assert world.open().pk == world.open().pk
    assert ApprovalRequest.objects.count() == 1


def test_an_edit_replaces_the_request_and_its_links(world: World) -> None:
    first = world.open()
    _, token = links.issue(first, world.approver)
    world.thing.content = "b" * 64
    second = world.open(version=2)
    first.refresh_from_db()
    assert (first.state, second.state, second.version) == ("superseded", "open", 2)
    with pytest.raises(Gone, match="edited"):
        links.find(token)
    assert ApprovalLink.objects.get().used_at is None


def test_the_request_ends_with_the_proposal(world: World) -> None:
    end = clock.now() + timedelta(hours=1)
    assert world.open(expires_at=end).due_at == end
