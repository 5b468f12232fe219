"""The pages of connections, accounts, ad campaigns and imports, as people with different rights see them."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from campaigns.models import AdAccount, AdCampaign, Connection, CsvImport, Drift
from lane.accounts.models import Client, Organization
from lane.core import clock
from tests.campaigns.sandbox_login import consent
from tests.campaigns.test_imports import ROWS, _csv
from tests.campaigns.world import AT, fact, make_budget, make_world, person, put

pytestmark = pytest.mark.django_db


def _as(user) -> Browser:
    browser = Browser()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def world():
    made = make_world(facts_synced_at=clock.now(), final_through=clock.now().date() - timedelta(days=4))
    budget = make_budget(made, campaigns=2)
    campaign = AdCampaign.objects.filter(budget=budget).first()
    today = clock.today(made.account.timezone)
    put([fact(made, campaign.pk, today - timedelta(days=n), 10_000_000) for n in range(1, 20)])
    return made


def test_a_person_connects_a_login_through_the_browser_and_picks_accounts(sandbox_reset):
    organization = Organization.objects.create(name="Northbank")
    user, _ = person(organization, "admin")
    browser = _as(user)
    leaving = browser.get(reverse("connection-begin", args=["google_ads"]))
    assert leaving.status_code == 302
    back = consent(leaving["Location"])
    arrived = browser.get(reverse("connection-callback", args=["google_ads"]), back)
    connection = Connection.objects.get()
    assert arrived["Location"] == reverse("connection-accounts", args=[connection.public_id])
    page = browser.get(arrived["Location"])
    reachable = [form for _, form in page.context["rows"] if form]
    fields = {form.prefix: "Pinewick" for form in reachable[:2]}
    done = browser.post(arrived["Location"], {f"{key}-new_client": name for key, name in fields.items()})
    assert done.status_code == 302
    assert Client.objects.get().name == "Pinewick"
    assert set(AdAccount.objects.values_list("external_id", flat=True)) == set(fields)
    assert browser.get(reverse("connection-detail", args=[connection.public_id])).status_code == 200
    replayed = browser.get(reverse("connection-callback", args=["google_ads"]), back)
    assert (replayed.status_code, Connection.objects.count()) == (302, 1)


@pytest.mark.parametrize(
    "forged", [{"code": "x"}, {"code": "x", "state": "wrong"}, {"error": "access_denied"}]
)
def test_a_return_this_session_did_not_begin_stores_nothing(sandbox_reset, forged):
    user, _ = person(Organization.objects.create(name="Northbank"), "admin")
    browser = _as(user)
    begun = browser.get(reverse("connection-begin", args=["google_ads"]))["Location"]
    asked = parse_qs(urlsplit(begun).query)
    assert asked["state"][0]
    answer = browser.get(reverse("connection-callback", args=["google_ads"]), forged, follow=True)
    assert "nothing was stored" in answer.content.decode()
    assert not Connection.objects.exists()


def test_pages_show_what_is_there_within_few_queries(world, django_assert_max_num_queries):
    browser = _as(world.user)
    for url in (
        reverse("connection-list"),
        reverse("connection-detail", args=[world.connection.public_id]),
        reverse("account-detail", args=[world.account.public_id]),
        reverse("ad-campaign-list"),
        reverse("import-list"),
        reverse("import-create"),
    ):
        with django_assert_max_num_queries(20):
            page = browser.get(url)
        assert page.status_code == 200, url
    listed = browser.get(reverse("ad-campaign-list")).content.decode()
    assert "€70" in listed
    assert world.account.name in listed


def test_the_list_of_campaigns_takes_as_many_queries_for_fifty_as_for_two(world):
    from django.db import connection as database
    from django.test.utils import CaptureQueriesContext

    browser = _as(world.user)
    with CaptureQueriesContext(database) as two:
        browser.get(reverse("ad-campaign-list"))
    make_budget(world, campaigns=48)
    with CaptureQueriesContext(database) as fifty:
        browser.get(reverse("ad-campaign-list"))
    assert len(fifty) == len(two)


def test_campaigns_are_found_by_name_client_platform_and_status(world):
    browser = _as(world.user)
    first = AdCampaign.objects.first()
    AdCampaign.objects.filter(pk=first.pk).update(name="Cold brew", status="paused")

    def found(**query) -> int:
        return browser.get(reverse("ad-campaign-list"), query).context["page"].paginator.count

    assert (found(), found(q="cold"), found(q="nothing")) == (2, 1, 0)
    assert (found(status="paused"), found(platform="meta"), found(platform="nonsense")) == (1, 0, 2)
    assert found(client=str(world.client.public_id)) == 2
    assert found(client="6f1f6b3e-0000-4000-8000-000000000000") == 0


def test_another_organization_sees_nothing_of_it(world):
    user, _ = person(Organization.objects.create(name="Other"), "owner")
    stranger = _as(user)
    for url in (
        reverse("connection-detail", args=[world.connection.public_id]),
        reverse("account-detail", args=[world.account.public_id]),
    ):
        assert stranger.get(url).status_code == 404
    for url in (
        reverse("account-sync", args=[world.account.public_id]),
        reverse("connection-disconnect", args=[world.connection.public_id]),
        reverse("account-switch", args=[world.account.public_id]),
    ):
        assert stranger.post(url).status_code == 404
    assert world.account.name not in stranger.get(reverse("ad-campaign-list")).content.decode()
    assert Connection.objects.get().status == "ok"


def test_a_viewer_may_look_and_change_nothing(world):
    user, _ = person(world.organization, "viewer")
    viewer = _as(user)
    assert viewer.get(reverse("connection-list")).status_code == 200
    for url in (
        reverse("account-sync", args=[world.account.public_id]),
        reverse("connection-disconnect", args=[world.connection.public_id]),
        reverse("account-switch", args=[world.account.public_id]),
    ):
        assert viewer.post(url).status_code == 403
    assert viewer.get(reverse("connection-begin", args=["google_ads"])).status_code == 403
    assert Connection.objects.get().status == "ok"


def test_nobody_sees_anything_before_signing_in(world):
    answer = Browser().get(reverse("connection-list"))
    assert (answer.status_code, "login" in answer["Location"]) == (302, True)


@pytest.mark.parametrize(("answer", "state", "verified"), [("adopt", "adopted", 70), ("leave", "left", 50)])
def test_a_difference_is_settled_from_the_account_page(world, answer, state, verified):
    budget = make_budget(world, amount=70, verified_micros=50)
    drift = Drift.objects.create(
        organization=world.organization, client=world.client, budget=budget,
        expected_micros=50, observed_micros=70, seen_at=AT, edited_by="jonas@example.com",
    )  # fmt: skip
    browser = _as(world.user)
    page = browser.get(reverse("account-detail", args=[world.account.public_id])).content.decode()
    assert "jonas@example.com" in page
    assert browser.post(reverse("drift-settle", args=[drift.public_id, answer])).status_code == 302
    drift.refresh_from_db()
    budget.refresh_from_db()
    assert (drift.state, drift.settled_by, budget.verified_micros) == (state, world.user, verified)
    assert browser.post(reverse("drift-settle", args=[drift.public_id, answer])).status_code == 409


def test_automation_is_paused_from_a_difference_and_resumed_with_a_reason_by_an_admin(world):
    budget = make_budget(world, amount=70, verified_micros=50)
    drift = Drift.objects.create(
        organization=world.organization, client=world.client, budget=budget,
        expected_micros=50, observed_micros=70, seen_at=AT, edited_by="jonas@example.com",
    )  # fmt: skip
    browser, url = _as(world.user), reverse("account-detail", args=[world.account.public_id])
    assert "Pause automation" in browser.get(url).content.decode()
    browser.post(reverse("drift-settle", args=[drift.public_id, "pause"]))
    shown = browser.get(url).content.decode()
    assert "was changed outside Lane" in shown
    assert "Resume automation" in shown
    editor, _ = person(world.organization, "editor")
    assert "An admin can resume it" in _as(editor).get(url).content.decode()
    resume = reverse("budget-automation", args=[budget.public_id, "resume"])
    assert _as(editor).post(resume, {"reason": "It is settled."}).status_code == 403
    browser.post(resume, {"reason": ""})
    budget.refresh_from_db()
    assert budget.recommend_only_reason
    browser.post(resume, {"reason": "It is settled."})
    budget.refresh_from_db()
    assert budget.recommend_only_reason == ""


def test_a_whole_account_is_paused_and_resumed_from_its_page(world):
    browser, url = _as(world.user), reverse("account-detail", args=[world.account.public_id])
    assert "0 of 3 disturbances" in browser.get(url).content.decode()
    browser.post(
        reverse("account-automation", args=[world.account.public_id, "pause"]),
        {"reason": "Black Friday by hand."},
    )
    shown = browser.get(url).content.decode()
    assert "Black Friday by hand." in shown
    assert "Why may automation act here again?" in shown
    browser.post(reverse("account-automation", args=[world.account.public_id, "resume"]), {"reason": "Over."})
    assert "Black Friday by hand." not in browser.get(url).content.decode()
    nowhere = reverse("account-automation", args=[world.account.public_id, "explode"])
    assert browser.post(nowhere, {"reason": "Over."}).status_code == 404


def test_a_changed_spend_cap_is_named_as_one_and_its_absence_as_none(world):
    budget = make_budget(world)
    Drift.objects.create(
        organization=world.organization, client=world.client, budget=budget, field="spend_cap",
        ad_campaign=budget.ad_campaigns.get(), expected_micros=900_000_000, observed_micros=None, seen_at=AT,
    )  # fmt: skip
    shown = _as(world.user).get(reverse("account-detail", args=[world.account.public_id])).content.decode()
    for words in (f"Spend cap of {budget.ad_campaigns.get().name}", "Keep no cap", "Propose €900.00 again"):
        assert words in shown
    assert "was changed elsewhere" in _as(world.user).get("/").content.decode()


def test_a_file_goes_from_upload_over_preview_to_the_account(world):
    browser = _as(world.user)
    given = {
        "file": SimpleUploadedFile("may.csv", _csv(*ROWS)), "client_id": str(world.client.public_id),
        "account_name": "Pinewick search", "platform": "", "currency": "EUR", "timezone": "Europe/Berlin",
    }  # fmt: skip
    uploaded = browser.post(reverse("import-create"), given)
    made = CsvImport.objects.get()
    assert uploaded["Location"] == reverse("import-detail", args=[made.public_id])
    preview = browser.get(uploaded["Location"]).content.decode()
    assert "Import 3 rows" in preview
    wrong = browser.post(
        reverse("import-columns", args=[made.public_id]), {"day": "0", "campaign": "0", "cost": "3"}
    )
    assert (wrong.status_code, "two fields" in wrong.content.decode()) == (422, True)
    done = browser.post(reverse("import-carry-out", args=[made.public_id]))
    account = AdAccount.objects.get(source="csv")
    assert done["Location"] == reverse("account-detail", args=[account.public_id])
    shown = browser.get(done["Location"]).content.decode()
    assert "Lane only recommends here" in shown
    assert browser.get(uploaded["Location"]).status_code == 200


def test_a_bad_upload_says_at_the_field_what_to_do(world):
    browser = _as(world.user)
    given = {
        "file": SimpleUploadedFile("x.xlsx", b"PK\x00\x03"), "client_id": str(world.client.public_id),
        "account_name": "A", "currency": "EUR", "timezone": "Nowhere/Zone",
    }  # fmt: skip
    answer = browser.post(reverse("import-create"), given)
    assert (answer.status_code, "Europe/Berlin" in answer.content.decode()) == (422, True)
    given |= {"timezone": "Europe/Berlin", "file": SimpleUploadedFile("x.xlsx", b"PK\x00\x03")}
    assert "not as .xlsx" in browser.post(reverse("import-create"), given).content.decode()
    assert not CsvImport.objects.exists()
