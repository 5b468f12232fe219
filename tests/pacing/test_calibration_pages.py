"""The calibration page and API: figures, honest gaps, and what they mean."""

from __future__ import annotations

import pytest
from django.urls import reverse

from lane.core import clock
from pacing.models import ProjectionScore
from pacing.services import scoring
from tests.api.callers import Caller
from tests.campaigns.world import make_world, person
from tests.pacing.calibration_world import ended_plan, many_scores, projected
from tests.pacing.pages_world import make_pages, make_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages():
    clock.forget()
    return make_pages()


def text(answer):
    return " ".join(answer.content.decode().split())


def test_without_any_ended_flight_the_page_says_when_the_first_score_comes(pages):
    empty = text(pages.browser().get(reverse("calibration")))
    assert "Nothing scored yet" in empty
    assert "some days after the first plan ends" in empty
    make_plan(pages.world, day=20, days=31)
    assert "The first score comes on" in text(pages.browser().get(reverse("calibration")))


def test_figures_come_with_their_counts_and_worst_misses_lead_to_plan_and_look(pages):
    many_scores(pages.world, error=0.11, half=20)
    scoring.score_due()
    page = pages.browser().get(reverse("calibration"))
    shown = text(page)
    assert "11.0 %" in shown
    assert "+11.0 %" in shown
    assert page.context["totals"].n == 24
    assert page.context["totals"].coverage_ratio == 0
    score = page.context["worst"][0]
    assert reverse("plan-detail", args=[score.plan.public_id]) in shown
    assert reverse("run-detail", args=[score.run.public_id]) in shown
    assert "cuts up to 0.0 %" in shown


def test_too_few_projections_show_a_dash_with_the_reason(pages):
    plan = ended_plan(pages.world)
    projected(plan, 2, (450, 520, 590))
    scoring.score_due()
    page = pages.browser().get(reverse("calibration"))
    assert page.context["totals"].error_ratio is None
    assert "1 of at least 10 projections measured" in text(page)
    assert "holds as it is" in text(page)


def test_filters_narrow_the_figures_and_strangers_see_nothing(pages):
    many_scores(pages.world)
    scoring.score_due()
    browser = pages.browser()
    assert browser.get(reverse("calibration"), {"platform": "meta"}).context["any"] is False
    assert browser.get(reverse("calibration"), {"platform": "nonsense"}).context["totals"].n == 24
    mine = {"client": str(pages.world.client.public_id)}
    assert browser.get(reverse("calibration"), mine).context["totals"].n == 24
    stranger = pages.browser(person(make_world().organization, "admin")[0])
    assert "Past 0" not in text(stranger.get(reverse("calibration"), mine))


def test_the_page_costs_the_same_for_many_scores(pages, django_assert_max_num_queries):
    many_scores(pages.world, plans=2)
    scoring.score_due()
    browser = pages.browser()
    browser.get(reverse("calibration"))
    with django_assert_max_num_queries(22) as few:
        browser.get(reverse("calibration"))
    many_scores(pages.world, plans=4)
    scoring.score_due()
    with django_assert_max_num_queries(len(few)):
        browser.get(reverse("calibration"))


def test_the_api_lists_scores_and_sums_them_up(pages):
    many_scores(pages.world)
    scoring.score_due()
    caller = Caller(pages.viewer)
    listed = caller.get("projection-scores/", horizon="1-3").json()["results"]
    assert len(listed) == 12
    assert listed[0]["actual"]["amount"] == "600.00"
    summary = caller.get("projection-scores/summary/", client=str(pages.world.client.public_id)).json()
    assert summary["totals"]["n"] == ProjectionScore.objects.count() == 24
    assert summary["trust"]["share"] == "1.0000"
    assert caller.get("projection-scores/summary/").json()["trust"] is None
    assert caller.get("projection-scores/summary/", client="nonsense").status_code == 422
    other = Caller(person(make_world().organization, "viewer")[0])
    assert other.get("projection-scores/").json()["results"] == []
