"""Explanations of real decisions: stored once, equal to the look's numbers, found again, seen by those who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from campaigns.models import ChangeSet
from lane.core import clock
from pacing.explain import unproved, write
from pacing.models import Explanation, PacingRun, Recommendation
from pacing.selectors.explanations import LogQuery, decision_log
from pacing.services import explanations, recommendations, runs
from tests.api.callers import Caller
from tests.campaigns.world import make_budget, make_world, person
from tests.pacing.pages_world import make_pages
from tests.pacing.world import MICROS, make_plan, tell_spend

pytestmark = pytest.mark.django_db


@pytest.fixture
def behind():
    """A plan of 60 a day whose budget of 50 spends 50, looked at once."""
    clock.forget()
    world = make_world()
    budget = make_budget(world, amount=50 * MICROS)
    tell_spend(world, budget, per_day=50)
    plan = make_plan(world, [budget], per_day=60)
    runs.run_pass()
    return world, plan


def texts(explanation):
    return " ".join(explanation.texts)


def test_a_recommendation_is_explained_by_the_numbers_of_its_look(behind):
    _, plan = behind
    advice, run = Recommendation.objects.get(), PacingRun.objects.get()
    found = Explanation.objects.get(plan=plan)
    assert (found.kind, found.subject_id) == ("recommendation", str(advice.public_id))
    assert found.at == run.at
    numbers = found.numbers
    assert numbers["spent_micros"] == run.spent_micros
    assert numbers["expected_micros"] == run.expected_micros
    for name, value in advice.effect["without"].items():
        assert numbers[f"without_{name}_micros"] == value == getattr(run, f"projected_{name}_micros")
    for name, value in advice.effect["with"].items():
        assert numbers[f"with_{name}_micros"] == value == getattr(run, f"with_{name}_micros")
    assert (numbers["now_micros"], numbers["new_micros"]) == (advice.now_micros, advice.new_micros)
    for sentence in found.sentences:
        assert unproved(sentence["text"], sentence["numbers"], "EUR") == []
        assert {name: numbers[name] for name in sentence["numbers"]} == sentence["numbers"]
    said = texts(found)
    assert "As things stand the plan ends" in said
    assert "Without it the plan ends at" in said and "With it the plan ends at" in said
    assert "With daily budgets of" in said and "Lane would hold" in said


def test_approvers_are_shown_the_stored_explanation(behind):
    world, _ = behind
    change_set = recommendations.accept(Recommendation.objects.get().public_id, actor=world.admin)
    found = Explanation.objects.get()
    assert change_set.evidence["explanation"]["id"] == str(found.public_id)
    assert change_set.evidence["explanation"]["sentences"] == found.sentences
    assert change_set.evidence["reasons"][-1] == found.sentence("flip_amount")["text"]


def test_a_pause_at_the_target_is_explained_with_the_change_it_makes():
    clock.forget()
    world = make_world()
    budget = make_budget(world, amount=100 * MICROS)
    tell_spend(world, budget, per_day=107)
    make_plan(world, [budget], per_day=100)
    runs.run_pass()
    assert Explanation.objects.filter(kind="pause").count() == 0
    plan = make_plan(world, [paid := make_budget(world, amount=100 * MICROS)], amount_micros=1_500 * MICROS)
    tell_spend(world, paid, per_day=107)
    runs.run_pass(plan_ids=[plan.pk], on_demand=True)
    found = Explanation.objects.get(kind="pause")
    change_set = ChangeSet.objects.get(origin="guard")
    assert found.subject_id == str(change_set.public_id)
    assert change_set.evidence["explanation"]["numbers"] == found.numbers
    assert "half of that is the limit" in texts(found)


def test_the_database_refuses_to_change_an_explanation(behind):
    found = Explanation.objects.get()
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Explanation.objects.filter(pk=found.pk).update(title="Something else")


def test_a_text_with_a_figure_that_is_not_stored_is_refused(behind):
    world, plan = behind
    said = write("x", "Ends at {end_micros}.", {"end_micros": 5_000 * MICROS}, currency="EUR").as_json()
    wrong = {**said, "text": "Ends at €6,000."}
    values = {
        "kind": "recommendation", "organization_id": world.organization.pk, "client_id": world.client.pk,
        "plan": plan, "subject_id": "x", "at": clock.now(), "title": "T", "actor_label": "Lane",
    }  # fmt: skip
    with pytest.raises(ValueError, match="6,000"):
        explanations.keep(numbers=said["numbers"], sentences=[wrong], **values)
    assert Explanation.objects.count() == 1
    assert explanations.keep(numbers=said["numbers"], sentences=[said], **values).currency == "EUR"


# --- the decision log -------------------------------------------------------------------------------------


def told(world, plan, title, text="Because of {cause_text}.", cause="rain", **values):
    sentence = write("why", text, {"cause_text": cause}, currency="EUR").as_json()
    defaults = {
        "kind": "recommendation", "organization_id": world.organization.pk, "client_id": world.client.pk,
        "plan": plan, "subject_id": "x", "at": clock.now(), "actor_label": "Lane (pacing)",
        "numbers": sentence["numbers"], "sentences": [sentence], "platforms": ["google_ads"],
    }  # fmt: skip
    return explanations.keep(title=title, **(defaults | values))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"text": "rain"}, ["Raise Cold brew by €12.50 a day"]),
        ({"text": "COLD bre"}, ["Raise Cold brew by €12.50 a day"]),
        ({"text": "12.50"}, ["Raise Cold brew by €12.50 a day"]),
        ({"text": "rain stock"}, []),
        ({"text": "it's & | ! ( ' \\ :*"}, []),
        ({"text": "& | !"}, ["Pause Hot tea", "Raise Cold brew by €12.50 a day"]),
        ({"kind": "pause"}, ["Pause Hot tea"]),
        ({"platform": "meta"}, ["Pause Hot tea"]),
    ],
)
def test_decisions_are_found_by_words_kind_and_platform(behind, asked, found):
    world, plan = behind
    Explanation.objects.all().delete()
    told(world, plan, "Raise Cold brew by €12.50 a day")
    told(world, plan, "Pause Hot tea", cause="no stock", kind="pause", platforms=["meta"])
    assert [each.title for each in decision_log(world.admin, LogQuery(**asked))] == found


def test_decisions_are_found_by_day_and_client(behind):
    world, plan = behind
    now = clock.now()
    told(world, plan, "Old", at=now - timedelta(days=10))
    query = LogQuery(until=(now - timedelta(days=9)).date())
    assert [each.title for each in decision_log(world.admin, query)] == ["Old"]
    assert decision_log(world.admin, LogQuery(since=now.date())).count() == 1
    assert decision_log(world.admin, LogQuery(client=world.client.public_id)).count() == 2
    assert decision_log(world.admin, LogQuery(client=plan.public_id)).count() == 0


@pytest.fixture
def pages():
    clock.forget()
    return make_pages()


def page_text(answer):
    return " ".join(answer.content.decode().split())


def test_the_log_is_paged_and_takes_few_queries(pages, django_assert_max_num_queries):
    budget = make_budget(pages.world)
    plan = make_plan(pages.world, [budget])
    for number in range(60):
        told(pages.world, plan, f"Decision {number}")
    browser = pages.browser()
    browser.get(reverse("decision-list"))
    with django_assert_max_num_queries(10):
        first = browser.get(reverse("decision-list"))
    assert first.content.decode().count("<article") == 50
    before = first.context["before"]
    second = browser.get(reverse("decision-list") + f"?before={before}")
    assert second.content.decode().count("<article") == 10
    assert not {each.pk for each in first.context["explanations"]} & {
        each.pk for each in second.context["explanations"]
    }


@pytest.mark.parametrize(
    "query", ["?since=x&until=2026-13-01", "?kind=x&platform=x&client=x&before=x", "?q=%00&q='", "?q=%25"]
)
def test_an_address_nobody_made_is_no_error(pages, query):
    assert pages.browser().get(reverse("decision-list") + query).status_code == 200


def test_a_wrong_day_is_named(pages):
    assert "is not a day" in page_text(pages.browser().get(reverse("decision-list") + "?since=soon"))
    turned = pages.browser().get(reverse("decision-list") + "?since=2026-05-02&until=2026-05-01")
    assert "Swap the two" in page_text(turned)


def test_a_decision_shows_its_sentences_and_every_stored_number(pages):
    plan = make_plan(pages.world, [make_budget(pages.world)])
    sentence = write(
        "why",
        "{end_micros} at {age_hours}.",
        {"end_micros": 14_030 * MICROS, "age_hours": 3.0},
        currency="EUR",
    ).as_json()
    found = told(
        pages.world, plan, "Raise", sentences=[sentence], numbers=sentence["numbers"] | {"other_micros": 7_500_000}
    )  # fmt: skip
    page = page_text(pages.browser().get(reverse("decision-detail", args=[found.public_id])))
    for shown in ("€14,030 at 3 h.", "Other", "€7.50"):
        assert shown in page


@pytest.mark.usefixtures("behind")
def test_nobody_else_sees_a_decision():
    found = Explanation.objects.get()
    stranger = person(make_world().organization, "owner")[0]
    pages = make_pages()
    browser = pages.browser(stranger)
    assert browser.get(reverse("decision-detail", args=[found.public_id])).status_code == 404
    assert found.title not in page_text(browser.get(reverse("decision-list")))


# --- the API ----------------------------------------------------------------------------------------------


def test_the_api_answers_with_numbers_and_sentences(behind):
    world, plan = behind
    api = Caller(world.user)
    rows = api.get(f"plans/{plan.public_id}/explanations/").json()["results"]
    found = Explanation.objects.get()
    assert [row["id"] for row in rows] == [str(found.public_id)]
    assert rows[0]["numbers"] == found.numbers
    assert rows[0]["sentences"] == found.sentences
    listed = api.get("explanations/", plan=plan.public_id, q="raise", kind="recommendation")
    assert [row["id"] for row in listed.json()["results"]] == [str(found.public_id)]
    assert api.get("explanations/", q="nothing like it").json()["results"] == []
    assert api.get("explanations/", kind="nonsense").status_code in (400, 422)


def test_the_api_shows_nobody_elses_explanations(behind):
    _, plan = behind
    stranger = Caller(person(make_world().organization, "owner")[0])
    assert stranger.get(f"plans/{plan.public_id}/explanations/").status_code == 404
    assert stranger.get("explanations/").json()["results"] == []
    assert stranger.get(f"explanations/{Explanation.objects.get().public_id}/").status_code == 404
