"""Spend caps, totals and bid targets as each connector sends and reads them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.platforms.currencies import META_WITHOUT_MINOR_UNIT, spend_cap_headroom_micros
from campaigns.platforms.errors import Invalid
from campaigns.platforms.google_ads.bidding import millis_of
from campaigns.platforms.meta import mapping as meta_mapping
from campaigns.platforms.meta import writes as meta_writes
from campaigns.platforms.records import (
    AccountRecord,
    Bid,
    BidKind,
    EntityRef,
    EntityStatus,
    Level,
    Money,
    ReceiptStatus,
    SetBid,
    SetSpendCap,
)
from tests.platforms.conftest import Connected, Control

UNIT = 1_000_000
CAMPAIGN = EntityRef(Level.CAMPAIGN, "1")
EUR = AccountRecord("1", "A", "EUR", "Europe/Berlin", EntityStatus.ACTIVE)


def account_named(connector, name: str) -> AccountRecord:
    return next(one for one in connector.list_accounts() if one.name == name)


def test_a_cap_is_validated_without_being_set_then_set_and_taken_away(
    meta: Connected, control: Control
) -> None:
    connector = meta.connector()
    account = account_named(connector, "Hoshino Tea (Meta)")
    campaign = next(iter(connector.list_entities(account, Level.CAMPAIGN)))
    assert campaign.spend_cap is None
    spent = connector.lifetime_spend(account, Level.CAMPAIGN)[campaign.ref]
    cap = Money(spent + 50_000 * UNIT, "JPY")
    change = SetSpendCap(campaign.ref, cap)
    assert connector.apply(account, change, dry_run=True).status is ReceiptStatus.VALIDATED
    assert connector.read_state(account, [campaign.ref])[campaign.ref].spend_cap is None
    assert connector.apply(account, change).status is ReceiptStatus.ACCEPTED
    assert connector.read_state(account, [campaign.ref])[campaign.ref].spend_cap == cap
    (entry,) = control.journal()
    assert (entry["field"], entry["after"]) == ("spend_cap_micros", cap.micros)
    connector.apply(account, SetSpendCap(campaign.ref, None, cap))
    assert connector.read_state(account, [campaign.ref])[campaign.ref].spend_cap is None


def test_meta_refuses_a_cap_too_close_to_what_was_spent(meta: Connected) -> None:
    connector = meta.connector()
    account = account_named(connector, "Pinewick Coffee (Meta)")
    campaign = next(iter(connector.list_entities(account, Level.CAMPAIGN)))
    spent = connector.lifetime_spend(account, Level.CAMPAIGN)[campaign.ref]
    with pytest.raises(Invalid, match="at least") as refused:
        connector.apply(account, SetSpendCap(campaign.ref, Money(spent // UNIT * UNIT + 99 * UNIT, "EUR")))
    assert refused.value.field == "spend_cap"


def test_lifetime_spend_agrees_with_the_sum_of_days(connected: Connected) -> None:
    connector = connected.connector()
    name = "Aldermoor Homes" if connected.platform.value == "google_ads" else "Sundby Ferries (Meta)"
    account = account_named(connector, name)
    found = connector.lifetime_spend(account, Level.CAMPAIGN)
    assert found
    assert all(spent > 0 for spent in found.values())
    groups = connector.lifetime_spend(account, Level.GROUP)
    assert sum(groups.values()) == sum(found.values())


def test_google_moves_only_the_number_of_the_standing_strategy(google: Connected, control: Control) -> None:
    connector = google.connector()
    account = account_named(connector, "Tervo Kitchens")
    campaigns = {one.name: one for one in connector.list_entities(account, Level.CAMPAIGN)}
    pmax = campaigns["Spring kitchens | Performance Max"]
    assert pmax.bid == Bid(BidKind.TARGET_ROAS, millis=4_000)
    change = SetBid(pmax.ref, Bid(BidKind.TARGET_ROAS, millis=3_333), pmax.bid_strategy)
    assert connector.apply(account, change, dry_run=True).status is ReceiptStatus.VALIDATED
    connector.apply(account, change)
    state = connector.read_state(account, [pmax.ref])[pmax.ref]
    assert (state.bid, state.bid_strategy) == (
        Bid(BidKind.TARGET_ROAS, millis=3_333),
        "MAXIMIZE_CONVERSION_VALUE",
    )
    with pytest.raises(Invalid, match="no such target"):
        connector.apply(account, replace(change, target=Bid(BidKind.TARGET_CPA, 5 * UNIT, "EUR")))
    other = campaigns["Showroom visits | Search"]
    assert other.bid is None
    with pytest.raises(Invalid):
        connector.apply(account, SetBid(other.ref, Bid(BidKind.TARGET_CPA, 5 * UNIT, "EUR"), "TARGET_CPA"))
    assert [entry["field"] for entry in control.journal()] == ["bid"]


def test_google_knows_no_spend_cap(google: Connected) -> None:
    connector = google.connector()
    account = account_named(connector, "Tervo Kitchens")
    with pytest.raises(Invalid, match="no spend cap"):
        connector.apply(account, SetSpendCap(CAMPAIGN, Money(500 * UNIT, "EUR")))


def test_outside_edits_of_a_cap_are_told_with_who(meta: Connected, control: Control) -> None:
    connector = meta.connector()
    account = account_named(connector, "Pinewick Coffee (Meta)")
    campaign = next(iter(connector.list_entities(account, Level.CAMPAIGN)))
    before = control.now() - timedelta(minutes=1)
    control.edit(meta.platform, campaign.ref.external_id, spend_cap_micros=90_000 * UNIT, actor="jonas")
    (edit,) = connector.external_changes(account, before)
    assert (edit.ref, edit.actor, edit.new) == (campaign.ref, "jonas", {"spend_cap_micros": 90_000 * UNIT})
    assert edit.old == {}


@given(st.integers(10, 1_000_000))
def test_thousandths_survive_googles_double(millis: int) -> None:
    assert millis_of(millis / 1000) == millis


@given(st.integers(1, 10**12), st.sampled_from(["EUR", "JPY", "HUF", "KWD"]))
def test_a_cap_goes_to_meta_and_back_in_whole_units_only(minor: int, currency: str) -> None:
    account = replace(EUR, currency=currency)
    unit = UNIT if currency in META_WITHOUT_MINOR_UNIT else UNIT // 100
    sent = meta_writes.params(account, SetSpendCap(CAMPAIGN, Money(minor * unit, currency)))
    assert sent == {"spend_cap": minor}
    back = meta_mapping.spend_cap({"spend_cap": str(minor)}, currency)
    assert back == Money(minor * unit, currency)
    with pytest.raises(Invalid):
        meta_writes.params(account, SetSpendCap(CAMPAIGN, Money(minor * unit + 1, currency)))


@pytest.mark.parametrize("told", [{}, {"spend_cap": "0"}, {"spend_cap": str(meta_writes.NO_SPEND_CAP)}])
def test_absent_zero_and_the_largest_number_all_mean_no_cap(told: dict[str, str]) -> None:
    assert meta_mapping.spend_cap(told, "EUR") is None


def test_taking_a_cap_away_sends_metas_own_number() -> None:
    assert meta_writes.params(EUR, SetSpendCap(CAMPAIGN, None)) == {"spend_cap": 922337203685478}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (SetSpendCap(EntityRef(Level.GROUP, "1"), Money(UNIT, "EUR")), "set on a campaign"),
        (SetSpendCap(CAMPAIGN, Money(UNIT, "USD")), "billed in EUR"),
        (SetSpendCap(CAMPAIGN, Money(meta_writes.NO_SPEND_CAP * 10_000, "EUR")), "too large"),
        (SetBid(CAMPAIGN, Bid(BidKind.BID_CAP, UNIT, "EUR"), "LOWEST_COST_WITH_BID_CAP"), "set on an ad set"),
        (
            SetBid(EntityRef(Level.GROUP, "1"), Bid(BidKind.BID_CAP, UNIT, "EUR"), "LOWEST_COST_WITHOUT_CAP"),
            "no such amount",
        ),
    ],
)
def test_what_meta_could_only_misunderstand_is_refused_here(change, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        meta_writes.params(EUR, change)


def test_the_least_a_cap_leaves_is_larger_in_currencies_without_small_coins() -> None:
    assert spend_cap_headroom_micros("EUR") == 100 * UNIT
    assert spend_cap_headroom_micros("JPY") == 10_000 * UNIT
