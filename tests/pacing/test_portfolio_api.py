"""Portfolios through the API: made, changed by version, answered, and seen by their own people only."""

from __future__ import annotations

import pytest

from campaigns.models import ChangeSet
from lane.core import clock
from pacing.models import AllocationLook, Portfolio
from tests.api.callers import Caller, hire, key_of
from tests.campaigns.world import make_world
from tests.pacing.portfolio_world import EURO, look, make_portfolio, make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def real_time():
    clock.forget()


@pytest.fixture
def shop():
    return make_shop()


@pytest.fixture
def caller(shop):
    return Caller(shop.world.user)


def body(shop, **changed):
    return {
        "client": str(shop.world.client.public_id),
        "name": "Shops",
        "daily": {"amount": "150.00", "currency": "EUR"},
        "arms": [
            {"label": name, "budgets": [str(budget.public_id)]} for name, budget in shop.budgets.items()
        ],
    } | changed


def test_a_portfolio_is_made_read_changed_and_switched(shop, caller):
    made = caller.post("portfolios/", body(shop, groups=[{"name": "Brand", "max_ratio": "0.5"}]))
    assert made.status_code == 201, made.content
    shown = made.json()
    assert shown["daily"]["amount_micros"] == 150 * EURO
    assert [arm["label"] for arm in shown["arms"]] == list(shop.budgets)
    assert shown["groups"] == [{"name": "Brand", "min_ratio": "0.000", "max_ratio": "0.500"}]
    path = f"portfolios/{shown['id']}/"
    edited = caller.patch(path, {"version": 1, "mode": "observe", "look_every_minutes": 15})
    assert edited.status_code == 200, edited.content
    assert (edited.json()["mode"], edited.json()["version"]) == ("observe", 2)
    assert caller.patch(path, {"version": 1, "mode": "auto"}).status_code == 409
    paused = caller.post(f"{path}pause/", {"reason": "Holidays"})
    assert paused.json()["state"] == "paused"
    assert caller.post(f"{path}start/").json()["state"] == "running"
    assert caller.post(f"{path}stop/", {"reason": "Done"}).json()["state"] == "stopped"
    assert caller.post(f"{path}look/").status_code == 422
    assert [row["id"] for row in caller.get("portfolios/", state="stopped").json()["results"]] == [
        shown["id"]
    ]
    assert caller.get("portfolios/", state="running").json()["results"] == []


def test_wrong_bodies_are_refused_by_field_and_make_nothing(shop, caller):
    stranger = make_world()
    for wrong, field in (
        ({"daily": {"amount": "150.00", "currency": "USD"}}, "daily"),
        ({"daily": None}, "daily"),
        ({"arms": []}, "budgets"),
        ({"exploration": "thompson", "exploration_ratio": "0.2"}, "exploration_ratio"),
        ({"client": str(stranger.client.public_id)}, "client"),
        ({"look_every_minutes": 5}, "look_every_minutes"),
        ({"colour": "blue"}, "colour"),
    ):
        answer = caller.post("portfolios/", body(shop, **wrong))
        assert answer.status_code in (400, 422), (wrong, answer.content)
        assert answer["Content-Type"].startswith("application/problem+json")
        assert field in answer.content.decode(), answer.content
    assert not Portfolio.objects.exists()


def test_a_split_is_read_with_its_reasons_and_accepted_once(shop, caller):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    path = f"portfolios/{portfolio.public_id}/looks/"
    shown = caller.get(path, proposal="open").json()["results"]
    assert [row["id"] for row in shown] == [str(found.public_id)]
    moves = shown[0]["moves"]
    assert sum(move["new"]["amount_micros"] for move in moves) == shown[0]["new"]["amount_micros"]
    assert all(reason["text"] and reason["numbers"] for reason in shown[0]["reasons"])
    figures = caller.get(f"portfolios/{portfolio.public_id}/").json()["figures"]
    assert len(figures["arms"][0]["curve"]) > 5
    accepted = caller.post(f"{path}{found.public_id}/accept/", once="a-key")
    assert accepted.status_code == 201, accepted.content
    assert caller.post(f"{path}{found.public_id}/accept/", once="a-key").json() == accepted.json()
    assert caller.post(f"{path}{found.public_id}/accept/").status_code == 409
    assert ChangeSet.objects.count() == 1


def test_declining_needs_a_reason(shop, caller):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    path = f"portfolios/{portfolio.public_id}/looks/{found.public_id}/decline/"
    assert caller.post(path, {}).status_code in (400, 422)
    assert caller.post(path, {"reason": "Not before the sale"}).json()["proposal"] == "declined"
    assert AllocationLook.objects.get().decline_reason == "Not before the sale"


def test_arms_are_changed_added_and_taken_out(shop, caller):
    portfolio = make_portfolio(shop)
    path = f"portfolios/{portfolio.public_id}/"
    first = caller.get(path).json()["arms"][0]
    changed = caller.post(
        f"{path}arms/",
        {
            "version": 1,
            "arms": [{"id": first["id"], "locked": True, "cap": {"amount": "80.00", "currency": "EUR"}}],
        },
    )
    assert changed.status_code == 200, changed.content
    assert changed.json()["arms"][0]["cap"]["amount"] == "80.00"
    crossed = {"id": first["id"], "floor": {"amount": "90.00", "currency": "EUR"}}
    refused = caller.post(f"{path}arms/", {"version": 2, "arms": [crossed]})
    assert refused.status_code == 422
    assert "below its floor" in refused.content.decode()
    gone = caller.post(f"{path}remove-arm/", {"arm": first["id"]})
    assert len(gone.json()["arms"]) == 2
    label, budget = next(iter(shop.budgets.items()))
    back = caller.post(f"{path}add-arm/", {"label": label, "budgets": [str(budget.public_id)]})
    assert back.status_code == 201, back.content
    assert len(back.json()["arms"]) == 3
    groups = caller.post(f"{path}groups/", {"version": back.json()["version"], "groups": [{"name": "Brand"}]})
    assert groups.json()["groups"][0]["name"] == "Brand"


def test_others_find_nothing_and_viewers_may_not_answer(shop):
    portfolio = make_portfolio(shop)
    found = look(portfolio)
    stranger = Caller(make_world().user)
    viewer = Caller(hire(shop.world, "viewer")[0])
    base = f"portfolios/{portfolio.public_id}/"
    for path in (base, f"{base}looks/", f"{base}looks/{found.public_id}/", f"{base}experiments/"):
        assert stranger.get(path).status_code == 404, path
        assert viewer.get(path).status_code == 200, path
    assert stranger.get("portfolios/").json()["results"] == []
    for path in ("pause/", "stop/", "start/", "look/", f"looks/{found.public_id}/accept/"):
        assert stranger.post(base + path, {"reason": "because"}).status_code == 404, path
    assert viewer.post(f"{base}looks/{found.public_id}/accept/").status_code == 403
    assert viewer.post(f"{base}pause/", {"reason": "because"}).status_code == 403
    reads = key_of(shop.world.admin, "read")
    assert reads.get(base).status_code == 200
    assert reads.post(f"{base}looks/{found.public_id}/accept/").status_code == 403
    assert not ChangeSet.objects.exists()


def test_the_list_takes_the_same_queries_however_long_it_is(shop, caller, django_assert_max_num_queries):
    look(make_portfolio(shop))
    caller.get("portfolios/")
    with django_assert_max_num_queries(12):
        caller.get("portfolios/")
