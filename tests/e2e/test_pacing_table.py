"""A marketer arranges and edits the pacing table with the keyboard, in a real browser."""

from __future__ import annotations

import pytest

from pacing.models import BudgetPlan
from tests.e2e.desk import PHONE, Desk, scrolls_sideways
from tests.e2e.test_pages import plan, violations  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.timeout(170)]


def test_a_row_is_edited_kept_in_a_view_and_changed_by_pasting(desk: Desk, plan: BudgetPlan) -> None:  # noqa: F811
    page = desk.signed_in("marketer")
    page.goto("/pacing/?view=all&group=client")
    assert violations(page) == []

    row = page.locator(f"#plan-{plan.public_id}")
    row.hover()
    row.get_by_role("link", name=f"Edit {plan.name} here").click()
    form = page.locator("tr.row-edit")
    form.get_by_label("Strategy").select_option("linear")
    form.get_by_label("Amount").fill("nothing")
    form.get_by_role("button", name="Save").click()
    form.get_by_text("is not an amount").wait_for()
    form.get_by_label("Amount").fill(str(plan.amount_micros // 1_000_000))
    form.get_by_role("button", name="Save").click()
    row.get_by_role("link", name=plan.name, exact=True).wait_for()
    plan.refresh_from_db()
    assert plan.strategy == "linear"

    page.locator(".view-menu summary").click()
    page.get_by_label("Name of this view").fill("By client")
    page.get_by_role("button", name="Keep view").click()
    page.get_by_role("link", name="By client").wait_for()

    page.goto("/pacing/paste/")
    page.get_by_label("Copied cells").fill(f"Plan\tStrategy\n{plan.name}\tadaptive\nNobody\tlinear")
    page.get_by_role("button", name="Look at what").click()
    page.get_by_text("1 changed").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Carry out 1 row").click()
    page.get_by_text("1 row carried out, 1 refused").first.wait_for()
    plan.refresh_from_db()
    assert plan.strategy == "adaptive"

    phone = desk.signed_in("marketer", size=PHONE)
    for path in ("/pacing/?view=all&group=client", "/pacing/paste/"):
        phone.goto(path)
        assert not scrolls_sideways(phone), path
    assert [one for one in desk.complaints if "422" not in one] == []
