"""The browser the browser tests use."""

from __future__ import annotations

import pytest


@pytest.mark.browser
def test_the_browser_opens_a_page(browser):
    page = browser.new_page()
    page.set_content("<h1>Pacing</h1>")
    assert page.inner_text("h1") == "Pacing"
    page.close()
