"""The pages of change sets, the ledger and the stop switches."""

from __future__ import annotations

import pytest
from django.test import Client as Browser
from django.urls import reverse

from campaigns.models import AdAccount, AdGroup, Change, ChangeSet, KillSwitch
from campaigns.services import changes, kill_switches
from lane.accounts.models import Membership, Organization, Role, User
from lane.core import clock
from tests.campaigns.ledger_world import EUR, LedgerWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> LedgerWorld:
    return LedgerWorld(monkeypatch)


def browser(actor_or_user) -> Browser:
    user_id = getattr(actor_or_user, "user_id", None) or actor_or_user.pk
    signed_in = Browser()
    signed_in.force_login(User.objects.get(pk=user_id), backend="django.contrib.auth.backends.ModelBackend")
    return signed_in


def test_the_list_and_the_ledger_show_what_was_asked_and_what_became_of_it(world):
    world.apply(world.approved(world.budget("Cold brew"), 115))
    world.propose(world.budget("Espresso"), 120)
    page = browser(world.approver)
    sets = page.get(reverse("change-set-list")).content.decode()
    assert "Cold brew to 115" in sets and "Espresso to 120" in sets and "Applied" in sets
    only = page.get(reverse("change-set-list"), {"state": "proposed"}).content.decode()
    assert "Espresso to 120" in only and "Cold brew to 115" not in only
    rows = page.get(reverse("ledger-list"), {"state": "verified"}).content.decode()
    assert "Applied and read back." in rows and "Espresso" not in rows


def test_lists_ask_a_fixed_number_of_queries(world, django_assert_max_num_queries):
    for number in range(6):
        world.propose(world.budget(f"B{number}"), 110)
    page = browser(world.approver)
    page.get(reverse("change-set-list"))
    with django_assert_max_num_queries(20):
        page.get(reverse("change-set-list"))
    with django_assert_max_num_queries(20):
        page.get(reverse("ledger-list"))


def test_the_detail_shows_diff_calls_approval_and_offers_the_undo(world):
    change = world.apply(world.approved(world.budget("Cold brew"), 115))
    url = reverse("change-set-detail", args=[change.change_set.public_id])
    shown = browser(world.editor).get(url).content.decode()
    for words in ("€100.00", "€115.00", "req-1", "Accepted", "It is behind its plan.", "Propose the undo"):
        assert words in shown
    assert "Propose the undo" not in browser(world.approver).get(url).content.decode()
    undo = reverse("change-set-undo", args=[change.change_set.public_id])
    assert browser(world.editor).post(undo, {"reason": ""}).status_code == 422
    assert ChangeSet.objects.filter(origin="undo").count() == 0
    answer = browser(world.editor).post(undo, {"reason": "The client changed their mind."})
    assert answer.status_code == 302 and ChangeSet.objects.filter(origin="undo").count() == 1


def test_an_edit_through_the_page_is_a_new_version_and_names_bad_amounts(world):
    change_set = world.propose(world.budget("Cold brew"), 115)
    key = f"amount-{change_set.changes.get().public_id}"
    url = reverse("change-set-edit", args=[change_set.public_id])
    page = browser(world.editor)
    assert 'value="115.00"' in page.get(url).content.decode()
    for text, words in (("12.345", "at most 2 decimals"), ("abc", "not an amount"), ("100", "already has")):
        answer = page.post(url, {key: text, "reason": "Less.", "version": 1})
        assert answer.status_code == 422 and words in answer.content.decode()
    assert page.post(url, {key: "112.50", "reason": "Less.", "version": 1}).status_code == 302
    change_set.refresh_from_db()
    assert change_set.version == 2
    assert Change.objects.get(state="proposed").target_micros == 112_500_000
    assert page.post(url, {key: "113", "reason": "Less.", "version": 1}).status_code == 409


def test_caps_and_bids_are_named_and_edited_in_their_own_units(world):
    AdAccount.objects.update(platform="meta")
    campaign = world.campaign(
        "Cold brew", budget=world.budget("Cold brew"), lifetime_spend_micros=400 * EUR, spend_cap_micros=600 * EUR,
    )  # fmt: skip
    group = AdGroup.objects.create(
        organization=world.organization, client=world.client, ad_account=world.account, ad_campaign=campaign,
        external_id="g1", name="Lookalikes", status="active", seen_at=clock.now(),
        bid_kind="bid_cap", bid_micros=2 * EUR, bid_strategy="LOWEST_COST_WITH_BID_CAP",
    )  # fmt: skip
    change_set = changes.propose(
        client=world.client, title="Hold it", reason="The plan is nearly spent.", origin="person", actor=world.editor,
        targets=[changes.SpendCapTarget(campaign, 900 * EUR), changes.BidTarget(group, "bid_cap", 3 * EUR)],
    )  # fmt: skip
    page = browser(world.editor)
    shown = page.get(reverse("change-set-detail", args=[change_set.public_id])).content.decode()
    for words in ("Spend cap", "€600.00", "€900.00", "Lookalikes", "Bid cap", "€3.00"):
        assert words in shown
    assert "Lookalikes" in page.get(reverse("change-set-list")).content.decode()
    url = reverse("change-set-edit", args=[change_set.public_id])
    cap, bid = (f"amount-{row.public_id}" for row in change_set.changes.order_by("id"))
    form = page.get(url).content.decode()
    assert "Cold brew, EUR spend cap" in form
    answer = page.post(url, {cap: "450", bid: "2.50", "reason": "Less.", "version": 1})
    assert (answer.status_code, "no cap below €500.00" in answer.content.decode()) == (422, True)
    assert page.post(url, {cap: "850", bid: "2.50", "reason": "Less.", "version": 1}).status_code == 302
    change_set.refresh_from_db()
    rows = change_set.changes.filter(version=2).values_list("field", "target_micros")
    assert list(rows) == [("spend_cap", 850 * EUR), ("bid_target", 2_500_000)]


def test_a_return_on_ad_spend_is_edited_as_one_and_a_removal_stays_a_removal(world):
    campaign = world.campaign(
        "Shopping",
        budget=world.budget(),
        bid_kind="target_roas",
        bid_millis=4_000,
        bid_strategy="TARGET_ROAS",
    )
    change_set = changes.propose(
        client=world.client, title="Loosen it", reason="It cannot spend.", origin="person", actor=world.editor,
        targets=[changes.BidTarget(campaign, "target_roas", 3_500)],
    )  # fmt: skip
    page, url = browser(world.editor), reverse("change-set-edit", args=[change_set.public_id])
    assert "4.0" in page.get(reverse("change-set-detail", args=[change_set.public_id])).content.decode()
    key = f"amount-{change_set.changes.get().public_id}"
    assert 'value="3.5"' in page.get(url).content.decode()
    for text, words in (("3.2501", "three decimals"), ("cheap", "like 4.0"), ("4", "already has")):
        answer = page.post(url, {key: text, "reason": "Less.", "version": 1})
        assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert page.post(url, {key: "3,25", "reason": "Less.", "version": 1}).status_code == 302
    assert Change.objects.get(version=2).target_millis == 3_250

    AdAccount.objects.update(platform="meta")
    capped = world.campaign("Capped", lifetime_spend_micros=EUR, spend_cap_micros=600 * EUR)
    removal = changes.propose(
        client=world.client, title="Lift it", reason="The plan is over.", origin="person", actor=world.editor,
        targets=[changes.SpendCapTarget(capped, None), changes.BudgetTarget(world.budget("Other"), 110 * EUR)],
    )  # fmt: skip
    key = f"amount-{removal.changes.get(field='budget').public_id}"
    url = reverse("change-set-edit", args=[removal.public_id])
    assert page.post(url, {key: "105", "reason": "Less.", "version": 1}).status_code == 302
    kept = removal.changes.get(version=2, field="spend_cap")
    assert (kept.base_micros, kept.target_micros) == (600 * EUR, None)
    shown = page.get(reverse("change-set-detail", args=[removal.public_id])).content.decode()
    assert "none" in shown


def test_withdrawing_through_the_page_ends_it(world):
    change_set = world.propose(world.budget(), 115)
    url = reverse("change-set-withdraw", args=[change_set.public_id])
    assert browser(world.approver).post(url).status_code == 403
    assert browser(world.editor).post(url).status_code == 302
    change_set.refresh_from_db()
    assert change_set.state == "withdrawn"


def test_stopping_and_resuming_through_the_page(world):
    stop = reverse("kill-switch-stop")
    assert browser(world.approver).post(stop, {"reason": "No right."}).status_code == 403
    assert browser(world.editor).post(stop, {"reason": ""}).status_code == 422
    assert KillSwitch.objects.count() == 0
    assert (
        browser(world.editor)
        .post(stop, {"reason": "Wrong page.", "client": str(world.client.public_id)})
        .status_code
        == 302
    )
    shown = browser(world.editor).get(reverse("kill-switch-list")).content.decode()
    assert "Wrong page." in shown and "An admin resumes" in shown
    resume = reverse("kill-switch-resume", args=[KillSwitch.objects.get().public_id])
    assert browser(world.editor).post(resume, {"reason": "Fine."}).status_code == 403
    assert browser(world.admin).post(resume, {"reason": "Checked."}).status_code == 302
    assert KillSwitch.objects.get().resume_reason == "Checked."


def test_other_organizations_find_nothing(world):
    change = world.apply(world.approved(world.budget("Cold brew"), 115))
    switch = kill_switches.stop(actor=world.editor, reason="Careful.")
    other = Organization.objects.create(name="Other agency")
    eve = User.objects.create_user("eve@other.example")
    Membership.objects.create(organization=other, user=eve, role=Role.OWNER)
    page, key = browser(eve), change.change_set.public_id
    for name, args, verb in (
        ("change-set-detail", [key], "get"),
        ("change-set-edit", [key], "get"),
        ("change-set-withdraw", [key], "post"),
        ("change-set-undo", [key], "post"),
        ("change-retry", [change.public_id], "post"),
        ("kill-switch-resume", [switch.public_id], "post"),
    ):
        answer = getattr(page, verb)(
            reverse(name, args=args), {"reason": "Mine now."} if verb == "post" else {}
        )
        assert answer.status_code == 404, name
        assert "Cold brew" not in answer.content.decode()
    for name in ("change-set-list", "ledger-list", "kill-switch-list"):
        shown = page.get(reverse(name)).content.decode()
        assert "Cold brew" not in shown and "Careful." not in shown
    assert world.live(change.budget) * EUR == 115 * EUR
