"""Replaying a portfolio's own days: from stored facts, kept with its job, labelled simulated, seen by its people only."""

from __future__ import annotations

import pytest
from django.urls import reverse

from campaigns.models import ChangeSet
from lane.core import clock
from lane.core.errors import InvalidInput
from lane.core.models import Job
from pacing.models import AllocationLook
from pacing.selectors.lab_allocation import KIND, allocation_replay_of
from pacing.services import allocation_replay
from pacing.tasks import run_allocation_replay
from tests.api.callers import Caller
from tests.campaigns.world import make_world, person
from tests.pacing.portfolio_world import make_portfolio, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def real_time():
    clock.forget()


@pytest.fixture
def shop():
    shop = make_shop()
    make_portfolio(shop)
    return shop


def sign_in(client, world, role):
    user, _ = person(world.organization, role)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")


def replayed(shop, actor=None):
    job = allocation_replay.start(shop.portfolio, actor=actor or shop.world.admin)
    run_allocation_replay.run(job.pk)
    job.refresh_from_db()
    return job


def test_the_days_are_split_again_with_the_same_money(shop):
    job = replayed(shop)
    answer = job.result["answer"]
    assert job.state == "done", job.message
    courses = {course["name"]: course for course in answer["courses"]}
    assert list(courses) == ["real", "even", "returns", "lane"]
    assert {course["spent_micros"] for course in courses.values()} == {answer["spent_micros"]}
    assert (courses["real"]["simulated"], courses["real"]["expected"]) == (False, None)
    assert courses["real"]["reported"] > 0
    lane = courses["lane"]
    assert lane["simulated"] is True
    assert lane["moves"] == len(answer["moves"]) > 0
    assert lane["largest_step"] <= float(shop.portfolio.step_ratio) + 1e-9
    assert lane["expected"]["p10"] < lane["expected"]["mean"] < lane["expected"]["p90"]
    rich = [arm["label"] for arm in answer["arms"]].index("Rich")
    assert lane["arms_micros"][rich] > courses["real"]["arms_micros"][rich]
    assert not ChangeSet.objects.exists()
    assert not AllocationLook.objects.exists()
    run_allocation_replay.run(job.pk)
    assert Job.objects.get(pk=job.pk).result == job.result


def test_too_few_days_are_refused_in_words():
    shop = make_shop(days=20)
    make_portfolio(shop)
    answer = replayed(shop).result["answer"]
    assert answer["code"] == "few_days"
    assert "needs at least 28" in answer["refusal"]


def test_it_is_asked_for_on_the_portfolios_page_and_shown_as_simulated(shop, client):
    sign_in(client, shop.world, "viewer")
    page = client.get(reverse("portfolio-detail", args=[shop.portfolio.public_id])).content.decode()
    assert "Replay over the last 90 days" in page
    asked = client.post(reverse("pacing-lab-allocation-ask"), {"portfolio": str(shop.portfolio.public_id)})
    job = Job.objects.get(kind=KIND)
    assert asked.url == reverse("pacing-lab-allocation", args=[job.public_id])
    again = client.post(reverse("pacing-lab-allocation-ask"), {"portfolio": str(shop.portfolio.public_id)})
    assert again.status_code == 422
    assert "still running" in again.content.decode()
    assert "every 3s" in client.get(asked.url).content.decode()
    run_allocation_replay.run(job.pk)
    shown = client.get(asked.url).content.decode()
    for words in ("Simulated.", "as reported", "Equal split", "In proportion to returns", "P10–P90"):
        assert words in shown
    assert "every 3s" not in shown
    listed = client.get(reverse("pacing-lab")).content.decode()
    assert asked.url in listed
    nothing = client.post(reverse("pacing-lab-allocation-ask"), {})
    assert nothing.status_code == 422
    assert "Choose a portfolio." in nothing.content.decode()


def test_a_refusal_is_shown_in_words(client):
    shop = make_shop(days=20)
    make_portfolio(shop)
    user, actor = person(shop.world.organization, "viewer")
    job = replayed(shop, actor)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    shown = client.get(reverse("pacing-lab-allocation", args=[job.public_id])).content.decode()
    assert "Too little is known to replay" in shown
    assert "needs at least 28" in shown


def test_the_api_asks_and_reads(shop):
    caller = Caller(shop.world.user)
    made = caller.post("lab/allocation-replays/", {"portfolio": str(shop.portfolio.public_id)})
    assert made.status_code == 202, made.content
    run_allocation_replay.run(Job.objects.get().pk)
    read = caller.get(f"lab/allocation-replays/{made.json()['id']}/").json()
    assert read["portfolio"] == str(shop.portfolio.public_id)
    assert [course["name"] for course in read["answer"]["courses"]][-1] == "lane"
    assert [row["answer"] for row in caller.get("lab/allocation-replays/").json()] == [None]


def test_another_organization_finds_nothing(shop, client):
    job = replayed(shop)
    other = make_world()
    caller = Caller(other.user)
    assert caller.get("lab/allocation-replays/").json() == []
    assert caller.get(f"lab/allocation-replays/{job.public_id}/").status_code == 404
    asked = caller.post("lab/allocation-replays/", {"portfolio": str(shop.portfolio.public_id)})
    assert asked.status_code in (404, 422)
    sign_in(client, other, "editor")
    assert client.get(reverse("pacing-lab-allocation", args=[job.public_id])).status_code == 404
    gone = client.post(reverse("pacing-lab-allocation-ask"), {"portfolio": str(shop.portfolio.public_id)})
    assert gone.status_code == 404
    assert Job.objects.filter(kind=KIND).count() == 1


def test_one_replay_at_a_time(shop):
    allocation_replay.start(shop.portfolio, actor=shop.world.admin)
    with pytest.raises(InvalidInput):
        allocation_replay.start(shop.portfolio, actor=shop.world.admin)
    found = allocation_replay_of(shop.world.admin, Job.objects.get().public_id)
    assert (found.answer, found.courses, found.arms, found.moves) == (None, [], [], [])
