"""Lists: stable pages, shared filters, and a number of queries that does not grow."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import AdCampaign
from campaigns.services import changes, kill_switches
from lane.core import outbox
from pacing.services import runs
from tests.api.callers import Caller, everything
from tests.campaigns.world import fact, make_budget, make_world, put
from tests.pacing.world import make_plan

pytestmark = pytest.mark.django_db


def walk(caller: Caller, path: str, between=lambda: None, **query):
    """Every id over all pages, with something happening between them."""
    ids, answer = [], caller.get(path, **query)
    while True:
        assert answer.status_code == 200, answer.content
        body = answer.json()
        ids += [row.get("id") or (row["on"], row["entity"]["id"]) for row in body["results"]]
        if not body["next"]:
            return ids
        between()
        answer = caller.browser.get(body["next"], headers=caller.headers)


def test_pages_neither_repeat_nor_skip_while_rows_are_added():
    world = make_world()
    there = [kill_switches.stop(actor=world.admin, reason=f"Stop {n}") for n in range(7)]
    caller = Caller(world.user)
    seen = walk(
        caller, "kill-switches/", lambda: kill_switches.stop(actor=world.admin, reason="One more"), limit=2
    )
    assert seen == [str(one.public_id) for one in reversed(there)]


def test_facts_are_paged_by_day_and_entity():
    world = make_world()
    budget = make_budget(world, campaigns=3)
    campaigns = list(AdCampaign.objects.filter(budget=budget).order_by("pk"))
    days = [date(2026, 11, 1) + timedelta(days=n) for n in range(3)]
    put([fact(world, campaign.pk, day, 5_000_000) for day in days for campaign in campaigns])
    query = {"ad_account": str(world.account.public_id), "since": "2026-11-01", "until": "2026-11-03"}
    caller = Caller(world.user)
    seen = walk(caller, "performance/", **query, limit=2)
    assert seen == [(str(day), str(campaign.public_id)) for day in days for campaign in campaigns]
    row = caller.get("performance/", **query).json()["results"][0]
    assert row["spend"] == {"amount_micros": 5_000_000, "currency": "EUR", "amount": "5.00"}
    assert row["conversions"] == "1.000"
    only = caller.get("performance/", **query, entity=str(campaigns[0].public_id)).json()["results"]
    assert len(only) == 3


def test_facts_of_a_foreign_account_are_refused_by_name():
    ours, theirs = make_world(), make_world()
    answer = Caller(ours.user).get("performance/", ad_account=str(theirs.account.public_id))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/ad_account"


def test_a_day_range_that_runs_backwards_is_refused():
    world = make_world()
    answer = Caller(world.user).get(
        "performance/", ad_account=str(world.account.public_id), since="2026-11-05", until="2026-11-01"
    )
    assert answer.json()["errors"][0]["pointer"] == "/since"


def test_no_list_reads_more_the_more_it_shows():
    ours = everything()
    caller = Caller(ours.world.user)

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as ran:
            assert caller.get(path).status_code == 200, path
        return len(ran)

    lists = [f"{name}/" for name in ours.ids] + ["activity/"]
    once = {path: queries(path) for path in lists}
    more = make_world()
    more.organization, more.client, more.admin = ours.world.organization, ours.world.client, ours.world.admin
    more.account = ours.world.account
    for n in range(3):
        budget = make_budget(more)
        make_plan(more, [budget], name=f"Plan {n}")
        changes.propose(
            client=more.client, title=f"Raise {n}", reason="It is behind.",
            targets=[changes.BudgetTarget(make_budget(more), 60_000_000)], origin="person", actor=more.admin,
        )  # fmt: skip
    runs.run_pass(organization_id=more.organization.pk)
    outbox.drain()
    grown = {path: (once[path], now) for path in lists if (now := queries(path)) > once[path]}
    assert grown == {}
    assert max(once.values()) <= 14, once


def test_plans_are_filtered_as_the_pacing_table_is():
    ours = everything()
    caller = Caller(ours.world.user)

    def names(**query):
        return [row["name"] for row in caller.get("plans/", **query).json()["results"]]

    assert (
        names()
        == names(status="behind")
        == names(platform="google_ads")
        == names(q="spring")
        == ["Spring sale"]
    )
    assert names(status="ahead") == names(platform="meta") == names(q="autumn") == []
    caller.post(f"plans/{ours.plan.public_id}/archive/", {})
    assert names() == []
    assert names(status="archived") == ["Spring sale"]


def test_a_plan_shows_its_latest_look_and_its_runs():
    ours = everything()
    caller = Caller(ours.world.user)
    plan = caller.get(f"plans/{ours.plan.public_id}/").json()
    assert plan["health"] == "behind"
    assert plan["pace"]["miss"]["amount_micros"] < 0
    run = caller.get(f"plans/{ours.plan.public_id}/runs/").json()["results"][0]
    assert run["decision"] == "propose"
    assert run["reasons"]
    assert run["findings"][0]["code"] == "projected_under"
