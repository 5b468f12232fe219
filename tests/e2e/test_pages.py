"""Every page of the side bar answers, keeps quiet, and can be used by everybody."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.models import SyncRun
from campaigns.services import accounts, sync
from lane.core import outbox
from lane.ops.demo import plans
from pacing.models import BudgetPlan, Recommendation
from pacing.services import recommendations, runs
from tests.campaigns.sandbox_login import connect
from tests.e2e.desk import PHONE, Desk, scrolls_sideways

pytestmark = [pytest.mark.browser, pytest.mark.timeout(170)]
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
_CHECK = """async () => {
  const found = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], resultTypes: ["violations"]});
  return found.violations.filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => one.id + ": " + one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(" | "));
}"""


def violations(page) -> list[str]:
    """What axe finds serious; evaluated from outside, which the content policy does not forbid."""
    page.evaluate(AXE)
    return list(page.evaluate(_CHECK))


@pytest.fixture
def plan(desk: Desk) -> BudgetPlan:
    """Two accounts read, their plans paced, one proposal waiting for its approver."""
    crew = desk.crew
    for platform, name in (("google_ads", "Lindqvist Eyewear"), ("meta", "Pinewick Coffee (Meta)")):
        connection = connect(crew.owner, platform)
        record = next(each.record for each in accounts.available(connection) if each.record.name == name)
        client = crew.clients[name.removesuffix(" (Meta)")]
        account = accounts.assign(connection, record.external_id, client, crew.owner, found=record)
        sync.sync_account(account.pk, SyncRun.Kind.HISTORY)
    made = {each.name: each for each in plans.make(crew.clients, crew.marketer)}
    runs.run_pass(organization_id=crew.organization.pk)
    chosen = Recommendation.objects.get(plan=made["Cold brew"], state="open")
    recommendations.accept(chosen.public_id, actor=crew.marketer)
    outbox.drain()
    return made["Opticians B2B"]


def test_every_page_of_the_side_bar_answers_and_is_accessible(desk: Desk, plan: BudgetPlan) -> None:
    found = {}
    for theme in ("light", "dark"):
        page = desk.signed_in("owner", theme=theme)
        links = page.locator("nav[aria-label=Main] a").all()
        listed = [link.get_attribute("href") for link in links]
        assert len(listed) >= 10
        for path in [
            *listed,
            f"/pacing/{plan.public_id}/",
            "/pacing/new/",
            "/notifications/",
            "/settings/team/",
        ]:
            answer = page.goto(path)
            assert answer.status == 200, path
            if problems := violations(page):
                found[f"{path} {theme}"] = problems
            assert not scrolls_sideways(page), path
    assert found == {}
    assert desk.complaints == []


def test_the_login_page_refuses_wrong_words_and_is_accessible(desk: Desk) -> None:
    page = desk.tab()
    page.goto("/pacing/")
    assert "/accounts/login/" in page.url
    assert violations(page) == []
    page.get_by_label("Email").fill("lena@tallow.example")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    assert desk.complaints == []


def test_table_plan_and_approval_fit_a_phone(desk: Desk, plan: BudgetPlan) -> None:
    page = desk.signed_in("owner", size=PHONE)
    found = {}
    for path in ("/pacing/", f"/pacing/{plan.public_id}/", "/approvals/"):
        page.goto(path)
        assert not scrolls_sideways(page), path
        if problems := violations(page):
            found[path] = problems
    mail = desk.tab(size=PHONE)
    for _ in range(60):
        mail.goto("/dev/mail/")
        if mail.locator("iframe").count():
            break
        mail.wait_for_timeout(500)
    mail.frame_locator("iframe").get_by_role("link", name="Review and decide").click()
    mail.get_by_text("Private link for").wait_for()
    for address in (mail.url, f"{mail.url}?step=approve"):
        mail.goto(address)
        assert not scrolls_sideways(mail), address
        if problems := violations(mail):
            found[address] = problems
    assert found == {}
    assert desk.complaints == []
