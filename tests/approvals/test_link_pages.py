"""The decision by link as a browser, a scanner and a stranger meet it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client as Browser

from approvals.models import ApprovalLink, ApprovalRequest, Decision
from approvals.services import decide, links
from lane.audit.models import AuditEntry
from lane.core import clock
from tests.approvals.world import World, amount

PASSWORD = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def asked(world: World) -> World:
    """A request is open and its approver holds a link."""
    world.request = world.open()
    world.link, world.token = links.issue(world.request, world.approver)
    return world


@pytest.fixture
def browser_tab() -> Browser:
    """A browser that keeps cookies and meets the forgery check."""
    return Browser(enforce_csrf_checks=True)


def follow(tab: Browser, token: str) -> str:
    """Open the mailed link; gives the address it leads to."""
    answer = tab.get(f"/a/l/{token}")
    assert answer.status_code == 302
    return answer["Location"]


def send(tab: Browser, address: str, **data: str):
    """Post the form of an opened step, with its hidden fields."""
    page = tab.get(f"{address}?step=approve").content.decode()
    hidden = dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
    return tab.post(f"{address}decide/", {**hidden, **data})


def test_the_token_leaves_the_address_and_nothing_may_be_kept(asked: World, browser_tab: Browser) -> None:
    answer = browser_tab.get(f"/a/l/{asked.token}")
    assert asked.token not in answer["Location"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    cookie = next(iter(answer.cookies.values()))
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert asked.token not in cookie.value
    page = browser_tab.get(answer["Location"])
    html = page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert asked.token not in html
    assert "€455.00" in html and "€490.00" in html and "Lena Brandt" in html
    assert not re.search(r'(src|href)="https?://', html)


def test_the_page_works_once_for_its_approver_without_an_account(asked: World, browser_tab: Browser) -> None:
    address = follow(browser_tab, asked.token)
    answer = send(browser_tab, address, typed="490.00", comment="Go")
    assert answer.status_code == 302
    decision = Decision.objects.get()
    assert (decision.user, decision.via, decision.link) == (asked.approver, "link", asked.link)
    assert "Approved" in browser_tab.get(address).content.decode()
    assert AuditEntry.objects.get(action="approvals.request.approved").actor_kind == "link"
    # used up: the mailed link says so, and posting again decides nothing
    assert browser_tab.get(f"/a/l/{asked.token}").status_code == 410
    assert Decision.objects.count() == 1


def test_a_scanner_that_opens_and_posts_decides_nothing(asked: World, browser_tab: Browser) -> None:
    scanner = browser_tab
    scanner.head(f"/a/l/{asked.token}")
    assert ApprovalLink.objects.get(pk=asked.link.pk).opened_at is None
    for _ in range(5):
        address = follow(scanner, asked.token)
        for step in ("", "?step=approve", "?step=decline", "?step=lower", "?step=changes"):
            assert scanner.get(f"{address}{step}").status_code == 200
        scanner.head(address)
        scanner.options(address)
    for kind in ("approve", "approve_lower", "changes", "decline"):
        assert send(scanner, address, kind=kind).status_code == 422
        assert send(scanner, address, kind=kind, typed="", comment=" ").status_code == 422
    assert scanner.post(f"{address}decide/", {}).status_code == 403  # no forgery token
    assert scanner.get(f"{address}decide/").status_code == 405
    asked.request.refresh_from_db()
    assert asked.request.state == "open"
    assert not Decision.objects.exists()
    assert asked.thing.done == []
    assert links.find(asked.token)


def test_what_was_typed_wrong_is_kept_and_explained(asked: World, browser_tab: Browser) -> None:
    address = follow(browser_tab, asked.token)
    answer = send(browser_tab, address, typed="500", comment="because")
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "You typed €500.00, the proposal is €490.00" in html
    assert 'value="500"' in html and "because" in html


def test_a_lower_amount_goes_through_the_link(asked: World, browser_tab: Browser) -> None:
    address = follow(browser_tab, asked.token)
    assert send(browser_tab, address, kind="approve_lower", typed="470,00").status_code == 302
    assert Decision.objects.get().kind == "approve_lower"


def test_without_the_cookie_there_is_no_page(asked: World, browser_tab: Browser) -> None:
    address = follow(browser_tab, asked.token)
    stranger = Browser()
    assert stranger.get(address).status_code == 404
    assert stranger.post(f"{address}decide/", {"kind": "decline", "comment": "ha ha"}).status_code == 404
    other = Browser()
    other.cookies[f"lane_link_{asked.request.public_id.hex}"] = str(asked.link.public_id)
    assert other.get(address).status_code == 404
    assert not Decision.objects.exists()


def test_a_cookie_opens_only_its_own_request(asked: World, browser_tab: Browser) -> None:
    follow(browser_tab, asked.token)
    from approvals.services import submit

    second = submit.open_request(
        "tests.thing",
        "thing-2",
        client=asked.client,
        actor_label="x",
        requested_by_id=None,
        barred_user_ids=[],
    )
    own = browser_tab.cookies[f"lane_link_{asked.request.public_id.hex}"].value
    browser_tab.cookies[f"lane_link_{second.public_id.hex}"] = own
    assert browser_tab.get(f"/a/{second.public_id}/").status_code == 404


@pytest.mark.parametrize("token", ["x", "lane_link_", "lane_link_" + "a" * 43, "lane_key_abc"])
def test_an_unknown_token_is_not_found(asked: World, browser_tab: Browser, token: str) -> None:
    assert browser_tab.get(f"/a/l/{token}").status_code == 404


def test_an_expired_link_says_so(asked: World, browser_tab: Browser) -> None:
    clock.set_offset(timedelta(hours=80))
    answer = browser_tab.get(f"/a/l/{asked.token}")
    assert answer.status_code == 410
    assert "ended" in answer.content.decode()


def test_an_edit_after_the_mail_went_out_is_refused_and_explained(asked: World, browser_tab: Browser) -> None:
    address = follow(browser_tab, asked.token)
    asked.thing.content = "b" * 64
    answer = send(browser_tab, address, typed="490")
    assert answer.status_code == 409
    assert "changed since you opened it" in answer.content.decode()
    asked.open(version=2)
    assert browser_tab.get(f"/a/l/{asked.token}").status_code == 410
    assert "new version" in browser_tab.get(address).content.decode()
    assert not Decision.objects.exists()


def test_somebody_else_signed_in_cannot_use_the_link(asked: World, browser_tab: Browser) -> None:
    browser_tab.force_login(asked.other_approver, PASSWORD)
    address = follow(browser_tab, asked.token)
    answer = browser_tab.get(address)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "This link is for Ines Moreau" in page and "€490.00" not in page
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    form = {
        "csrfmiddlewaretoken": token,
        "kind": "approve",
        "typed": "490",
        "content_hash": asked.request.content_hash,
    }
    assert browser_tab.post(f"{address}decide/", form).status_code == 403
    assert not Decision.objects.exists()
    # signing out in the same browser lets the link's own person go on
    assert browser_tab.post(f"{address}sign-out/", {"csrfmiddlewaretoken": token}).status_code == 302
    assert "Private link for Ines Moreau" in browser_tab.get(address).content.decode()


def _sign_in(tab: Browser, world: World) -> None:
    world.approver.set_password("a-long-password")
    world.approver.save()
    tab.handler.enforce_csrf_checks = False
    answer = tab.post("/accounts/login/", {"login": world.approver.email, "password": "a-long-password"})
    assert answer.status_code == 302
    tab.handler.enforce_csrf_checks = True


def test_above_the_cap_the_page_asks_to_sign_in(world: World, browser_tab: Browser) -> None:
    world.thing.rows = [amount("a", 100, 150)]
    request = world.open()
    _, token = links.issue(request, world.approver)
    address = follow(browser_tab, token)
    assert "Sign in and approve" in browser_tab.get(address).content.decode()
    answer = browser_tab.get(f"{address}?step=approve")
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]
    # a hand-made post is refused as well
    page = browser_tab.get(f"{address}?step=decline").content.decode()
    hidden = dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
    answer = browser_tab.post(f"{address}decide/", {**hidden, "kind": "approve", "typed": "150"})
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]
    assert not Decision.objects.exists()
    _sign_in(browser_tab, world)
    assert send(browser_tab, address, typed="150").status_code == 302
    decision = Decision.objects.get()
    assert (decision.via, decision.user) == ("web", world.approver)


def test_an_old_sign_in_is_not_enough_above_the_cap(world: World, browser_tab: Browser) -> None:
    world.thing.rows = [amount("a", 100, 150)]
    request = world.open()
    _sign_in(browser_tab, world)
    session = browser_tab.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()
    answer = browser_tab.get(f"/approvals/{request.public_id}/?step=approve")
    assert answer.status_code == 302 and "/reauthenticate/" in answer["Location"]


def test_the_inbox_decides_for_signed_in_approvers(world: World, browser_tab: Browser) -> None:
    request = world.open()
    browser_tab.force_login(world.approver, PASSWORD)
    address = f"/approvals/{request.public_id}/"
    page = browser_tab.get("/approvals/").content.decode()
    assert "Waiting for you" in page and "Raise Cold brew" in page
    assert send(browser_tab, address, typed="").status_code == 422
    assert not Decision.objects.exists()
    assert send(browser_tab, address, typed="490").status_code == 302
    assert Decision.objects.get().via == "web"


def test_the_requester_sees_the_request_without_buttons(world: World, browser_tab: Browser) -> None:
    request = world.open()
    browser_tab.force_login(world.requester, PASSWORD)
    page = browser_tab.get(f"/approvals/{request.public_id}/").content.decode()
    assert "somebody else decides" in page
    assert "?step=approve" not in page


def test_a_stranger_finds_nothing_in_the_inbox(world: World, browser_tab: Browser) -> None:
    from lane.accounts.models import Membership, Organization, User

    request = world.open()
    stranger = User.objects.create_user("eve@other.example", "a-long-password")
    Membership.objects.create(
        organization=Organization.objects.create(name="Other"), user=stranger, role="owner"
    )
    browser_tab.force_login(stranger, PASSWORD)
    assert browser_tab.get(f"/approvals/{request.public_id}/").status_code == 404
    assert browser_tab.get(f"/a/{request.public_id}/").status_code == 404
    assert "Raise Cold brew" not in browser_tab.get("/approvals/").content.decode()


def test_the_inbox_reads_as_often_however_long_it_is(
    world: World, browser_tab: Browser, django_assert_max_num_queries
) -> None:
    from approvals.services import submit

    for number in range(12):
        submit.open_request(
            "tests.thing", f"t{number}", client=world.client, actor_label="Lena",
            requested_by_id=world.requester.pk, barred_user_ids=[world.requester.pk],
        )  # fmt: skip
    browser_tab.force_login(world.approver, PASSWORD)
    browser_tab.get("/approvals/")
    with django_assert_max_num_queries(16):
        assert browser_tab.get("/approvals/").status_code == 200


def test_a_second_link_of_the_same_person_ends_the_first_page(asked: World, browser_tab: Browser) -> None:
    address = follow(browser_tab, asked.token)
    links.issue(asked.request, asked.approver)
    assert "newer link" in browser_tab.get(address).content.decode()
    assert send(browser_tab, address, typed="490").status_code in (403, 410)
    assert ApprovalRequest.objects.get().state == "open"


def test_a_decision_by_somebody_else_shows_on_the_page(asked: World, browser_tab: Browser) -> None:
    address = follow(browser_tab, asked.token)
    decide.decide(
        asked.request.public_id, kind="decline", actor=asked.actor(asked.other_approver),
        content_hash=asked.request.content_hash, comment="Creative is tired",
    )  # fmt: skip
    html = browser_tab.get(address).content.decode()
    assert "Declined by Jonas Weber" in html
    assert "Approve €" not in html
