"""The decision by link in a real browser, at the size of a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from approvals.models import ApprovalRequest, Decision
from approvals.services import links
from tests.approvals.world import World

pytestmark = pytest.mark.browser
AXE = Path(__file__).resolve().parents[1] / "e2e" / "vendor" / "axe.min.js"


def phone(browser: Any, url: str, scheme: str = "light") -> Any:
    """An empty tab of a phone."""
    context = browser.new_context(
        base_url=url, viewport={"width": 390, "height": 844}, color_scheme=scheme, bypass_csp=True
    )
    context.set_default_timeout(10_000)
    return context.new_page()


def violations(tab: Any) -> list[str]:
    """What axe finds wrong, with where."""
    tab.add_script_tag(path=str(AXE))
    found = tab.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']}).then(r => r.violations)"
    )
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found]


def test_an_approver_decides_on_a_phone_without_an_account(
    transactional_db: None, world: World, live_server: Any, browser: Any
) -> None:
    request = world.open()
    _, token = links.issue(request, world.approver)
    tab = phone(browser, live_server.url)
    tab.goto(f"/a/l/{token}")
    assert token not in tab.url
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert violations(tab) == []
    tab.click("text=Approve €490.00 a day")
    assert tab.evaluate("document.activeElement.id") == "step-field"
    assert violations(tab) == []
    tab.fill("#step-field", "500")
    tab.click("form button[type=submit]")
    assert "You typed €500.00" in tab.inner_text("#step-error")
    assert ApprovalRequest.objects.get().state == "open"
    tab.fill("#step-field", "490")
    tab.click("form button[type=submit]")
    tab.wait_for_selector("#outcome")
    assert "Approved" in tab.inner_text("#outcome")
    assert Decision.objects.get().via == "link"
    tab.context.close()


def test_the_page_reads_well_in_the_dark(
    transactional_db: None, world: World, live_server: Any, browser: Any
) -> None:
    _, token = links.issue(world.open(), world.approver)
    tab = phone(browser, live_server.url, "dark")
    tab.goto(f"/a/l/{token}?step=decline")
    assert violations(tab) == []
    tab.context.close()


def test_a_page_that_clicks_everything_decides_nothing(
    transactional_db: None, world: World, live_server: Any, browser: Any
) -> None:
    _, token = links.issue(world.open(), world.approver)
    tab = phone(browser, live_server.url)
    for step in ("", "?step=approve", "?step=decline"):
        tab.goto(f"/a/l/{token}{step}")
        for index in range(tab.locator("main button, main .btn").count()):
            tab.goto(f"/a/l/{token}{step}")
            tab.locator("main button, main .btn").nth(index).click()
            tab.wait_for_load_state()
    assert ApprovalRequest.objects.get().state == "open"
    assert not Decision.objects.exists()
    tab.context.close()
