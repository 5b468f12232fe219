"""The portfolio page in a browser, on the sandbox's own facts: readable by everybody, and a split answered."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from campaigns.models import SyncRun
from campaigns.services import accounts, sync
from lane.core import outbox
from lane.ops.demo import plans, portfolios
from pacing.models import AllocationLook, Portfolio
from tests.campaigns.sandbox_login import connect
from tests.e2e.desk import PHONE, Desk, scrolls_sideways
from tests.e2e.test_pages import violations

pytestmark = [pytest.mark.browser, pytest.mark.timeout(170)]


@pytest.fixture
def portfolio(desk: Desk) -> Portfolio:
    """The demo's portfolio, made of what the sandbox reports of one account."""
    crew = desk.crew
    connection = connect(crew.owner, "meta")
    record = next(
        each.record
        for each in accounts.available(connection)
        if each.record.name == f"{portfolios.CLIENT} (Meta)"
    )
    account = accounts.assign(
        connection, record.external_id, crew.clients[portfolios.CLIENT], crew.owner, found=record
    )
    sync.sync_account(account.pk, SyncRun.Kind.HISTORY)
    list(plans.make(crew.clients, crew.marketer))
    made = portfolios.make(crew.clients, crew.marketer)
    assert made is not None
    outbox.drain()
    made.refresh_from_db()
    return made


def picture(page, name: str) -> None:
    """Keep a picture where LANE_PICTURES says, to look at."""
    if folder := os.environ.get("LANE_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_the_portfolio_pages_are_accessible_and_fit_every_width(desk: Desk, portfolio: Portfolio) -> None:
    look = AllocationLook.objects.filter(portfolio=portfolio).latest("id")
    paths = {
        "list": "/portfolios/",
        "detail": f"/portfolios/{portfolio.public_id}/",
        "new": f"/portfolios/new/?client={portfolio.client.public_id}",
        "edit": f"/portfolios/{portfolio.public_id}/edit/",
        "looks": f"/portfolios/{portfolio.public_id}/looks/",
        "look": f"/portfolios/looks/{look.public_id}/",
    }
    found = {}
    for theme, size in (("light", None), ("dark", None), ("light", PHONE)):
        page = desk.signed_in("owner", theme=theme, **({"size": size} if size else {}))
        for name, path in paths.items():
            answer = page.goto(path)
            assert answer.status == 200, path
            picture(page, f"{name}-{theme}-{'phone' if size else 'desk'}")
            if problems := violations(page):
                found[f"{path} {theme}"] = problems
            assert not scrolls_sideways(page), path
    assert found == {}
    assert desk.complaints == []


def test_an_arm_is_locked_in_place_and_a_client_chosen_shows_its_budgets(
    desk: Desk, portfolio: Portfolio
) -> None:
    page = desk.signed_in("owner")
    page.goto(f"/portfolios/{portfolio.public_id}/")
    page.get_by_label("Lock Men 25-44").check()
    page.get_by_label("Most a day for Women 25-44").fill("200")
    page.get_by_role("button", name="Save arms").click()
    page.get_by_text("The next look keeps to it").wait_for()
    arms = {arm.label: arm for arm in portfolio.arms.all()}
    assert arms["Men 25-44"].locked
    assert arms["Women 25-44"].cap_micros == 200_000_000
    page.goto("/portfolios/new/")
    page.get_by_label("Client").select_option(label=portfolios.CLIENT)
    page.get_by_label("Sunglasses test").wait_for()
    assert page.get_by_label("Client").input_value() == str(portfolio.client.public_id)
    assert page.get_by_label("Men 25-44", exact=True).is_disabled()
    assert desk.complaints == []
