"""Connect, sync, plan, propose, approve by the mailed link, write once, read back, show live, remember."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest

from lane.core import clock
from tests.e2e.desk import PHONE, Desk, scrolls_sideways

pytestmark = [pytest.mark.browser, pytest.mark.timeout(170)]
DONE = "Applied and read back"


@dataclass(frozen=True)
class Case:
    """A budget of the sandbox that is behind the plan made over it."""

    platform: str
    button: str
    client: str
    account: str
    budget: str
    amount: str
    approver: str
    by: str


GOOGLE = Case(
    "google_ads", "Connect Google Ads", "Lindqvist Eyewear", "Lindqvist Eyewear", "Opticians B2B", "13650",
    "jonas@tallow.example", "Jonas Weber",
)  # fmt: skip
META = Case(
    "meta", "Connect Meta", "Pinewick Coffee", "Pinewick Coffee (Meta)", "Cold brew", "15480",
    "ines@pinewick.example", "Ines Moreau",
)  # fmt: skip


@pytest.mark.parametrize("case", [GOOGLE, META], ids=["google", "meta"])
def test_a_budget_behind_its_plan_is_raised_with_one_approval_and_one_write(desk: Desk, case: Case) -> None:
    connect(desk.signed_in("owner"), case)
    marketer = desk.signed_in("marketer")
    make_plan(marketer, case)

    accept = marketer.locator("#proposal button[data-decide=approve]")
    accept.wait_for()
    marketer.locator(".page-head").get_by_text("Behind").wait_for()
    amount = re.sub(r"[^0-9.]", "", accept.inner_text())
    accept.click()
    marketer.get_by_text("It is written once it is approved.").wait_for()
    assert desk.journal() == []

    approve(desk, case, amount)
    # Nobody reloads: the marketer's open page hears of it.
    marketer.locator("#changes").get_by_text(DONE).wait_for()

    writes = desk.journal()
    assert [(write["platform"], write["after"], write["effective"]) for write in writes] == [
        (case.platform, round(float(amount) * 1_000_000), True)
    ]
    remembered(desk, case, amount)
    assert desk.complaints == []


def connect(page, case: Case) -> None:
    """Through the platform's own consent page, then the account to its client, then its history."""
    page.locator("nav").get_by_role("link", name="Connections").click()
    page.get_by_role("link", name=case.button).click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_label(f"Client of {case.account}", exact=True).select_option(label=case.client)
    page.get_by_role("button", name="Add accounts").click()
    page.locator("nav").get_by_role("link", name="Connections").click()
    page.locator("#connections").get_by_text("Done").first.wait_for()


def make_plan(page, case: Case) -> None:
    """A flight of 30 days in its twentieth day; the first look follows by itself."""
    first = clock.today("Europe/Berlin") - timedelta(days=19)
    page.locator("nav").get_by_role("link", name="Pacing").click()
    page.get_by_role("link", name="Create plan", exact=True).click()
    page.get_by_label("Client", exact=True).select_option(label=case.client)
    page.get_by_label(case.budget, exact=True).check()
    page.get_by_label("Name").fill(case.budget)
    page.get_by_label("First day").fill(first.isoformat())
    page.get_by_label("Last day").fill((first + timedelta(days=29)).isoformat())
    page.get_by_label("Amount for the whole flight").fill(case.amount)
    page.get_by_role("button", name="Create plan").click()
    page.wait_for_url(re.compile(r"/pacing/[0-9a-f-]{36}/$"))


def approve(desk: Desk, case: Case, amount: str) -> None:
    """On a phone, without an account: from the mail to the typed amount."""
    phone = desk.tab(size=PHONE)
    for _ in range(60):
        phone.goto("/dev/mail/")
        mail = phone.locator(".queue-item", has_text=case.budget).filter(has_text=case.approver)
        if mail.count():
            break
        phone.wait_for_timeout(500)
    mail.click()
    phone.frame_locator("iframe").get_by_role("link", name="Review and decide").click()
    phone.get_by_text(f"Private link for {case.by}").wait_for()
    assert "/a/l/" not in phone.url, "the token stays in the address"
    assert not scrolls_sideways(phone)
    phone.locator(".action-bar").get_by_role("link", name=re.compile("^Approve")).click()
    phone.get_by_label(re.compile("^Type the new total")).fill(amount)
    phone.locator("#step").get_by_role("button", name=re.compile("^Approve")).click()
    phone.get_by_text(f"Approved by {case.by}").wait_for()


def remembered(desk: Desk, case: Case, amount: str) -> None:
    """Who, what and the amount are in the activity, and its chain is whole."""
    owner = desk.signed_in("owner")
    owner.goto("/activity/")
    told = owner.locator("#activity").inner_text()
    for part in (case.by, "Lena Brandt", case.budget, amount.split(".")[0]):
        assert part in told
