"""Settings and activity as each role opens them."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client as Browser

from lane.accounts.models import Invitation
from lane.audit.models import AuditEntry
from lane.audit.services import chain, record
from lane.core.actors import Actor
from tests.accounts.world import World

PAGES = ["/settings/", "/settings/team/", "/settings/clients/", "/settings/api-keys/", "/activity/"]


def signed_in(world: World, who: str) -> Browser:
    browser = Browser()
    browser.force_login(world.people[who], backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.mark.parametrize("who", ["viewer", "editor", "admin", "owner", "approver", "contact", "lead"])
def test_every_role_opens_every_page_and_sees_nothing_foreign(world: World, who: str):
    browser = signed_in(world, who)
    for page in PAGES:
        response = browser.get(page)
        assert response.status_code == 200, page
        body = response.content.decode()
        assert "Quokka" not in body and "stranger" not in body
        if who in ("contact", "lead"):
            assert "Aldermoor" not in body, page


@pytest.mark.django_db
def test_nobody_gets_in_without_signing_in():
    for page in PAGES:
        response = Browser().get(page)
        assert response.status_code == 302 and response["Location"].startswith("/accounts/login/")


ADMIN_DOORS = [
    ("get", "/settings/clients/new/", {}),
    ("get", "/settings/clients/{pinewick}/", {}),
    ("post", "/settings/clients/new/", {"name": "New", "currency": "EUR", "timezone": "Europe/Berlin"}),
    ("post", "/settings/clients/{pinewick}/archive/", {}),
    ("post", "/settings/clients/{pinewick}/share/", {"email": "x@example.com"}),
    ("post", "/settings/team/invite/", {"email": "x@example.com", "role": "viewer", "client": "every"}),
    ("get", "/settings/team/{member}/", {}),
    ("post", "/settings/team/{member}/remove/", {}),
    ("post", "/settings/organization/", {"name": "Renamed"}),
    ("post", "/activity/verify/", {}),
]


@pytest.mark.parametrize(("method", "path", "data"), ADMIN_DOORS)
def test_doors_of_admins_are_open_to_them_alone(world: World, method: str, path: str, data: dict):
    url = path.format(pinewick=world.pinewick.public_id, member=world.membership("contact").public_id)
    for who in ("viewer", "editor", "approver"):
        assert getattr(signed_in(world, who), method)(url, data).status_code == 403, who
    assert (AuditEntry.objects.count(), Invitation.objects.count()) == (0, 0)
    if "{" in path:
        assert getattr(signed_in(world, "stranger"), method)(url, data).status_code == 404
    assert getattr(signed_in(world, "admin"), method)(url, data).status_code in (200, 302)


def test_a_foreign_and_an_unknown_id_give_the_same_answer(world: World):
    browser = signed_in(world, "owner")
    for path, foreign in [
        ("/settings/clients/{}/", world.foreign_client.public_id),
        ("/settings/team/{}/", world.membership("stranger").public_id),
    ]:
        answers = [browser.get(path.format(each)) for each in (foreign, uuid.uuid4())]
        assert [a.status_code for a in answers] == [404, 404]
        assert "Quokka" not in answers[0].content.decode()


def test_a_refused_form_says_what_to_fix_and_changes_nothing(world: World):
    browser = signed_in(world, "admin")
    terms = {
        "name": "Pinewick coffee",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "budget_limit": "12.345",
    }
    wrong = browser.post("/settings/clients/new/", terms)
    assert wrong.status_code == 422 and b"EUR amounts have at most 2 decimals" in wrong.content
    taken = browser.post("/settings/clients/new/", {**terms, "budget_limit": ""})
    assert taken.status_code == 422 and b"already a client of this name" in taken.content
    invited = browser.post(
        "/settings/team/invite/", {"email": "x@example.com", "role": "owner", "client": "every"}
    )
    assert invited.status_code == 422 and Invitation.objects.count() == 0


def test_the_profile_and_the_organization_can_be_renamed(world: World):
    browser = signed_in(world, "owner")
    browser.post("/settings/profile/", {"name": "Olga Owner", "timezone": "Europe/Paris"})
    browser.post("/settings/organization/", {"name": "Tallow & Co"})
    body = browser.get("/settings/").content.decode()
    assert "Olga Owner" in body and "Tallow &amp; Co" in body


def written(world: World) -> None:
    owner = world.actor("owner")
    record("accounts.client.edited", actor=owner, obj=world.pinewick, reason="new contract",
           before={"budget_limit_micros": None, "currency": "EUR"},
           after={"budget_limit_micros": 5_000_000_000, "currency": "EUR"})  # fmt: skip
    record("accounts.client.edited", actor=owner, obj=world.aldermoor, after={"name": "<b>Aldermoor</b>"})
    record("accounts.organization.renamed", actor=owner, obj=world.us)
    record("pacing.plan.paused", actor=Actor.system(world.us.pk, "pacing"), object_type="pacing.budgetplan",
           object_id=str(uuid.uuid4()), object_label="May", client_id=world.pinewick.pk)  # fmt: skip
    record("accounts.client.edited", actor=world.actor("stranger"), obj=world.foreign_client)


def test_the_activity_shows_each_reader_what_they_may_see(world: World):
    written(world)
    chain.seal()
    body = signed_in(world, "viewer").get("/activity/").content.decode()
    assert "€5,000.00" in body and "new contract" in body and "Sealed to entry 4" in body
    assert "&lt;b&gt;Aldermoor" in body and "<b>Aldermoor" not in body and "Quokka" not in body
    contact = signed_in(world, "contact").get("/activity/").content.decode()
    assert "Plan paused" in contact and "Aldermoor" not in contact and "Organization renamed" not in contact


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("who=owner", 3),
        ("kind=system", 1),
        ("action=pacing.", 1),
        ("object={pinewick}", 1),
        ("client={pinewick}", 2),
        ("client={foreign}", 0),
        ("since=2020-01-01&until=2020-01-31", 0),
        ("since=not-a-date", 0),
        ("before=nonsense", 4),
    ],
)
def test_the_activity_is_narrowed_by_its_address(world: World, query: str, count: int):
    written(world)
    query = query.format(pinewick=world.pinewick.public_id, foreign=world.foreign_client.public_id)
    response = signed_in(world, "viewer").get(f"/activity/?{query}")
    assert response.status_code == 200
    assert len(response.context["rows"]) == count


def test_older_entries_follow_without_a_gap_or_a_repeat(world: World):
    for number in range(120):
        record(
            "tests.thing.made", actor=world.actor("owner"), object_type="tests.thing", object_id=str(number)
        )
    browser, seen, query = signed_in(world, "viewer"), [], ""
    while True:
        context = browser.get(f"/activity/{query}").context
        seen += [row.entry.object_id for row in context["rows"]]
        if not context["next"]:
            break
        query = f"?before={context['next']}"
    assert seen == [str(number) for number in reversed(range(120))]


def test_an_admin_checks_the_chain_from_the_page(world: World):
    written(world)
    body = signed_in(world, "admin").post("/activity/verify/", follow=True).content.decode()
    assert "All 4 sealed entries are as they were written" in body and ": whole." in body
