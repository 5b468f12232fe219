"""The replay lab: a client's own days again, read from stored facts, kept with its job, seen by whom it concerns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from campaigns.models import AccountDayFreshness, AdCampaign, BudgetValue
from lane.core import clock
from lane.core.errors import InvalidInput
from lane.core.models import Job
from pacing.models import PacingRun
from pacing.selectors.lab import replay_of
from pacing.services import replay
from pacing.services.replay import Question
from pacing.tasks import run_replay
from tests.api.callers import Caller
from tests.campaigns.world import fact, make_budget, make_world, person, put
from tests.pacing.world import MICROS, make_plan

pytestmark = pytest.mark.django_db


def tell_days(world, budget, *, days=92, spend=lambda n: 55, worth=50):
    """Spend and daily amount of each past day, all of them read."""
    today = clock.today(world.account.timezone)
    campaign = AdCampaign.objects.filter(budget=budget).get()
    put([fact(world, campaign.pk, today - timedelta(days=n), spend(n) * MICROS) for n in range(1, days)])
    AccountDayFreshness.objects.bulk_create(
        [
            AccountDayFreshness(
                ad_account=world.account, on=today - timedelta(days=n), fetched_at=clock.now()
            )
            for n in range(days)
        ],
        ignore_conflicts=True,
    )
    for n in range(1, days):
        note_worth(budget, today - timedelta(days=n), worth)


def note_worth(budget, on, units):
    BudgetValue.objects.create(
        budget=budget, on=on, last_micros=units * MICROS, highest_micros=units * MICROS, seen_at=clock.now()
    )


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def budget(world):
    """Fifty a day, spending five over: real months end 10 % over what their budgets allowed."""
    budget = make_budget(world)
    tell_days(world, budget)
    return budget


def replayed(world, **changes):
    question = Question(str(world.client.public_id), **changes)
    job = replay.start(question, client=world.client, actor=world.admin)
    run_replay.run(job.pk)
    job.refresh_from_db()
    return job


def figures(job):
    return {policy["name"]: policy for policy in job.result["answer"]["policies"]}


def test_the_past_is_cut_into_flights_and_paced_better_than_it_was(world, budget):
    job = replayed(world, strategies=("adaptive", "linear"))
    answer = job.result["answer"]
    assert (job.state, answer["flights"], answer["currency"]) == ("done", 3, "EUR")
    assert answer["amount_micros"] == 3 * 30 * 50 * MICROS
    found = figures(job)
    assert found["real"]["spent_micros"] == 3 * 30 * 55 * MICROS
    assert (found["real"]["within_5"], found["real"]["changes"]) == (0, 0)
    assert found["real"]["simulated"] is False
    assert found["even"]["spent_micros"] == pytest.approx(3 * 30 * 55 * MICROS, rel=0.001)
    for name in ("adaptive", "linear"):
        assert found[name]["simulated"] is True
        assert found[name]["within_2"] == 1
        assert found[name]["changes"] > 0
    assert found["adaptive"]["over_micros"] < found["real"]["over_micros"] / 5


def test_days_limited_by_demand_give_no_more_to_anybody(world):
    budget = make_budget(world)
    tell_days(world, budget, spend=lambda n: 20)
    job = replayed(world, days=14, strategies=("accelerated",))
    answer = job.result["answer"]
    assert answer["limited"] == answer["flights"] == 6
    for policy in answer["policies"]:
        assert all(end <= 0.401 for end in policy["ends"])
    assert answer["rows"][0]["limited"] is True


def test_flights_with_unknown_days_are_left_out_and_said(world):
    budget = make_budget(world)
    tell_days(world, budget, days=40)
    answer = replayed(world).result["answer"]
    assert (answer["flights"], answer["left_out"]) == (1, 1)
    short = replayed(world, days=7).result["answer"]
    assert short["flights"] == 5


def test_without_history_the_answer_says_so(world):
    make_budget(world)
    job = replayed(world)
    assert (job.state, job.result["answer"]["flights"]) == ("done", 0)


def test_a_replay_looks_at_one_client_and_changes_nothing(world, budget):
    other = make_world()
    tell_days(other, make_budget(other), spend=lambda n: 500)
    answer = replayed(world).result["answer"]
    assert answer["flights"] == 3
    assert not PacingRun.objects.exists()


def test_a_repeated_delivery_finds_the_job_done_and_a_silent_one_is_taken_up(world, budget):
    job = replayed(world, strategies=("linear",))
    finished = job.finished_at
    run_replay.run(job.pk)
    job.refresh_from_db()
    assert job.finished_at == finished
    Job.objects.filter(pk=job.pk).update(
        state="running", finished_at=None, updated_at=clock.machine_now() - timedelta(minutes=5)
    )
    run_replay.run(job.pk)
    job.refresh_from_db()
    assert job.state == "done"


def test_a_cancelled_replay_stops(world, budget):
    job = replay.start(Question(str(world.client.public_id)), client=world.client, actor=world.admin)
    Job.objects.filter(pk=job.pk).update(cancel_requested=True)
    run_replay.run(job.pk)
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert "answer" not in job.result


def test_one_replay_at_a_time_and_wrong_questions_are_refused(world):
    ask = {"client": world.client, "actor": world.admin}
    for changes, field in (
        ({"days": 5}, "days"),
        ({"strategies": ()}, "strategies"),
        ({"strategies": ("fast",)}, "strategies"),
        ({"landing": "hard"}, "landing"),
    ):
        with pytest.raises(InvalidInput) as refused:
            replay.start(Question(str(world.client.public_id), **changes), **ask)
        assert field in refused.value.fields
    replay.start(Question(str(world.client.public_id)), **ask)
    with pytest.raises(InvalidInput, match="still running"):
        replay.start(Question(str(world.client.public_id)), **ask)


def signed_in(client, user):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_page_asks_and_shows_what_was_found(world, budget, client):
    user, actor = person(world.organization, "viewer")
    browser = signed_in(client, user)
    assert "Replay lab" in browser.get(reverse("pacing-lab")).content.decode()
    asked = browser.post(
        reverse("pacing-lab"),
        {"client": world.client.public_id, "days": 30, "strategies": ["adaptive"], "landing": "precise"},
    )
    job = Job.objects.get()
    assert asked.url == reverse("pacing-lab-replay", args=[job.public_id])
    assert "Waiting for a worker" in browser.get(asked.url).content.decode()
    run_replay.run(job.pk)
    page = browser.get(asked.url).content.decode()
    assert "<b>Simulated.</b>" in page
    assert "What happened" in page
    assert "dots-chart" in page
    found = replay_of(actor, job.public_id)
    for flight in found.flights:
        assert [label for label, _, _ in flight.ends] == ["What happened", "Even split", "Adaptive"]
        assert flight.ends[0][1] == 30 * 55 * MICROS
    assert world.client.name in browser.get(reverse("pacing-lab")).content.decode()
    wrong = browser.post(reverse("pacing-lab"), {"client": world.client.public_id, "days": 30})
    assert wrong.status_code == 422
    assert "Choose at least one strategy" in wrong.content.decode()


def test_nobody_sees_a_replay_of_a_client_that_is_not_theirs(world, budget, client):
    job = replayed(world, strategies=("linear",))
    address = reverse("pacing-lab-replay", args=[job.public_id])
    colleague, _ = person(world.organization, "viewer")
    assert signed_in(client, colleague).get(address).status_code == 404
    stranger, _ = person(make_world().organization, "admin")
    assert signed_in(client, stranger).get(address).status_code == 404
    assert Caller(stranger).get(f"lab/replays/{job.public_id}/").status_code == 404
    assert Caller(world.user).get(f"lab/replays/{job.public_id}/").status_code == 200


def test_the_api_asks_lists_and_answers(world, budget):
    caller = Caller(world.user)
    asked = caller.post("lab/replays/", {"client": str(world.client.public_id), "strategies": ["linear"]})
    assert asked.status_code == 202
    assert asked.json()["state"] == "queued"
    run_replay.run(Job.objects.get().pk)
    [row] = caller.get("lab/replays/").json()
    assert row["state"] == "done"
    found = caller.get(f"lab/replays/{row['id']}/").json()
    assert [policy["name"] for policy in found["answer"]["policies"]] == ["real", "even", "linear"]
    wrong = caller.post("lab/replays/", {"client": str(world.client.public_id), "days": 31})
    assert wrong.status_code in (400, 422)
    assert "days" in wrong.content.decode()


def test_the_api_supposes_other_terms_and_names_what_is_wrong(world, budget):
    world.account.facts_synced_at = clock.now()
    world.account.save()
    plan = make_plan(world, [budget])
    caller = Caller(world.user)
    found = caller.post(
        f"plans/{plan.public_id}/what-if/",
        {"amount": {"amount": "1800.00", "currency": "EUR"}, "strategy": "linear", "locked": []},
    )
    assert found.status_code == 200
    then = found.json()["then"]
    assert (then["terms"]["amount_micros"], then["terms"]["strategy"]) == (1_800 * MICROS, "linear")
    assert then["target"][-1] == 1_800 * MICROS
    assert then["paced"]["p10"] <= then["paced"]["p50"] <= then["paced"]["p90"]
    plan.refresh_from_db()
    assert plan.amount_micros == 1_500 * MICROS
    for body, field in (
        ({"amount": {"amount": "1", "currency": "USD"}}, "amount"),
        ({"ends_on": "2020-01-01"}, "ends_on"),
        ({"lock": []}, "lock"),
        ({"locked": [str(plan.public_id)]}, "locked"),
    ):
        wrong = caller.post(f"plans/{plan.public_id}/what-if/", body)
        assert wrong.status_code in (400, 422)
        assert field in wrong.content.decode()
    stranger = make_world()
    assert Caller(stranger.user).post(f"plans/{plan.public_id}/what-if/", {}).status_code == 404


def test_a_long_list_of_replays_takes_no_more_queries(world, client, django_assert_max_num_queries):
    for _ in range(12):
        job = replay.start(Question(str(world.client.public_id)), client=world.client, actor=world.admin)
        Job.objects.filter(pk=job.pk).update(state="done")
    browser = signed_in(client, world.user)
    browser.get(reverse("pacing-lab"))
    with django_assert_max_num_queries(22):
        page = browser.get(reverse("pacing-lab"))
    assert page.content.decode().count("pacing/lab/") >= 12


def test_what_if_takes_a_bounded_number_of_queries(world, client, django_assert_max_num_queries):
    budgets = [make_budget(world) for _ in range(6)]
    plan = make_plan(world, budgets, per_day=300)
    browser = signed_in(client, world.user)
    address = reverse("plan-what-if", args=[plan.public_id])
    browser.get(address)
    with django_assert_max_num_queries(60):
        browser.get(address, {"amount": "9900"})
