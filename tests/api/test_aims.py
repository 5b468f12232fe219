"""Spend caps, bids and paused automation through the API."""

from __future__ import annotations

import pytest

from campaigns.models import AdAccount, AdCampaign, AdGroup, Change
from tests.api.callers import Caller, everything

pytestmark = pytest.mark.django_db
UNIT = 1_000_000


def money(amount: str, currency: str = "EUR") -> dict[str, str]:
    return {"amount": amount, "currency": currency}


@pytest.fixture
def ours():
    made = everything()
    AdAccount.objects.update(platform="meta")
    AdCampaign.objects.update(
        lifetime_spend_micros=400 * UNIT,
        hindrances=[
            {"code": "limited_by_bid", "words": "Its bid", "raw": "X", "since": "2026-11-10T08:00:00+00:00"}
        ],
    )
    AdGroup.objects.update(bid_kind="bid_cap", bid_micros=2 * UNIT, bid_strategy="LOWEST_COST_WITH_BID_CAP")
    return made


def propose(ours, *targets):
    return Caller(ours.world.user).post(
        "change-sets/",
        {
            "client": str(ours.world.client.public_id),
            "title": "Hold it",
            "reason": "The plan is nearly spent.",
            "targets": list(targets),
        },
    )


def test_a_cap_and_a_bid_are_proposed_and_shown(ours):
    answer = propose(
        ours,
        {"ad_campaign": str(ours.ids["ad-campaigns"]), "spend_cap": money("900.00")},
        {"ad_group": str(ours.ids["ad-groups"]), "bid_kind": "bid_cap", "bid": money("3.00")},
    )
    assert answer.status_code == 201, answer.content
    cap, bid = answer.json()["changes"]
    assert (cap["field"], cap["what"], cap["base"], cap["target"]["amount_micros"]) == (
        "spend_cap",
        "Spend cap",
        None,
        900 * UNIT,
    )
    assert (bid["field"], bid["kind"], bid["ad_group"]["id"]) == (
        "bid_target",
        "bid_cap",
        str(ours.ids["ad-groups"]),
    )
    assert Change.objects.filter(field="bid_target").get().target_micros == 3 * UNIT


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"spend_cap": None}, "already has no spend cap"),
        ({"spend_cap": money("450.00")}, "no cap below"),
        ({"spend_cap": money("900.00", "USD")}, "in EUR"),
        ({"bid_kind": "target_roas", "bid": money("3.00")}, "takes roas_millis"),
        ({"bid_kind": "target_roas", "roas_millis": 3_000}, "cannot set a target ROAS"),
        ({"spend_cap": money("900.00"), "status": "paused"}, "Give budget and amount"),
    ],
)
def test_what_cannot_be_set_is_refused_with_the_reason(ours, target, words):
    answer = propose(ours, {"ad_campaign": str(ours.ids["ad-campaigns"]), **target})
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_campaigns_and_groups_tell_obstacles_caps_and_bids(ours):
    caller = Caller(ours.world.user)
    campaign = caller.get(f"ad-campaigns/{ours.ids['ad-campaigns']}/").json()
    assert campaign["hindrances"][0]["code"] == "limited_by_bid"
    assert campaign["lifetime_spend"]["amount_micros"] == 400 * UNIT
    group = caller.get(f"ad-groups/{ours.ids['ad-groups']}/").json()
    assert (group["bid_kind"], group["bid"]["amount_micros"]) == ("bid_cap", 2 * UNIT)


def test_automation_is_paused_and_resumed(ours):
    caller = Caller(ours.world.user)
    for path in (f"budgets/{ours.ids['budgets']}", f"ad-accounts/{ours.ids['ad-accounts']}"):
        assert caller.post(f"{path}/pause-automation/", {}).status_code == 422
        paused = caller.post(f"{path}/pause-automation/", {"reason": "A launch by hand."}).json()
        assert (paused["recommend_only_reason"], paused["recommend_only_since"] is not None) == (
            "A launch by hand.",
            True,
        )
        resumed = caller.post(f"{path}/resume-automation/", {"reason": "The launch is over."})
        assert resumed.json()["recommend_only_reason"] == ""
        assert caller.post(f"{path}/resume-automation/", {"reason": "Again."}).status_code == 409
    settled = caller.post(f"drifts/{ours.ids['drifts']}/pause-automation/", {})
    assert settled.json()["state"] == "paused"


def test_a_budget_tells_what_lane_may_do_and_what_is_in_its_way(ours):
    caller = Caller(ours.world.user)
    told = caller.get(f"budgets/{ours.ids['budgets']}/rails/").json()
    assert told["may_act_alone"] is False
    assert any("Writes are stopped" in words for words in told["held_by"])
    assert any("was changed outside Lane" in words for words in told["held_by"])
    assert (told["step_limit_ratio"], told["changes_left_today"], told["edits_left_this_hour"]) == (
        "0.20",
        3,
        2,
    )
    assert told["account_increase_left"]["currency"] == "EUR"
    assert "limited_by_bid" in [one["code"] for one in told["obstacles"]]
    stranger = Caller(everything().world.user)
    assert stranger.get(f"budgets/{ours.ids['budgets']}/rails/").status_code == 404
