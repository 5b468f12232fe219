"""One-time links: exactly once, for one person, for one content, and never stored."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from approvals.models import ApprovalLink, Decision
from approvals.services import decide, links
from lane.core import clock
from lane.core.actors import ActorKind
from lane.core.errors import Gone, LaneError, NotVisible
from lane.core.models import Event
from tests.approvals.world import World


def test_a_link_is_found_by_its_token_only(world: World) -> None:
    request = world.open()
    link, token = links.issue(request, world.approver)
    assert links.find(token) == link
    for wrong in (token[:-1], token + "x", link.digest, "", "lane_key_" + token[10:]):
        with pytest.raises(NotVisible):
            links.find(wrong)


def test_the_database_holds_no_usable_token(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        _, token = links.issue(world.open(), world.approver)
        links.find(token)
        logging.getLogger("uvicorn.access").info("GET /a/l/%s", token)
    secret = token.removeprefix(links.PREFIX)
    assert secret not in str(list(ApprovalLink.objects.values()))
    assert secret not in str(list(Event.objects.values()))


def test_a_newer_link_ends_the_older_one_of_the_same_person(world: World) -> None:
    request = world.open()
    _, first = links.issue(request, world.approver)
    _, other = links.issue(request, world.other_approver)
    _, second = links.issue(request, world.approver)
    with pytest.raises(Gone):
        links.find(first)
    assert links.find(second) and links.find(other)


def test_a_link_ends_after_72_hours_or_with_the_request(world: World) -> None:
    request = world.open(expires_at=clock.now() + timedelta(hours=2))
    link, token = links.issue(request, world.approver)
    assert link.expires_at == request.due_at
    clock.set_offset(timedelta(hours=3))
    with pytest.raises(Gone, match="ended"):
        links.find(token)
    assert not links.consume(link, content_hash=link.content_hash)


def test_a_new_address_or_a_deactivated_person_ends_the_link(world: World) -> None:
    request = world.open()
    link, token = links.issue(request, world.approver)
    world.approver.email = "new@tallow.example"
    world.approver.save()
    with pytest.raises(Gone):
        links.find(token)
    assert not links.consume(link, content_hash=link.content_hash)
    other, token = links.issue(request, world.other_approver)
    world.other_approver.is_active = False
    world.other_approver.save()
    with pytest.raises(Gone):
        links.find(token)
    assert not links.consume(other, content_hash=other.content_hash)


def test_a_link_decides_once_and_the_other_links_end(world: World) -> None:
    request = world.open()
    link, token = links.issue(request, world.approver)
    _, others = links.issue(request, world.other_approver)
    decide.decide(
        request.public_id, kind="approve", actor=world.actor(world.approver, ActorKind.LINK, "link"),
        content_hash=request.content_hash, typed="490", link=link,
    )  # fmt: skip
    for dead in (token, others):
        with pytest.raises(Gone):
            links.find(dead)
    assert Decision.objects.get().link == link


def test_a_link_of_another_request_or_person_decides_nothing(world: World) -> None:
    request = world.open()
    link, _ = links.issue(request, world.approver)
    for actor, given in (
        (world.actor(world.other_approver, ActorKind.LINK, "link"), link),
        (world.actor(world.approver, ActorKind.LINK, "link"), None),
    ):
        with pytest.raises(NotVisible):
            decide.decide(
                request.public_id, kind="approve", actor=actor, content_hash=request.content_hash,
                typed="490", link=given,
            )  # fmt: skip
    assert not Decision.objects.exists()


def test_of_64_posts_at_once_exactly_one_decides(transactional_db: None, world: World) -> None:
    request = world.open()
    link, _ = links.issue(request, world.approver)

    def post(_: int) -> str:
        try:
            decide.decide(
                request.public_id, kind="approve", actor=world.actor(world.approver, ActorKind.LINK, "link"),
                content_hash=request.content_hash, typed="490.00", link=ApprovalLink.objects.get(pk=link.pk),
            )  # fmt: skip
            return "decided"
        except LaneError as error:
            return type(error).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(post, range(64)))
    assert answers.count("decided") == 1
    assert set(answers) == {"decided", "Gone"}
    assert Decision.objects.count() == 1
    assert len(world.thing.done) == 1
    assert Event.objects.filter(name="approvals.request.decided").count() == 1


def test_a_decision_can_neither_be_changed_nor_removed(transactional_db: None, world: World) -> None:
    request = world.open()
    decide.decide(
        request.public_id, kind="decline", actor=world.actor(world.approver),
        content_hash=request.content_hash, comment="not now",
    )  # fmt: skip
    for statement in (
        "UPDATE approvals_decision SET kind = 'approve'",
        "DELETE FROM approvals_decision",
    ):
        with pytest.raises(Exception, match="decision"), connection.cursor() as cursor:
            cursor.execute(statement)
